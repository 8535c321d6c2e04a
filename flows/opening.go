package flows

import "time"

// syn takes a SYN without ACK (RFC 9293 §3.5).
func (t *Tracker) syn(r *record, from, to *half) {
	s := t.seg
	if from.is(hasISS) && from.iss == s.Seq {
		t.synAgain(r, from)
		return
	}
	if from.is(hasISS|lowISS) && !(from.opening() && from.began(s.Seq)) {
		t.step.Quiet = QuietStale // a late copy, or no pick would have brought it here, had it a chance
		return
	}
	from.iss, from.nxt, from.edge = s.Seq, s.Seq+1+Seq(s.Len), s.Seq+1+Seq(s.Len)
	from.synLen = uint16(min(s.Len, 1<<16-1))
	from.has |= hasISS | hasNxt
	t.options(from)
	switch {
	case r.resumed() && from.path.n > 0: // it was not the first
		t.step.Quiet = QuietRepeated
		t.note(Note{Kind: NoteSYNAgain, N: from.syn + 1})
		if i := from.path.find(SynSent); i >= 0 {
			t.takeBack(r, from, uint8(i+1), "repeats its SYN, so the SYN-ACK had not arrived")
		}
	case !r.has(atFirstSYN):
		r.stamp(atFirstSYN, s.Time)
		r.stamp(atSYN, s.Time)
	}
	if to.path.n > 0 && to.is(hasISS) && !to.is(hasSYNACK) && from != to {
		r.roles, r.kind = RolesSimultaneous, KindSimultaneous
	}
	if from.path.n == 0 {
		t.begin(r, from, Closed, SynSent, Proved, sentSYN)
	}
	if to.is(hasSYNACK) && to.ack == s.Seq+1 && from != to {
		// The capture has the two in the wrong order.
		r.roles = RolesSYN
		r.marks &^= midstream
		t.move(r, from, gotSYNACK, Assumed)
	}
}

// synAgain takes a SYN whose number was seen before.
func (t *Tracker) synAgain(r *record, from *half) {
	s := t.seg
	est := from.path.find(Established)
	if est > 0 && from.path.floor() > uint8(est) || from.path.has(SynReceived) {
		t.step.Quiet = QuietStale
		return
	}
	a := t.asideOf(r)
	if a.syns.n == 0 {
		a.syns.add(r.at[atFirstSYN], from.tsval)
	}
	a.syns.add(s.Time, s.TSVal)
	t.options(from)
	t.step.Quiet = QuietRepeated
	t.note(Note{Kind: NoteSYNAgain, N: from.syn, D: since(r, atFirstSYN, s.Time)})
	sent := from.path.find(SynSent)
	if sent >= 0 && from.path.n > uint8(sent+1) {
		why := "repeats its SYN, so the SYN-ACK had not arrived"
		if est < 0 {
			why = "repeats its SYN, so it had not given up"
		}
		if t.takeBack(r, from, uint8(sent+1), why) && est >= 0 {
			from.has |= distrust
			r.clear(atSYNACK) // what had passed was no answer
		}
	}
	if !r.has(atSYNACK) {
		r.stamp(atSYN, s.Time)
	}
}

// synACK takes a SYN-ACK.
func (t *Tracker) synACK(r *record, from, to *half) {
	s := t.seg
	if to.is(hasISS) && !within(s.Ack, to.iss+1, to.iss+1+Seq(to.synLen)) ||
		from.is(hasISS) && !from.is(hasSYNACK) && from.iss != s.Seq && from != to {
		if t.forAnother(to) {
			return
		}
		r.marks |= badNumbers
		t.holdOdd(r, from)
		t.note(Note{Kind: NoteBadSYNACK})
		return
	}
	if from.is(hasSYNACK) {
		t.synACKAgain(r, from, to)
	} else {
		t.firstSYNACK(r, from, to)
	}
	arrives := (s.Len > 0 || s.Flags.Any(FIN)) && t.sent(r, from, to)
	if from == to { // connected to itself: its SYN crosses its SYN
		r.marks |= selfConnect
		r.roles, r.kind = RolesSimultaneous, KindSimultaneous
		t.move(r, from, gotACKOfSYN, Assumed)
		return
	}
	switch to.path.top() {
	case SynSent:
		if !to.is(distrust) {
			t.move(r, to, gotSYNACK, Assumed)
		}
	case SynReceived:
		if !to.is(distrust) && to.is(hasSYNACK) {
			t.move(r, to, gotACKOfSYN, Assumed) // simultaneous open
		}
	}
	t.answered(r, from, to)
	if arrives {
		t.move(r, to, gotFIN, Assumed)
	}
}

// reordered is how far packets may be out of order in a capture that was merged of several queues.
const reordered = int64(2 * time.Millisecond)

func (t *Tracker) firstSYNACK(r *record, from, to *half) {
	s := t.seg
	crossed := from.is(hasISS) // it had sent a SYN of its own
	if !crossed {
		from.iss = s.Seq
		from.nxt, from.edge = s.Seq+1, s.Seq+1
	}
	from.has |= hasISS | hasNxt | hasSYNACK
	from.acked(s)
	if !to.is(hasISS) {
		to.iss = s.Ack - 1 // its SYN was not captured, or is yet to come
	}
	t.options(from)
	if r.is(refused) && from.path.n == 1 { // not any more: some systems ask again after a RST
		r.marks &^= refused
		r.resetBy = NoOne
		from.has &^= ownRST | byRST
		t.move(r, from, opened, Proved)
		t.move(r, from, sentSYNACK, Proved)
	}
	switch {
	case from.path.n == 0:
		t.begin(r, from, Listen, SynReceived, Proved, sentSYNACK)
		if r.kind == KindNotCaptured {
			r.kind = KindThreeWay
		}
		if to.synLen > 0 && to.iss+1 != s.Ack {
			r.kind = KindFastOpen
			t.note(Note{Kind: NoteFastOpen})
		} else if to.synLen > 0 {
			t.event(Event{Note: Note{Kind: NoteFastOpenIgnored, N: uint32(to.synLen)}})
		}
	case r.resumed() && from.path.has(SynReceived): // it was not the first
		t.step.Quiet = QuietRepeated
		t.note(Note{Kind: NoteSYNACKAgain, N: from.synack + 1})
	case crossed:
		if i := from.path.find(SynSent); i >= 0 {
			t.takeBack(r, from, uint8(i+1), "sends its own SYN-ACK: the SYNs crossed")
		}
		t.move(r, from, sentSYNACK, Proved)
		if to.is(hasSYNACK) && from != to {
			t.move(r, from, gotACKOfSYN, Assumed) // the peer's crossed it
		}
	}
	to.synLen = uint16(s.Ack - (to.iss + 1))
	if from != to && to.path.proves(Established) && to.is(hasAck) && to.ack == s.Seq+1 && s.Time-to.last < reordered {
		r.marks |= completed // the ACK of it was captured ahead of it
		t.move(r, from, gotACKOfSYN, Assumed)
	}
}

func (t *Tracker) synACKAgain(r *record, from, to *half) {
	s := t.seg
	est := from.path.find(Established)
	if est >= 0 && from.path.floor() > uint8(est) {
		t.step.Quiet = QuietStale
		return
	}
	a := t.asideOf(r)
	if a.synacks.n == 0 {
		a.synacks.add(r.at[atSYNACK], from.tsval)
	}
	a.synacks.add(s.Time, s.TSVal)
	t.options(from)
	if s.Seq != from.iss {
		// Which of the two the client takes, its ACK will tell.
		a.alt[r.index(from)] = from.iss
		from.has |= hasAlt
		from.iss, from.nxt, from.edge = s.Seq, s.Seq+1, s.Seq+1
		t.note(Note{Kind: NoteSYNACKChanged})
	}
	t.step.Quiet = QuietRepeated
	t.note(Note{Kind: NoteSYNACKAgain, N: from.synack, D: since(r, atSYNACK, s.Time)})
	r.clear(atReady)
	if est >= 0 && t.takeBack(r, from, uint8(est), "repeats its SYN-ACK, so it did not take the ACK") {
		from.has |= distrust
		r.marks &^= completed
		t.event(Event{Note: Note{Kind: NoteACKIgnored, D: since(r, atACK, s.Time), N: to.sentData()},
			Arrived: r.is(ackTimed) && s.HasTS && int32(s.TSEcr-r.ackTS) >= 0, Resent: to.again > 0,
			Spoke: from.packets > from.synack})
	} else if i := from.path.find(SynReceived); i >= 0 && from.path.top() == Closed {
		t.takeBack(r, from, uint8(i+1), "repeats its SYN-ACK, so it was not reset")
	}
}

// sentData is how many bytes h has sent since its SYN, by its numbers.
func (h *half) sentData() uint32 {
	n := uint32(h.nxt - h.iss - 1)
	if h.is(hasFIN) {
		n--
	}
	return n
}

// answered measures SYN to SYN-ACK. The time stamp that the SYN-ACK echoes tells which SYN it
// answers (RFC 7323 §3.2); without one the last before it is taken (Karn, RFC 6298 §3).
func (t *Tracker) answered(r *record, from, to *half) {
	s := t.seg
	if from == r.clientEnd() {
		return // simultaneous open: the answer to the other SYN
	}
	if !r.has(atFirstSYN) {
		if !r.has(atSYNACK) {
			r.stamp(atSYNACK, s.Time)
		}
		return
	}
	if r.aside != 0 {
		if syns := &t.asideOf(r).syns; syns.n > 0 {
			at, told := syns.at[syns.n-1], false
			// A SYN-ACK sent again echoes the first SYN, also where it answers a later one (Linux).
			if again := from.synack > 1 && !r.has(atSYNACK); s.HasTS && !again {
				for i := range syns.n {
					if syns.tsval[i] == s.TSEcr {
						at, told = syns.at[i], true
					}
				}
			}
			if !told && from.synack == 1 {
				r.marks |= ambiguous
			}
			if told || !r.has(atSYNACK) || at > r.at[atSYNACK] && !s.HasTS {
				if r.at[atSYN] != at {
					r.clear(atSYNACK)
				}
				r.stamp(atSYN, at)
			}
		}
	}
	if !r.has(atSYNACK) {
		r.stamp(atSYNACK, s.Time)
		t.note(Note{Kind: NoteAnswered, D: since(r, atSYN, s.Time)})
	}
}

// finalACK takes the client's first valid word after the SYN-ACK.
func (t *Tracker) finalACK(r *record, from, to *half) {
	s := t.seg
	if r.has(atSYNACK) && !r.has(atACK) && t.replay == nil {
		r.stamp(atACK, s.Time)
		if s.HasTS && from.is(hasTS) && int32(s.TSVal-from.tsval) > 0 {
			r.ackTS = s.TSVal
			r.marks |= ackTimed
		}
		r.stamp(atSYNACKEnd, r.at[atSYNACK])
		if r.aside != 0 {
			if tries := &t.asideOf(r).synacks; tries.n > 0 {
				at, told := tries.at[tries.n-1], false
				for i := range tries.n {
					if s.HasTS && tries.tsval[i] == s.TSEcr && !told {
						at, told = tries.at[i], true
					}
				}
				if !told {
					r.marks |= ambiguous
				}
				r.stamp(atSYNACKEnd, at)
				if syns := &t.asideOf(r).syns; at < r.at[atSYN] {
					for i := range syns.n { // the SYN-ACK that was taken came before the last SYN
						if syns.at[i] <= at {
							r.stamp(atSYN, syns.at[i])
						}
					}
					for i := tries.n; i > 0; i-- {
						if tries.at[i-1] >= r.at[atSYN] {
							r.stamp(atSYNACK, tries.at[i-1])
						}
					}
				}
			}
		}
		if r.has(atSYN) {
			t.note(Note{Kind: NoteHandshake, D: since(r, atSYN, s.Time)})
		}
	}
	if b := t.before(r); b != nil && b.Opening.undecided() && !b.Proved && !r.is(completed) && !to.is(distrust) {
		t.note(Note{Kind: NoteHandshake}) // how long it took went with its beginning
	}
	if from.synLen > 0 && s.HasTS {
		if a := t.asideOf(r); !a.ackSeen {
			a.ackTS, a.ackSeen = s.TSVal, true
		}
	}
	r.marks |= completed
	if !r.has(atReady) && r.has(atFirstSYN) {
		r.stamp(atReady, s.Time)
		if to.is(distrust) {
			t.asideOf(r).ready = s.Packet
		}
	}
}

// echoesOld takes ESTABLISHED back from a Fast Open server that sends without having got the
// ACK: it echoes an older time stamp (RFC 7323 §4.3), and may send, close and abort from SYN_RCVD
// (RFC 7413 §4.2.2).
func (t *Tracker) echoesOld(r *record, from, to *half) {
	s := t.seg
	if to.synLen == 0 || r.aside == 0 || !s.HasTS || !from.accepting() {
		return
	}
	a := t.asideOf(r)
	if i := from.path.find(Established); i >= 0 && a.ackSeen && int32(s.TSEcr-a.ackTS) < 0 {
		t.takeBack(r, from, uint8(i), "echoes a time stamp from before the ACK")
	}
}

// since is the time from m until at; absent where the clock stepped back.
func since(r *record, m moment, at int64) Elapsed {
	if !r.has(m) {
		return Elapsed{}
	}
	return between(r.at[m], at)
}

// between is the time from a to b; absent where the clock stepped back.
func between(a, b int64) Elapsed {
	if b < a {
		return Elapsed{}
	}
	return Elapsed{time.Duration(b - a), true}
}

// within reports whether a <= x <= b on the circle.
func within(x, a, b Seq) bool { return !x.Before(a) && !b.Before(x) }

// acked notes the ack and the window that h just sent.
func (h *half) acked(s *Segment) {
	if !h.is(hasAck) || h.ack.Before(s.Ack) {
		if h.is(hasAck) || h.is(hasISS) && !h.is(hasSYNACK) {
			h.has |= ackMoved
		}
		h.ack = s.Ack
		h.has |= hasAck
	}
	h.win = s.Window
	if s.HasSACK && (!h.is(hasSACK) || h.sackEnd.Before(s.SACKEnd)) {
		h.sackEnd = s.SACKEnd
		h.has |= hasSACK
	}
}

// maxWScale is the largest shift count (RFC 7323 §2.3).
const maxWScale = 14

// options notes what a SYN or SYN-ACK offers.
func (t *Tracker) options(h *half) {
	s := t.seg
	if s.HasTS {
		h.tsval = s.TSVal
		h.has |= hasTS
	}
	if s.HasWScale {
		h.wscale = min(s.WScale, maxWScale)
		h.has |= hasWScale
	}
	h.win = s.Window
}
