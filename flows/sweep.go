package flows

import (
	"cmp"
	"slices"
	"time"
)

const second = int64(time.Second)

// dueAt is the second of a deadline, as far as 32 bits can tell: what was captured before 1970 or after 2106 is
// looked at too early.
func dueAt(deadline int64) uint32 { return uint32(min(max(deadline/second, 0), never-1)) }

// appoint sees to it that f is looked at when its deadline has passed; 0: it has none.
func (t *Tracker) appoint(f ref, deadline int64) {
	if deadline == 0 {
		return
	}
	s := &t.shards[f.shard()]
	due := dueAt(deadline)
	s.due = min(s.due, due)
	d := &s.duesOf(f.form())[f.index()/group]
	*d = min(*d, due)
}

func (s *shard) duesOf(as form) []uint32 {
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

// sweep finishes what was due before a time in some shards, in the order of the deadlines. Only groups that may have such
// a flow are looked through: an appointment costs nothing to make, and next to nothing to keep.
func (t *Tracker) sweep(before int64, from, to int) {
	t.late = t.late[:0]
	for i := from; i < to; i++ {
		s := &t.shards[i]
		if s.due > dueAt(before-1) {
			continue
		}
		s.due = never
		sweepSlab(t, refTo(i, formRecord, 0), &s.records, before, t.deadlineOfRecord)
		sweepSlab(t, refTo(i, formLone, 0), &s.lones, before, t.deadlineOfLone)
		sweepSlab(t, refTo(i, formBrief, 0), &s.briefs, before, t.deadlineOfBrief)
		sweepSlab(t, refTo(i, formLong, 0), &s.longs, before, t.deadlineOfLong)
	}
	slices.SortFunc(t.late, overdue.compare)
	for i := range t.late {
		if t.late[i].number == 0 {
			t.orderWaited(t.late[i:])
		}
		l := &t.late[i]
		if t.shards[l.ref.shard()].live(l.ref) { // a SYN that waited may have gone with its flow
			t.turn.Deadline, t.turn.Number = l.deadline, l.number
			t.finish(l.ref)
		}
	}
	t.turn.Deadline, t.turn.Number = 0, 0
}

// compare is the order of deadlines, then of numbers: a SYN that waited gets one after all that are due with it.
func (a overdue) compare(b overdue) int {
	return cmp.Or(cmp.Compare(a.deadline, b.deadline), cmp.Compare(a.number-1, b.number-1))
}

// orderWaited puts SYNs that waited, and were due at one time, in the order of the numbers that they have got meanwhile.
func (t *Tracker) orderWaited(late []overdue) {
	n := 0
	for ; n < len(late) && late[n].deadline == late[0].deadline; n++ {
		if s := &t.shards[late[n].ref.shard()]; s.live(late[n].ref) {
			late[n].number = t.numberOf(s, late[n].ref)
		}
	}
	slices.SortFunc(late[:n], overdue.compare)
}

// sweepSlab adds those of a slab, from the place of zero on, to t.late.
func sweepSlab[T any](t *Tracker, zero ref, of *slab[T], before int64, deadlineOf func(*T) int64) {
	s := &t.shards[zero.shard()]
	for g := range of.due {
		if of.due[g] <= dueAt(before-1) {
			of.due[g] = never
			for i := uint32(g * group); i < uint32(g+1)*group; i++ {
				switch d := deadlineOf(of.ptr(i)); {
				case d == 0:
				case d < before:
					f := zero + ref(i)
					t.late = append(t.late, overdue{d, t.numberOf(s, f), f})
				default:
					of.due[g] = min(of.due[g], dueAt(d))
				}
			}
		}
		s.due = min(s.due, of.due[g])
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
	return s.keyOf(f).live()
}

// live reports whether k is of a flow, kept briefly, that is not finished.
func (k *key) live() bool { return k.shape != 0 && k.shape < finished }

// The deadline of what is kept in each form, 0: it has none, or there is nothing.

func (t *Tracker) deadlineOfRecord(r *record) int64 {
	if !r.live {
		return 0
	}
	return t.deadline(r)
}

func (t *Tracker) deadlineOfLone(l *lone) int64 {
	if !l.live() {
		return 0
	}
	return l.at() + patience
}

func (t *Tracker) deadlineOfBrief(b *brief) int64 { return t.deadlineBy(b, nil) }

func (t *Tracker) deadlineOfLong(l *long) int64 { return t.deadlineBy(&l.brief, l.more[:]) }

func (t *Tracker) deadlineBy(b *brief, more []step) int64 {
	if !b.live() {
		return 0
	}
	switch s := &t.shapes.of[b.shape]; s.end {
	case endWaiting:
		return b.lastAt() + patience
	case endOver:
		return b.at(s.shape.at[atOver], more) + t.linger
	}
	return 0
}

// lastAt is when the last segment passed.
func (b *brief) lastAt() int64 {
	last := func(e *briefEnd) int64 { return int64(e.lastHigh)<<32 | int64(e.last) }
	return b.first + max(1, last(&b.ends[0]), last(&b.ends[1])) - 1
}
