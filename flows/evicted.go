package flows

// Standing is how a flow stood when it was given up: what it has been counted as. What comes of it later is the rest of
// that flow, and goes on from there.
type Standing struct {
	Shed           Shed           // NotShed: it was over, and has its row
	Row            ClosingOutcome // in that row
	Roles          Roles
	Opening        OpeningOutcome
	Closing        ClosingOutcome
	First, ResetBy Closer
	States         [2]State // last seen in, by Side
	SYNs, SYNACKs  uint8    // mostSYNs is as many or more
	Spoke          [2]bool  // the ends that sent a packet, by Side
	OneWay         bool
	Alone          bool // the client sent one packet
	Proved         bool // it has shown that it is ESTABLISHED, or was
	ClientReset    bool // it sent a RST
	Midstream      bool
	Truncated      bool
	Missing        bool    // the capture lacks some of it
	Duplicated     bool    // and has some of it twice
	second         bool    // the client is the second end of the four-tuple
	endless        bool    // it is never over by itself
	hasISS         bool    // its client's number is the ISS
	closed         [2]bool // that end has sent its FIN, by Side
}

const mostSYNs = 8

// Standing is how f stands, with all that was known of it before it was given up.
func (f *Flow) Standing() Standing {
	b, c := &f.Capture.Before, f.Client()
	if f.Capture.Resumed && b.Shed == NotShed {
		s := *b
		s.Closing, s.ResetBy, s.States = f.Closing.Outcome, f.Closing.ResetBy, [2]State{c.State(), f.Server().State()}
		return s
	}
	s := Standing{Shed: f.Shed, Roles: f.Roles, Opening: f.Opening.Outcome, Closing: f.Closing.Outcome,
		First: f.Closing.First, ResetBy: f.Closing.ResetBy,
		SYNs: uint8(min(f.Opening.SYNs, mostSYNs)), SYNACKs: uint8(min(f.Opening.SYNACKs, mostSYNs)),
		Alone:       c.Packets == 1,
		ClientReset: b.ClientReset || c.Counts.RST > 0,
		Midstream:   f.Capture.Midstream,
		Truncated:   b.Truncated || f.Capture.Truncated,
		Missing:     b.Missing || f.Capture.MissingSegments > 0,
		Duplicated:  b.Duplicated || f.Capture.Duplicates > 0}
	for i := range c.NumStates {
		s.Proved = s.Proved || c.Certain[i] == Proved && c.StateList[i] >= Established
	}
	for i := range f.Ends {
		s.States[i] = f.Ends[i].State()
		s.Spoke[i] = b.Spoke[i] || f.Ends[i].Packets > 0
	}
	if s.Shed == NotShed {
		s.Row = s.Closing
	}
	s.OneWay = f.Capture.OneWay && s.Spoke != [2]bool{true, true}
	if f.Capture.Resumed {
		s.Alone = b.Alone && c.Packets == 0
	}
	return s
}

// standings are all that a Tracker has met, by number; the first is none.
type standings struct {
	of     []Standing
	number map[Standing]uint16
}

// maxStandings is as many as a record's marks have room for.
const maxStandings = 1 << (32 - beforeShift)

// numberOf is the number of a standing, 0: there are too many.
func (s *standings) numberOf(what Standing) uint16 {
	n, ok := s.number[what]
	if !ok {
		if s.number == nil {
			s.of, s.number = make([]Standing, 1), map[Standing]uint16{}
		}
		if len(s.of) == maxStandings {
			return 0
		}
		n = uint16(len(s.of))
		s.of = append(s.of, what)
		s.number[what] = n
	}
	return n
}

// evicted recognises the four-tuples of flows that were taken out at the ceiling, and knows how they stood: of each shard
// the 8,192 that went last. Chance fills some sets sooner than others: of the last half million of all shards one in a
// thousand is forgotten, of the last million one in twenty. The zero value is ready.
type evicted [shards]*[1 << evictedBits]evictedSet

const evictedBits = 10

// evictedSet are eight, the latest first. Their checks lie in one cache line: of a new four-tuple nothing else is looked at. With the place
// of the set, a check has 50 bits of the four-tuple's hash, so that of a hundred million strangers hardly one is taken for such a flow.
type evictedSet struct {
	checks [8]uint32
	of     [8]eviction
}

// eviction is what is kept of one, in 8 bytes beside its check. Of numbers it has the lower bits.
type eviction struct {
	standing uint16    // 0: there is none
	due      uint16    // the second in which its time would have been over; where endless, that of its first FIN
	numbers  [2]uint16 // by Side: after its FIN, where that is not acknowledged; else its ISS
}

func (e *evicted) setOf(k *tuple) *evictedSet {
	of := e[k.shard()]
	if of == nil {
		return nil
	}
	return &of[k.unseeded>>(32-shardBits-evictedBits)&(1<<evictedBits-1)]
}

// add remembers a flow, and gives back what is forgotten for it.
func (e *evicted) add(k *tuple, of eviction) (forgotten eviction) {
	if shard := &e[k.shard()]; *shard == nil {
		*shard = new([1 << evictedBits]evictedSet)
	}
	set := e.setOf(k)
	forgotten = set.of[len(set.of)-1]
	copy(set.checks[1:], set.checks[:])
	copy(set.of[1:], set.of[:])
	set.checks[0], set.of[0] = k.check, of
	return forgotten
}

// find is where in its set the flow with that four-tuple is, -1: it is not there.
func (e *evictedSet) find(k *tuple) int {
	if e != nil {
		for i := range e.checks {
			if e.checks[i] == k.check && e.of[i].standing != 0 {
				return i
			}
		}
	}
	return -1
}

// take gives back what is known of the flow with that four-tuple, and forgets it; zero: nothing.
func (e *evicted) take(k *tuple) (of eviction) {
	set := e.setOf(k)
	if i := set.find(k); i >= 0 {
		of = set.of[i]
		copy(set.checks[i:], set.checks[i+1:])
		copy(set.of[i:], set.of[i+1:])
		set.of[len(set.of)-1] = eviction{}
	}
	return of
}

// dueIn is how many seconds are left of the time of e, of a flow, and false if that is over.
func (t *Tracker) dueIn(e *eviction) (left int64, ok bool) {
	left = int64(int16(e.due - uint16(t.now/second)))
	return left, t.standings.of[e.standing].endless || left >= 0
}

// Ceiling is what became of flows for which there was no room.
type Ceiling struct {
	Bound     Bound  // what had them go
	Forgotten uint64 // so many were given up that of these nothing is known any more: what goes on counts as another flow
}

// evict takes a flow out of the table for want of room, and remembers how it stood.
func (t *Tracker) evict(c *sheddable, bound Bound) {
	k := t.tupleOfRef(c.ref)
	t.digest(&k)
	e := eviction{standing: t.standingOf(c)}
	r := t.shown
	due := t.deadline(r)
	if due == 0 && r.has(atFIN) {
		due = r.at[atFIN] + second - 1 // at the earliest
	}
	e.due = uint16(due / second)
	for side := range e.numbers {
		h := r.end(Side(side))
		if e.numbers[side] = uint16(h.iss); h.finLow() || h.is(hasFIN) && !acked(h.path.top()) {
			e.numbers[side] = uint16(h.fin)
		}
	}
	if e.standing == 0 || t.missed(t.gone.add(&k, e)) {
		t.ceiling.Forgotten++
	}
	t.depart(c.ref, c.shed, bound)
}

// missed reports whether what goes on of a flow that is forgotten would count as another one.
func (t *Tracker) missed(e eviction) bool {
	if e.standing == 0 {
		return false
	}
	_, waited := t.dueIn(&e)
	return waited // with a row, too: it would get another one
}

// standingOf is the number of how a flow stands that is to be shown. What is kept briefly stands as others in its outline.
func (t *Tracker) standingOf(c *sheddable) uint16 {
	r := t.show(c.ref)
	var known *uint16
	if c.ref.form() != formRecord {
		if o := t.outlines.of(r.key.shape &^ finished); o.known && o.in == t.circumstancesOf(r) {
			if known = &o.standing[min(r.clientEnd().packets, 2)]; *known != 0 {
				return *known
			}
		}
	}
	f := &t.evicting
	t.describe(c.ref, f)
	f.Shed = c.shed
	of := f.Standing()
	of.second = r.client == 1
	of.endless = t.deadline(r) == 0
	for side := range of.closed {
		of.closed[side] = r.end(Side(side)).is(hasFIN | lowFIN)
	}
	of.hasISS = r.clientEnd().is(hasISS|lowISS) && (!of.closed[Client] || acked(of.States[Client])) && r.serverEnd() != r.clientEnd()
	n := t.standings.numberOf(of)
	if known != nil {
		*known = n
	}
	return n
}

// before is how r stood when its beginning was given up, nil: it has its beginning.
func (t *Tracker) before(r *record) *Standing {
	if n := r.marks >> beforeShift; n != 0 {
		return &t.standings.of[n]
	}
	return nil
}

// resumed reports whether the beginning of r was given up.
func (r *record) resumed() bool { return r.marks>>beforeShift != 0 }

// evictedBefore is what was remembered of the flow that the segment at hand is the rest of; zero: of none.
func (t *Tracker) evictedBefore(k *tuple) eviction {
	e := t.gone.take(k)
	if e.standing == 0 || k.loopback {
		return eviction{}
	}
	if _, ok := t.dueIn(&e); !ok {
		return eviction{}
	}
	b, s := &t.standings.of[e.standing], t.seg
	byServer := b.second != (k.from == 1)
	again := b.hasISS && uint16(s.Seq) == e.numbers[Client]
	if !b.hasISS || b.States[Server] != Unknown { // else another number is another attempt
		again = again || b.Opening.undecided()
	}
	if s.Flags.Any(SYN) && (byServer != s.Flags.Any(ACK) || !byServer && !again) { // another connection
		if t.picked.Kind == NoteNone {
			t.picked = Event{Note: Note{Kind: NoteReuse}, Prior: b.States}
			if b.second {
				t.picked.Prior = [2]State{b.States[Server], b.States[Client]}
			}
		}
		return eviction{}
	}
	return e
}

// resume has r go on from where it stood when it was given up.
func (t *Tracker) resume(r *record, e eviction) {
	b := &t.standings.of[e.standing]
	r.marks |= mark(e.standing) << beforeShift
	r.client, r.roles = 0, b.Roles
	if b.second {
		r.client = 1
	}
	if b.Closing != ClosingNever {
		r.marks |= sawOpen
	}
	if b.Proved && b.States[Server] == SynReceived {
		r.serverEnd().has |= distrust // it did not take what proves the client open
	}
	left, _ := t.dueIn(&e)
	if b.endless && left > 1 {
		left -= 1 << 16 // its FIN has passed: not later than now, in the second that is rounded up to
	}
	due := t.now/second + left
	t.step.Before = b
	if b.endless {
		t.note(Note{Kind: NoteGoesOn})
	} else {
		t.note(Note{Kind: NoteGoesOn, N: uint32(due)})
	}
	if b.hasISS {
		r.clientEnd().has |= lowISS
		r.clientEnd().iss = Seq(e.numbers[Client])
	}
	for side, state := range b.States {
		h := r.end(Side(side))
		if b.closed[side] {
			if h.has |= lowFIN | finSeen; acked(state) {
				h.has |= ackedFIN
			} else {
				h.fin = Seq(e.numbers[side])
			}
		}
		switch {
		case state == Unknown:
		case Side(side) == Client && state == Established && b.Proved:
			t.begin(r, h, Unknown, state, Proved, met)
		case Side(side) == Client && state == Established && b.Opening.undecided():
			t.begin(r, h, Unknown, SynSent, Assumed, met) // it may take that back
			t.move(r, h, gotSYNACK, Assumed)
		default:
			t.begin(r, h, Unknown, state, Assumed, met)
		}
	}
	if b.closed != [2]bool{} {
		at := due * second
		if !b.endless {
			at -= patience - second // its last packet, at the latest
		}
		r.resumeClose(b, at)
	}
}

// resumeClose has r go on with a close in which the last FIN had passed at a time, or before: how long before is not needed, where that
// is longer than a close is waited for.
func (r *record) resumeClose(b *Standing, at int64) {
	if b.Closing == ClosingHalfClosed {
		at = 0
	}
	if at = min(max(at, r.first-notYetClosed), r.first); at < r.first {
		r.steps[r.nsteps] = step(at-r.first) << stepBits
		r.nsteps++
	}
	r.stamp(atFIN, at)
	if b.closed == [2]bool{true, true} {
		r.stamp(atFIN2, at)
	}
	if r.firstFIN = b.First; b.First == ByBoth {
		r.firstFIN = ByClient
		r.marks |= crossed
	}
}

// recall makes out numbers of a handshake in which the flow was given up: who has sent a SYN and nothing since goes on
// after it, and is acknowledged there.
func (t *Tracker) recall(from, to *half) {
	s := t.seg
	if s.Flags.Any(ACK) {
		to.recall(s.Ack)
	}
	if !s.Flags.Any(SYN | RST) {
		from.recall(s.Seq)
	}
}

func (h *half) recall(next Seq) {
	if h.is(hasISS) || !h.opening() && !h.accepting() {
		return
	}
	if h.is(lowISS) {
		next += Seq(int16(uint16(h.iss) - uint16(next-1))) // the number near it that ends so
	}
	h.iss, h.nxt, h.edge = next-1, next, next
	h.has |= hasISS | hasNxt
	if h.accepting() {
		h.has |= hasSYNACK
	}
}

// recallFIN makes out the number of a FIN that had passed when the flow was given up: its sender goes on there, or sends it again, and the
// other end acknowledges it, or else has not got it.
func (t *Tracker) recallFIN(r *record, from, to *half) {
	s := t.seg
	if s.Flags.Any(SYN) || !s.Flags.valid() {
		return
	}
	switch {
	case !from.is(lowFIN) || from.is(hasFIN):
	case s.Flags.Any(FIN):
		from.recallFIN(s.End())
	case !from.is(ackedFIN) && uint16(s.Seq) == uint16(from.fin):
		from.recallFIN(s.Seq)
	}
	switch {
	case !to.finLow() || !s.Flags.Any(ACK):
	case uint16(s.Ack) == uint16(to.fin):
		to.recallFIN(s.Ack)
	default:
		t.undo(r, from, gotFIN, "does not acknowledge the FIN")
	}
}

func (h *half) recallFIN(fin Seq) {
	h.fin, h.nxt, h.edge = fin, fin, fin
	h.has |= hasFIN | hasNxt
}

// acked reports whether an end that has sent its FIN has got the ACK of it when it is in s.
func acked(s State) bool { return s == FinWait2 || s == TimeWait || s == Closed }

// undo takes back what an end is said to have got before the flow was given up.
func (t *Tracker) undo(r *record, h *half, got event, why string) {
	for _, e := range &edges {
		if e.on == got && e.to == h.path.top() && h.path.n == 1 && t.takeBack(r, h, 0, why) {
			t.begin(r, h, Unknown, e.from, Assumed, met)
			return
		}
	}
}
