package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tcpwhy/pcaps/workload"
)

// TestOutcomes compares every row of tcpwhy flows, and the totals of tcpwhy report, with the plan.
func TestOutcomes(t *testing.T) {
	dir := t.TempDir()
	tcpwhy := filepath.Join(dir, "tcpwhy")
	if out, err := exec.Command("go", "build", "-o", tcpwhy, "tcpwhy/cmd/tcpwhy").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, w := range map[string]workload.Workload{
		"mixed": workload.Mixed(8000), "full": workload.Full(300), "elephants": workload.Elephants(20_000),
		"flood": workload.Flood(20_000, 200),
	} {
		t.Run(name, func(t *testing.T) {
			c := capture{name: name + ".pcap", of: w}
			if err := c.make(dir); err != nil {
				t.Fatal(err)
			}
			l := lab{dir: dir, programs: map[string]string{"tcpwhy": tcpwhy}}
			if err := l.check(&c); err != nil {
				t.Error(err)
			}
		})
	}
}

// What is not as planned is told, with its kind.
func TestOutcomesDiffer(t *testing.T) {
	row := func(client, opening string) string {
		return `{"client":"` + client + `","first":"2025-01-01T00:00:00Z","opening":{"outcome":"` + opening + `"}}` + "\n"
	}
	plan := func(client string) string {
		return strings.Replace(row(client, "complete"), "{", `{"kind":"orderly",`, 1)
	}
	for name, test := range map[string]struct{ rows, want string }{
		"as planned": {row("a", "complete") + row("b", "complete"), ""},
		"other":      {row("a", "complete") + row("b", "refused"), "orderly: 1 are"},
		"missing":    {row("a", "complete"), "orderly without a row: 1 are"},
		"too many":   {row("a", "complete") + row("b", "complete") + row("b", "complete"), "rows of no connection: 1 are"},
	} {
		planned, err := readOutcomes(strings.NewReader(plan("a") + plan("b")))
		if err != nil {
			t.Fatal(err)
		}
		err = planned.check(strings.NewReader(test.rows))
		if (err == nil) != (test.want == "") || err != nil && !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
	if _, err := readOutcomes(strings.NewReader(plan("a") + plan("a"))); err == nil {
		t.Error("one plan twice is taken")
	}
}

// Totals that are not those of the plan are told, and so is a flood that is not named, or that is none.
func TestTotalsDiffer(t *testing.T) {
	of := func(flows, peak int, finding string) *report {
		var r report
		out := fmt.Sprintf(`{"totals":{"flows":%d,"opening":{"complete":1,"half_open":%[1]d,"reset":0}},
			"servers":[{"server":"s","flows":%[1]d,"peak_half_open":%d}],"findings":[{"finding":%q,"server":"s"}]}`, flows, peak, finding)
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		return &r
	}
	flood := totals{Flows: 9, Opening: map[string]int{"complete": 1, "half_open": 9}, Servers: map[string]int{"s": 9}, Flood: "s", Held: 5}
	calm := flood
	calm.Flood = ""
	for name, test := range map[string]struct {
		got   *report
		want  totals
		right bool
	}{
		"as planned": {of(9, 6, "syn-flood"), flood, true},
		"too few":    {of(8, 6, "syn-flood"), flood, false},
		"low peak":   {of(9, 4, "syn-flood"), flood, false},
		"high peak":  {of(9, 10, "syn-flood"), flood, false},
		"not named":  {of(9, 6, "half-open"), flood, false},
		"calm":       {of(9, 6, "half-open"), calm, true},
		"no flood":   {of(9, 6, "syn-flood"), calm, false},
	} {
		if err := test.got.check(&test.want); (err == nil) != test.right {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
