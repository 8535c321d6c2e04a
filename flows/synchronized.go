package flows

import "time"

// segment takes a segment with ACK and neither SYN nor RST: first what its numbers are
// worth, then what they prove of its sender, then what they suggest of its receiver.
func (t *Tracker) segment(r *record, from, to *half) {
	s := t.seg
	if !t.handshakeFits(r, from, to) {
		return
	}
	stale := from.stale(s)
	if !t.fits(r, from, to) {
		return
	}
	resume := !stale && !to.took(s) && t.goesOn(r, from)
	if from.path.n == 0 {
		t.meet(r, from, to)
	}
	shown := from.path.floor()
	t.provesOpen(r, from, to)
	t.provesFIN(r, from, to, stale)
	t.step.Quiet = QuietACK
	if s.Len == 0 && !s.Flags.Any(FIN) && from.is(hasNxt) && s.Seq == from.nxt+1 {
		t.jumped(r, from, shown)
	}
	if stale && s.Flags.Any(FIN) && from.is(hasFIN) {
		t.step.Quiet = QuietStale // a repeated FIN carries the ack of the moment
		return
	}
	arrives := t.sent(r, from, to)
	t.acks(r, from, to, arrives)
	if s.HasTS && (!from.is(hasTS) || int32(s.TSVal-from.tsval) > 0) {
		from.tsval = s.TSVal
		from.has |= hasTS
	}
	if stale && t.step.Quiet == QuietACK {
		t.step.Quiet = QuietStale
	}
	if resume && t.move(r, from, gotRST, Assumed) {
		from.has |= byRST
	}
	t.releaseOdd(r, from, to)
}

// stale reports whether h sent s before something else that was seen already: its ack, which
// never goes back, its time stamp (RFC 7323 §5) or the number of a pure ACK says so.
func (h *half) stale(s *Segment) bool {
	return h.is(hasAck) && s.Ack.Before(h.ack) ||
		s.HasTS && h.is(hasTS) && int32(s.TSVal-h.tsval) < 0 ||
		s.Len == 0 && s.Flags&(SYN|FIN|RST) == 0 && h.is(hasNxt) && s.Seq.Before(h.nxt) &&
			(h.is(hasFIN) || s.Seq != h.nxt-1) // an ACK carries SND.NXT, a probe one less
}

// took reports whether h had acknowledged all the data of s before: then s is a late copy, or
// sent again for nothing.
func (h *half) took(s *Segment) bool {
	return s.Len > 0 && !s.Flags.Any(FIN) && h.is(hasAck) && !h.ack.Before(s.End())
}

// opening reports whether h sent a SYN and has not proved since that it was answered.
func (h *half) opening() bool {
	return h.path.has(SynSent) && !h.path.has(SynReceived) && !h.path.proves(Established)
}

// accepting reports whether h sent a SYN-ACK and has not proved since that it was taken.
func (h *half) accepting() bool {
	return h.path.has(SynReceived) && !h.path.proves(Established)
}

// handshakeFits keeps from the machine what no handshake allows: a third packet with wrong
// numbers, and a plain ACK where a SYN-ACK was due.
func (t *Tracker) handshakeFits(r *record, from, to *half) bool {
	s := t.seg
	if from.opening() {
		ok := !s.Seq.Before(from.iss + 1)
		if to.is(hasSYNACK) {
			if a := to.iss + 1; to.is(hasAlt) && s.Ack == t.asideOf(r).alt[r.index(to)]+1 && s.Ack != a {
				to.iss = s.Ack - 1 // the client took the other one
				to.nxt, to.edge = s.Ack, s.Ack
			}
			ok = ok && within(s.Ack, to.iss+1, to.nxt)
		}
		if !ok {
			r.marks |= badNumbers
			t.note(Note{Kind: NoteBadACK})
			return false
		}
	}
	if from.path.n == 0 && to.opening() && !to.path.has(Established) {
		fits := within(s.Ack, to.iss+1, to.nxt)
		if !fits || s.Len == 0 && !s.Flags.Any(FIN) {
			// RFC 9293 §3.5.1, RFC 5961 §4.2: it holds another connection.
			if !fits {
				r.marks |= badNumbers
			}
			t.holdOdd(r, from)
			t.note(Note{Kind: NoteChallengeACK})
			return false
		}
		r.missing++ // its SYN-ACK
	}
	return true
}

// fits reports whether the numbers are such that receiver and sender can both hold this
// connection. What does not fit is kept aside until its sender goes on from there.
func (t *Tracker) fits(r *record, from, to *half) bool {
	s := t.seg
	t.bearsOut(r, from, to)
	quiet := QuietNone
	if to.is(hasAck) && from.is(hasNxt) {
		window := int64(to.window(r.scaled(), !to.is(hasISS)))
		off := int64(s.Seq.Sub(to.ack))
		past := int64(to.ack.Sub(s.End()))
		if off > max(window, 1<<16)+1 && from.nxt.Before(s.Seq) || past > max(window, 1<<16) {
			quiet = QuietOutside
		}
	}
	if quiet == QuietNone && to.is(hasNxt) && to.nxt.Before(s.Ack) {
		if !to.is(hasISS) && to.bytes == 0 && s.Ack == to.nxt+1 {
			to.nxt, to.edge = s.Ack, s.Ack // it was met with a keep-alive probe
		} else {
			quiet = QuietUnseen
		}
	}
	var o *odd
	if r.aside != 0 {
		o = &t.asideOf(r).odd[r.index(from)]
	}
	if quiet == QuietNone {
		if o != nil {
			o.held = false
		}
		return true
	}
	if o == nil || !o.held || !o.before(s) {
		t.holdOdd(r, from)
		t.step.Quiet = quiet
		t.note(Note{Kind: NoteAckUnseen})
		if quiet == QuietOutside {
			t.step.Notes = t.step.Notes[:len(t.step.Notes)-1]
		}
		return false
	}
	// Its sender goes on from there: the capture missed what lay between.
	held := *o
	o.held = false
	r.missing++
	t.takeOver(from, to, held.seq, held.ack)
	t.again(r, from, to, held)
	t.takeOver(from, to, s.Seq, s.Ack)
	t.note(Note{Kind: NoteMissing, N: r.missing})
	return true
}

// bearsOut releases a segment of the peer that acknowledged what from is only now seen to have sent:
// by its number, where the capture lacks the segment itself.
func (t *Tracker) bearsOut(r *record, from, to *half) {
	s := t.seg
	if r.aside == 0 || t.replay != nil || from == to || !from.is(hasNxt) || !from.nxt.Before(s.Seq) {
		return
	}
	o := &t.asideOf(r).odd[r.index(to)]
	if !o.held || o.flags.Any(SYN|RST) || o.ack != s.Seq || o.seq.Sub(to.nxt) > 0 || to.path.n == 0 {
		return
	}
	if s.Seq == from.nxt+1 {
		from.jump = from.path.n + 1
	}
	r.missing++
	held := *o
	o.held = false
	from.nxt, from.edge = s.Seq, s.Seq
	t.again(r, to, from, held)
}

// takeOver believes numbers that the capture does not account for.
func (t *Tracker) takeOver(from, to *half, seq, ack Seq) {
	if !from.is(hasNxt) || from.nxt.Before(seq) {
		from.nxt = seq
	}
	if from.edge.Before(seq) {
		from.edge = seq
	}
	if to.is(hasNxt) && to.nxt.Before(ack) {
		if ack == to.nxt+1 {
			to.jump = to.path.n + 1
		}
		to.nxt = ack
		if to.edge.Before(ack) {
			to.edge = ack
		}
	}
}

func (t *Tracker) holdOdd(r *record, from *half) {
	s := t.seg
	t.asideOf(r).odd[r.index(from)] = odd{s.Seq, s.Ack, s.Len, s.Flags, true,
		seen{packet: s.Packet, file: s.File, time: s.Time}}
}

// before reports whether s goes on where o ended.
func (o *odd) before(s *Segment) bool {
	end := o.seq + Seq(o.len)
	if o.flags.Any(FIN) {
		end++
	}
	return !s.Seq.Before(end) && s.Seq.Sub(end) < 1<<20 && !s.Ack.Before(o.ack) &&
		s.Ack.Sub(o.ack) < 1<<20
}

// again observes what was held aside, as if it had passed now.
func (t *Tracker) again(r *record, from, to *half, o odd) {
	s := *t.seg
	s.Seq, s.Ack, s.Len, s.Flags, s.HasTS, s.HasSACK = o.seq, o.ack, o.len, o.flags, false, false
	now := t.seg
	t.seg, t.replay, t.held = &s, from, o.passed
	t.segment(r, from, to)
	t.seg, t.replay = now, nil
}

// releaseOdd observes a segment of the peer that acknowledged, one moment too early in
// the capture, what from has sent now.
func (t *Tracker) releaseOdd(r *record, from, to *half) {
	if r.aside == 0 || from == to {
		return
	}
	o := &t.asideOf(r).odd[r.index(to)]
	if !o.held || o.flags.Any(SYN|RST) || from.nxt.Before(o.ack) || to.path.n == 0 ||
		o.seq.Sub(to.nxt) > 0 {
		return
	}
	held := *o
	o.held = false
	t.again(r, to, from, held)
}

// goesOn takes back a CLOSED that a RST or an ICMP error suggested of an end that speaks.
// resume is true where the segment was in flight when the RST passed: then the RST still
// arrives after what the segment says.
func (t *Tracker) goesOn(r *record, from *half) (resume bool) {
	n := from.path.n
	if n < 2 || from.path.top() != Closed || from.path.at(n-2) == LastAck && !from.is(byRST) {
		return false
	}
	s := t.seg
	if from.is(ownRST) {
		progress := from.nxt.Before(s.End()) || from.is(hasAck) && from.ack.Before(s.Ack) ||
			s.HasTS && from.is(hasTS) && int32(s.TSVal-from.tsval) > 0
		if progress {
			t.takeBack(r, from, n-1, "goes on after a RST in its name: that was forged")
		}
		return false
	}
	inFlight := from.is(byRST) && t.inFlight(r, from, atRST)
	if !inFlight || s.Flags.Any(FIN) {
		t.takeBack(r, from, n-1, "goes on after the RST to it")
	}
	return inFlight
}

// inFlight reports whether the segment passed so soon after what went the other way at moment m that
// it was sent before that arrived: in the handshake its sender took more than twice the time to answer.
func (t *Tracker) inFlight(r *record, from *half, m moment) bool {
	answer := r.answer(from)
	after := since(r, m, t.seg.Time)
	return answer.OK && after.OK && 2*after.D < answer.D
}

// answer is how long h took to answer in the handshake, as seen at the capture point.
func (r *record) answer(h *half) Elapsed {
	if h == r.clientEnd() {
		return r.elapsed(atSYNACKEnd, atACK)
	}
	return r.elapsed(atSYN, atSYNACK)
}

// meet gives an end its first state where its opening was not captured: what its first segment
// proves, and ESTABLISHED where that is no more than a synchronized state.
func (t *Tracker) meet(r *record, from, to *half) {
	s := t.seg
	covers := to.is(hasFIN) && !s.Ack.Before(to.fin)
	state := Established
	switch {
	case s.Flags.Any(FIN) && covers:
		state = LastAck
	case s.Flags.Any(FIN):
		state = FinWait1
	case covers:
		state = CloseWait
	}
	if !from.is(hasNxt) {
		from.nxt, from.edge = s.Seq, s.Seq
		from.has |= hasNxt
	}
	c := Assumed
	if to.is(hasSYNACK) && within(s.Ack, to.iss+1, to.nxt) && state == Established {
		c = Proved // it acknowledges a SYN-ACK that was captured
	}
	t.begin(r, from, Unknown, state, c, "met in mid-connection")
}

// provesOpen draws what the segment proves of its sender's opening.
func (t *Tracker) provesOpen(r *record, from, to *half) {
	s := t.seg
	switch {
	case from.opening():
		if from.path.top() == SynSent {
			t.move(r, from, gotSYNACK, Proved)
		} else {
			t.prove(r, from, Established)
		}
	case from.accepting():
		t.echoesOld(r, from, to)
		// Data or FIN can come from SYN_RCVD where the SYN carried data (RFC 7413 §4.2.2).
		early := to.synLen > 0
		if !(to.iss + 1 + Seq(to.synLen)).Before(s.Ack) && (early || s.Len == 0 && !s.Flags.Any(FIN)) {
			return
		}
		if from.path.top() == SynReceived {
			t.move(r, from, gotACKOfSYN, Proved)
			if !r.has(atReady) && r.has(atFirstSYN) {
				r.stamp(atReady, s.Time)
			}
			if from.is(distrust) {
				t.note(Note{Kind: NoteReady, D: r.elapsed(atFirstSYN, atReady), Packet: t.asideOf(r).ready})
			}
		} else {
			t.prove(r, from, Established)
		}
		r.marks |= completed
	}
}

// gotFINAt is where in the list of h the peer's FIN was taken, or -1.
func (h *half) gotFINAt() int {
	for _, s := range [...]State{CloseWait, Closing, TimeWait} {
		if i := h.path.find(s); i >= 0 {
			return i // TIME_WAIT out of FIN_WAIT_2: out of CLOSING, that was found before
		}
	}
	return -1
}

// provesFIN draws what the ack proves of the peer's FIN. An ack always tells whether the FIN
// had arrived; no segment tells that of the ACK of one's own FIN.
func (t *Tracker) provesFIN(r *record, from, to *half, stale bool) {
	if !to.is(hasFIN) || from.path.n == 0 {
		return
	}
	at := from.gotFINAt()
	if t.seg.Ack.Before(to.fin) {
		if at >= 0 && !stale {
			t.takeBack(r, from, uint8(at), "does not acknowledge the FIN")
		}
		return
	}
	if at == 0 || at > 0 && from.path.isProved(uint8(at)) {
		return // met there: what had gone before, nobody knows
	}
	if to.finN > 1 && t.finArrived(r, from, to) == finCovers {
		defer t.redate(r, from, to)
	}
	base := from.path.find(FinWait1)
	if base < 0 {
		if at >= 0 {
			t.prove(r, from, from.path.at(uint8(at)))
		} else {
			t.move(r, from, gotFIN, Proved)
		}
		return
	}
	want := closingOrder(from, to, t.finArrived(r, from, to))
	i, state := uint8(base), FinWait1
	for _, ev := range want {
		state = machine[state][ev]
		i++
		if i < from.path.n && from.path.at(i) == state {
			continue
		}
		if i < from.path.n && !t.takeBack(r, from, i, "acknowledges the FIN only now") {
			return
		}
		t.move(r, from, ev, Assumed)
		if ev == gotACKOfFIN {
			t.redateACK(r, from)
		}
	}
	if at = from.gotFINAt(); at >= 0 {
		t.proveLast(r, from, from.path.at(uint8(at)))
	}
}

// redate gives the FIN that from acknowledges for the first time the time of its last copy:
// that is the one that arrived.
func (t *Tracker) redate(r *record, from, to *half) {
	at := from.gotFINAt()
	if at < 0 || !t.keep || r.aside == 0 {
		return
	}
	last := t.asideOf(r).fin[r.index(to)]
	if tr := t.kept.standing(r, r.sideOf(from), from.path.at(uint8(at))); tr != nil && last.packet != 0 {
		tr.packet, tr.file, tr.time = last.packet, last.file, last.time
	}
}

// redateACK gives the ACK of its FIN, which an end is now known to have got in another order, the
// packet that it came with.
func (t *Tracker) redateACK(r *record, h *half) {
	side, why := r.sideOf(h), t.kept.numberOf(gotACKOfFIN.String())
	var was, last *packed
	t.kept.each(r, func(tr *packed) {
		if tr.side == side && tr.revised && tr.why == why {
			was = tr
		}
		last = tr
	})
	if was != nil && was != last {
		last.packet, last.file, last.time = was.packet, was.file, was.time
	}
}

// finArrived tells which copy of to's FIN arrived first, by what that acknowledged: the last,
// as a FIN is repeated only where the ACK of it did not come; but the first, where the time
// stamp that from echoes is older than the last copy's, or where its ACK comes too soon after that.
func (t *Tracker) finArrived(r *record, from, to *half) known {
	if to.finN < 2 || r.aside == 0 {
		return finCovers
	}
	s, last := t.seg, &t.asideOf(r).fin[r.index(to)]
	answer := r.answer(from)
	if s.HasTS && to.is(hasTS) && int32(s.TSEcr-last.tsval) < 0 ||
		answer.OK && s.Time >= last.time && 2*(s.Time-last.time) < int64(answer.D) ||
		!answer.OK && last.time-r.finPassed(to) < sooner {
		return finCovered
	}
	return finCovers
}

// closingOrder is what an end in FIN_WAIT_1 got, in its order, when it acknowledges the peer's
// FIN. That arrived with its last copy: the ACK of the end's own FIN came before it only if
// that copy carried it, too.
func closingOrder(from, to *half, arrived known) []event {
	switch {
	case to.is(arrived):
		return ackThenFIN[:]
	case to.is(hasAck) && !to.ack.Before(from.fin):
		return finThenACK[:]
	}
	return finThenACK[:1]
}

var (
	ackThenFIN = [...]event{gotACKOfFIN, gotFIN}
	finThenACK = [...]event{gotFIN, gotACKOfFIN}
)

// proveLast is prove for a state that this very segment may have added: then its transition
// says proved at once, and no second line is needed.
func (t *Tracker) proveLast(r *record, h *half, s State) {
	side := r.sideOf(h)
	for i := range t.step.Changes {
		if c := &t.step.Changes[i]; c.Side == side && c.To == s && c.Certainty == Assumed {
			c.Certainty = Proved
			h.path.proved |= 1 << h.path.find(s)
			return
		}
	}
	t.prove(r, h, s)
}

// sent takes what the segment carries, data and FIN, and reports whether it brings the
// receiver a FIN without a hole before it.
func (t *Tracker) sent(r *record, from, to *half) (arrives bool) {
	s := t.seg
	start, end, fin := s.Seq, s.End(), s.Flags.Any(FIN)
	if s.Flags.Any(SYN) {
		start++
	}
	before := from.nxt
	switch {
	case !fin && start == before-1 && !s.Flags.Any(SYN) && from.path.has(Established) &&
		(s.Len == 0 || s.Len == 1 && to.is(hasAck) && !to.ack.Before(before)):
		t.step.Quiet = QuietKeepAlive
		from.probes = min(from.probes+1, 255-1)
		return false
	case from.is(hasFIN) && from.fin.Before(end):
		if end.Sub(from.fin) > 0 && (s.Len > 0 || fin) {
			t.note(Note{Kind: NoteDataAfter})
		}
		return false
	case s.Len == 0 && !fin:
		if before.Before(start) {
			from.nxt = start
		}
		return false
	case fin && end.Before(before):
		t.step.Quiet = QuietStale // a FIN comes after all that was sent
		return false
	}
	from.nxt = from.nxt.Max(end)
	news := t.passed(r, from, start, end)
	if s.Len > 0 {
		switch {
		case t.replay != nil:
			t.step.Quiet = QuietData // the gap that it was held for is closed, or was the capture's
		case !news && !fin:
			from.again++
			from.resent = min(from.resent+1, 255-1)
			t.step.Quiet = QuietRetransmitted
		case start != before:
			t.step.Quiet = QuietOutOfOrder
		default:
			t.step.Quiet = QuietData
		}
	}
	if fin {
		t.sentFIN(r, from, to, before)
	}
	if from.is(hasFIN) && !from.edge.Before(from.fin) {
		if fin || news {
			from.has |= finSeen
			arrives = true
		}
	} else if fin {
		t.note(Note{Kind: NoteFINWaits})
	}
	return arrives
}

// jumped remembers where the list of an end stood when its numbers went on by one that was not
// captured: a byte, or its FIN. If it was the FIN, it went before what this segment shows for
// the first time, shown being how much of the list was proved until then.
func (t *Tracker) jumped(r *record, from *half, shown uint8) {
	n := from.path.n
	if at := from.gotFINAt(); at >= 0 && uint8(at) >= shown {
		n = uint8(at)
	}
	from.jump = n + 1
}

// sentFIN takes the FIN of a segment; before is what its sender had sent until then.
func (t *Tracker) sentFIN(r *record, from, to *half, before Seq) {
	s := t.seg
	covers := to.is(hasFIN) && !s.Ack.Before(to.fin)
	from.has &^= finCovers
	if covers {
		from.has |= finCovers
	}
	if from.is(hasFIN) {
		t.finAgain(r, from, to, covers && from.ack.Before(to.fin))
		return
	}
	if covers {
		from.has |= finCovered
	}
	from.fin = s.End()
	from.has |= hasFIN
	passed := s.Time
	if t.replay != nil {
		passed = t.held.time
	}
	switch {
	case !r.has(atFIN):
		r.stamp(atFIN, passed)
		r.firstFIN = closer(r.sideOf(from))
	default:
		r.stamp(atFIN2, passed)
		if !covers {
			r.marks |= crossed
		}
	}
	if top := from.path.top(); top == FinWait1 || top == LastAck {
		return // met by this very FIN
	}
	if from.jump > 0 && from.fin == before {
		t.finWentFirst(r, from, to)
		return
	}
	t.move(r, from, sentFIN, Proved)
	if to.is(finSeen) && !covers {
		t.move(r, from, gotFIN, Assumed) // the FINs crossed
	}
}

func closer(s Side) Closer {
	if s == Client {
		return ByClient
	}
	return ByServer
}

// sooner than this after the first no timer repeats a FIN (RFC 6298 §2.4; Linux: 200 ms).
const sooner = int64(200 * time.Millisecond)

// finPassed is when the first copy of h's FIN passed.
func (r *record) finPassed(h *half) int64 {
	if r.firstFIN == closer(r.sideOf(h)) {
		return r.at[atFIN]
	}
	return r.at[atFIN2]
}

// finAgain takes a repeated FIN: the first was not acknowledged, whatever passed. news tells that
// this copy is the first to acknowledge the peer's FIN.
func (t *Tracker) finAgain(r *record, from, to *half, news bool) {
	t.step.Quiet = QuietRepeated
	t.note(Note{Kind: NoteFINAgain, N: from.finN, D: since(r, atFIN, t.seg.Time)})
	t.asideOf(r).fin[r.index(from)] = seen{t.seg.Packet, t.seg.File, t.seg.Time, t.seg.TSVal}
	if t.inFlight(r, from, r.ackOfFIN(from)) {
		return // so is the ACK of the first
	}
	wait := sooner
	if answer := r.answer(from); answer.OK {
		wait = 2 * int64(answer.D)
	}
	if news && t.seg.Time-r.finPassed(to) < wait {
		return // from CLOSING some stacks send it with the ACK of the peer's FIN
	}
	if at := from.ackOfFINAt(); at > 0 && t.takeBack(r, from, uint8(at), "repeats its FIN, so the ACK of it had not arrived") {
		r.set &^= 1 << atClose
	}
}

// ackOfFIN is the moment when the ACK of h's FIN passed.
func (r *record) ackOfFIN(h *half) moment {
	if r.firstFIN == closer(r.sideOf(h)) {
		return atFINACK
	}
	return atClose
}

// ackOfFINAt is where in the list of h the ACK of its FIN was taken, or 0.
func (h *half) ackOfFINAt() int {
	for i := 1; i < int(h.path.n); i++ {
		s, was := h.path.at(uint8(i)), h.path.at(uint8(i-1))
		if s == FinWait2 || s == TimeWait && was == Closing || s == Closed && was == LastAck && !h.is(byRST) {
			return i
		}
	}
	return 0
}

// finWentFirst mends the list of an end whose FIN is captured only as a repetition: its
// numbers had shown before that it was sent.
func (t *Tracker) finWentFirst(r *record, from, to *half) {
	n := from.jump - 1
	from.jump = 0
	if to.is(finCovers) {
		r.firstFIN = closer(r.sideOf(from))
	} else if to.is(hasFIN) {
		r.marks |= crossed
	}
	proved := from.path.proved
	from.path.proved &= 1<<n - 1
	if n < from.path.n && !t.takeBack(r, from, n, "its numbers show that its FIN went first") {
		from.path.proved = proved
		return
	}
	t.move(r, from, sentFIN, Proved)
	if !to.is(hasFIN) || from.ack.Before(to.fin) {
		return
	}
	for _, ev := range closingOrder(from, to, t.finArrived(r, from, to)) {
		c := Assumed
		if ev == gotFIN {
			c = Proved
		}
		t.move(r, from, ev, c)
	}
}

// acks draws what the segment suggests of its receiver, and what its ack says of the
// capture.
func (t *Tracker) acks(r *record, from, to *half, arrives bool) {
	s := t.seg
	if to.is(hasNxt) && to.edge.Before(s.Ack) {
		// Acknowledged, and never captured without a hole before it.
		r.missing++
		to.edge = s.Ack
		if r.aside != 0 {
			t.close(r, to)
		}
		if to.is(hasFIN) && !to.edge.Before(to.fin) {
			to.has |= finSeen
		}
	}
	from.acked(s)
	if !to.is(hasNxt) {
		return
	}
	valid := from.path.has(Established) || from.path.top() != SynSent
	if to.accepting() && valid && to.iss.Before(s.Ack) {
		t.finalACK(r, from, to)
		if to.path.top() == SynReceived && !to.is(distrust) {
			t.move(r, to, gotACKOfSYN, Assumed)
		}
		if to.is(distrust) {
			r.marks &^= completed
		}
	}
	if to.is(hasFIN) && !s.Ack.Before(to.fin) {
		t.acksFIN(r, from, to)
	}
	if arrives && !(to.is(distrust) && to.path.top() == SynReceived) {
		t.move(r, to, gotFIN, Assumed)
	}
}

// acksFIN takes the ACK of a FIN.
func (t *Tracker) acksFIN(r *record, from, to *half) {
	if r.has(atFIN) && !r.has(atFINACK) && r.firstFIN == closer(r.sideOf(to)) {
		if r.stamp(atFINACK, t.seg.Time); t.replay != nil {
			r.at[atFINACK] = r.at[atFIN] - 1 // captured before the FIN: nothing to measure
		}
	}
	switch to.path.top() {
	case FinWait1, Closing, LastAck:
		t.move(r, to, gotACKOfFIN, Assumed)
		if from.is(hasFIN) && to.is(hasAck) && !to.ack.Before(from.fin) {
			t.closedAt(r)
		}
	default:
		if from.is(hasFIN) && !r.has(atClose) && to.is(hasAck) && !to.ack.Before(from.fin) {
			t.closedAt(r)
		}
	}
}

// closedAt notes that both FINs are acknowledged.
func (t *Tracker) closedAt(r *record) {
	if t.replay == nil {
		r.stamp(atClose, t.seg.Time)
	}
}
