package flows

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Config of a Tracker. The zero value works.
type Config struct {
	// Linger is how long after its end a flow is still listened to; 0 is a minute.
	Linger time.Duration
	// Transitions keeps every transition of a flow with its packet; else only the lists of
	// states are kept, which cost a few bytes.
	Transitions bool
	// Events keeps what is out of the ordinary in a flow, with its packets.
	Events bool
}

// patience is how long after its last packet an attempt without an answer, a half-open flow
// or one that waits only for the ACK of a FIN is given up.
const patience = int64(180 * time.Second)

// Tracker follows flows. It has no clock: time is that of the segments. The zero value does
// not work, see NewTracker; it is not safe for concurrent use.
type Tracker struct {
	linger  int64
	keep    bool
	seed    [4]uint64
	tables  [shards]shard
	records slab[record]
	asides  slab[aside]
	addrs   slab[[2]Addr]
	kept    kept
	events  [][]Event // by record
	watch   bool      // keep events

	now    int64 // time of the latest segment so far
	flows  uint64
	wheel  wheel
	done   []uint32 // finished, not yet handed out
	handed uint32   // record handed out by Finished, freed at the next call
	ended  bool
	copies copies

	step    Step
	seg     *Segment // the one being observed
	rec     uint32   // its record
	pending uint32   // record that a RST being observed confirms, 0: none
	picked  Event    // what picking the record showed
	replay  *half    // seg was held aside, and this end sent it; else nil
	held    seen     // where seg had passed then
	mores   zeekArena

	letters   []byte            // of a history
	histories map[string]string // those made before
}

// NewTracker makes an empty Tracker.
func NewTracker(c Config) *Tracker {
	t := &Tracker{linger: int64(c.Linger), keep: c.Transitions, watch: c.Events}
	if c.Linger <= 0 {
		t.linger = int64(time.Minute)
	}
	for i := range t.seed {
		t.seed[i] = rand.Uint64() | 1
	}
	return t
}

// Flows is how many flows were numbered so far.
func (t *Tracker) Flows() uint64 { return t.flows }

// Live is how many flows are held in memory.
func (t *Tracker) Live() int { return max(0, int(t.records.n)-len(t.records.free)-1) }

// Advance tells that the capture has come to a time, ns since 1970, whatever was captured then: what
// is not TCP is time that passed, too.
func (t *Tracker) Advance(now int64) {
	if now > t.now {
		t.now = now
		t.wheel.advance(t)
	}
}

// Observe takes the next segment and says what it did. After each call, Finished hands out
// the flows that it finished.
func (t *Tracker) Observe(s *Segment) *Step {
	t.step = Step{Changes: t.step.Changes[:0], Notes: t.step.Notes[:0]}
	t.seg = s
	if s.Time > t.now {
		t.now = s.Time
		t.wheel.advance(t)
	}
	k := t.tupleOf(s)
	shard := &t.tables[k.hash>>24]
	head := shard.find(t, &k)
	if s.Quote.Version != 0 {
		t.quoted(head, &k)
		return &t.step
	}
	if s.Damage != Undamaged {
		t.damaged(head, &k)
		return &t.step
	}
	if t.copied(head, &k) {
		return &t.step
	}
	t.rec = t.pick(shard, head, &k)
	r := t.records.ptr(t.rec)
	from, to := &r.ends[k.from], &r.ends[1-k.from]
	if k.loopback {
		to = from
	}
	t.step.Side = r.side(k.from)
	t.step.Flow = r.number
	if t.picked.Kind != NoteNone {
		t.tellPicked(r, k.from)
	}
	from.packets++
	from.bytes += uint64(s.Len)
	if from.packets == 1 {
		from.ttl = s.TTL
	}
	if to.is(hasFIN) {
		from.late += uint64(s.Len)
	}
	heard := to.is(hasNxt)
	before := to.path.n
	iss, nxt, gapFrom := from.iss, from.nxt, t.gapFrom(r, to)
	if r.is(unannounced) && !r.is(tentative) {
		t.announce(r)
	}
	switch {
	case !s.HeaderOK:
		r.marks |= truncated
		t.step.Quiet = QuietCut
	case !s.Flags.valid():
		r.marks |= badFlags
		t.note(Note{Kind: NoteInvalidFlags})
		t.step.Quiet = QuietInvalid
		count(from, s.Flags)
	case s.Flags.Any(RST):
		from.rst++
		t.reset(r, from, to)
	case s.Flags.Has(SYN | ACK):
		from.synack++
		t.synACK(r, from, to)
	case s.Flags.Any(SYN):
		from.syn++
		t.syn(r, from, to)
	default:
		if s.Flags.Any(FIN) {
			from.finN++
		}
		challenge := from.challenges(s)
		t.segment(r, from, to)
		if challenge {
			t.note(Note{Kind: NoteChallengeACK})
		}
	}
	if s.Cut {
		r.marks |= truncated
	}
	from.last, to.before = s.Time, before
	from.has &^= carried | provoked
	if t.step.Quiet != QuietNotBelieved {
		to.has &^= provoked
	}
	if s.Len > 0 {
		from.has |= carried | unanswered
		to.has &^= unanswered
	}
	if from.asked == 0 && (s.Len > 0 || t.step.Quiet == QuietKeepAlive) {
		from.asked = 1 + uint32(max(0, s.Time-r.first)/int64(time.Millisecond))
	}
	to.probes, to.resent, to.asked = 0, 0, 0
	if s.HeaderOK {
		var gaps uint32
		if heard && s.Flags.Any(ACK) && gapFrom.Before(s.Ack) {
			gaps = r.zeek.gap(k.from, gapFrom, &t.mores)
		}
		r.zeek.update(s, k.from, iss, nxt, gaps, false, &t.mores)
		r.kinds.update(s.Flags, s.Len)
	}
	t.settle(t.rec, r)
	if t.pending != 0 {
		if from.path.top() == Closed {
			t.event(Event{Note: Note{Kind: NotePeerLost}})
			t.confirm(t.pending)
		}
		t.pending = 0
	}
	switch {
	case r.is(tentative):
		// No flow so far: what there is to say is said of the one that lives.
		old := t.records.ptr(t.settled(t.rec))
		t.step.Changes, t.step.Quiet = t.step.Changes[:0], QuietWaits
		t.step.Flow, t.step.Side = old.number, old.side(k.from)
		return &t.step
	case len(t.step.Changes) > 0:
		t.step.Quiet = QuietNone
	}
	t.step.Flow = r.number
	return &t.step
}

// gapFrom is where what h sent ends without a hole, what was held aside included: an ack
// beyond it tells of a gap in the capture.
func (t *Tracker) gapFrom(r *record, h *half) Seq {
	if r.aside == 0 {
		return h.edge
	}
	if o := &t.asideOf(r).odd[r.index(h)]; o.held && !h.edge.Before(o.seq) {
		return h.edge.Max(o.seq + Seq(o.len))
	}
	return h.edge
}

// copied reports whether the segment is a copy that the capture made, and counts it.
func (t *Tracker) copied(head uint32, k *tuple) bool {
	var r *record
	var end *half
	if head != 0 {
		r = t.records.ptr(t.holder(head, k))
		end = &r.ends[k.from]
	}
	if !t.copies.repeated(k, t.seg, end) {
		return false
	}
	end.copies++
	t.step.Flow, t.step.Side, t.step.Quiet = r.number, r.side(k.from), QuietCopy
	return true
}

// count keeps the flag counts of segments that are not looked at any further.
func count(h *half, f Flags) {
	if f.Any(SYN) {
		h.syn++
	}
	if f.Any(FIN) {
		h.finN++
	}
	if f.Any(RST) {
		h.rst++
	}
}

// settle puts a record on the timer wheel when it has become one that time will finish.
func (t *Tracker) settle(rec uint32, r *record) {
	if over := r.over(); over != r.has(atOver) {
		if over {
			r.stamp(atOver, t.now)
			t.wheel.put(rec, r, t.now+t.linger)
		} else {
			r.set &^= 1 << atOver
		}
	}
	if r.due == 0 && r.waiting() {
		t.wheel.put(rec, r, t.now+patience)
	}
}

// over reports whether nothing is left to come: both ends closed, in TIME_WAIT or reset.
func (r *record) over() bool {
	a, b := r.ends[0].path.top(), r.ends[1].path.top()
	gone := func(s State) bool { return s == Closed || s == TimeWait }
	return gone(a) && (gone(b) || b == Unknown) || gone(b) && a == Unknown
}

// waiting reports whether only an answer that may never come is missing: of an attempt, of a
// SYN-ACK, or of the last FIN.
func (r *record) waiting() bool {
	a, b := &r.ends[0], &r.ends[1]
	switch {
	case r.over():
		return false
	case a.path.n == 0 && b.path.n == 0:
		return true
	case a.is(hasFIN) && b.is(hasFIN):
		return true
	}
	early := func(s State) bool { return s == SynSent || s == SynReceived }
	x, y := a.path.top(), b.path.top()
	return early(x) && (early(y) || y == Unknown) || early(y) && x == Unknown ||
		x == SynReceived && y == Established && !b.path.isProved(b.path.n-1) ||
		y == SynReceived && x == Established && !a.path.isProved(a.path.n-1) ||
		x == SynReceived && a.is(distrust) || y == SynReceived && b.is(distrust)
}

func (r *record) last() int64 { return max(r.ends[0].last, r.ends[1].last, r.first) }

// deadline is when the record is finished if nothing more comes; 0: only at the end.
func (t *Tracker) deadline(r *record) int64 {
	switch {
	case r.has(atOver):
		return r.at[atOver] + t.linger
	case r.waiting():
		return r.last() + patience
	}
	return 0
}

// Finished hands out the next flow that is finished, in the order in which they finished,
// and false when there is none. f is valid until the next call.
func (t *Tracker) Finished(f *Flow) bool {
	if t.handed != 0 {
		t.release(t.handed)
		t.handed = 0
	}
	if len(t.done) == 0 {
		return false
	}
	t.handed = t.done[0]
	t.done = t.done[1:]
	t.describe(t.handed, f)
	return true
}

// End finishes all that is left, by flow number.
func (t *Tracker) End() {
	t.ended = true
	type live struct {
		number uint64
		rec    uint32
	}
	var left []live
	var waited []uint32
	for i := range t.tables {
		for _, e := range t.tables[i].slots {
			for rec := e.rec; rec != 0; {
				r := t.records.ptr(rec)
				if r.is(tentative) {
					t.records.ptr(t.settled(rec)).absorb(r)
					waited = append(waited, rec)
				} else {
					left = append(left, live{r.number, rec})
				}
				rec = r.next
			}
		}
		t.tables[i] = shard{}
	}
	for _, rec := range waited {
		t.release(rec)
	}
	slices.SortFunc(left, func(a, b live) int { return cmp.Compare(a.number, b.number) })
	for _, l := range left {
		t.done = append(t.done, l.rec)
	}
}

// finish takes a record out of the table and queues it to be handed out.
func (t *Tracker) finish(rec uint32) {
	r := t.records.ptr(rec)
	if r.is(tentative) {
		t.records.ptr(t.settled(rec)).absorb(r)
		t.unlink(rec)
		t.release(rec)
		return
	}
	shard := &t.tables[r.hash>>24]
	if head := shard.headOf(t, r.hash, rec); t.settled(head) == rec && head != rec {
		switch waits := t.records.ptr(head); {
		case waits.is(repeats):
			t.finish(head) // a late copy of a SYN does not outlive its flow
		case waits.is(tentative):
			waits.marks &^= tentative // what it waited beside is no more
			t.number(waits)
		}
	}
	t.unlink(rec)
	t.done = append(t.done, rec)
}

// absorb counts the packets of a SYN that came to nothing for the flow that outlived it, so that
// every segment is counted somewhere.
func (r *record) absorb(waited *record) {
	for i := range r.ends {
		r.ends[i].packets += waited.ends[i].packets
		r.ends[i].copies += waited.ends[i].copies
		r.ends[i].bytes += waited.ends[i].bytes
	}
}

// unlink takes rec out of the chain of its four-tuple.
func (t *Tracker) unlink(rec uint32) {
	r := t.records.ptr(rec)
	shard := &t.tables[r.hash>>24]
	head := shard.headOf(t, r.hash, rec)
	if head == rec {
		shard.replace(r.hash, rec, r.next)
		return
	}
	for i := head; i != 0; i = t.records.ptr(i).next {
		if p := t.records.ptr(i); p.next == rec {
			p.next = r.next
			return
		}
	}
}

// headOf is the first record of the chain that holds rec.
func (s *shard) headOf(t *Tracker, hash, rec uint32) uint32 {
	mask := uint32(len(s.slots) - 1)
	for i := hash & mask; s.slots[i].rec != 0; i = (i + 1) & mask {
		if s.slots[i].hash != hash {
			continue
		}
		for j := s.slots[i].rec; j != 0; j = t.records.ptr(j).next {
			if j == rec {
				return s.slots[i].rec
			}
		}
	}
	return 0
}

// release gives a record's memory back.
func (t *Tracker) release(rec uint32) {
	r := t.records.ptr(rec)
	if r.aside != 0 {
		t.asides.give(r.aside)
	}
	if r.key.space&v6 != 0 {
		t.addrs.give(r.key.a)
	}
	t.kept.release(r)
	if int(rec) < len(t.events) {
		t.events[rec] = t.events[rec][:0]
	}
	r.zeek.release(&t.mores)
	gen := r.gen + 1
	t.records.give(rec)
	r.gen = gen
}

// open makes a record for the first segment of a flow.
func (t *Tracker) open(shard *shard, head uint32, k *tuple) uint32 {
	s := t.seg
	rec := t.records.take()
	r := t.records.ptr(rec)
	gen := r.gen
	*r = record{gen: gen, hash: k.hash, next: head, file: s.File, first: s.Time, via: s.Via}
	r.key = key{pa: k.plo, pb: k.phi, space: k.space}
	if k.v4 {
		r.key.a, r.key.b = word(&k.lo), word(&k.hi)
	} else {
		r.key.space |= v6
		r.key.a = t.addrs.take()
		*t.addrs.ptr(r.key.a) = [2]Addr{k.lo, k.hi}
	}
	if head == 0 {
		shard.insert(k.hash, rec)
	} else {
		shard.replace(k.hash, head, rec)
	}
	r.client = k.from
	switch {
	case !s.HeaderOK || !s.Flags.valid():
		r.client = guessClient(k, s)
	case s.Flags.Has(SYN | ACK):
		r.client, r.roles = 1-k.from, RolesSYNACK
		r.marks |= midstream
	case s.Flags.Any(SYN):
		r.roles = RolesSYN
	default:
		r.client = guessClient(k, s)
		r.marks |= midstream
		t.note(Note{Kind: NoteMidstream})
	}
	if k.loopback {
		r.client = 0
	}
	return rec
}

// guessClient tells the client where no SYN was captured: the end with the higher port, as
// services sit on low ones; the sender where the ports do not tell.
func guessClient(k *tuple, s *Segment) uint8 {
	if s.SrcPort < s.DstPort {
		return 1 - k.from
	}
	return k.from
}

// number gives the record the next flow number.
func (t *Tracker) number(r *record) {
	t.flows++
	r.number = t.flows
}

// note tells of something beside the changes of state, and keeps it where it is no part of a
// connection that goes well.
func (t *Tracker) note(n Note) {
	t.tell(Event{Note: n})
}

func (t *Tracker) tell(e Event) {
	t.step.Notes = append(t.step.Notes, e.Note)
	switch e.Kind {
	case NoteAnswered, NoteHandshake, NoteMidstream, NoteFastOpen:
	default:
		t.event(e)
	}
}

// maxEvents bounds what one flow can make the Tracker remember.
const maxEvents = 64

func (t *Tracker) event(e Event) {
	if !t.watch {
		return
	}
	for int(t.rec) >= len(t.events) {
		t.events = append(t.events, nil)
	}
	if len(t.events[t.rec]) == maxEvents {
		return
	}
	e.Side, e.At, e.File, e.Time = t.step.Side, t.seg.Packet, t.seg.File, t.seg.Time
	t.events[t.rec] = append(t.events[t.rec], e)
}

// Snapshot fills f with what is known so far of the flow of the latest segment, and reports
// whether it has one. f is valid until the next Observe.
func (t *Tracker) Snapshot(f *Flow) bool {
	if t.step.Flow == 0 {
		return false
	}
	t.describe(t.rec, f)
	return f.Number == t.step.Flow
}

// valid reports whether a TCP may send such flags; PSH, ECE, CWR and AE are free (RFC 9293
// §3.10.7.4, RFC 3168 §6.1.1). A SYN-ACK may carry FIN (RFC 7413 §4.2.2).
func (f Flags) valid() bool {
	switch f & control {
	case SYN, SYN | ACK, SYN | ACK | FIN, RST, RST | ACK, FIN | ACK, ACK:
		return true
	}
	return false
}
