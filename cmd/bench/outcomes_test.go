package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tcpwhy/pcaps/workload"
)

// TestOutcomes compares every row of tcpwhy flows with the plan of its connection.
func TestOutcomes(t *testing.T) {
	dir := t.TempDir()
	tcpwhy := filepath.Join(dir, "tcpwhy")
	if out, err := exec.Command("go", "build", "-o", tcpwhy, "tcpwhy/cmd/tcpwhy").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for name, w := range map[string]workload.Workload{
		"mixed": workload.Mixed(10_000), "full": workload.Full(500), "elephants": workload.Elephants(40_000),
		"flood": workload.Flood(50_000, 500), "live": {Live: 2000, Rounds: 3}, "lone": {Lone: 2000, IPv6: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := capture{name: name + ".pcap", of: w}
			if err := c.make(dir); err != nil {
				t.Fatal(err)
			}
			plans, err := os.Open(filepath.Join(dir, c.plan()))
			if err != nil {
				t.Fatal(err)
			}
			defer plans.Close()
			planned, err := readOutcomes(plans)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := exec.Command(tcpwhy, "flows", "-o", "jsonl", filepath.Join(dir, c.name)).Output()
			if err != nil {
				t.Fatal(err)
			}
			if err := planned.check(bytes.NewReader(rows)); err != nil {
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
