package verdict

import (
	"cmp"
	"slices"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// Offenders counts flows that are not as expected, and keeps the first of them by number. The zero value is of none.
type Offenders struct {
	N     uint64
	First []Flow
}

// offendersKept is how many a reader looks at.
const offendersKept = 10

// Add counts f. Its packets are those of about or, where that is nil, of the gravest of what was found. Why is
// called only for a flow that is kept.
func (o *Offenders) Add(f *flows.Flow, about *analyzer.Finding, found []*analyzer.Finding, why func() string) {
	o.N++
	at, _ := slices.BinarySearchFunc(o.First, f.Number, func(a Flow, n uint64) int { return cmp.Compare(a.Number, n) })
	if at == offendersKept {
		return
	}
	if len(o.First) == offendersKept {
		o.First = o.First[:offendersKept-1]
	}
	if about == nil {
		about = gravest(found)
	}
	v := Flow{Number: f.Number, Client: f.Client().Addr, Server: f.Server().Addr, Why: why()}
	if about != nil {
		v.Packets, v.Summary = about.Packets, about.Summary
	} else {
		v.Packets = ends(f)
	}
	o.First = slices.Insert(o.First, at, v)
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
