package diff

import (
	"maps"
	"slices"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/flows"
)

// lacks has t taken to lack what o has more, as far as its side has given up so many that are not counted.
func (t *tally) lacks(o *tally, givenUp *uint64) {
	t.absent = min(*givenUp, o.flows-min(o.flows, t.flows))
	*givenUp -= t.absent
}

// counts compares how many flows to a server opened and closed how, where the flows themselves are not known.
func (c *comparing) counts(s server, was, is *tally) {
	var before, now []string
	var most, bad, good uint64
	// What is so of no more than notKnown is no difference.
	compare := func(was, is []uint64, notKnown uint64, name func(int) string, worse func(int) bool) {
		var less, more uint64
		for i := range was {
			less += was[i] - min(was[i], is[i])
			more += is[i] - min(was[i], is[i])
		}
		if max(less, more) <= notKnown {
			return
		}
		most = max(most, min(less, more))
		for i := range was {
			if was[i] == is[i] {
				continue
			}
			before, now = append(before, name(i)+" "+amount.Commas(was[i])), append(now, name(i)+" "+amount.Commas(is[i]))
			switch {
			case !worse(i):
			case is[i] < was[i]:
				good++
			default:
				bad++
			}
		}
	}
	// Of a flow that was given up the opening is known as far as it went, and the close as it stood then.
	absent, shed, untoldMore := was.absent+is.absent, was.shed+is.shed, uint64(0)
	for i := range was.opening {
		if untold(flows.OpeningOutcome(i)) {
			untoldMore += max(was.opening[i], is.opening[i]) - min(was.opening[i], is.opening[i])
		}
	}
	compare(was.opening[:], is.opening[:], absent+min(shed, untoldMore), func(i int) string { return flows.OpeningOutcome(i).String() },
		func(i int) bool { return failed(flows.OpeningOutcome(i)) })
	early := [2]uint64{c.Old.outdated(was, is), c.New.outdated(is, was)}
	c.Early[0], c.Early[1] = c.Early[0]+early[0], c.Early[1]+early[1]
	compare(was.closing[1:], is.closing[1:], absent+shed+early[0]+early[1], func(i int) string { return flows.ClosingOutcome(i + 1).String() },
		func(i int) bool { return unclean(flows.ClosingOutcome(i + 1)) })
	c.Alike += min(was.flows, is.flows) - min(most, was.flows, is.flows)
	if len(before) == 0 {
		return
	}
	d := Difference{Server: s.String(), key: s, Was: strings.Join(before, ", "), Is: strings.Join(now, ", "), Severity: analyzer.Notice}
	switch {
	case bad > 0:
		d.Severity = analyzer.Warning
	case good > 0 && was.flows == is.flows:
		d.Severity, d.Better = analyzer.Info, true
	}
	matter, n := New, is.flows-was.flows
	if is.flows < was.flows {
		matter, n = Gone, was.flows-is.flows
	}
	if most == 0 { // so that some are more, or some are fewer
		d.Matter, d.Flows = matter, n
	} else {
		d.Matter, d.Flows = Changed, most
		c.Flows[Changed] += most
	}
	c.Differences = append(c.Differences, d)
	if c.Flows[matter] += n; n > 0 && most > 0 {
		c.Differences = append(c.Differences, Difference{Matter: matter, Server: d.Server, key: s, Was: of(was.flows, "flow"),
			Is: of(is.flows, "flow"), Flows: n, Severity: analyzer.Notice})
	}
}

// outdated is how many flows at most s counts as orderly closed, as their rows say that were written early, and were reset after that, as
// the other side has it.
func (s *Snapshot) outdated(t, other *tally) uint64 {
	const late = flows.ClosingRSTAfterFIN
	if s.summed {
		return 0
	}
	return min(t.early, other.closing[late]-min(other.closing[late], t.closing[late]))
}

// unfound is how many flows at most show what name is, and were not found to: nothing is found of what was given up, nor after a row was
// written early.
func (t *tally) unfound(name string) uint64 {
	n := t.absent + t.shed + t.unasked
	if name == flows.ClosingRSTAfterFIN.String() {
		n += t.early
	}
	return n
}

// findings compares how many flows show what, where the flows themselves are not known.
func (c *comparing) findings(s server, was, is *tally) {
	names := slices.AppendSeq(slices.Collect(maps.Keys(was.findings)), maps.Keys(is.findings))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		before, now := was.findings[name], is.findings[name]
		if before == now || before < now && now-before <= was.unfound(name) || now < before && before-now <= is.unfound(name) {
			continue
		}
		d := Difference{Matter: Finding, Server: s.String(), key: s, What: name, Was: of(before, "flow"), Is: of(now, "flow"),
			Better: now < before}
		if now > before {
			d.Severity = severityOf(name)
		}
		c.Differences = append(c.Differences, d)
	}
}
