package diff

import (
	"errors"
	"strings"
	"testing"
	"unicode"
)

const savedRow = `{"flow":1,"client":"192.0.2.1:40001","server":"198.51.100.1:80","states":{"client":["CLOSED"],"server":[]},` +
	`"opening":{"outcome":"refused","kind":"three-way","connect_ns":null},"closing":{"outcome":null,"first":null,"reset_by":null},"findings":["refused"]}`

// TestLoad: what is no saved output, or not all of it, is an error and never a side without flows.
func TestLoad(t *testing.T) {
	for _, c := range []struct{ saved, want string }{
		{savedRow, "1 flow"},
		{savedRow + "\n" + savedRow, "2 flows"},
		{"\n [" + savedRow + ",\n" + savedRow + "]\n", "2 flows"},
		{"[]", "0 flows"},
		{`{"capture":{"flows":3},"servers":[]}`, "3 flows"},
		{savedRow + `{"capture":{"flows":3},"servers":[]}`, "value 2: neither a flow"},
		{`{"capture":{"flows":3},"servers":[]}{"capture":{"flows":3},"servers":[]}`, "value 2: a second report"},
		{savedRow[:100], "value 1: is cut short"},
		{"[" + savedRow, "is cut short"},
		{"[" + savedRow + ",", "value 2: is cut short"},
		{"", "EOF"},
		{"[1]", "value 1: "},
		{"[{}]", "value 1: neither a flow"},
		{savedRow + "{}", "value 2: neither a flow"},
		{savedRow + "x", "value 2: invalid character 'x'"},
		{savedRow + "}", "invalid character '}'"},
		{"[" + savedRow + "]" + savedRow, "neither a flow"},
		{strings.Replace(savedRow, "refused", "refuted", 1), `flow 1: no such opening: "refuted"`},
		{strings.Replace(savedRow, "CLOSED", "OPEN", 1), `flow 1: no such states`},
		{strings.Replace(savedRow, "192.0.2.1", "192.0.2", 1), "value 1: "},
		{strings.Replace(savedRow, `"flow":1`, `"flow":"one"`, 1), "value 1: flow cannot be what is a JSON string"},
		{strings.Replace(savedRow, `{"outcome":"refused","kind":"three-way","connect_ns":null}`, "7", 1), "value 1: opening cannot be what is a JSON number"},
		{strings.Replace(savedRow, `"192.0.2.1:40001"`, "[]", 1), "value 1: client cannot be what is a JSON array"},
		{`"x"`, "value 1: a flow or a report cannot be what is a JSON string"},
		{`{"line":"x","packet":1}`, "packets cannot be compared"},
		{`{"finding":"refused"}`, "findings alone cannot be compared"},
		{`{"capture":{"flows":1},"servers":[],"findings":[{"finding":"x","severity":"fatal"}]}`, `no such severity: "fatal"`},
	} {
		s, err := NewComparison(1e9).Load("saved", strings.NewReader(c.saved))
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = of(s.Flows, "flow")
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%.60s: got %q, want %q", c.saved, got, c.want)
		}
	}
}

// TestLoadBounds: each value is bounded, and what stands before it, not all of them.
func TestLoadBounds(t *testing.T) {
	const most = 1 << 20
	long := `"` + strings.Repeat("x", 2*most) + `"`
	for _, c := range []struct{ saved, want string }{
		{strings.Repeat(savedRow+"\n", 2*most/len(savedRow)), ""},
		{long, "value 1: more than 1 MiB"},
		{savedRow + `{"opening":` + long, "value 2: more than 1 MiB"},
		{savedRow + strings.Repeat(" ", 2*most) + savedRow, "value 2: more than 1 MiB"},
	} {
		switch _, err := NewComparison(1e9).load("saved", strings.NewReader(c.saved), most); {
		case c.want == "" && err != nil, c.want != "" && (err == nil || err.Error() != c.want):
			t.Errorf("%.60s: got %v, want %s", c.saved, err, c.want)
		}
	}
}

// FuzzLoad: whatever can be loaded is the same as itself, and nothing of it is an order to who reads what is told of it.
func FuzzLoad(f *testing.F) {
	const hostile = `::error::x\u001b[2J\u202e\n::error::y ##[error]z`
	f.Add(savedRow)
	f.Add(strings.Replace(strings.Replace(savedRow, `["refused"]`, `["`+hostile+`"]`, 1), "198.51.100.1:80", "[fe80::1%"+hostile+"]:80", 1))
	f.Add(`{"capture":{"flows":3},"servers":[{"server":"192.0.2.1:80","tunnel":"` + hostile + `","flows":2,"opening":{"complete":2},` +
		`"findings":[{"finding":"` + hostile + `","severity":"error","flows":2}]}]}`)
	f.Add("[" + savedRow + "]")
	f.Add(`{"capture":{"flows":3},"servers":[{"server":"192.0.2.1:80","flows":2,"opening":{"complete":2},"timing":{"connect":{"count":2,"p50_ns":5}}}]}`)
	f.Fuzz(func(t *testing.T, saved string) {
		c := NewComparison(1e9)
		was, err := c.Load("was", strings.NewReader(saved))
		if err != nil {
			return
		}
		is, err := c.Load("is", strings.NewReader(saved))
		if err != nil {
			t.Fatal(err)
		}
		if d := Compare(was, is, Tolerance{}, DefaultFailOn()); len(d.Differences) > 0 {
			t.Errorf("differs from itself: %s", d.Differences[0].String())
		}
		var b strings.Builder
		d := Compare(c.Snapshot("none"), is, Tolerance{}, DefaultFailOn())
		if err := errors.Join((&Text{W: &b}).Write(d), (&JSON{W: &b}).Write(d)); err != nil {
			t.Fatal(err)
		}
		for l := range strings.Lines(b.String()) {
			if strings.ContainsFunc(strings.TrimSuffix(l, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) || strings.HasPrefix(strings.TrimSpace(l), "::e") || strings.Contains(l, "##") {
				t.Errorf("%q is told", l)
			}
		}
	})
}
