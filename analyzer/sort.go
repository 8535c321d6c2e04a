package analyzer

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"

	"tcpwhy/flows"
)

// Sorted holds flows back to the end, to hand them on in another order, or only the first few; with the rules alone of what was found.
type Sorted struct {
	To          FlowOutput
	Order       Order
	Top         int    // 0: all
	Room        uint64 // bytes that flows may take meanwhile, 0: what they need. Beyond it only the first in their order are handed on
	Transitions bool   // To wants them

	kept  []judged
	bytes uint64 // of kept
	first int    // what is left of the first so many is all of them; 0: of all
	told  uint64 // flows
}

// judged is a flow and by which rules something was found of it.
type judged struct {
	flows.Flow
	rules []*Rule
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

// LeftOut is how many of those wanted were not handed on, for want of room.
func (s *Sorted) LeftOut() uint64 {
	if s.first == 0 {
		return 0
	}
	wanted := s.told
	if s.Top > 0 {
		wanted = min(wanted, uint64(s.Top))
	}
	return wanted - min(wanted, uint64(s.first))
}

// Flow keeps f.
func (s *Sorted) Flow(f *flows.Flow, found []*Finding) error {
	s.told++
	switch {
	case s.Order.IsZero():
		if s.Top > 0 && len(s.kept) == s.Top {
			return nil
		}
	case s.Top > 0 && len(s.kept) >= 2*s.Top:
		// Sorting 2n flows at every n-th costs as little as a heap, and no more to read.
		s.sort()
	}
	if s.first > 0 && !s.Order.IsZero() && s.compare(f, &s.kept[s.first-1].Flow) > 0 {
		return nil // as many are before it as there is room for
	}
	kept := judged{Flow: *f}
	for _, n := range found {
		kept.rules = append(kept.rules, n.Rule)
	}
	kept.Transitions, kept.Events = nil, nil
	if s.Transitions {
		kept.Transitions = slices.Clone(f.Transitions)
	}
	s.kept = append(s.kept, kept)
	if s.bytes += kept.size(); s.Room > 0 && s.bytes > s.Room {
		s.sort()
		s.makeRoom()
	}
	return nil
}

// size is about how many bytes j takes, its place in a list that has grown by half included.
func (j *judged) size() uint64 {
	const flow, transition = 1100, 56
	return flow + transition*uint64(len(j.Transitions))
}

// makeRoom lets go of the last in order, for a quarter of the room.
func (s *Sorted) makeRoom() {
	n := len(s.kept)
	for ; n > 1 && s.bytes > s.Room/4*3; n-- {
		s.bytes -= s.kept[n-1].size()
	}
	s.cut(n)
	if s.first == 0 || n < s.first {
		s.first = n
	}
}

// cut keeps the first n.
func (s *Sorted) cut(n int) {
	clear(s.kept[n:])
	s.kept = s.kept[:n]
}

// compare is the order of two flows: of those that it does not tell apart, that of their numbers.
func (s *Sorted) compare(a, b *flows.Flow) int {
	return cmp.Or(s.Order.compare(a, b), cmp.Compare(a.Number, b.Number))
}

func (s *Sorted) sort() {
	if !s.Order.IsZero() {
		sort.Slice(s.kept, func(i, j int) bool { return s.compare(&s.kept[i].Flow, &s.kept[j].Flow) < 0 })
	}
	if s.Top > 0 && len(s.kept) > s.Top {
		for i := range s.kept[s.Top:] {
			s.bytes -= s.kept[s.Top+i].size()
		}
		s.cut(s.Top)
	}
}

// Flush hands on what was kept.
func (s *Sorted) Flush() error {
	s.sort()
	if s.first > 0 && len(s.kept) > s.first {
		s.cut(s.first)
	}
	var found []*Finding
	for i := range s.kept {
		kept := &s.kept[i]
		found = found[:0]
		for _, r := range kept.rules {
			found = append(found, &Finding{Rule: r})
		}
		if err := s.To.Flow(&kept.Flow, found); err != nil {
			return err
		}
	}
	s.kept, s.bytes, s.first, s.told = nil, 0, 0, 0
	return nil
}
