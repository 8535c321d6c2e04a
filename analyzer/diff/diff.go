package diff

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"

	"tcpwhy/analyzer"
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
	Partial     uint64       // flows of either side of which not all is known
	Early       [2]uint64    // flows of Old and of New that are alike but for a RST after their row was written early; in Partial, too
	Shown       Shown        // a flow of the first difference that is one of flows, where its capture was looked at again
}

// Compare finds the differences between two sides of one Comparison. It reorders what they keep.
func Compare(was, is *Snapshot, t Tolerance, on FailOn) *Diff {
	c := comparing{Diff: &Diff{Old: was, New: is}, tolerance: t, counted: !was.rows() || !is.rows()}
	for _, s := range []*Snapshot{was, is} {
		if c.counted && s.summed {
			s.Partial, s.Shed = s.Partial+s.Shed, 0
		}
		c.Unjudged += s.forgotten + s.Shed
		c.Partial += s.Partial
	}
	wasLeft, isLeft := was.Shed, is.Shed
	for _, s := range servers(was, is) {
		before, now := was.tally(s), is.tally(s)
		if c.counted {
			before.lacks(now, &wasLeft)
			now.lacks(before, &isLeft)
			c.counts(s, before, now)
			c.findings(s, before, now)
		} else {
			c.flows(s, before, now)
		}
		c.times(s, before, now)
	}
	c.Partial += c.Early[0] + c.Early[1]
	if was.whole() && is.whole() {
		c.whole()
	}
	c.lacking(New, was.Shed)
	c.lacking(Gone, is.Shed)
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
