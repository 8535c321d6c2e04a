package flows

import (
	"cmp"
	"slices"
)

// left is what the end of the capture finishes: of each shard the flows in their order, in what was its table,
// and a heap of the shards by which has the next.
type left struct {
	heap []leftShard
}

type leftShard struct {
	number uint64 // of its next flow
	shard  int
}

type leftFlow struct {
	number uint64
	ref    ref
}

func (l *left) empty() bool { return len(l.heap) == 0 }

// collect takes all flows out of the tables. A SYN that waits to be a flow counts for the one that it waits beside.
func (l *left) collect(t *Tracker) {
	var of []leftFlow
	var waited []ref
	for i := t.from; i < t.to; i++ {
		s := &t.shards[i]
		of = of[:0]
		for _, e := range s.slots {
			if e == 0 {
				continue
			}
			if f := e.ref(i); f.form() != formRecord {
				of = append(of, leftFlow{t.numberOf(s, f), f})
				continue
			}
			for f := e.ref(i); f != 0; {
				r := t.ptr(f)
				if r.is(tentative) {
					t.ptr(t.settled(f)).absorb(r)
					waited = append(waited, f)
				} else {
					of = append(of, leftFlow{r.number, f})
				}
				f = r.next
			}
		}
		slices.SortFunc(of, func(a, b leftFlow) int { return cmp.Compare(a.number, b.number) })
		s.slots, s.away, s.used = s.slots[:0], nil, 0
		for _, f := range of {
			s.slots = append(s.slots, slot(uint32(f.ref)&^tagMask))
		}
		if len(of) > 0 {
			l.heap = append(l.heap, leftShard{of[0].number, i})
		}
	}
	for _, f := range waited {
		t.release(f)
	}
	slices.SortFunc(l.heap, func(a, b leftShard) int { return cmp.Compare(a.number, b.number) })
}

// next takes out the flow with the lowest number.
func (l *left) next(t *Tracker) ref {
	top := &l.heap[0]
	s := &t.shards[top.shard]
	f := s.slots[0].ref(top.shard)
	s.slots = s.slots[1:]
	if len(s.slots) > 0 {
		top.number = t.numberOf(s, s.slots[0].ref(top.shard))
	} else {
		n := len(l.heap) - 1
		l.heap[0] = l.heap[n]
		l.heap = l.heap[:n]
	}
	for i := 0; ; { // sift down
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(l.heap); c++ {
			if l.heap[c].number < l.heap[least].number {
				least = c
			}
		}
		if least == i {
			return f
		}
		l.heap[i], l.heap[least] = l.heap[least], l.heap[i]
		i = least
	}
}
