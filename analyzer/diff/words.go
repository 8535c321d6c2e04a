package diff

import (
	"fmt"
	"strings"

	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/span"
)

// percentiles are what changed of a time, in words: "p50 1.2ms, p90 3.4ms" before and now.
func (d *Difference) percentiles() (was, is string) {
	var before, now []string
	for _, c := range d.Changes {
		before = append(before, c.Percentile+" "+span.String(c.Was))
		now = append(now, c.Percentile+" "+span.String(c.Is))
	}
	return strings.Join(before, ", "), strings.Join(now, ", ")
}

// String is the difference in a line.
func (d *Difference) String() string {
	at := ""
	if d.Server != "" {
		at = " at " + d.Server
	}
	switch d.Matter {
	case New:
		return fmt.Sprintf("%s more%s: %s", of(d.Flows, "flow"), at, d.change())
	case Gone:
		return fmt.Sprintf("%s fewer%s: %s", of(d.Flows, "flow"), at, d.change())
	case Finding, Time:
		return fmt.Sprintf("%s%s: %s", d.What, at, d.change())
	}
	return fmt.Sprintf("%s%s: %s", of(d.Flows, "flow"), at, d.change())
}

func (d *Difference) change() string {
	switch {
	case d.Was == "":
		return d.Is
	case d.Is == "":
		return d.Was
	}
	return "was " + d.Was + ", is " + d.Is
}

// Totals is the last line of what is told.
func (d *Diff) Totals() string {
	count := uint64(0)
	for i := range d.Differences {
		if d.Differences[i].Counts {
			count++
		}
	}
	return fmt.Sprintf("%s before, %s now: %s alike, %s changed, %s new, %s gone; %s, %s of them counted", of(d.Old.Flows, "flow"),
		amount.Commas(d.New.Flows), amount.Commas(d.Alike), amount.Commas(d.Flows[Changed]), amount.Commas(d.Flows[New]),
		amount.Commas(d.Flows[Gone]), of(uint64(len(d.Differences)), "difference"), amount.Commas(count))
}
