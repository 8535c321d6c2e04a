package analyzer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tcpwhy/flows"
)

// Sorted holds flows back to the end, to hand them on in another order, or only the first few.
type Sorted struct {
	To    FlowOutput
	Order Order
	Top   int // 0: all

	kept []judged
}

// judged is a flow and what was found of it.
type judged struct {
	flows.Flow
	found []*Finding
}

// Order is an order of flows. The zero value is the order in which they are finished.
type Order struct {
	name    string
	compare func(a, b *flows.Flow) int
}

// IsZero reports whether o is the order in which flows are finished.
func (o Order) IsZero() bool { return o.compare == nil }

// orders has what is asked for most often first: the slowest, the largest. Absent times come last.
var orders = []Order{
	{"flow", func(a, b *flows.Flow) int { return 0 }}, // the number decides every tie
	{"first", func(a, b *flows.Flow) int { return cmp.Compare(a.First, b.First) }},
	{"last", func(a, b *flows.Flow) int { return cmp.Compare(a.Last, b.Last) }},
	{"connect", slowest(func(f *flows.Flow) flows.Elapsed { return f.Opening.Connect })},
	{"ready", slowest(func(f *flows.Flow) flows.Elapsed { return f.Opening.ServerReady })},
	{"handshake", slowest(func(f *flows.Flow) flows.Elapsed { return f.Opening.Handshake })},
	{"syn-to-syn-ack", slowest(func(f *flows.Flow) flows.Elapsed { return f.Opening.SYNToSYNACK })},
	{"syn-ack-to-ack", slowest(func(f *flows.Flow) flows.Elapsed { return f.Opening.SYNACKToACK })},
	{"fin-to-ack", slowest(func(f *flows.Flow) flows.Elapsed { return f.Closing.FINToACK })},
	{"fin-to-fin", slowest(func(f *flows.Flow) flows.Elapsed { return f.Closing.FINToFIN })},
	{"close", slowest(func(f *flows.Flow) flows.Elapsed { return f.Closing.Close })},
	{"duration", largest(func(f *flows.Flow) uint64 { return uint64(f.Last - f.First) })},
	{"packets", largest(func(f *flows.Flow) uint64 { return f.Client().Packets + f.Server().Packets })},
	{"bytes", largest(func(f *flows.Flow) uint64 { return f.Client().PayloadBytes + f.Server().PayloadBytes })},
	{"retransmissions", largest(retransmissions)},
}

func slowest(of func(*flows.Flow) flows.Elapsed) func(a, b *flows.Flow) int {
	return func(a, b *flows.Flow) int {
		x, y := of(a), of(b)
		switch {
		case x.OK && y.OK:
			return cmp.Compare(y.D, x.D)
		case x.OK:
			return -1
		case y.OK:
			return 1
		default:
			return 0
		}
	}
}

func largest(of func(*flows.Flow) uint64) func(a, b *flows.Flow) int {
	return func(a, b *flows.Flow) int { return cmp.Compare(of(b), of(a)) }
}

func retransmissions(f *flows.Flow) (n uint64) {
	for i := range f.Ends {
		r := &f.Ends[i].Retransmissions
		n += uint64(r.SYN) + uint64(r.SYNACK) + uint64(r.Data) + uint64(r.FIN)
	}
	return n
}

// OrderNames are the words that ParseOrder knows.
func OrderNames() []string {
	var names []string
	for _, o := range orders {
		names = append(names, o.name)
	}
	return names
}

// ParseOrder reads the name of an order.
func ParseOrder(s string) (Order, error) {
	for _, o := range orders {
		if o.name == s {
			return o, nil
		}
	}
	return Order{}, fmt.Errorf("%q is no order (%s)", s, strings.Join(OrderNames(), " "))
}

// Flow keeps f.
func (s *Sorted) Flow(f *flows.Flow, found []*Finding) error {
	if s.Order.IsZero() {
		if s.Top > 0 && len(s.kept) == s.Top {
			return nil
		}
	} else if s.Top > 0 && len(s.kept) >= 2*s.Top {
		// Sorting 2n flows at every n-th costs as little as a heap, and no more to read.
		s.sort()
	}
	kept := judged{*f, slices.Clone(found)}
	kept.Transitions, kept.Events = slices.Clone(f.Transitions), slices.Clone(f.Events)
	s.kept = append(s.kept, kept)
	return nil
}

func (s *Sorted) sort() {
	if !s.Order.IsZero() {
		slices.SortFunc(s.kept, func(a, b judged) int {
			return cmp.Or(s.Order.compare(&a.Flow, &b.Flow), cmp.Compare(a.Number, b.Number))
		})
	}
	if s.Top > 0 && len(s.kept) > s.Top {
		s.kept = s.kept[:s.Top]
	}
}

// Flush hands on what was kept.
func (s *Sorted) Flush() error {
	s.sort()
	for i := range s.kept {
		if err := s.To.Flow(&s.kept[i].Flow, s.kept[i].found); err != nil {
			return err
		}
	}
	s.kept = nil
	return nil
}
