package flows

import (
	"math/rand/v2"
	"time"
	"unsafe"
)

// Config of a Tracker. The zero value works.
type Config struct {
	// Linger is how long after its end a flow is still listened to; 0 is a minute.
	Linger time.Duration
	// Transitions keeps every transition of a flow with its packet; else only the lists of
	// states are kept, which cost a few bytes.
	Transitions bool
	// Lists, if set, is asked whether somebody will read the transitions of a flow that is handed out; else it has none.
	Lists func(*Flow) bool
	// Events keeps what is out of the ordinary in a flow, with its packets.
	Events bool
	// MaxFlows is how many flows are held at the most, LeastFlows at the least; 0: as many as there are. Those that are given up
	// for it are handed out by Finished, too: Flow.Shed tells.
	MaxFlows int
	// MaxBytes is how much memory they may take, by what one takes on average, and what one keeps beyond that; 0: as much as there
	// is. What a flow leaves is kept for others like it: where there are many at first, and then few that keep much, it can be two thirds
	// more.
	MaxBytes uint64
}

// Patience is how long after its last packet an attempt without an answer, a half-open flow
// or one that waits only for the ACK of a FIN is given up.
const Patience = 180 * time.Second

const patience = int64(Patience)

// Tracker follows flows. It has no clock: time is that of the segments. The zero value does
// not work, see NewTracker; it is not safe for concurrent use.
type Tracker struct {
	linger int64
	keep   bool // transitions
	lists  func(*Flow) bool
	*tables
	from, to int // its shards
	records  blocks[record]
	lones    blocks[lone]
	briefs   blocks[brief]
	longs    blocks[long]
	shapes   shapes
	origins  origins
	asides   slab[aside]
	addrs    slab[[2]Addr]
	kept     kept
	events   slab[[]Event]
	watch    bool // keep events

	now         int64 // time of the latest segment so far
	second      int64 // all that was due before it is finished
	flows       uint64
	late        []overdue
	turn        Turn
	provisional bool // numbers are not the flows' own so far: see Lanes
	newcomers   []newcomer
	done        queue[departed]
	handed      ref         // record handed out last, freed at the next call
	share       share       // of the ceiling
	grew        bool        // with the latest segment, by a flow or by more of one
	candidates  []sheddable // those that were looked at last
	left        left
	ended       bool

	standings standings
	evicting  Flow
	ceiling   Ceiling

	lessons   lessons
	unlearned bool // nothing is learned: observe is asked of every segment

	step     Step
	unheard  bool     // nobody asks what a segment did: the step need not be whole
	seg      *Segment // the one being observed
	k        *tuple   // its four-tuple
	arrivals arrivals // of segments that are about to be observed
	rec      ref      // its record
	work     record   // what it is while the segment is observed, where held names it
	held     ref      // what is kept of it, 0: a record as it is
	whole    record   // the one described last, where it is not kept as a record
	shown    *record  // the one described last
	pending  ref      // record that a RST being observed confirms, 0: none
	picked   Event    // what picking the record showed
	replay   *half    // seg was held aside, and this end sent it; else nil
	was      seen     // where seg had passed then
	mores    zeekArena

	outlines  outlines
	letters   []byte            // of a history
	histories map[string]string // those made before
}

// tables are what is kept by shards.
type tables struct {
	seed   [4]uint64
	shards [shards]shard
	gone   evicted
	copies copies
}

func newTables() *tables {
	t := &tables{}
	for i := range t.seed {
		t.seed[i] = rand.Uint64() | 1
	}
	return t
}

// departed is a flow that is out of the table, and not yet handed out.
type departed struct {
	deadline, now int64 // that was over, and when it was; see Turn
	number        uint64
	ref           ref
	at            uint16
	shed          Shed
	bound         Bound // the ceiling had it go; 0: it did not
}

// NewTracker makes an empty Tracker.
func NewTracker(c Config) *Tracker { return newTracker(c, newTables(), 0, shards) }

// newTracker makes a Tracker of the flows of some shards.
func newTracker(c Config, of *tables, from, to int) *Tracker {
	t := &Tracker{tables: of, from: from, to: to, linger: int64(c.Linger), keep: c.Transitions, lists: c.Lists, watch: c.Events}
	if c.Linger <= 0 {
		t.linger = int64(time.Minute)
	}
	if c.MaxFlows > 0 {
		t.share.flows = max(1, c.MaxFlows/shards)
	}
	if c.MaxBytes > 0 {
		t.share.bytes = max(1, c.MaxBytes/shards)
	}
	for i := from; i < to; i++ {
		s := &t.shards[i]
		s.due = never
		s.records.from, s.lones.from, s.briefs.from, s.longs.from = &t.records, &t.lones, &t.briefs, &t.longs
	}
	t.shapes = shapes{of: make([]knownShape, 1), number: map[shape]uint16{}, most: maxShapes}
	t.origins.most = maxOrigins
	return t
}

// Flows is how many flows were numbered so far.
func (t *Tracker) Flows() uint64 { return t.flows }

// Ceiling is what became of flows for which there was no room.
func (t *Tracker) Ceiling() Ceiling { return t.ceiling }

// Live is how many flows are held in memory.
func (t *Tracker) Live() (n int) {
	for i := t.from; i < t.to; i++ {
		n += t.shards[i].flows()
	}
	return n
}

// Advance tells that the capture has come to a time, ns since 1970, whatever was captured then: what
// is not TCP is time that passed, too.
func (t *Tracker) Advance(now int64) {
	if now > t.now {
		t.now = now
		t.advance()
	}
}

// Observe takes the next segment and says what it did. After each call, Finished hands out
// the flows that it finished.
func (t *Tracker) Observe(s *Segment) *Step {
	t.Advance(s.Time)
	a := t.arrivals.one(s, t.tables)
	t.lookUp(a)
	return t.arrive(s, a)
}

// arrive takes a segment, at the time that it is.
func (t *Tracker) arrive(s *Segment, a *arrival) *Step {
	t.step.Flow, t.step.Side, t.step.Quiet, t.step.Before = 0, 0, QuietNone, nil
	t.step.Changes, t.step.Notes = t.step.Changes[:0], t.step.Notes[:0]
	t.seg, t.k = s, &a.tuple
	t.lookUp(a)
	t.take(a.head, a.header)
	if n := t.mores.letters; n > 0 {
		t.mores.letters = 0
		t.lengthen(t.ptr(t.rec), 2*n) // as many places may be empty
	}
	if t.grew {
		t.grew = false
		if i, shard := t.shardOf(t.k); t.share.over(shard) != 0 {
			t.shed(i)
		}
	}
	return &t.step
}

// take does what the segment does to the flow of its four-tuple: by what was learned of such segments, or by observe.
func (t *Tracker) take(head ref, header uint64) {
	like, class := likeNone, class(0)
	if s := t.seg; s.Quote.Version == 0 && s.Damage == Undamaged {
		if like = t.copies.like(t.k, s, header); like == likeNone {
			if head != 0 && head.form() == formRecord && t.quickRecord(head) {
				return
			}
			if class = t.classOf(head); class != 0 && t.quick(head, class) {
				return
			}
		}
	}
	var was long
	if class != 0 && head != 0 {
		was = t.copyOf(head)
	}
	t.checkOut(head)
	if head != 0 {
		t.ptr(head).calm = false
	}
	t.observe(head, t.k, like)
	if head != 0 && t.rec == head && head.form() == formRecord {
		r := t.ptr(head)
		r.calm = t.calms(r)
	}
	t.checkIn()
	if class != 0 {
		t.learn(&was, class)
	}
}

func (t *Tracker) observe(head ref, k *tuple, like likeness) {
	s := t.seg
	if s.Quote.Version != 0 {
		t.quoted(head, k)
		return
	}
	if s.Damage != Undamaged {
		t.damaged(head, k)
		return
	}
	if like != likeNone && t.copied(head, k, like) {
		return
	}
	t.rec = t.pick(head, k)
	r := t.ptr(t.rec)
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
	if r.resumed() && s.HeaderOK {
		t.recall(from, to)
		t.recallFIN(r, from, to)
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
	to.path.before = before
	from.spoke(to, s, t.step.Quiet, r.first)
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
		old := t.ptr(t.settled(t.rec))
		t.step.Changes, t.step.Quiet = t.step.Changes[:0], QuietWaits
		t.step.Flow, t.step.Side = old.number, old.side(k.from)
		return
	case len(t.step.Changes) > 0:
		t.step.Quiet = QuietNone
	}
	t.step.Flow = r.number
}

// spoke notes that h has sent s to its peer; first is when the flow began.
func (h *half) spoke(peer *half, s *Segment, quiet Quiet, first int64) {
	h.last = s.Time
	h.has &^= carried | provoked
	if quiet != QuietNotBelieved {
		peer.has &^= provoked
	}
	if s.Len > 0 {
		h.has |= carried | unanswered
		peer.has &^= unanswered
	}
	if h.asked == 0 && (s.Len > 0 || quiet == QuietKeepAlive) {
		h.asked = askedAfter(s.Time - first)
	}
	peer.probes, peer.resent, peer.asked = 0, 0, 0
}

// askedAfter is the asked of a half, so long after the flow's first packet.
func askedAfter(d int64) uint32 { return 1 + uint32(max(0, d)/int64(time.Millisecond)) }

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
func (t *Tracker) copied(head ref, k *tuple, like likeness) bool {
	if head == 0 {
		return false
	}
	t.rec = t.holder(head, k)
	r := t.ptr(t.rec)
	end := &r.ends[k.from]
	if !end.copied(t.seg, like, &r.ends[1-k.from]) {
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

// settle sees to it that a record which has become one that time will finish is looked at then.
func (t *Tracker) settle(rec ref, r *record) {
	if over := r.over(); over != r.has(atOver) {
		if over {
			r.stamp(atOver, t.now)
		} else {
			r.clear(atOver)
		}
	}
	if rec.form() == formRecord {
		t.appoint(rec, t.deadline(r))
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
	case a.is(hasFIN|lowFIN) && b.is(hasFIN|lowFIN):
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

// Finished hands out the next flow that is finished, or that was given up at the ceiling as it was then (see
// Flow.Shed), in the order in which that happened, and false when there is none. f is valid until the next call.
func (t *Tracker) Finished(f *Flow) bool {
	t.giveBack()
	switch {
	case !t.done.empty():
		d := t.done.pop()
		t.handed, t.now = d.ref, d.now
		t.shards[d.ref.shard()].departed[d.ref.form()]--
		t.describe(t.handed, f)
		f.Number, f.Shed = d.number, d.shed
		if d.bound != 0 {
			f.Due = t.deadline(t.shown)
			f.Capture.Early = d.shed == NotShed
			f.Capture.Bound = d.bound
		}
	case t.ended && !t.left.empty():
		t.handed = t.left.next(t)
		t.describe(t.handed, f)
		f.Due = t.deadline(t.shown)
	default:
		return false
	}
	if t.lists == nil || t.lists(f) {
		t.list(f)
	}
	return true
}

// finishes reports whether Finished has anything to do.
func (t *Tracker) finishes() bool { return t.handed != 0 || !t.done.empty() || t.ended }

func (t *Tracker) giveBack() {
	if t.handed != 0 {
		t.release(t.handed)
		t.handed = 0
	}
}

// End finishes all that is left, by flow number.
func (t *Tracker) End() {
	t.ended = true
	t.left.collect(t)
}

// finish takes a record out of the table and queues it to be handed out.
func (t *Tracker) finish(rec ref) { t.depart(rec, NotShed, 0) }

func (t *Tracker) depart(rec ref, shed Shed, bound Bound) {
	if t.takeOut(rec) {
		number := t.numberOf(&t.shards[rec.shard()], rec) // it may have got one after it was due
		t.done.push(departed{t.turn.Deadline, t.now, number, rec, uint16(t.turn.At), shed, bound})
		s := &t.shards[rec.shard()]
		s.departed[rec.form()]++
		if rec.form() == formRecord {
			s.lighten(t.ptr(rec))
		}
	}
}

// takeOut takes a record out of the table, and reports whether it was a flow.
func (t *Tracker) takeOut(rec ref) bool {
	if rec.form() != formRecord {
		t.replace(t.hashOf(rec), rec, 0)
		t.shards[rec.shard()].keyOf(rec).shape |= finished
		return true
	}
	r := t.ptr(rec)
	if r.is(tentative) {
		t.ptr(t.settled(rec)).absorb(r)
		t.unlink(rec)
		t.release(rec)
		return false
	}
	if head := t.headOf(r.hash, rec); t.settled(head) == rec && head != rec {
		switch waits := t.ptr(head); {
		case waits.is(repeats):
			t.finish(head) // a late copy of a SYN does not outlive its flow
		case waits.is(tentative):
			waits.marks &^= tentative // what it waited beside is no more
			t.number(head.shard(), waits)
		}
	}
	t.unlink(rec)
	r.live = false // no sweep finishes it again
	return true
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
func (t *Tracker) unlink(rec ref) {
	r := t.ptr(rec)
	head := t.headOf(r.hash, rec)
	if head == rec {
		t.replace(r.hash, rec, r.next)
		return
	}
	for i := head; i != 0; i = t.ptr(i).next {
		if p := t.ptr(i); p.next == rec {
			p.next = r.next
			return
		}
	}
}

// headOf is the first record of the chain that holds rec.
func (t *Tracker) headOf(hash uint32, rec ref) ref {
	s := &t.shards[rec.shard()]
	mask := uint32(len(s.slots) - 1)
	for i := hash & mask; s.slots[i] != 0; i = (i + 1) & mask {
		head := s.slots[i].ref(rec.shard())
		if (uint32(s.slots[i])^hash)&tagMask != 0 || head.form() != formRecord {
			continue
		}
		for j := head; j != 0; j = t.ptr(j).next {
			if j == rec {
				return head
			}
		}
	}
	return 0
}

// ptr is the record of rec; of what is kept briefly there is one only while its segment is observed.
func (t *Tracker) ptr(rec ref) *record {
	if rec.form() == formRecord {
		return t.shards[rec.shard()].records.ptr(rec.index())
	}
	return &t.work
}

// release gives a record's memory back.
func (t *Tracker) release(rec ref) {
	s := &t.shards[rec.shard()]
	if k := s.keyOf(rec); t.spaceOf(s, rec, k)&v6 != 0 {
		t.addrs.give(k.a)
	}
	if rec.form() == formRecord {
		r := t.ptr(rec)
		s.lighten(r)
		if r.aside != 0 {
			t.asides.give(r.aside)
		}
		if r.events != 0 {
			t.events.give(r.events)
		}
		t.kept.release(r)
		r.zeek.release(&t.mores)
	}
	s.give(rec)
}

// open makes a record for the first segment of a flow: in work, where it is alone on its four-tuple.
func (t *Tracker) open(head ref, k *tuple) ref {
	s := t.seg
	shard, at := t.shardOf(k)
	rec, r := refTo(shard, formLone, 0), &t.work
	if head == 0 {
		t.held = rec
	} else {
		t.grew = true
		rec = refTo(shard, formRecord, at.records.take())
		r = t.ptr(rec)
	}
	*r = record{hash: k.hash, next: head, file: s.File, packet: s.Packet, first: s.Time, via: s.Via, space: k.space, fresh: head == 0, live: true}
	r.key = key{a: k.a, b: k.b, pa: k.plo, pb: k.phi}
	if k.space&v6 != 0 {
		r.key.a = t.addrs.take()
		*t.addrs.ptr(r.key.a) = [2]Addr{k.lo, k.hi}
	}
	if head != 0 {
		t.replace(k.hash, head, rec)
	}
	e := t.evictedBefore(k)
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
		if e.standing == 0 {
			t.note(Note{Kind: NoteMidstream})
		}
	}
	if k.loopback {
		r.client = 0
	}
	if e.standing != 0 && head == 0 {
		t.resume(r, e)
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

// number gives a record the next flow number.
func (t *Tracker) number(shard int, r *record) { r.number = t.nextNumber(shard, r.hash) }

// nextNumber is the number of the next flow.
func (t *Tracker) nextNumber(shard int, hash uint32) uint64 {
	t.flows++
	if t.provisional {
		t.newcomers = append(t.newcomers, newcomer{met: t.turn, shard: shard, hash: hash, inLane: t.flows})
	}
	return t.flows
}

// note tells of something beside the changes of state, and keeps it where it is no part of a
// connection that goes well.
func (t *Tracker) note(n Note) {
	t.tell(Event{Note: n})
}

func (t *Tracker) tell(e Event) {
	t.step.Notes = append(t.step.Notes, e.Note)
	switch e.Kind {
	case NoteAnswered, NoteHandshake, NoteMidstream, NoteGoesOn, NoteFastOpen:
	default:
		t.event(e)
	}
}

// maxEvents bounds what one flow can make the Tracker remember. The last few are kept free for RSTs: one of them ends it.
const maxEvents, maxForRST = 64, 4

func (t *Tracker) event(e Event) {
	if !t.watch {
		return
	}
	r := t.ptr(t.rec)
	if r.events == 0 {
		r.events = t.events.take()
	}
	of := t.events.ptr(r.events)
	switch n := len(*of); {
	case n == maxEvents, n >= maxEvents-maxForRST && e.Kind != NoteRST:
		return
	case n == cap(*of):
		more := make([]Event, n, max(1, 2*n))
		copy(more, *of)
		t.lengthen(r, (cap(more)-n)*int(unsafe.Sizeof(e)))
		*of = more
	}
	e.Side, e.At, e.File, e.Time = t.step.Side, t.seg.Packet, t.seg.File, t.seg.Time
	*of = append(*of, e)
}

// Snapshot fills f with what is known so far of the flow of the latest segment, and reports
// whether it has one. f is valid until the next Observe.
func (t *Tracker) Snapshot(f *Flow) bool {
	if t.step.Flow == 0 {
		return false
	}
	t.describe(t.rec, f)
	t.list(f)
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
