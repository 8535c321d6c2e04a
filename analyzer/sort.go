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

// orders are those that are no measure, which all sort from the largest down. Absent times come last.
var orders = []Order{
	{"flow", func(a, b *flows.Flow) int { return 0 }}, // the number decides every tie
	{"first", func(a, b *flows.Flow) int { return cmp.Compare(a.First, b.First) }},
	{"last", func(a, b *flows.Flow) int { return cmp.Compare(a.Last, b.Last) }},
}

func largest(of func(*flows.Flow) (int64, bool)) func(a, b *flows.Flow) int {
	return func(a, b *flows.Flow) int {
		x, measured := of(a)
		y, both := of(b)
		switch {
		case measured && both:
			return cmp.Compare(y, x)
		case measured:
			return -1
		case both:
			return 1
		default:
			return 0
		}
	}
}

// OrderNames are the words that ParseOrder knows.
func OrderNames() []string {
	var names []string
	for _, o := range orders {
		names = append(names, o.name)
	}
	for i := range Measures {
		if name := Measures[i].Name; name != "flow" {
			names = append(names, name)
		}
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
	if m := MeasureNamed(s); m != nil {
		return Order{s, largest(m.Of)}, nil
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
	kept := judged{*f, make([]*Finding, len(found))}
	for i, n := range found {
		stays := *n
		kept.found[i] = &stays
	}
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
