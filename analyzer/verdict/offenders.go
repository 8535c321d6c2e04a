package verdict

import (
	"cmp"
	"slices"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// Offenders counts flows that are not as expected, and keeps the first of them: those of the highest rank, and by number.
// The zero value is of none.
type Offenders struct {
	N     uint64
	First []Flow
}

// offendersKept is how many a reader looks at.
const offendersKept = 10

// Add counts f. Its packets are those of about or, where that is nil, of the gravest of what was found. Why is
// called only for a flow that is kept.
func (o *Offenders) Add(f *flows.Flow, about *analyzer.Finding, found []*analyzer.Finding, why func() string) {
	v := o.keep(f, 0, why)
	if v == nil {
		return
	}
	if about == nil {
		about = gravest(found)
	}
	if about != nil {
		v.Packets, v.Summary = about.Packets, about.Summary
	} else {
		v.Packets = ends(f)
	}
}

// AddMeasured counts f, which comes before those of a lower rank. Its packets are those that packets gives; nil: none. It
// and why are called only for a flow that is kept.
func (o *Offenders) AddMeasured(f *flows.Flow, rank int64, packets func(*flows.Flow) []uint64, why func() string) {
	if v := o.keep(f, rank, why); v != nil && packets != nil {
		v.Packets = packets(f)
	}
}

// keep counts f, and is its place among the first, or nil.
func (o *Offenders) keep(f *flows.Flow, rank int64, why func() string) *Flow {
	o.N++
	at, _ := slices.BinarySearchFunc(o.First, f.Number, func(a Flow, n uint64) int {
		return cmp.Or(cmp.Compare(rank, a.rank), cmp.Compare(a.Number, n))
	})
	if at == offendersKept {
		return nil
	}
	switch len(o.First) {
	case 0:
		o.First = make([]Flow, 0, offendersKept)
	case offendersKept:
		o.First = o.First[:offendersKept-1]
	}
	o.First = slices.Insert(o.First, at, Flow{Number: f.Number, Client: f.Client().Addr, Server: f.Server().Addr, Why: why(), rank: rank})
	return &o.First[at]
}

// Whole counts a finding of the whole capture, which is of no flow.
func (o *Offenders) Whole(n *analyzer.Finding) {
	o.N++
	if len(o.First) < offendersKept {
		o.First = slices.Insert(o.First, 0, Flow{Client: n.Client, Server: n.Server, Packets: n.Packets, Why: n.Rule.Name, Summary: n.Summary})
	}
}

func gravest(found []*analyzer.Finding) *analyzer.Finding {
	if len(found) == 0 {
		return nil
	}
	return slices.MaxFunc(found, func(a, b *analyzer.Finding) int { return cmp.Compare(a.Severity, b.Severity) })
}

// ends are the packets that brought either end to where it was last seen.
func ends(f *flows.Flow) []uint64 {
	var last [2]uint64
	for i := range f.Transitions {
		if t := &f.Transitions[i]; t.Certainty != flows.Revised {
			last[t.Side] = t.Packet
		}
	}
	slices.Sort(last[:])
	return slices.DeleteFunc(slices.Compact(last[:]), func(n uint64) bool { return n == 0 })
}
