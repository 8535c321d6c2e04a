package diff

import (
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/verdict"
)

// Verdict is d as check tells what it found: that flows go as before is what is expected of each server, and of the
// whole capture that nothing is found which was not before. A difference that does not count is allowed.
func (d *Diff) Verdict() *verdict.Run {
	c := verdict.Capture{Name: d.New.Name, Packets: d.New.Packets, Flows: d.New.Flows, First: d.New.First}
	differs := map[string]bool{}
	for i := range d.Differences {
		w := &d.Differences[i]
		differs[w.Server] = true
		c.Expectations = append(c.Expectations, d.expectation(w))
	}
	for _, s := range servers(d.Old, d.New) {
		if !differs[s.String()] {
			c.Expectations = append(c.Expectations, verdict.Expectation{Text: asBefore + " at " + s.String(), Rule: "as-before", Outcome: verdict.Met,
				Expected: d.Old.tally(s).words(), Seen: d.New.tally(s).words()})
		}
	}
	if d.Unjudged > 0 {
		c.Expectations = append(c.Expectations, verdict.Expectation{Text: asBefore + " at all servers", Rule: "as-before",
			Severity: analyzer.Warning, Reason: strings.Join(append([]string{of(d.Unjudged, "flow") + " could not be compared: there are too many"}, d.shed()...), "; ")})
	}
	if d.Partial > 0 {
		c.Expectations = append(c.Expectations, verdict.Expectation{Text: asBefore + " to their end", Rule: "as-before",
			Severity: analyzer.Warning, Reason: strings.Join(d.partial(), "; ")})
	}
	return &verdict.Run{Command: "diff", Captures: []verdict.Capture{c}}
}

const asBefore = "as before"

func (t *tally) words() string { return of(t.flows, "flow") }

func (d *Diff) expectation(w *Difference) verdict.Expectation {
	e := verdict.Expectation{Text: asBefore, Rule: w.rule(), Severity: w.Severity, Expected: asBefore + ": " + w.Was, Seen: w.Is,
		Outcome: verdict.Failed, Offenders: w.Flows}
	if w.What != "" {
		e.Text = w.What + " " + e.Text
	}
	if w.Server != "" {
		e.Text += " at " + w.Server
	}
	switch {
	case w.Was == "":
		e.Expected, e.Seen = "no such flow", of(w.Flows, "flow")+" more: "+w.Is
	case w.Is == "":
		e.Expected, e.Seen = of(w.Flows, "flow")+" more: "+w.Was, "no such flow"
	case w.Flows > 0:
		e.Seen += " (" + of(w.Flows, "flow") + ")"
	}
	if !w.Counts {
		e.Outcome, e.Exception = verdict.Allowed, &verdict.Exception{Reason: "--fail-on leaves it out"}
	}
	for i := range w.First {
		p := &w.First[i]
		side, f := d.newest(p)
		o := verdict.Flow{Number: f.Number, Client: f.Client, Server: f.Server, Packets: p.Packets, Why: w.change()}
		if d.Shown.is(side, f) {
			o.Ladder, o.Again = d.Shown.Ladder, d.Shown.Again
		}
		e.Offending = append(e.Offending, o)
	}
	return e
}

// rule is what kind of difference w is, the same from run to run.
func (w *Difference) rule() string {
	switch w.Matter {
	case Finding:
		return w.What
	case Time:
		return "time"
	}
	return w.Matter.String() + "-flow"
}
