package metric

import (
	"slices"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// Expr is a condition that was read. It is never changed, and may be shared.
type Expr struct {
	text string
	root *node
}

// String is the expression as it was written.
func (e *Expr) String() string { return e.text }

// OfFlow reports whether e is a condition of one flow, and not of how many, or of a statistic.
func (e *Expr) OfFlow() bool { return e.root.ofFlow() }

// Test tells whether e, which OfFlow, holds of a flow of which this was found.
func (e *Expr) Test(f *flows.Flow, found []*analyzer.Finding) Truth { return e.root.test(f, found) }

// Lasts reports whether e, which OfFlow, stays so of any flow that it holds of, whatever else there is to be seen of it.
func (e *Expr) Lasts() bool {
	return e.root.lasts(&flows.Flow{Capture: flows.Capture{Resumed: true}}, Yes)
}

// Findings reports whether e asks for what was found.
func (e *Expr) Findings() bool { return e.root.findings() }

// Subject is the name that e asks for first: the same from run to run, whatever it is compared with.
func (e *Expr) Subject() string {
	n := e.root
	for len(n.of) > 0 {
		n = n.of[0]
	}
	return n.subject
}

// Condition is e, which OfFlow, as a choice of flows takes it.
func (e *Expr) Condition() analyzer.Condition {
	return analyzer.Condition{Findings: e.Findings(), Holds: func(f *flows.Flow, found []*analyzer.Finding) bool {
		return e.Test(f, found) == Yes
	}}
}

// node is a condition, or several joined. Of a leaf exactly one of flow, count, statistic and total is set.
type node struct {
	join    join
	of      []*node
	subject string
	flow    *leaf
	count   *count
	stat    *statistic
	total   *total
}

type join uint8

const (
	joinNone join = iota
	joinAll       // and
	joinAny       // or
	joinNot       // not
)

// leaf is a condition of one flow.
type leaf struct {
	test func(*flows.Flow, []*analyzer.Finding) Truth
	// told is what the flow has, in a few words.
	told  func(*flows.Flow, []*analyzer.Finding) string
	shown packetsOf
	// lasts is what stays so of a flow, however much more of it there is to be seen; Unknown: neither.
	lasts  Truth
	growth analyzer.Growth // what becomes of what it compares as more of the flow is seen: of words and flags as of numbers that grow
	// bare is set of a condition without a comparison.
	bare *condition
}

// count compares how many flows show something, or what share of all.
type count struct {
	condition
	is      comparison
	n       uint64
	percent float64
	share   bool // percent is set, not n
}

// statistic compares one of a measure over all flows.
type statistic struct {
	*analyzer.Measure
	which Statistic
	is    comparison
	n     int64
}

// rank orders the flows on either side of the limit: the farthest from it comes first.
func (s *statistic) rank(n int64) int64 {
	if n < s.n {
		return -n
	}
	return n
}

// settledBy reports whether a flow of which so much was measured is enough to tell, whatever others there are; it may grow unless it
// lasts.
func (s *statistic) settledBy(n int64, lasts bool) bool {
	switch s.which.bound {
	case greatest:
		return (lasts || s.Growth == analyzer.Grows) && settled(s.is, n, s.n)
	case smallest:
		return lasts && settled(s.is.mirrored(), -n, -s.n)
	}
	return false
}

// total compares the number of flows.
type total struct {
	is comparison
	n  uint64
}

func (n *node) ofFlow() bool {
	if n.join == joinNone {
		return n.flow != nil
	}
	return !slices.ContainsFunc(n.of, func(n *node) bool { return !n.ofFlow() })
}

// lasts reports whether t, told of a flow by what was seen of it, stays so whatever else there is of it.
func (n *node) lasts(f *flows.Flow, t Truth) bool {
	switch n.join {
	case joinNone:
		return n.flow.lasts == t || n.flow.growth.Lasts(f)
	case joinNot:
		return n.of[0].lasts(f, not(t))
	}
	return !slices.ContainsFunc(n.of, func(n *node) bool { return !n.lasts(f, t) })
}

func (n *node) findings() bool {
	switch {
	case n.flow != nil:
		return n.flow.bare != nil && n.flow.bare.finding != nil
	case n.count != nil:
		return n.count.finding != nil
	}
	return slices.ContainsFunc(n.of, (*node).findings)
}

func (n *node) test(f *flows.Flow, found []*analyzer.Finding) Truth {
	switch n.join {
	case joinNone:
		return n.flow.test(f, found)
	case joinNot:
		return not(n.of[0].test(f, found))
	}
	t := n.of[0].test(f, found)
	for _, of := range n.of[1:] {
		if n.join == joinAll {
			t = and(t, of.test(f, found))
		} else {
			t = or(t, of.test(f, found))
		}
	}
	return t
}

// told is what a flow has of all that n asks for.
func (n *node) told(f *flows.Flow, found []*analyzer.Finding) string {
	if n.join == joinNone {
		return n.flow.told(f, found)
	}
	var words []string
	for _, of := range n.of {
		if told := of.told(f, found); told != "" && !slices.Contains(words, told) {
			words = append(words, told)
		}
	}
	return strings.Join(words, ", ")
}

// packetsOf tells which packets show what was told of a flow, nil: none; where not ok, those of what was found of it do.
type packetsOf func(*flows.Flow) (packets func(*flows.Flow) []uint64, ok bool)

// notShown is of what no packet shows.
func notShown(*flows.Flow) (func(*flows.Flow) []uint64, bool) { return nil, true }

// shown is that of the first condition of n that is not shown by what was found.
func (n *node) shown(f *flows.Flow) (func(*flows.Flow) []uint64, bool) {
	if n.flow != nil {
		return n.flow.shown(f)
	}
	for _, of := range n.of {
		if packets, ok := of.shown(f); ok {
			return packets, true
		}
	}
	return nil, false
}

// about is the first finding that n asks for and f has, or nil.
func (n *node) about(found []*analyzer.Finding) *analyzer.Finding {
	if n.flow != nil && n.flow.bare != nil {
		return n.flow.bare.about(found)
	}
	for _, of := range n.of {
		if about := of.about(found); about != nil {
			return about
		}
	}
	return nil
}
