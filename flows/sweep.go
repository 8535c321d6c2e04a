package flows

import (
	"cmp"
	"slices"
	"time"
)

const second = int64(time.Second)

// appoint sees to it that f is looked at when its deadline has passed; 0: it has none.
func (t *Tracker) appoint(f ref, deadline int64) {
	if deadline == 0 {
		return
	}
	s := &t.shards[f.shard()]
	due, i := deadline/second, f.index()/chunk
	s.due = min(s.due, due)
	d := s.duesOf(f.form())
	d[i] = min(d[i], due)
}

func (s *shard) duesOf(as form) []int64 {
	switch as {
	case formLone:
		return s.lones.due
	case formBrief:
		return s.briefs.due
	case formLong:
		return s.longs.due
	}
	return s.records.due
}

// advance finishes what was due before the second of t.now.
func (t *Tracker) advance() {
	if to := t.now / second; to > t.second {
		t.second = to
		t.sweep(to*second, t.from, t.to)
	}
}

// overdue is a flow whose time has come.
type overdue struct {
	deadline int64
	number   uint64
	ref      ref
}

// sweep finishes what was due before a time in some shards, in the order of the deadlines. Only chunks that may have such
// a flow are looked through: an appointment costs nothing to make, and nothing to keep.
func (t *Tracker) sweep(before int64, from, to int) {
	t.late = t.late[:0]
	for i := from; i < to; i++ {
		s := &t.shards[i]
		if s.due > (before-1)/second {
			continue
		}
		s.due = never
		for as := formRecord; as <= formLong; as++ {
			dues := s.duesOf(as)
			for c := range dues {
				if dues[c] <= (before-1)/second {
					dues[c] = never
					for j := range uint32(chunk) {
						f := refTo(i, as, uint32(c)*chunk+j)
						d := t.deadlineOf(s, f)
						switch {
						case d == 0:
						case d < before:
							t.late = append(t.late, overdue{d, t.numberOf(s, f), f})
						default:
							dues[c] = min(dues[c], d/second)
						}
					}
				}
				s.due = min(s.due, dues[c])
			}
		}
	}
	slices.SortFunc(t.late, func(a, b overdue) int {
		return cmp.Or(cmp.Compare(a.deadline, b.deadline), cmp.Compare(a.number, b.number))
	})
	for _, l := range t.late {
		t.finish(l.ref)
	}
}

// numberOf is the number of the flow that is kept as f.
func (t *Tracker) numberOf(s *shard, f ref) uint64 {
	low := uint32(0)
	switch i := f.index(); f.form() {
	case formLone:
		low = s.lones.ptr(i).number
	case formBrief:
		low = s.briefs.ptr(i).number
	case formLong:
		low = s.longs.ptr(i).number
	default:
		return s.records.ptr(i).number
	}
	return uint64(t.origins.of[s.keyOf(f).origin].number)<<32 | uint64(low)
}

// live reports whether a flow is kept as f that is not finished, or a SYN that waits to be one.
func (s *shard) live(f ref) bool {
	if f.form() == formRecord {
		return s.records.ptr(f.index()).live
	}
	shape := s.keyOf(f).shape
	return shape != 0 && shape < finished
}

// deadlineOf is the deadline of what is kept as f, 0: it has none, or there is nothing.
func (t *Tracker) deadlineOf(s *shard, f ref) int64 {
	if !s.live(f) {
		return 0
	}
	var b *brief
	var more []step
	switch i := f.index(); f.form() {
	case formLone:
		return s.lones.ptr(i).at() + patience
	case formBrief:
		b = s.briefs.ptr(i)
	case formLong:
		l := s.longs.ptr(i)
		b, more = &l.brief, l.more[:]
	default:
		return t.deadline(s.records.ptr(i))
	}
	switch s := &t.shapes.of[b.shape]; s.end {
	case endWaiting:
		return b.lastAt() + patience
	case endOver:
		at := b.first
		for i := range s.shape.at[atOver] {
			if i < 2 {
				at += b.steps[i].after()
			} else {
				at += more[i-2].after()
			}
		}
		return at + t.linger
	}
	return 0
}

// lastAt is when the last segment passed.
func (b *brief) lastAt() int64 {
	last := func(e *briefEnd) int64 { return int64(e.lastHigh)<<32 | int64(e.last) }
	return b.first + max(1, last(&b.ends[0]), last(&b.ends[1])) - 1
}
