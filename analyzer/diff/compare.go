package diff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
)

// comparing is a comparison under way.
type comparing struct {
	*Diff
	tolerance Tolerance
	untimed   uint64 // servers of which too few openings were measured
	counted   bool   // flows were not compared one by one
}

// flows compares the flows to a server one by one. Those that differ in the same way are one difference.
func (c *comparing) flows(s server, was, is *tally) {
	alike, pairs := match(was.rows, is.rows)
	c.Alike += alike
	type way struct{ was, is int32 }
	ways := map[way]*Difference{}
	var order []*Difference
	for _, p := range pairs {
		if p.was != nil && p.is != nil && c.asFarAsKnown(p) {
			c.Alike++
			continue
		}
		w := way{-1, -1}
		if p.was != nil {
			w.was = p.was.outcome
		}
		if p.is != nil {
			w.is = p.is.outcome
		}
		d := ways[w]
		if d == nil {
			d = c.way(s, w.was, w.is)
			ways[w] = d
			order = append(order, d)
		}
		d.Flows++
		c.Flows[d.Matter]++
		if len(d.First) < firstPairs {
			d.First = append(d.First, Pair{Was: flowOf(p.was, s), Is: flowOf(p.is, s)})
		}
	}
	for _, d := range order {
		c.Differences = append(c.Differences, *d)
	}
}

// asFarAsKnown reports whether a flow of which one side has only a part, or not what came after its end, went as the other side has it. It
// counts the latter.
func (c *comparing) asFarAsKnown(p pair) bool {
	was, is := &c.Old.outcomes.list[p.was.outcome], &c.Old.outcomes.list[p.is.outcome]
	switch {
	case p.was.partial || p.is.partial:
		return (was.opening == is.opening || untold(was.opening) || untold(is.opening)) &&
			(was.closing == is.closing || p.was.partial && !closed(was.closing) || p.is.partial && !closed(is.closing) ||
				p.was.early && was.endsEarly(is) || p.is.early && is.endsEarly(was))
	case p.was.early && was.isUntil(is):
		c.Early[0]++
	case p.is.early && is.isUntil(was):
		c.Early[1]++
	default:
		return false
	}
	return true
}

// lacking takes back what is said of flows that only one side has, where the other one gave up as many or more: these may be the same.
func (c *comparing) lacking(matter Matter, givenUp uint64) {
	if givenUp == 0 || c.Flows[matter] > givenUp {
		return
	}
	c.Flows[matter] = 0
	c.Differences = slices.DeleteFunc(c.Differences, func(d Difference) bool { return d.Matter == matter })
}

// way is the difference between two outcomes, by their numbers; -1: there is none.
func (c *comparing) way(s server, was, is int32) *Difference {
	d := &Difference{Server: s.String(), key: s}
	var before, now *outcome
	if was >= 0 {
		before = &c.Old.outcomes.list[was]
	}
	if is >= 0 {
		now = &c.Old.outcomes.list[is]
	}
	switch {
	case before == nil:
		d.Matter, d.Is, d.Severity = New, now.String(), max(now.severity(), analyzer.Notice)
	case now == nil:
		d.Matter, d.Was, d.Severity = Gone, before.String(), analyzer.Notice
	default:
		d.Was, d.Is = words(before, now)
		switch order := now.compare(before); {
		case order > 0:
			d.Severity = max(now.severity(), analyzer.Notice)
		case order < 0:
			d.Better = true
		default:
			d.Severity = analyzer.Notice
		}
	}
	return d
}

func flowOf(r *row, s server) Flow {
	if r == nil {
		return Flow{}
	}
	return Flow{r.number, r.client, s.addr}
}

// whole compares what was found of servers, hosts and the captures as a whole.
func (c *comparing) whole() {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(c.Old.found)), maps.Keys(c.New.found))
	slices.SortFunc(keys, func(a, b whole) int {
		return cmp.Or(cmp.Compare(a.finding, b.finding), cmp.Compare(a.subject, b.subject))
	})
	for _, k := range slices.Compact(keys) {
		was, before := c.Old.found[k]
		is, now := c.New.found[k]
		if before && now && was == is {
			continue
		}
		d := Difference{Matter: Finding, Server: k.subject, What: k.finding, Was: "not found", Is: "not found", Better: !now || before && is < was}
		if before {
			d.Was = was.String()
		}
		if now {
			d.Is = is.String()
		}
		if !d.Better {
			d.Severity = is
		}
		c.Differences = append(c.Differences, d)
	}
}

// times compares how long openings of connections to a server took.
func (c *comparing) times(s server, was, is *tally) {
	compared, measured := false, false
	for i := range timeNames {
		before, now := &was.times[i], &is.times[i]
		slower, faster, enough := c.tolerance.changes(before, now)
		compared, measured = compared || enough, measured || before.n > 0 && now.n > 0
		d := Difference{Matter: Time, Server: s.String(), key: s, What: timeWords[i], Measured: [2]uint64{before.n, now.n}}
		switch {
		case len(slower) > 0:
			d.Changes, d.Severity = slower, analyzer.Warning
		case len(faster) > 0:
			d.Changes, d.Better = faster, true
		default:
			continue
		}
		d.Was, d.Is = d.percentiles()
		c.Differences = append(c.Differences, d)
	}
	if measured && !compared {
		c.untimed++
	}
}

// notes says what could not be compared.
func (c *comparing) notes() {
	note := func(format string, args ...any) { c.Notes = append(c.Notes, fmt.Sprintf(format, args...)) }
	if c.untimed > 0 {
		note("times of %s were not compared: too few openings (11 for a median, 98 for p90, 1,072 for p99, on either side)",
			of(c.untimed, "server"))
	}
	if c.counted {
		note("flows were not compared one by one, but counted for each server: %s", c.why())
	}
	for _, s := range []*Snapshot{c.Old, c.New} {
		if !s.whole() {
			note("findings of the whole capture were not compared: saved flows have none")
			break
		}
	}
	if n := c.Old.forgotten + c.New.forgotten; n > 0 {
		note("%s to further servers were not compared: more than %s", of(n, "flow"), of(uint64(c.New.limits.servers), "server"))
	}
	c.Notes = append(append(c.Notes, c.shed()...), c.partial()...)
}

// shed and partial are what the ceiling kept from being compared, on either side.
func (d *Diff) shed() []string {
	const what = "not compared"
	return append(d.Old.atCeiling("OLD", d.Old.Shed, what, whereGivenUp), d.New.atCeiling("NEW", d.New.Shed, what, whereGivenUp)...)
}

func (d *Diff) partial() []string {
	const what, early = "compared as far as known", "written early at the ceiling"
	return slices.Concat(d.Old.atCeiling("OLD", d.Old.Partial, what, whereGivenUp), d.New.atCeiling("NEW", d.New.Partial, what, whereGivenUp),
		d.Old.atCeiling("OLD", d.Early[0], what, early), d.New.atCeiling("NEW", d.Early[1], what, early))
}

const whereGivenUp = "given up at the ceiling"

func (c *comparing) why() string {
	if c.Old.Kind == SavedReport || c.New.Kind == SavedReport {
		return "a saved report has none"
	}
	return "more than " + of(uint64(c.New.limits.flows), "flow")
}

// of is n things.
func of(n uint64, thing string) string { return amount.Of(n, thing, thing+"s") }
