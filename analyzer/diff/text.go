package diff

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/report"
	"tcpwhy/analyzer/span"
)

// Text writes a Diff for people.
type Text struct {
	W       io.Writer
	Verbose bool // all differences
	Quiet   bool // the last line alone
}

// shownDifferences is how many are told without Verbose.
const shownDifferences = 20

// Write writes d: what differs, the worst first, the first flow that does, and how much was alike.
func (t *Text) Write(d *Diff) error {
	var b strings.Builder
	// What is told can be what a saved file says, which anybody may have written.
	line := func(format string, args ...any) {
		for i, a := range args {
			switch a := a.(type) {
			case string:
				args[i] = report.Plain(a)
			case fmt.Stringer:
				args[i] = report.Plain(a.String())
			}
		}
		fmt.Fprintf(&b, format+"\n", args...)
	}
	if !t.Quiet {
		line("OLD      %s: %s", d.Old.Name, d.Old)
		line("NEW      %s: %s", d.New.Name, d.New)
		shown := d.Differences
		if len(shown) > shownDifferences && !t.Verbose {
			shown = shown[:shownDifferences]
		}
		for i := range shown {
			shown[i].write(line)
		}
		if n := len(d.Differences) - len(shown); n > 0 {
			line("\nand %s; -v shows all", of(uint64(n), "more difference"))
		}
		if d.Shown.Ladder != "" {
			line("\nThe first of them, in %s:\n", d.Shown.In.Name)
			for rung := range strings.Lines(d.Shown.Ladder) {
				line("%s", strings.TrimRight(rung, "\n"))
			}
			if d.Shown.Again != "" {
				line("again    %s", d.Shown.Again)
			}
		}
		line("")
		for _, n := range d.Notes {
			line("NOTE     %s", n)
		}
	}
	line("%s", d.Totals())
	_, err := io.WriteString(t.W, b.String())
	return err
}

func (d *Difference) write(line func(string, ...any)) {
	label := strings.ToUpper(d.Severity.String())
	if d.Better {
		label = "BETTER"
	}
	head := []string{d.Matter.String()}
	if d.What != "" {
		head = append(head, d.What)
	}
	if d.Server != "" {
		head = append(head, d.Server)
	}
	if d.Flows > 0 {
		head = append(head, of(d.Flows, "flow"))
	}
	if !d.Counts {
		head = append(head, "does not count")
	}
	line("\n%-9s%s", label, strings.Join(head, "  "))
	if d.Matter == Time {
		line("         %s flows before, %s now", amount.Commas(d.Measured[0]), amount.Commas(d.Measured[1]))
		for _, c := range d.Changes {
			line("    %s  was %s, is %s", c.Percentile, span.String(c.Was), span.String(c.Is))
		}
		return
	}
	if d.Was != "" {
		line("    was  %s", d.Was)
	}
	if d.Is != "" {
		line("     is  %s", d.Is)
	}
	for i := range d.First {
		p := &d.First[i]
		line("         %s", p)
		if len(p.Packets) > 0 {
			line("         packets %s", numbers(p.Packets))
		}
	}
	if n := d.Flows - uint64(len(d.First)); n > 0 && len(d.First) > 0 {
		line("         and %s", of(n, "more flow"))
	}
}

// String tells which flow: "#3 192.0.2.17:51614, was #5 192.0.2.17:40000".
func (p *Pair) String() string {
	switch {
	case p.Was.Number == 0:
		return p.Is.String()
	case p.Is.Number == 0:
		return "was " + p.Was.String()
	case p.Was == p.Is:
		return p.Is.String() + ", as before"
	}
	return p.Is.String() + ", was " + p.Was.String()
}

func (f Flow) String() string {
	return "#" + strconv.FormatUint(f.Number, 10) + " " + f.Client.String()
}

func numbers(packets []uint64) string {
	words := make([]string, len(packets))
	for i, n := range packets {
		words[i] = strconv.FormatUint(n, 10)
	}
	return strings.Join(words, ", ")
}
