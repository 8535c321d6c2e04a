package flows

// Standing is how a flow stood when it was given up: what it has been counted as. What comes of it later is the rest of
// that flow, and goes on from there.
type Standing struct {
	Shed           Shed // NotShed: it was over, and has its row
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
	Missing        bool // the capture lacks some of it
	Duplicated     bool // and has some of it twice
	second         bool // the client is the second end of the four-tuple
	endless        bool // it is never over by itself
	hasISS         bool // and its client's ISS is known: the eviction has that in place of a time
}

const mostSYNs = 8

// Standing is how f stands, with all that was known of it before it was given up.
func (f *Flow) Standing() Standing {
	b, c := &f.Capture.Before, f.Client()
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
	s.OneWay = f.Capture.OneWay && s.Spoke != [2]bool{true, true}
	if f.Capture.Evicted {
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
// thousand is forgotten, of the last million one in twenty. The eight of a set lie in a cache line, the latest first. The
// zero value is ready.
type evicted [shards]*[1 << evictedBits]evictedSet

const evictedBits = 10

type evictedSet [8]eviction

// eviction is what is kept of one, in 8 bytes. With the place of its set, it has 50 bits of the four-tuple's hash, so that
// of a hundred million strangers hardly one is taken for such a flow.
type eviction struct {
	print    uint32
	standing uint16 // 0: there is none
	due      uint16 // the second in which its time would have been over, its lower bits; where endless, those of the ISS
}

func (e *evicted) setOf(k *tuple) *evictedSet {
	of := e[k.plain>>24]
	if of == nil {
		return nil
	}
	return &of[k.plain>>(24-evictedBits)&(1<<evictedBits-1)]
}

// add remembers a flow, and gives back what is forgotten for it.
func (e *evicted) add(k *tuple, of eviction) (forgotten eviction) {
	if shard := &e[k.plain>>24]; *shard == nil {
		*shard = new([1 << evictedBits]evictedSet)
	}
	set := e.setOf(k)
	forgotten = set[len(set)-1]
	copy(set[1:], set[:])
	set[0] = of
	return forgotten
}

// find is where in its set the flow with that four-tuple is, -1: it is not there.
func (e *evictedSet) find(k *tuple) int {
	if e != nil {
		for i := range e {
			if e[i].print == k.print && e[i].standing != 0 {
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
		of = set[i]
		copy(set[i:], set[i+1:])
		set[len(set)-1] = eviction{}
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
	Flows     bool   // there were more of them than may be held,
	Bytes     bool   // or they took more
	Forgotten uint64 // so many were given up that of these nothing is known any more: what goes on counts as another flow
}

// evict takes a flow out of the table, and remembers how it stood.
func (t *Tracker) evict(c *sheddable) {
	k := t.tupleOfRef(c.ref)
	t.digest(&k)
	e := eviction{print: k.print, standing: t.standingOf(c)}
	e.due = uint16(t.deadline(t.shown) / second)
	if t.standings.of[e.standing].hasISS {
		e.due = uint16(t.shown.clientEnd().iss)
	}
	if e.standing == 0 || t.missed(t.gone.add(&k, e)) {
		t.ceiling.Forgotten++
	}
	t.depart(c.ref, c.shed, true)
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
	if b := t.before(r); b != nil && b.Shed == NotShed {
		of = *b // what comes after a row changes nothing
	}
	of.endless = t.deadline(r) == 0
	of.hasISS = of.endless && r.clientEnd().is(hasISS|lowISS) && r.serverEnd() != r.clientEnd()
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
	late := b.hasISS && uint16(s.Seq) == e.due // a copy of its SYN
	if s.Flags.Any(SYN) && (byServer != s.Flags.Any(ACK) || !byServer && !b.Opening.undecided() && !late) {
		return eviction{} // another connection
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
	if b.hasISS {
		r.clientEnd().iss = Seq(e.due)
		r.clientEnd().has |= lowISS
	}
	due := uint32(0)
	if !b.endless {
		left, _ := t.dueIn(&e)
		due = uint32(t.now/second + left)
	}
	t.step.Before = b
	t.note(Note{Kind: NoteGoesOn, N: due})
	for side, state := range b.States {
		h := r.end(Side(side))
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
	h.iss, h.nxt, h.edge = next-1, next, next
	h.has |= hasISS | hasNxt
	if h.accepting() {
		h.has |= hasSYNACK
	}
}

// recallFIN makes out the number of a FIN before which the flow was given up: its sender goes on after it where it acknowledges the
// other end's, and has nothing more to send.
func (t *Tracker) recallFIN(r *record, from, to *half) {
	s := t.seg
	closed := from.path.has(FinWait1) || from.path.has(FinWait2)
	if !closed || from.is(hasFIN) || !to.is(hasFIN) || s.Len > 0 || s.Flags&control != ACK || s.Ack.Before(to.fin) {
		return
	}
	from.fin, from.nxt, from.edge = s.Seq, s.Seq, s.Seq
	from.has |= hasFIN | finSeen | hasNxt
	if to.is(hasAck) && !to.ack.Before(from.fin) {
		t.move(r, from, gotACKOfFIN, Assumed)
	}
}
