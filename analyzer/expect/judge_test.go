package expect

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/verdict"
	"tcpwhy/flows"
)

// A capture of ten connections to port 443, opened in 1 to 10 ms: flow 3 is half-open, and found so; flow 9 was refused, by port 80.
func tell(j *Judge) { tellTo(j) }

func tellTo(out analyzer.FlowOutput) { tellOf(out, flows.Capture{}) }

// tellOf tells of them where the capture, or the ceiling, had this of each.
func tellOf(out analyzer.FlowOutput, of flows.Capture) {
	for n := uint64(1); n <= 10; n++ {
		f := &flows.Flow{Number: n, Capture: of, Opening: flows.Handshake{Outcome: flows.OpeningComplete, Kind: flows.KindThreeWay, SYNs: 1},
			Closing: flows.Teardown{Outcome: flows.ClosingOrderly, First: flows.ByClient}}
		f.Opening.Connect = flows.Elapsed{D: time.Duration(n) * time.Millisecond, OK: true}
		f.Client().Addr = netip.MustParseAddrPort("192.0.2.1:40000")
		f.Server().Addr = netip.MustParseAddrPort("198.51.100.1:443")
		f.Client().StateList, f.Client().NumStates = [flows.MaxStates]flows.State{flows.Closed, flows.SynSent, flows.Established}, 3
		var found []*analyzer.Finding
		switch n {
		case 3:
			f.Opening, f.Closing = flows.Handshake{Outcome: flows.OpeningHalfOpen}, flows.Teardown{}
			found = []*analyzer.Finding{{Rule: analyzer.RuleNamed("half-open"), Severity: analyzer.Warning, Flow: 3, Packets: []uint64{23, 24}, Summary: "the client is silent"}}
		case 9:
			f.Opening, f.Closing = flows.Handshake{Outcome: flows.OpeningRefused}, flows.Teardown{}
			f.Server().Addr = netip.MustParseAddrPort("198.51.100.1:80")
			found = []*analyzer.Finding{{Rule: analyzer.RuleNamed("refused"), Severity: analyzer.Notice, Flow: 9, Packets: []uint64{90}, Summary: "refused"}}
		}
		_ = out.Flow(f, found)
	}
}

var today = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

func parsed(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return f
}

// judged are the outcomes of one item.
func judged(t *testing.T, text string) []verdict.Expectation {
	t.Helper()
	j := NewJudge(parsed(t, text).Entries, today)
	tell(j)
	return j.Expectations(verdict.Unseen{})
}

// judgeAll judges a file by the capture, whatever it says.
func judgeAll(t *testing.T, f *File) {
	j := NewJudge(f.Entries, today)
	tell(j)
	_ = j.Finding(&analyzer.Finding{Rule: analyzer.RuleNamed("syn-flood"), Severity: analyzer.Error})
	for _, e := range j.Expectations(verdict.Unseen{}) {
		if e.At.Line < 1 || e.Text == "" || e.Rule == "" || (e.Outcome == verdict.NotJudged) != (e.Reason != "") || (e.Outcome == verdict.Allowed) != (e.Exception != nil) {
			t.Fatalf("%+v says too little", e)
		}
	}
}

func TestJudge(t *testing.T) {
	const met, failed, not = verdict.Met, verdict.Failed, verdict.NotJudged
	for _, c := range []struct {
		item           string
		want           verdict.Outcome
		expected, seen string
		first          uint64
	}{
		{"count: 10", met, "10", "10 of 10 flows", 0},
		{"count: all", met, "all", "10 of 10 flows", 0},
		{"count: at least 11", failed, "at least 11", "10 of 10 flows", 0},
		{"{flows: {port: 443}, count: 90%}", met, "90%", "9 of 10 flows", 0},
		{"{flows: {port: 443}, count: all}", failed, "all", "9 of 10 flows", 0},
		{"{flows: {port: 80}, count: none}", failed, "none", "1 of 10 flows", 9},
		{"{flows: {port: 80}, opening: refused}", met, "1 of 1 flow", "1 of 1", 0},
		{"{flows: {port: 443}, opening: complete}", failed, "9 of 9 flows", "8 of 9; flow 3 is half-open", 3},
		{"{flows: {port: 443}, opening: [complete, half_open]}", met, "9 of 9 flows", "9 of 9", 0},
		{"{flows: {port: 443, finding: half-open}, opening: complete}", failed, "1 of 1 flow", "0 of 1; flow 3 is half-open", 3},
		{"{flows: {server: 198.51.100.0/24, opening: [refused, half-open]}, count: 2}", met, "2", "2 of 10 flows", 0},
		{"{flows: {where: 'connect > 8ms'}, count: 1}", met, "1", "1 of 10 flows", 0},
		{"opening: {complete: at least 80%}", met, "at least 80% of 10 flows", "8 of 10", 0},
		{"opening: {complete: at least 81%}", failed, "at least 81% of 10 flows", "8 of 10; flow 3 is half-open", 3},
		{"opening: {refused: none}", failed, "none of 10 flows", "1 of 10; flow 9 is refused", 9},
		{"opening: {refused: at most 1}", met, "at most 1 of 10 flows", "1 of 10", 0},
		{"opening: {refused: 2 to 3}", failed, "2 to 3 of 10 flows", "1 of 10; flow 1 is complete", 1},
		{"opening: {complete: 9, refused: 1}", failed, "9 of 10 flows", "8 of 10; flow 3 is half-open", 3},
		{"opening: {refused: 2, complete: 8, half-open: 1}", failed, "2 of 10 flows", "1 of 10; flow 1 is complete", 1},
		{"closing: orderly", failed, "10 of 10 flows", "8 of 10; flow 3 has no closing", 3},
		{"{flows: {where: 'connect > 8ms or half-open'}, closing: {reset: 1}}", failed, "1 of 2 flows", "0 of 2; flow 10 is orderly", 10},
		{"closing: {orderly: 9, open: none}", failed, "9 of 10 flows", "8 of 10; flow 3 has no closing", 3},
		{"client.state: established", met, "10 of 10 flows", "10 of 10", 0},
		{"client.states: CLOSED SYN-SENT ESTAB", met, "10 of 10 flows", "10 of 10", 0},
		{"client.states: CLOSED SYN_SENT", failed, "10 of 10 flows", "0 of 10; flow 1: CLOSED SYN_SENT ESTABLISHED", 1},
		{"findings: none", failed, "none", "half-open, refused in 2 of 10; flow 3: half-open", 3},
		{"findings: [half-open, refused]", met, "no others", "none in 10 flows", 0},
		{"findings: refused", failed, "no others", "half-open in 1 of 10; flow 3: half-open", 3},
		{"metrics: connect < 11ms", met, "connect < 11ms, of every flow", "8 of 8 flows; of 2 it was not measured", 0},
		{"metrics: connect < 8ms", failed, "connect < 8ms, of every flow", "6 of 8 flows; of 2 it was not measured; flow 8: connect 8.00ms", 8},
		{"metrics: connect.p50 <= 5ms", met, "connect.p50 <= 5ms", "connect.p50 5.00ms of 8 flows", 0},
		{"metrics: close.max < 5ms", not, "close.max < 5ms", "no close", 0},
		{"fail-on: warning", failed, "not warning", "warning: 1 of 10 flows; flow 3: warning", 3},
		{"fail-on: error", met, "not error", "error: 0 of 10 flows", 0},
		{"fail-on: 'refused > 5%'", failed, "not refused > 5%", "refused: 1 of 10 flows (10%); flow 9: refused", 9},
		// That nothing was chosen is no success, but where it may be so.
		{"{flows: {port: 1}, opening: complete}", failed, "a flow at least", "none of 10 flows is chosen", 0},
		{"{flows: {port: 1}, findings: none}", failed, "a flow at least", "none of 10 flows is chosen", 0},
		{"{flows: {port: 1}, fail-on: half-open}", failed, "a flow at least", "none of 10 flows is chosen", 0},
		{"{flows: {port: 1}, opening: complete, may-be-empty: true}", met, "0 of 0 flows", "no flows, as may be", 0},
		{"{flows: {port: 1}, count: none}", met, "none", "0 of 10 flows", 0},
	} {
		all := judged(t, item(c.item))
		e := all[0]
		var first uint64
		if len(e.Offending) > 0 {
			first = e.Offending[0].Number
		}
		if e.Outcome != c.want || e.Expected != c.expected || e.Seen != c.seen || first != c.first {
			t.Errorf("%s: got %v, expected %q, seen %q, first #%d; want %v, %q, %q, #%d", c.item, e.Outcome, e.Expected, e.Seen, first,
				c.want, c.expected, c.seen, c.first)
		}
	}
}

func TestEachQuantityIsAnExpectation(t *testing.T) {
	all := judged(t, item("{name: x, opening: {complete: 8, refused: 1}, findings: {half-open: none, refused: any}, count: 10}"))
	var got []string
	for _, e := range all {
		got = append(got, e.Rule+" "+e.Outcome.String())
	}
	want := []string{"opening met", "opening met", "half-open failed", "refused met", "findings met", "count met"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExceptions(t *testing.T) {
	exception := func(flows, count, until string) string {
		return "captures:\n- files: a\n  allow:\n  - {flows: " + flows + ", count: " + count + ", reason: known, until: " + until + "}\n  expect:\n  - "
	}
	for _, c := range []struct {
		text string
		want verdict.Outcome
		seen string
	}{
		{exception("{finding: half-open}", "any", "2026-11-21") + "{flows: {port: 443}, opening: complete}", verdict.Allowed, "8 of 9; flow 3 is half-open"},
		{exception("{finding: half-open}", "any", "2026-11-20") + "{flows: {port: 443}, opening: complete}", verdict.Failed,
			"8 of 9; flow 3 is half-open; the exception at f.yaml:4 held until 2026-11-20"},
		{exception("{finding: [half-open, refused]}", "at most 1", "2026-11-21") + "{opening: complete}", verdict.Failed,
			"8 of 10; flow 3 is half-open; the exception at f.yaml:4 is for at most 1 flow, and there are 2"},
		{exception("{finding: half-open}", "any", "2026-11-21") + "{opening: complete}", verdict.Failed, "8 of 10; flow 3 is half-open"},
		{exception("{port: 80}", "any", "2026-11-21") + "{flows: {port: 443}, opening: complete}", verdict.Failed, "8 of 9; flow 3 is half-open"},
		{exception("{finding: half-open}", "any", "2026-11-21") + "{fail-on: warning}", verdict.Allowed, "warning: 1 of 10 flows; flow 3: warning"},
		{exception("{finding: refused}", "any", "2026-11-21") + "{count: 9}", verdict.Allowed, "10 of 10 flows"},
		{exception("{finding: half-open}", "any", "2026-11-21") + "{opening: {complete: any}}", verdict.Met, "8 of 10"},
	} {
		e := judged(t, c.text)[0]
		if e.Outcome != c.want || e.Seen != c.seen {
			t.Errorf("%s\ngot %v, seen %q, want %v, %q", c.text, e.Outcome, e.Seen, c.want, c.seen)
		}
		if e.Outcome == verdict.Allowed && (e.Exception == nil || e.Exception.Reason != "known" || e.Exception.At.Line != 4) {
			t.Errorf("%s: is allowed by %+v", c.text, e.Exception)
		}
	}
}

// A finding of the whole capture is judged where no flows are chosen, and excused by its name.
func TestFindingsOfTheWholeCapture(t *testing.T) {
	flood := &analyzer.Finding{Rule: analyzer.RuleNamed("syn-flood"), Severity: analyzer.Error, Summary: "a flood"}
	cut := &analyzer.Finding{Rule: analyzer.RuleNamed("truncated-capture"), Severity: analyzer.Notice}
	for text, want := range map[string]verdict.Outcome{
		item("findings: [half-open, refused]"):         verdict.Failed,
		item("findings: {syn-flood: none}"):            verdict.Failed,
		item("findings: {syn-flood: 1}"):               verdict.Met,
		item("fail-on: error"):                         verdict.Failed,
		item("{flows: {port: 80}, findings: refused}"): verdict.Met,
		"captures:\n- files: a\n  allow: {flows: {finding: syn-flood}, reason: x, until: 2026-11-21}\n  expect: [{fail-on: error}]": verdict.Allowed,
		"captures:\n- files: a\n  allow: truncated\n  expect: [{findings: [half-open, refused, syn-flood]}]":                        verdict.Met,
		"captures:\n- files: a\n  expect: [{findings: [half-open, refused, syn-flood]}]":                                            verdict.Failed,
	} {
		j := NewJudge(parsed(t, text).Entries, today)
		tell(j)
		_ = j.Finding(flood)
		_ = j.Finding(cut)
		if e := j.Expectations(verdict.Unseen{})[0]; e.Outcome != want {
			t.Errorf("%s: got %v, %s, want %v", text, e.Outcome, e.Seen, want)
		}
	}
}

// A finding of the whole capture is in no flow.
func TestOtherFindingsAreCounted(t *testing.T) {
	cut := &analyzer.Finding{Rule: analyzer.RuleNamed("truncated-capture"), Severity: analyzer.Notice}
	for text, want := range map[string]string{
		item("findings: [half-open, refused]"): "1 finding of the whole capture: truncated-capture",
		item("findings: half-open"):            "refused in 1 of 10; 1 finding of the whole capture: truncated-capture",
	} {
		j := NewJudge(parsed(t, text).Entries, today)
		tell(j)
		if err := j.Finding(cut); err != nil {
			t.Fatal(err)
		}
		if got := j.Expectations(verdict.Unseen{})[0].Seen; got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

// What was not read to its end meets nothing, but can fail.
func TestCutCaptures(t *testing.T) {
	j := NewJudge(parsed(t, item("{count: 10, opening: complete}")).Entries, today)
	tell(j)
	all := j.Expectations(verdict.Unseen{Cut: "it was cut"})
	if all[0].Outcome != verdict.NotJudged || all[0].Reason != "it was cut" || all[1].Outcome != verdict.Failed {
		t.Errorf("got %v, %v, want not judged, failed", all[0].Outcome, all[1].Outcome)
	}
}

// At the ceiling what fails is a count that is exceeded, or what one flow proves, by flows that no exception is for: of the rest of one
// is told how it opened, of one that was over its times, and all of one that was seen whole.
func TestCeiling(t *testing.T) {
	const rest, over, whole, never = 1, 2, 3, 4 // from where on it fails
	for text, from := range map[string]int{
		item("count: at most 9"):                                       rest,
		item("count: at most 90%"):                                     never,
		item("count: 11"):                                              never,
		item("{flows: {port: 80}, count: none}"):                       rest,
		item("{flows: {closing: orderly}, count: none}"):               whole,
		item("{flows: {closing: orderly}, count: at least 9}"):         never,
		item("{flows: {closing: orderly}, metrics: 'connect <= 5ms'}"): whole,
		item("{flows: {closing: orderly}, opening: half-open}"):        whole,
		item("{flows: {where: 'connect > 8ms'}, count: none}"):         whole,
		item("{flows: {where: half-open}, count: none}"):               rest,
		item("{flows: {port: 1}, opening: complete}"):                  never,
		item("opening: complete"):                                      rest,
		item("opening: {complete: at least 9}"):                        never,
		item("opening: {complete: at least 99%}"):                      never,
		item("opening: {refused: none}"):                               rest,
		item("closing: orderly"):                                       whole,
		item("closing: {orderly: none}"):                               whole,
		item("closing: {orderly: at most 7}"):                          whole,
		item("closing: {orderly: at most 8, silent: 1}"):               never,
		item("closing: {orderly: at most 0%}"):                         whole,
		item("opening: {refused: at most 9%}"):                         never,
		item("findings: none"):                                         rest,
		item("findings: {half-open: none, refused: 2}"):                rest,
		item("findings: {half-open: 2, refused: 1}"):                   never,
		item("findings: {half-open: all, refused: any}"):               never,
		item("fail-on: refused > 0"):                                   rest,
		item("fail-on: refused > 1%"):                                  never,
		item("fail-on: connect > 9ms"):                                 over,
		item("fail-on: connect > 10ms"):                                never,
		item("fail-on: connect.p50 > 1ms"):                             never,
		item("metrics: refused < 1"):                                   rest,
		item("metrics: refused > 1"):                                   never,
		item("metrics: connect.max < 1ms"):                             over,
		item("metrics: connect < 10ms"):                                over,
		item("findings: none") + "\n  allow: {flows: {finding: [half-open, refused]}, reason: known, until: 2026-11-21}": never,
		item("findings: none") + "\n  allow: {flows: {finding: refused}, reason: known, until: 2026-11-21}":              rest,
	} {
		for i, seen := range []flows.Capture{{Resumed: true}, {Early: true}, {}} {
			want := verdict.NotJudged
			if i+1 >= from {
				want = verdict.Failed
			}
			j := NewJudge(parsed(t, text).Entries, today)
			tellOf(j, seen)
			if got := j.Expectations(verdict.Unseen{Ceiling: "given up"})[0]; got.Outcome != want || (want == verdict.NotJudged) != (got.Reason == "given up") {
				t.Errorf("%s: of %+v got %v (%s), want %v", text, seen, got.Outcome, got.Reason, want)
			}
		}
	}
}

// Of four flows, of which the ceiling took something of 2 and 3 before they were reset, it is 4 that proves that one is.
func TestCeilingNamesTheProof(t *testing.T) {
	for text, seen := range map[string]string{
		item("closing: orderly"):                            "1 of 4; flow 4 is reset",
		item("closing: {reset: none}"):                      "at least 1 flow; flow 4 is reset",
		item("{flows: {closing: reset}, count: none}"):      "at least 1 flow",
		item("{flows: {closing: reset}, opening: refused}"): "0 of 3; flow 4 is complete",
		item("metrics: closing == orderly"):                 "not so of at least 1 flow; flow 4: closing reset",
		item("fail-on: closing.reset > 0"):                  "closing.reset: at least 1 flow; flow 4: closing.reset",
	} {
		j := NewJudge(parsed(t, text).Entries, today)
		for n, of := range []flows.Capture{{}, {Resumed: true}, {Early: true}, {}} {
			f := &flows.Flow{Number: uint64(n + 1), Capture: of, Opening: flows.Handshake{Outcome: flows.OpeningComplete},
				Closing: flows.Teardown{Outcome: flows.ClosingReset}}
			if n == 0 {
				f.Closing.Outcome = flows.ClosingOrderly
			}
			_ = j.Flow(f, nil)
		}
		got := j.Expectations(verdict.Unseen{Ceiling: "given up"})[0]
		if got.Outcome != verdict.Failed || got.Offenders != 1 || len(got.Offending) != 1 || got.Offending[0].Number != 4 || got.Seen != seen {
			t.Errorf("%s: got %v, %d by %+v, %q, want failed, 1 by flow 4, %q", text, got.Outcome, got.Offenders, got.Offending, got.Seen, seen)
		}
	}
}

// Flows without their beginning may all be of one that was forgotten: they are one at least.
func TestCeilingCountsWhatBegan(t *testing.T) {
	for text, want := range map[string][2]verdict.Outcome{
		item("count: none"):      {verdict.Failed, verdict.Failed},
		item("count: at most 1"): {verdict.Failed, verdict.NotJudged},
		item("count: at most 9"): {verdict.Failed, verdict.NotJudged},
	} {
		for i, seen := range []flows.Capture{{}, {Midstream: true}} {
			j := NewJudge(parsed(t, text).Entries, today)
			tellOf(j, seen)
			if got := j.Expectations(verdict.Unseen{Ceiling: "given up"})[0].Outcome; got != want[i] {
				t.Errorf("%s: of %+v got %v, want %v", text, seen, got, want[i])
			}
		}
	}
}

// Where client and server are guessed, a flow that begins in mid-stream may be the other way round: at the ceiling it proves nothing of
// those that are chosen by an end, but of all it does.
func TestCeilingGuesses(t *testing.T) {
	for text, want := range map[string]verdict.Outcome{
		item("{flows: {port: 80}, count: none}"):             verdict.NotJudged,
		item("{flows: {server: 198.51.100.1}, count: none}"): verdict.NotJudged,
		item("count: none"):                                  verdict.Failed,
		item("findings: none"):                               verdict.Failed,
	} {
		for roles, want := range map[flows.Roles]verdict.Outcome{flows.RolesGuessed: want, flows.RolesSYNACK: verdict.Failed} {
			j := NewJudge(parsed(t, text).Entries, today)
			f := &flows.Flow{Number: 1, Roles: roles, Capture: flows.Capture{Midstream: true}}
			f.Server().Addr = netip.MustParseAddrPort("198.51.100.1:80")
			_ = j.Flow(f, []*analyzer.Finding{{Rule: analyzer.RuleNamed("refused"), Flow: 1}})
			if got := j.Expectations(verdict.Unseen{Ceiling: "given up"})[0].Outcome; got != want {
				t.Errorf("%s: of roles %v got %v, want %v", text, roles, got, want)
			}
		}
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, folder, capture string
		want                     bool
	}{
		{"a.pcap", ".", "a.pcap", true},
		{"a.pcap", ".", "./a.pcap", true},
		{"a.pcap", ".", "b/a.pcap", false},
		{"a.pcap", "b", "b/a.pcap", true},
		{"../a.pcap", "b", "a.pcap", true},
		{"*.pcap", ".", "a.pcap", true},
		{"*.pcap", ".", "b/a.pcap", false},
		{"*/*.pcap", ".", "b/a.pcap", true},
		{"**/*.pcap", ".", "a.pcap", true},
		{"**/*.pcap", ".", "b/c/a.pcap", true},
		{"b/**", ".", "b/c/a.pcap", true},
		{"b/**", ".", "c/a.pcap", false},
		{"b/**/a.pcap", ".", "b/a.pcap", true},
		{"/x/*.pcap", "b", "/x/a.pcap", true},
		{"b/**/**/c/*/a.pcap", ".", "b/x/c/y/c/z/a.pcap", true},
		{"b/**/c/**/a.pcap", ".", "b/x/c/y/a.pcap", true},
		{"b/**/c/**/d/a.pcap", ".", "b/x/c/y/a.pcap", false},
		{"b/**/**", ".", "b", true},
		{strings.Repeat("**/a/", 30) + "b", ".", strings.Repeat("a/", 60) + "c", false}, // tried in every way, this has no end
		{"-", "b", "-", true},
		{"*", ".", "-", false},
	} {
		p := newPattern(verdict.Position{File: c.folder + "/f.yaml"}, c.pattern)
		if got := p.Match(c.capture); got != c.want {
			t.Errorf("%s in %s, %s: got %v, want %v", c.pattern, c.folder, c.capture, got, c.want)
		}
	}
}
