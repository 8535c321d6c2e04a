package expect

import (
	"strings"
	"testing"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/verdict"
)

// record is the file that the capture is recorded into.
func record(t *testing.T) string {
	t.Helper()
	var r Recorder
	tellTo(&r)
	_ = r.Finding(&analyzer.Finding{Rule: analyzer.RuleNamed("syn-flood"), Severity: analyzer.Error})
	recording := NewRecording("lb/f.yaml")
	recording.Add("lb/a.pcap", &r)
	b, err := recording.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRecord(t *testing.T) {
	const want = `# yaml-language-server: $schema=tcpwhy-expectations.schema.json
# What is expected of captures: tcpwhy check --expect FILE; tcpwhy explain expectations has the language.

captures:
- files: a.pcap
  expect:
  - count: 10
    findings: {half-open: 1, refused: 1, syn-flood: 1}
  - flows: {server: "198.51.100.1:80"}
    count: 1
    opening: refused
    kind: not-captured
    client.states: CLOSED SYN_SENT ESTABLISHED
    findings: {refused: 1}
  - flows: {server: "198.51.100.1:443"}
    count: 9
    opening: {complete: 8, half-open: 1}
    kind: {three-way: 8, not-captured: 1}
    closing: {orderly: 8}
    client.states: CLOSED SYN_SENT ESTABLISHED
    findings: {half-open: 1}
`
	if got := record(t); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// What was recorded of a capture is met by it.
func TestRecordedIsMet(t *testing.T) {
	f, err := Parse("lb/f.yaml", []byte(record(t)))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Of("lb/a.pcap")) != 1 || len(f.Of("a.pcap")) != 0 {
		t.Error("it is not expected of lb/a.pcap alone")
	}
	j := NewJudge(f.Entries, today)
	tell(j)
	_ = j.Finding(&analyzer.Finding{Rule: analyzer.RuleNamed("syn-flood"), Severity: analyzer.Error})
	for _, e := range j.Expectations(verdict.Unseen{}) {
		if e.Outcome != verdict.Met {
			t.Errorf("%s: %v, expected %s, seen %s", e.Text, e.Outcome, e.Expected, e.Seen)
		}
	}
}

// Whatever a capture is called, what is recorded of it is expected of it; or it is said that it cannot be.
func TestRecordedNames(t *testing.T) {
	for _, name := range []string{"a b.pcap", "*[a]?\\.pcap", "&a: *b #c", " !x", "\x1b[31m\r\n\t\x00\x7f\u0085\u00a0\u202e\u2028\ufeff\U000e0001", "\ufeffa", "::error::x", "##[error]x", "12", "null", "~", "'", `"`, "- a", "a\n\n b", "a\n::error::x", "a\u202eb"} {
		of, r := NewRecording("lb/f.yaml"), &Recorder{}
		tellTo(r)
		of.Add("lb/"+name, r)
		text, err := of.Bytes()
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if f, err := Parse("lb/f.yaml", text); err != nil || len(f.Of("lb/"+name)) != 1 {
			t.Errorf("%q: %v, or is not expected of it:\n%s", name, err, text)
		}
		if got := string(text); strings.ContainsFunc(strings.ReplaceAll(got, "\n", ""), unprintable) || strings.Contains(got, "\n::") {
			t.Errorf("%q is written as\n%q", name, text)
		}
	}
	const want = "lb/a\xff.pcap: a name that is not in UTF-8 cannot be written into a file of expectations"
	of := NewRecording("f.yaml")
	of.Add("lb/a\xff.pcap", &Recorder{})
	if text, err := of.Bytes(); err == nil || err.Error() != want {
		t.Errorf("recorded: %v, want %s\n%s", err, want, text)
	}
	f, err := Parse("f.yaml", []byte(item("count: 1")))
	if err != nil {
		t.Fatal(err)
	}
	u := NewUpdate(f, today)
	u.Look("lb/a\xff.pcap").Done()
	if text, err := u.Bytes(); err == nil || err.Error() != want {
		t.Errorf("recorded anew: %v, want %s\n%s", err, want, text)
	}
}

func TestUpdate(t *testing.T) {
	const before = `# yaml-language-server: $schema=x.json
# Ours.
captures:

# the balancer
- files: lb/*.pcap # all of them
  allow:
  - flows: {finding: refused} # known
    reason: a firewall
    until: 2026-12-31
  expect:
  - name: the web
    flows: {port: 443}
    count: at least 5 # no fewer
    opening: complete # all
    closing:
      orderly: at least 90%
      reset: none
    client.states: CLOSED SYN_SENT # short
    metrics: [connect < 1ms]

  # and all
  - findings: none
    count: 3 to 30
`
	const after = `# yaml-language-server: $schema=x.json
# Ours.
captures:

# the balancer
- files: lb/*.pcap # all of them
  allow:
  - flows: {finding: refused} # known
    reason: a firewall
    until: 2026-12-31
  expect:
  - name: the web
    flows: {port: 443}
    count: at least 5 # no fewer
    opening: {complete: 8, half-open: 1} # all
    closing: {orderly: 8}
    client.states: CLOSED SYN_SENT ESTABLISHED # short
    metrics: [connect < 1ms]

  # and all
  - findings: {half-open: 1, refused: 1}
    count: 3 to 30
- files: b.pcap
  expect:
  - count: 10
`
	u := NewUpdate(parsed(t, before), today)
	for _, capture := range []string{"lb/a.pcap", "b.pcap"} {
		l := u.Look(capture)
		tellTo(l)
		l.Done()
	}
	b, err := u.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(b), after) {
		t.Errorf("got\n%s\nwant\n%s", b, after)
	}
	if len(u.Anew) != 4 || u.Added != 1 || len(u.Left) != 1 || u.Left[0].Line != 20 || u.Left[0].Why != "a condition is set by hand" {
		t.Errorf("anew %+v, added %d, left %+v", u.Anew, u.Added, u.Left)
	}

	// Twice changes nothing.
	again := NewUpdate(parsed(t, string(b)), today)
	for _, capture := range []string{"lb/a.pcap", "b.pcap"} {
		l := again.Look(capture)
		tellTo(l)
		l.Done()
	}
	b2, err := again.Bytes()
	if err != nil || string(b2) != string(b) {
		t.Errorf("the second time: %v\n%s", err, b2)
	}
}

// What several captures show differently is one value for none of them.
func TestUpdateOfDifferentCaptures(t *testing.T) {
	u := NewUpdate(parsed(t, "captures:\n- files: '*.pcap'\n  expect:\n  - count: 3\n    kind: three-way\n"), today)
	l := u.Look("a.pcap")
	tellTo(l)
	l.Done()
	l = u.Look("b.pcap")
	l.Done()
	b, err := u.Bytes()
	if err != nil || !strings.Contains(string(b), "count: 3\n") || len(u.Left) != 2 || u.Left[0].Why != "captures show different things" {
		t.Errorf("got %s, %v, left %+v", b, err, u.Left)
	}
}

// A server that nothing is expected of is added where others have expectations of their own.
func TestUpdateAddsServers(t *testing.T) {
	u := NewUpdate(parsed(t, "captures:\n- files: a.pcap\n  expect:\n  - flows: {port: 443}\n    count: 9\n"), today)
	l := u.Look("a.pcap")
	tellTo(l)
	l.Done()
	b, err := u.Bytes()
	if err != nil || !strings.Contains(string(b), "  - flows: {server: \"198.51.100.1:80\"}\n    count: 1\n") || u.Added != 1 {
		t.Errorf("got %s, %v, added %d", b, err, u.Added)
	}
}
