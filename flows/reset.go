package flows

// reset takes a RST. Two kinds tell different tales: a socket that aborts sends RST+ACK; a
// host without a socket answers an ACK with a bare RST of that ack's number (RFC 9293
// §3.10.7.1).
func (t *Tracker) reset(r *record, from, to *half) {
	s := t.seg
	bare := !s.Flags.Any(ACK)
	switch {
	case to.path.top() == SynSent && from.path.top() != SynReceived && !from.is(hasSYNACK) && from != to:
		t.refuses(r, from, to, bare)
		return
	case from.opening():
		t.givesUp(r, from, to, bare)
		return
	}
	if !t.believed(r, from, to) {
		t.step.Quiet = QuietNotBelieved
		t.note(Note{Kind: NoteRSTNotBelieved})
		to.provokes()
		return
	}
	if bare {
		if from.accepting() {
			if i := from.path.find(SynReceived); i >= 0 && (from.path.top() != Closed || int(from.path.n) > i+2) {
				t.takeBack(r, from, uint8(i+1), "answers with a bare RST: its request was gone")
			}
		}
		if at := from.ackOfFINAt(); at > 0 && s.Seq.Before(from.fin) && t.inFlight(r, from, r.ackOfFIN(from)) {
			t.takeBack(r, from, uint8(at), "answers with a RST what was sent before the ACK of its FIN: no socket got that")
		}
		// Data is another matter: it ends an orphan that had taken the ack.
		if s.Seq == to.ack && to.is(hasAck) && !to.is(carried) && !from.is(byRST) && s.Time-to.last < t.soon(r, from) {
			t.takeBack(r, from, from.path.before, "answers with a bare RST: no socket got that")
		}
		if n := from.path.n; from.path.top() == TimeWait {
			t.takeBack(r, from, n-1, "answers with a bare RST: TIME_WAIT would send an ACK")
		}
		// Of two, the first may have arrived, and the ACK of it been lost; of more, hardly.
		if at := from.gotFINAt(); at >= 0 && to.finN != 2 {
			t.takeBack(r, from, uint8(at), "answers with a bare RST: no socket got the FIN")
		}
	} else if from.path.n > 0 {
		t.echoesOld(r, from, to)
		if from.accepting() && to.synLen == 0 && from.path.has(Established) {
			t.prove(r, from, Established) // a request sends no RST+ACK
		}
		t.provesFIN(r, from, to, from.stale(s))
	}
	t.dies(r, from, to)
}

// soon is how long after a segment to h passed its answer may come, at the most: twice what the
// answer in the handshake took, and no less than any timer takes.
func (t *Tracker) soon(r *record, h *half) int64 {
	return max(2*int64(r.answer(h).D), shortestRetry)
}

// refuses takes a RST to an end in SYN_SENT whose SYN had no good answer: it counts when its
// ack is acceptable (RFC 9293 §3.10.7.3).
func (t *Tracker) refuses(r *record, from, to *half, bare bool) {
	s := t.seg
	if bare || !within(s.Ack, to.iss+1, to.iss+1+Seq(to.synLen)) {
		if t.forAnother(to) {
			return
		}
		r.marks |= badNumbers
		t.step.Quiet = QuietNotBelieved
		t.note(Note{Kind: NoteRSTNotBelieved})
		return
	}
	t.note(Note{Kind: NoteRefused, D: since(r, atSYN, s.Time)})
	t.event(Event{Note: Note{Kind: NoteRST}, Reset: t.resetOf(r, from, to)})
	r.marks |= refused
	r.resetBy = closer(r.sideOf(from))
	t.closes(r, from, to)
}

// givesUp takes a RST of an end that had sent a SYN and acknowledged nothing so far.
func (t *Tracker) givesUp(r *record, from, to *half, bare bool) {
	s := t.seg
	if r.aside != 0 {
		// SYN_SENT answers a wrong ACK with a RST of that ack's number, and stays.
		o := &t.asideOf(r).odd[r.index(to)]
		if o.held && bare && s.Seq == o.ack && !within(s.Seq, from.iss+1, from.nxt) {
			o.held = false
			t.step.Quiet = QuietNotBelieved
			t.note(Note{Kind: NoteRSTStays})
			return
		}
	}
	if !within(s.Seq, from.iss, from.nxt) && (bare || s.Seq != 0) && !t.believed(r, from, to) {
		if t.forAnother(from) {
			return
		}
		t.step.Quiet = QuietNotBelieved
		t.note(Note{Kind: NoteRSTNotBelieved})
		return
	}
	i := from.path.find(SynSent)
	if bare || !to.is(hasSYNACK) {
		t.takeBack(r, from, uint8(i+1), "answers the SYN-ACK with a bare RST: it had given up")
	} else if from.path.top() == SynSent {
		t.move(r, from, gotSYNACK, Proved)
	} else {
		t.prove(r, from, Established)
	}
	r.marks |= clientReset
	t.dies(r, from, to)
}

// resetOf is what the RST being observed shows of its sender, before it closes the ends.
func (t *Tracker) resetOf(r *record, from, to *half) Reset {
	s := t.seg
	d := Reset{Bare: !s.Flags.Any(ACK), State: from.path.top(), TTL: s.TTL,
		AnswersData:  to.is(carried) && to.is(hasAck) && s.Seq == to.ack,
		AnswersProbe: to.probes > 0 && to.is(hasAck) && s.Seq == to.ack,
		PeerData:     to.is(unanswered), Late: to.late,
		PeerFIN: to.is(hasFIN), OwnFIN: from.is(hasFIN), BothACKed: r.has(atClose)}
	if from.packets > 1 {
		d.UsualTTL = from.ttl
		d.Idle = between(from.last, s.Time)
	}
	return d
}

// dies closes both ends.
func (t *Tracker) dies(r *record, from, to *half) {
	t.event(Event{Note: Note{Kind: NoteRST}, Reset: t.resetOf(r, from, to)})
	if from.is(hasFIN|lowFIN) || to.is(hasFIN|lowFIN) {
		r.marks |= resetAfter
	}
	if r.resetBy == NoOne {
		r.resetBy = closer(r.sideOf(from))
	}
	if s := t.seg; s.Flags.Any(ACK) && from.is(hasAck) && to.is(hasNxt) && !to.nxt.Before(s.Ack) {
		from.acked(s)
	}
	t.closes(r, from, to)
	if s := t.seg; !from.is(hasNxt) {
		from.nxt, from.edge = s.Seq, s.Seq
	}
}

// closes takes the sender of a RST, and its receiver if it gets there, to CLOSED.
func (t *Tracker) closes(r *record, from, to *half) {
	r.stamp(atRST, t.seg.Time)
	if from.path.n == 0 {
		t.begin(r, from, Unknown, Closed, Proved, sentRST)
		from.has |= ownRST | byRST
	} else if t.move(r, from, sentRST, Proved) {
		from.has |= ownRST | byRST
	} else if from.path.top() == Closed {
		t.prove(r, from, Closed)
		from.has |= ownRST
	}
	if from != to && t.move(r, to, gotRST, Assumed) {
		to.has |= byRST
	}
}

// believed reports whether the receiver of a RST would take it: its number must be exactly what
// is expected next (RFC 9293 §3.10.7.4, RFC 5961 §3.2), which lies between the receiver's
// last ack seen and the end of what passed. Linux also takes the end of the highest SACK
// block, in SYN_RCVD anything in the window, and after a FIN its own number.
func (t *Tracker) believed(r *record, from, to *half) bool {
	s := t.seg
	if !to.is(hasAck) {
		// It has not spoken: what its sender is known to have sent must do.
		return !from.is(hasNxt) || s.Seq == from.nxt || s.Seq == from.edge
	}
	last := to.ack
	if from.is(hasNxt) {
		last = last.Max(from.nxt)
	}
	switch {
	case within(s.Seq, to.ack, last):
		return true
	case to.is(hasSACK) && s.Seq == to.sackEnd:
		return true
	}
	switch to.path.top() {
	case SynReceived:
		return within(s.Seq, to.ack, to.ack+Seq(to.win))
	case CloseWait, LastAck, Closing:
		return s.Seq == from.fin-1
	}
	return false
}
