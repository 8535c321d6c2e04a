package diff

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/flows"
)

// Matter is what a Difference is a difference of.
type Matter uint8

const (
	Changed Matter = iota // flows that went otherwise than before
	New                   // flows that were not there before
	Gone                  // flows that are not there any more
	Finding               // of the whole capture, or of flows that are only counted
	Time                  // how long openings took
	NumMatters
)

func (m Matter) String() string {
	return [NumMatters]string{"changed", "new", "gone", "finding", "time"}[m]
}

// Difference is one way in which the new side differs from the old one.
type Difference struct {
	Matter   Matter
	Better   bool              // than it was
	Severity analyzer.Severity // Info where it is better
	Server   string            // whom it is of; "": the whole capture
	What     string            // the finding's name, or what took the time; else ""
	Was, Is  string            // in words; "" of new flows, and of those that are gone
	Flows    uint64            // that differ so; 0 where it is no matter of single flows
	First    []Pair            // the first few of them
	Changes  []Change          // of Time
	Measured [2]uint64         // flows that were measured before and now, of Time
	Counts   bool              // by FailOn

	key server
}

// Pair is a flow before and now; of either the Number can be 0: there is none.
type Pair struct {
	Was, Is Flow
	Packets []uint64 // that show what was found of it now, or of one that is gone then; where its capture was looked at again
}

// Flow is a flow as a side numbers it.
type Flow struct {
	Number         uint64
	Client, Server netip.AddrPort
}

// firstPairs is how many Pairs a Difference has at most.
const firstPairs = 5

// Diff is what two sides differ in.
type Diff struct {
	Old, New    *Snapshot
	Alike       uint64       // flows that went as before; at least so many where they are only counted
	Flows       [3]uint64    // others, by Changed, New and Gone
	Differences []Difference // the worst first
	Notes       []string     // what could not be compared, and why: sentences, no capital, no period
	Unjudged    uint64       // flows that were not compared: there were too many, or too many servers
	Shown       Shown        // a flow of the first difference that is one of flows, where its capture was looked at again
}

// Compare finds the differences between two sides of one Comparison. It reorders what they keep.
func Compare(was, is *Snapshot, t Tolerance, on FailOn) *Diff {
	c := comparing{Diff: &Diff{Old: was, New: is, Unjudged: was.forgotten + is.forgotten + was.Shed + is.Shed}, tolerance: t}
	for _, s := range servers(was, is) {
		before, now := was.tally(s), is.tally(s)
		if was.rows() && is.rows() {
			c.flows(s, before, now)
		} else {
			c.counts(s, before, now)
			c.findings(s, before, now)
		}
		c.times(s, before, now)
	}
	if was.whole() && is.whole() {
		c.whole()
	}
	c.notes()
	slices.SortStableFunc(c.Differences, worst)
	for i := range c.Differences {
		d := &c.Differences[i]
		d.Counts = on.counts(d)
	}
	return c.Diff
}

// servers are those of either side, in order.
func servers(was, is *Snapshot) []server {
	all := slices.AppendSeq(slices.Collect(maps.Keys(was.servers)), maps.Keys(is.servers))
	slices.SortFunc(all, server.compare)
	return slices.Compact(all)
}

func (s *Snapshot) tally(of server) *tally {
	if t := s.servers[of]; t != nil {
		return t
	}
	return &tally{}
}

// worst orders differences: what is graver first, then what is worse, then what more flows show.
func worst(a, b Difference) int {
	return cmp.Or(cmp.Compare(b.Severity, a.Severity), compareBool(a.Better, b.Better), cmp.Compare(a.Matter, b.Matter),
		cmp.Compare(b.Flows, a.Flows), a.key.compare(b.key), cmp.Compare(a.What, b.What), cmp.Compare(a.Was, b.Was), cmp.Compare(a.Is, b.Is))
}

// comparing is a comparison under way.
type comparing struct {
	*Diff
	tolerance Tolerance
	untimed   uint64 // servers of which too few openings were measured
	uncounted bool   // flows were only counted
}

// flows compares the flows to a server one by one. Those that differ in the same way are one difference.
func (c *comparing) flows(s server, was, is *tally) {
	alike, pairs := match(was.rows, is.rows)
	c.Alike += alike
	type way struct{ was, is int32 }
	ways := map[way]*Difference{}
	var order []*Difference
	for _, p := range pairs {
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

// counts compares how many flows to a server opened and closed how, where the flows themselves are not known.
func (c *comparing) counts(s server, was, is *tally) {
	c.uncounted = true
	var before, now []string
	var most, bad, good uint64
	compare := func(was, is []uint64, name func(int) string, worse func(int) bool) {
		var less, more uint64
		for i := range was {
			if was[i] == is[i] {
				continue
			}
			before, now = append(before, name(i)+" "+amount.Commas(was[i])), append(now, name(i)+" "+amount.Commas(is[i]))
			switch {
			case is[i] < was[i]:
				less += was[i] - is[i]
				if worse(i) {
					good++
				}
			case worse(i):
				bad++
				fallthrough
			default:
				more += is[i] - was[i]
			}
		}
		most = max(most, min(less, more))
	}
	compare(was.opening[:], is.opening[:], func(i int) string { return flows.OpeningOutcome(i).String() },
		func(i int) bool { return failed(flows.OpeningOutcome(i)) })
	compare(was.closing[1:], is.closing[1:], func(i int) string { return flows.ClosingOutcome(i + 1).String() },
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
	switch {
	case is.flows > was.flows && most == 0:
		d.Matter, d.Flows = New, is.flows-was.flows
	case is.flows < was.flows && most == 0:
		d.Matter, d.Flows = Gone, was.flows-is.flows
	default:
		d.Matter, d.Flows = Changed, most
	}
	c.Flows[d.Matter] += d.Flows
	c.Differences = append(c.Differences, d)
}

// findings compares how many flows show what, where the flows themselves are not known.
func (c *comparing) findings(s server, was, is *tally) {
	names := slices.AppendSeq(slices.Collect(maps.Keys(was.findings)), maps.Keys(is.findings))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		before, now := was.findings[name], is.findings[name]
		if before == now {
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
	if c.uncounted {
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
	if n := c.Old.Shed + c.New.Shed; n > 0 {
		note("%s were not compared: forgotten for want of memory while the capture was read", of(n, "flow"))
	}
}

func (c *comparing) why() string {
	if c.Old.Kind == SavedReport || c.New.Kind == SavedReport {
		return "a saved report has none"
	}
	return "more than " + of(uint64(c.New.limits.flows), "flow")
}

// of is n things.
func of(n uint64, thing string) string { return amount.Of(n, thing, thing+"s") }
