package flows

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

// opening reports whether h sent a SYN and has not proved since that it was answered.
func (h *half) opening() bool {
	return h.path.has(SynSent) && !h.path.has(SynReceived) && !h.path.proves(Established)
}

// accepting reports whether h sent a SYN-ACK and has not proved since that it was taken.
func (h *half) accepting() bool {
	return h.path.has(SynReceived) && !h.path.proves(Established)
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
	t.begin(r, from, Unknown, state, c, met)
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
		known := to.is(hasISS) || !r.resumed()
		if known && !(to.iss + 1 + Seq(to.synLen)).Before(s.Ack) && (early || s.Len == 0 && !s.Flags.Any(FIN)) {
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

// sent takes what the segment carries, data and FIN, and reports whether it brings the
// receiver a FIN without a hole before it.
func (t *Tracker) sent(r *record, from, to *half) (arrives bool) {
	s := t.seg
	start, end, fin := s.Seq, s.End(), s.Flags.Any(FIN)
	if s.Flags.Any(SYN) {
		start++
	}
	if !from.is(hasNxt) { // it had sent nothing but a RST
		from.nxt, from.edge = start, start
		from.has |= hasNxt
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
			t.note(Note{Kind: NoteDataAfter, N: s.Len})
		}
		return false
	case s.Len == 0 && !fin:
		if before.Before(start) {
			from.nxt = start
		}
		return false
	case fin && end.Before(before):
		t.step.Quiet = QuietFINBelow
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

// acks draws what the segment suggests of its receiver, and what its ack says of the
// capture.
func (t *Tracker) acks(r *record, from, to *half, arrives bool) {
	s := t.seg
	if to.is(hasNxt) && to.edge.Before(s.Ack) {
		// Acknowledged, and never captured without a hole before it.
		forgotten := false
		if to.edge = s.Ack; r.aside != 0 {
			hs := &t.asideOf(r).holes[r.index(to)]
			forgotten, hs.over = hs.over, false
			t.close(r, to)
		}
		if !forgotten {
			r.missing++
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
