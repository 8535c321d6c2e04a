package expect

import (
	"cmp"
	"slices"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/metric"
	"tcpwhy/analyzer/verdict"
	"tcpwhy/flows"
)

// Judge judges one capture by what is expected of it: an output of a Run that chooses all flows.
type Judge struct {
	entries []*judgedEntry
	flows   uint64
}

type judgedEntry struct {
	*Entry
	excuses *excuses
	items   []*judgedItem
	excused uint64 // flows
}

// judgedItem has each tally twice: of all flows that are chosen, and, where there are exceptions, of those that none is for; where not
// all flows are chosen, also of those of these that stay chosen, whatever the ceiling may have taken of them.
type judgedItem struct {
	*Item
	all, kept, sure         []tally
	chosen, remaining, stay uint64
}

// NewJudge is a Judge of a capture that these entries name, on a day.
func NewJudge(entries []*Entry, today time.Time) *Judge {
	j := &Judge{}
	for _, e := range entries {
		judged := &judgedEntry{Entry: e, excuses: newExcuses(e.Exceptions, today)}
		for _, i := range e.Expect {
			item := &judgedItem{Item: i}
			for c := range i.checks {
				item.all = append(item.all, i.checks[c].begin())
				if len(e.Exceptions) > 0 {
					item.kept = append(item.kept, i.checks[c].begin())
				}
				if !i.flows.all() {
					item.sure = append(item.sure, i.checks[c].begin())
				}
			}
			judged.items = append(judged.items, item)
		}
		j.entries = append(j.entries, judged)
	}
	return j
}

// Truncated reports whether the capture may be cut off.
func (j *Judge) Truncated() bool {
	return slices.ContainsFunc(j.entries, func(e *judgedEntry) bool { return e.Truncated })
}

// Flow takes a flow.
func (j *Judge) Flow(f *flows.Flow, found []*analyzer.Finding) error {
	j.flows++
	for _, e := range j.entries {
		excused := e.excuses.flow(f, found)
		if excused {
			e.excused++
		}
		for _, i := range e.items {
			if !i.flows.admits(f, found) {
				continue
			}
			i.chosen++
			for _, t := range i.all {
				t.flow(f, found)
			}
			if excused {
				continue
			}
			i.remaining++
			for _, t := range i.kept {
				t.flow(f, found)
			}
			if !i.flows.lasts(f) {
				continue
			}
			i.stay++
			for _, t := range i.sure {
				t.flow(f, found)
			}
		}
	}
	return nil
}

// Finding takes a finding of the whole capture.
func (j *Judge) Finding(n *analyzer.Finding) error {
	if n.Flow != 0 {
		return nil
	}
	for _, e := range j.entries {
		if e.Truncated && n.Rule.CutShort {
			continue
		}
		excused := e.excuses.finding(n)
		for _, i := range e.items {
			if !i.flows.all() {
				continue
			}
			for _, t := range i.all {
				t.finding(n)
			}
			if excused {
				continue
			}
			for _, t := range i.kept {
				t.finding(n)
			}
		}
	}
	return nil
}

// Expectations are what the capture came to. Where not all of it was seen, nothing is met; at the ceiling nothing fails either but by
// what is proved already.
func (j *Judge) Expectations(unseen verdict.Unseen) []verdict.Expectation {
	var all []verdict.Expectation
	for _, e := range j.entries {
		for _, i := range e.items {
			for c := range i.checks {
				all = append(all, j.expectation(e, i, c, unseen))
			}
		}
	}
	return all
}

func (j *Judge) expectation(e *judgedEntry, i *judgedItem, c int, unseen verdict.Unseen) verdict.Expectation {
	check := &i.checks[c]
	x := check.expectation(i.Name)
	r, proved := i.all[c].result(i.chosen, j.flows), true
	if unseen.Ceiling != "" {
		lasting := i.lasting(c)
		r.offenders, proved = verdict.Offenders{}, lasting.proof != nil
		if proved {
			r.offenders, r.seen = *lasting.proof, cmp.Or(lasting.atLeast, r.seen)
		}
	}
	x.Expected, x.Seen = r.expected, r.seen
	switch {
	case i.chosen == 0 && check.key != "count" && i.empty():
		x.Outcome, x.Seen = verdict.Met, "no flows, as may be"
		if r.truth == metric.No { // of the whole capture
			x.Outcome, x.Seen = verdict.Failed, r.seen
		}
	case i.chosen == 0 && check.key != "count":
		x.Outcome, x.Expected, x.Seen = verdict.Failed, "a flow at least", "none of "+amount.Of(j.flows, "flow", "flows")+" is chosen"
	case r.truth == metric.Yes:
		x.Outcome = verdict.Met
	case r.truth == metric.Unknown:
		x.Reason = r.reason
	default:
		x.Outcome = verdict.Failed
		x.Offenders, x.Offending = r.offenders.N, r.offenders.First
		x.Seen += firstOf(&r.offenders, r.between)
		j.allow(&x, e, i, c)
	}
	if reason := unseen.Reason(); reason != "" && x.Outcome != verdict.NotJudged && !(x.Outcome == verdict.Failed && proved) {
		x.Outcome, x.Reason, x.Exception, x.Offenders, x.Offending = verdict.NotJudged, reason, nil, 0, nil
	}
	return x
}

// lasting has the proof by which a check has failed whatever was not seen, and whatever an exception may yet be for; none: it has not.
func (i *judgedItem) lasting(c int) result {
	switch {
	case !i.flows.all():
		return i.sure[c].result(i.stay, i.chosen)
	case len(i.kept) > 0:
		return i.kept[c].result(i.remaining, i.chosen)
	}
	return i.all[c].result(i.chosen, i.chosen)
}

// empty reports whether there may be no flow that is chosen.
func (i *Item) empty() bool {
	return i.mayBeEmpty || i.count != nil && !i.count.few(0, 1)
}

// allow tells what is failed from what is allowed.
func (j *Judge) allow(x *verdict.Expectation, e *judgedEntry, i *judgedItem, c int) {
	var numbers []uint64
	for _, f := range x.Offending {
		numbers = append(numbers, f.Number)
	}
	by := e.excuses.first(numbers)
	if by == nil {
		return
	}
	if void := by.void(j.flows); void != "" {
		x.Seen += "; " + void
		return
	}
	if r := i.kept[c].result(i.remaining, j.flows-e.excused); r.truth == metric.Yes {
		x.Outcome, x.Exception = verdict.Allowed, &by.Exception.Exception
	}
}

// expectation is a check that is not judged yet.
func (c *check) expectation(name string) verdict.Expectation {
	return verdict.Expectation{Name: name, Text: c.text, Rule: c.rule, At: c.at, Severity: c.severity}
}

// Unjudged are the expectations of an entry that no capture could be judged by, for a reason.
func (e *Entry) Unjudged(reason string) []verdict.Expectation {
	var all []verdict.Expectation
	for _, i := range e.Expect {
		for c := range i.checks {
			x := i.checks[c].expectation(i.Name)
			x.Reason = reason
			all = append(all, x)
		}
	}
	return all
}
