package flows

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
			// An ACK beyond all that passed may follow what the capture lacks: fits tells.
			ok = ok && (within(s.Ack, to.iss+1, to.nxt) || ahead(to.nxt, s.Ack) && ahead(from.nxt-1, s.Seq))
		}
		if !ok && t.forAnother(from) {
			return false
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
			if !fits && t.forAnother(to) {
				return false
			}
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

// ahead reports whether b lies beyond a, by no more than may have been missed in between.
func ahead(a, b Seq) bool { d := b.Sub(a); return d > 0 && d < 1<<20 }

// fits reports whether the numbers are such that receiver and sender can both hold this
// connection. What does not fit is kept aside until its sender goes on from there.
func (t *Tracker) fits(r *record, from, to *half) bool {
	s := t.seg
	t.bearsOut(r, from, to)
	quiet := QuietNone
	if to.is(hasAck) && from.is(hasNxt) {
		window := int64(to.window(r.scaled(), !to.is(hasISS) || r.resumed()))
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
		if quiet == QuietUnseen {
			t.note(Note{Kind: NoteAckUnseen})
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
		from.path.jump = from.path.n + 1
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
			to.path.jump = to.path.n + 1
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
	t.seg, t.replay, t.was = &s, from, o.passed
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
