package expect

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// Whatever is wrong is told, with its line and column.
func TestErrorsSayWhere(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "f.yaml:1:1: nothing is expected: captures are missing"},
		{"{}", "f.yaml:1:1: nothing is expected: captures are missing"},
		{"captures: [", "f.yaml:1:1: no YAML: did not find expected node content"},
		{"- a", "f.yaml:1:1: a file of expectations has keys (captures)"},
		{"captuers: []", "f.yaml:1:1: a file of expectations has no key captuers (is it captures?)"},
		{"captures: []", "f.yaml:1:11: captures: a list is missing here (lines that begin with - )"},
		{"captures:\n- expect:\n  - {count: 1}", "f.yaml:2:3: files are missing: of which captures is it expected?"},
		{"captures:\n- files: a", "f.yaml:2:3: expect is missing: nothing is expected of a"},
		{"captures:\n- files: 'a[b'\n  expect:\n  - {count: 1}", "f.yaml:2:10: a[b: a bracket is not closed"},
		{item("{}"), "f.yaml:4:5: nothing is expected here (count, opening, findings, metrics, ...)"},
		{item("name: x"), "f.yaml:4:5: nothing is expected here (count, opening, findings, metrics, ...)"},
		{item("count: 1\n    count: 2"), "f.yaml:5:5: count is there twice"},
		{item("count: lots"), `f.yaml:4:12: "lots" is no quantity (12, none, all, any, at least 3, at most 5%, 3 to 5)`},
		{item("count: 5 to 3"), `f.yaml:4:12: "5 to 3": from more to less`},
		{item("count: 101%"), `f.yaml:4:12: "101%" is no quantity (12, none, all, any, at least 3, at most 5%, 3 to 5)`},
		{item("opning: complete"), "f.yaml:4:5: an expectation has no key opning (is it opening?)"},
		{item("server: 10.0.0.1"), "f.yaml:4:5: server chooses flows: flows: {server: ...}"},
		{item("opening: compleet"), "f.yaml:4:14: opening is never compleet (is it complete?)"},
		{item("opening: {compleet: 3}"), "f.yaml:4:15: opening is never compleet (is it complete?)"},
		{item("opening: {complete: many}"), `f.yaml:4:25: "many" is no quantity (12, none, all, any, at least 3, at most 5%, 3 to 5)`},
		{item("client.state: OPEN"), "f.yaml:4:19: OPEN is no state (CLOSED LISTEN SYN_SENT SYN_RCVD ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 CLOSE_WAIT CLOSING LAST_ACK TIME_WAIT)"},
		{item("client.states: CLOSED SYN_SNET"), "f.yaml:4:20: SYN_SNET is no state (is it SYN_SENT?)"},
		{item("findings: {half-opne: none}"), `f.yaml:4:16: "half-opne" is no finding (is it half-open?)`},
		{item("findings: [refused, half-opne]"), `f.yaml:4:25: "half-opne" is no finding (is it half-open?)`},
		{item("findings: {syn-flood: 5%}"), "f.yaml:4:27: syn-flood is found of the whole capture: it has no share of flows"},
		{item("flows: {port: 80}\n    findings: {syn-flood: none}"), "f.yaml:5:16: syn-flood is found of the whole capture, not of some flows"},
		{item("metrics: handshake.p99 < 50"), "f.yaml:4:30: handshake.p99: 50 is no time (50ms, 1.5s, 2m)"},
		{item("metrics: ['conect < 1s']"), "f.yaml:4:16: there is no metric or finding conect (is it connect?)"},
		{item("fail-on: [half-opne]"), "f.yaml:4:15: there is no metric or finding half-opne (is it half-open?)"},
		{item("flows: {port: http}\n    count: 1"), "f.yaml:4:19: http is no port"},
		{item("flows: {where: packets}\n    count: 1"), "f.yaml:4:27: packets is compared with something, as in 'packets > 5'"},
		{item("flows: {server: nowhere}\n    count: 1"), `f.yaml:4:21: "nowhere" is no address, prefix, port or address:port`},
		{item("flows: {finding: syn-flood}\n    count: 1"), "f.yaml:4:22: syn-flood is found of the whole capture: it chooses no flows"},
		{item("flows: {sever: 1}\n    count: 1"), "f.yaml:4:13: flows has no key sever (is it server?)"},
		{item("may-be-empty: perhaps\n    count: 1"), "f.yaml:4:19: may-be-empty is true or false"},
		{item("name: [a, b]\n    count: 1"), "f.yaml:4:11: name: a word is missing here"},
		{allow("anything"), `f.yaml:3:10: "anything" cannot be allowed so: truncated can, and flows with a reason and a day (name flows count reason until)`},
		{allow("{flows: {port: 80}, until: 2026-12-31}"), "f.yaml:3:10: what is allowed lacks reason: why is it allowed?"},
		{allow("{flows: {port: 80}, reason: x}"), "f.yaml:3:10: what is allowed lacks until: to what day is it allowed?"},
		{allow("{reason: x, until: 2026-12-31}"), "f.yaml:3:10: what is allowed lacks flows: to which flows is it allowed?"},
		{allow("{flows: {port: 80}, reason: x, until: soon}"), "f.yaml:3:48: until: soon is no day (2026-12-31)"},
		{item("count: 1") + "\n---\ncaptures: []", "f.yaml:5:1: a second document: captures go into one"},
		{"captures:\n\n- \xff", "f.yaml:3:1: no text: not in UTF-8"},
	} {
		_, err := Parse("f.yaml", []byte(c.text))
		if err == nil || strings.Split(err.Error(), "\n")[0] != c.want {
			t.Errorf("%s\n got: %v\nwant: %s", c.text, err, c.want)
		}
	}
}

// item is a file with one expectation.
func item(text string) string { return "captures:\n- files: a\n  expect:\n  - " + text }

// allow is a file with one exception.
func allow(text string) string {
	return "captures:\n- files: a\n  allow: " + text + "\n  expect: [{count: 1}]"
}

func TestAllErrorsAreTold(t *testing.T) {
	_, err := Parse("f.yaml", []byte(item("opning: complete\n    count: lots\n    fidnings: none")))
	if err == nil || strings.Count(err.Error(), "f.yaml:") != 3 {
		t.Errorf("got %v, want three errors", err)
	}
}

// What few bytes ask for is bounded: by aliases, each of which stands for many, by size alone, and by mistakes.
func TestBounds(t *testing.T) {
	few := strings.Repeat("'handshake.p99 < 50ms', ", 120)
	aliases := "captures:\n- files: a\n  expect: &x\n  - &i {metrics: &m [" + few + "]}\n" + strings.Repeat("  - *i\n", 120) + strings.Repeat("- {files: a, expect: *x}\n", 120)
	for _, c := range []struct{ name, text, want string }{
		{"aliases of aliases", aliases, "f.yaml:1:1: more than 100,000 values, with those that aliases (*name) stand for: too many for one file"},
		{"an alias of itself", "captures: &a [*a]", "f.yaml:1:1: more than 100,000 values, with those that aliases (*name) stand for: too many for one file"},
		{"no aliases", item("metrics: [" + strings.Repeat("refused,", maxValues) + "]"), "f.yaml:1:1: more than 100,000 values, with those that aliases (*name) stand for: too many for one file"},
		{"size", strings.Repeat("#\n", MaxSize/2) + "\n", "f.yaml:1:1: more than 2 MiB"},
	} {
		if _, err := Parse("f.yaml", []byte(c.text)); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %.300v, want %s", c.name, err, c.want)
		}
	}
	if _, err := Parse("f.yaml", []byte(strings.Replace(item("&i {metrics: [refused]}")+strings.Repeat("\n  - *i", 1000), "- files: a", "- files: [a, b]", 1))); err != nil {
		t.Errorf("a thousand aliases: %v", err)
	}
	_, err := Parse("f.yaml", []byte(item("opening: ["+strings.Repeat("a,", 1000)+"]")))
	if got := strings.Split(err.Error(), "\n"); len(got) != maxErrors+1 || got[maxErrors] != "f.yaml:4:215: and more is wrong from here on" {
		t.Errorf("got %d errors, the last %s", len(got), got[len(got)-1])
	}
}

// What is read is judged without a panic, and what is refused has a place.
func FuzzExpect(f *testing.F) {
	for _, text := range []string{"", item("count: at least 3"), item("opening: {complete: all}\n    metrics: [connect < 1s]"), allow("truncated"),
		allow("[truncated, {flows: {finding: half-open}, count: at most 3, reason: x, until: 2026-12-31}]"),
		item("findings: {half-open: none}\n    flows: {server: '[::1]:443', where: 'packets > 3'}"),
		"captures: &a\n- files: x\n  expect: *a\n", "a: &a [*a]\n", "captures:\n- <<: {files: x}\n", "%YAML 1.1\n---\n", "? [a]\n: b\n"} {
		f.Add(text)
	}
	example, err := os.ReadFile("../../cmd/tcpwhy/testdata/example/handshakes.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(example))
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Parse("f.yaml", []byte(text))
		if err == nil {
			judgeAll(t, file)
			again, err := NewUpdate(file, today).Bytes()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Parse("f.yaml", again); err != nil {
				t.Fatalf("%q is written as %q: %v", text, again, err)
			}
			return
		}
		for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
			var at *Error
			if !errors.As(err, &at) || at.Line < 1 || at.Line > 2+strings.Count(text, "\n")+strings.Count(text, "\r")+strings.Count(text, "\u0085")+strings.Count(text, "\u2028")+strings.Count(text, "\u2029") || at.Column < 1 || at.Text == "" {
				t.Fatalf("%q: %v says no place in it", text, err)
			}
		}
	})
}
