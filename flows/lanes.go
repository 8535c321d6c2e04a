package flows

import (
	"cmp"
	"iter"
	"math"
)

// Lanes follow the flows of a capture side by side: each has its share of them, by the four-tuple alone, and is a Tracker of these.
// What they hand out is in all that of one Tracker, flow numbers and all; how many goroutines they run on does not show in it. There
// are always as many of them, as each has its own limit of what it remembers shapes of.
//
// Segments go to them one after the other, by Observe, or shared out: then of up to MaxShared segments between which no second of the
// capture's time begins, each Lane is given its own. That can be done by a goroutine for each, but for Number, which comes after it.
type Lanes struct {
	*tables
	arrivals arrivals
	all      [lanes]Lane
	now      int64
	next     int64 // when the second begins after that of now
	flows    uint64
	latest   *Tracker // that observed the latest segment
	swept    bool     // flows whose time is over may be in any of them
}

// lanes are few, as what each learns of flows by itself has to fit into the processor's cache, and enough for the work of
// two or four processors to be even.
const (
	laneBits = 3
	lanes    = 1 << laneBits
)

// MaxShared is the most segments that are shared out at a time.
const MaxShared = 1<<16 - 1

// Lane is one of Lanes. It is not safe for concurrent use.
type Lane struct {
	t  *Tracker
	of *Lanes
}

// Turn is when a flow was finished: with which of the segments that were shared out, counted from 1; 0: before them, as its
// time was over. Flows that only the end of the capture finishes come last.
type Turn struct {
	At       int
	Deadline int64 // when its time was over; 0: not for that
	Number   uint64
	Now      int64 // time of the capture then
}

// Before reports whether a flow is finished before that of another lane.
func (a *Turn) Before(b *Turn) bool {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Deadline, b.Deadline), cmp.Compare(a.Number, b.Number)) < 0
}

const lastTurn = math.MaxInt

// newcomer is a flow that was numbered within a lane.
type newcomer struct {
	met           Turn
	shard         int
	hash          uint32
	departed      bool
	inLane, among uint64 // its number among those of the lane, and among all
}

// NewLanes makes Lanes that follow no flow so far.
func NewLanes(c Config) *Lanes {
	of := newTables()
	l := &Lanes{tables: of, next: second}
	for i := range l.all {
		t := newTracker(c, of, i*shards/lanes, (i+1)*shards/lanes)
		t.shapes.most = maxShapes / lanes
		t.origins.most = maxOrigins / lanes
		l.all[i] = Lane{t, l}
	}
	l.latest = l.all[0].t
	return l
}

// Of says which lane a segment belongs to: an index of All.
func (l *Lanes) Of(s *Segment) int {
	var k tuple
	k.of(s)
	l.digest(&k)
	return k.lane()
}

func (k *tuple) lane() int { return k.shard() / (shards / lanes) }

// All are the lanes.
func (l *Lanes) All() []Lane { return l.all[:] }

// Flows is how many flows were numbered so far.
func (l *Lanes) Flows() uint64 { return l.flows }

// Ceiling is what became of flows for which there was no room.
func (l *Lanes) Ceiling() (c Ceiling) {
	for i := range l.all {
		of := &l.all[i].t.ceiling
		c.Bound, c.Forgotten = c.Bound|of.Bound, c.Forgotten+of.Forgotten
	}
	return c
}

// Live is how many flows are held in memory.
func (l *Lanes) Live() (n int) {
	for i := range l.all {
		n += l.all[i].t.Live()
	}
	return n
}

// Observe takes the next segment, as Tracker.Observe does.
func (l *Lanes) Observe(s *Segment) *Step {
	a := l.arrivals.one(s, l.tables)
	l.all[a.lane()].t.lookUp(a)
	return l.observe(s, a, true)
}

// ObserveAll takes the next segments one after the other, and says of each, by its index, what it did; unless every, it only says after which of
// them Finished has something to do. Finished and Snapshot are of the latest.
func (l *Lanes) ObserveAll(segments []Segment, every bool) iter.Seq2[int, *Step] {
	return func(yield func(int, *Step) bool) {
		for from := 0; from < len(segments); from += atOnce {
			group := segments[from:min(from+atOnce, len(segments))]
			l.arrivals.fill(group, l.tables)
			for i := range group {
				a := &l.arrivals.all[i]
				l.all[a.lane()].t.lookUp(a)
			}
			for i := range group {
				step := l.observe(&group[i], &l.arrivals.all[i], every)
				if (every || l.finishes()) && !yield(from+i, step) {
					return
				}
			}
		}
	}
}

func (l *Lanes) observe(s *Segment, a *arrival, heard bool) *Step {
	l.Advance(s.Time)
	t := l.all[a.lane()].t
	l.latest = t
	t.provisional, t.unheard, t.now, t.flows, t.turn.At = false, !heard, l.now, l.flows, 1
	step := t.arrive(s, a)
	l.flows = t.flows
	return step
}

// Advance tells that the capture has come to a time, as Tracker.Advance does.
func (l *Lanes) Advance(now int64) {
	if now >= l.next {
		l.sweep(now)
	}
	l.now = max(l.now, now)
}

// sweep finishes what was due before the second of now, which has begun.
func (l *Lanes) sweep(now int64) {
	for i := range l.all {
		l.all[i].Begin(now)
	}
	l.Number(now)
	for i := range l.all {
		l.all[i].t.adopt()
	}
	l.swept, l.next = true, (now/second+1)*second
}

// Finished hands out the next flow, as Tracker.Finished does.
func (l *Lanes) Finished(f *Flow) bool { return l.finishes() && l.finished(f) }

// finishes reports whether Finished has anything to do.
func (l *Lanes) finishes() bool { return l.swept || l.latest.finishes() }

func (l *Lanes) finished(f *Flow) bool {
	if l.swept {
		if t := l.least(); t != nil {
			return t.Finished(f)
		}
		for i := range l.all {
			l.all[i].t.giveBack()
		}
		l.swept = false
	}
	return l.latest.Finished(f)
}

// least is the tracker with the next flow of those whose time was over, or all are.
func (l *Lanes) least() (of *Tracker) {
	var least Turn
	for i := range l.all {
		t := l.all[i].t
		if turn, ok := t.nextTurn(); ok && (turn.At == 0 || t.ended) && (of == nil || turn.Before(&least)) {
			of, least = t, turn
		}
	}
	return of
}

// nextTurn is the turn of the next flow that Finished hands out.
func (t *Tracker) nextTurn() (Turn, bool) {
	switch {
	case !t.done.empty():
		d := &t.done.list[t.done.at]
		return Turn{int(d.at), d.deadline, d.number, d.now}, true
	case t.ended && !t.left.empty():
		return Turn{lastTurn, 0, t.left.heap[0].number, t.now}, true
	}
	return Turn{}, false
}

// Snapshot is that of the flow of the latest segment, as Tracker.Snapshot has it.
func (l *Lanes) Snapshot(f *Flow) bool { return l.latest.Snapshot(f) }

// End finishes all that is left, by flow number.
func (l *Lanes) End() {
	for i := range l.all {
		l.all[i].t.now = l.now
		l.all[i].End()
	}
	l.swept = true
}

// Number gives those flows their numbers that were met since Begin, in the order of the segments; now is the time that the capture has
// come to.
func (l *Lanes) Number(now int64) {
	l.now = max(l.now, now)
	var at [lanes]int
	for {
		var next *newcomer
		lane := 0
		for i := range l.all {
			if of := l.all[i].t.newcomers; at[i] < len(of) && (next == nil || of[at[i]].met.Before(&next.met)) {
				next, lane = &of[at[i]], i
			}
		}
		if next == nil {
			return
		}
		at[lane]++
		l.flows++
		next.among = l.flows
	}
}

// Begin tells a lane that segments are shared out: now is the time that the capture comes to with the first of them.
func (l Lane) Begin(now int64) {
	t := l.t
	t.adopt()
	t.provisional, t.now, t.turn.At, t.flows = true, now, 0, l.of.flows
	t.advance()
}

// Observe takes the lane's own of the segments that are shared out: which of them they are, from 1, and the time that the capture
// comes to with each. What each did is told by its index, unless told is nil; the Step's Flow is as NumberOf takes it.
func (l Lane) Observe(segments []Segment, which []int, now []int64, told func(int, *Step)) {
	t := l.t
	t.unheard = told == nil
	for from := 0; from < len(segments); from += atOnce {
		group := segments[from:min(from+atOnce, len(segments))]
		t.arrivals.fill(group, t.tables)
		for i := range group {
			t.lookUp(&t.arrivals.all[i])
		}
		for i := range group {
			t.now, t.turn.At = now[from+i], which[from+i]
			if step := t.arrive(&group[i], &t.arrivals.all[i]); told != nil {
				told(from+i, step)
			}
		}
	}
}

// NumberOf is the number of a flow: between Lanes.Number and the next call of Begin or Finished.
func (l Lane) NumberOf(flow uint64) uint64 {
	if i := l.t.newcomerOf(flow); i >= 0 {
		return l.t.newcomers[i].among
	}
	return flow
}

// Finished hands out the next flow of the lane, as Tracker.Finished does, and when that was finished.
func (l Lane) Finished(f *Flow) (Turn, bool) {
	l.t.adopt()
	turn, _ := l.t.nextTurn()
	return turn, l.t.Finished(f)
}

// End finishes all that is left in the lane.
func (l Lane) End() {
	l.t.adopt()
	l.t.End()
}

// newcomerOf is which of the newcomers has a number, -1: none of them.
func (t *Tracker) newcomerOf(number uint64) int {
	return int(number-(t.flows-uint64(len(t.newcomers)))) - 1
}

// adopt gives the newcomers their numbers among all.
func (t *Tracker) adopt() {
	if len(t.newcomers) == 0 {
		return
	}
	for i := t.done.at; i < len(t.done.list); i++ {
		d := &t.done.list[i]
		if f := t.newcomerOf(d.number); f >= 0 {
			d.number, t.newcomers[f].departed = t.newcomers[f].among, true
		}
	}
	// No number among all is below that in the lane: from the last on, none is taken for that of another one.
	for i := len(t.newcomers) - 1; i >= 0; i-- {
		if n := &t.newcomers[i]; !n.departed {
			if f := t.numbered(n); f != 0 {
				t.renumber(f, n.among)
			}
		}
	}
	t.newcomers = t.newcomers[:0]
}

// numbered is what is kept of a newcomer, 0: it is no more in the table.
func (t *Tracker) numbered(n *newcomer) ref {
	s := &t.shards[n.shard]
	mask := uint32(len(s.slots) - 1)
	for i := n.hash & mask; s.slots[i] != 0; i = (i + 1) & mask {
		if (uint32(s.slots[i])^n.hash)&tagMask != 0 {
			continue
		}
		for f := s.slots[i].ref(n.shard); f != 0; f = s.records.ptr(f.index()).next {
			if t.numberOf(s, f) == n.inLane {
				return f
			}
			if f.form() != formRecord {
				break
			}
		}
	}
	return 0
}

func (t *Tracker) renumber(f ref, number uint64) {
	s := &t.shards[f.shard()]
	if f.form() != formRecord && uint64(t.origins.of[s.keyOf(f).origin].number) != number>>32 {
		k := t.tupleOfRef(f)
		t.digest(&k)
		t.k = &k
		t.checkOut(f)
		f = t.promote(f)
	}
	switch i := f.index(); f.form() {
	case formLone:
		s.lones.ptr(i).number = uint32(number)
	case formBrief:
		s.briefs.ptr(i).number = uint32(number)
	case formLong:
		s.longs.ptr(i).number = uint32(number)
	default:
		s.records.ptr(i).number = number
	}
}
