package flows

import "time"

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
	t.setApart(r)
	if tr := t.kept.standing(r, r.sideOf(from), from.path.at(uint8(at))); tr != nil && last.packet != 0 {
		tr.packet, tr.file, tr.time = last.packet, last.file, last.time
	}
}

// redateACK gives the ACK of its FIN, which an end is now known to have got in another order, the
// packet that it came with.
func (t *Tracker) redateACK(r *record, h *half) {
	side := r.sideOf(h)
	var was, last *packed
	t.kept.each(r, func(tr *packed) {
		if tr.side == side && tr.revised && tr.why == gotACKOfFIN {
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
// stamp that from echoes is older than the last copy's. Without time stamps, or where the copies have
// the same, its ACK tells where it comes too soon after the last.
func (t *Tracker) finArrived(r *record, from, to *half) known {
	if to.finN < 2 || r.aside == 0 {
		return finCovers
	}
	s, last := t.seg, &t.asideOf(r).fin[r.index(to)]
	if s.HasTS && to.is(hasTS) {
		if int32(s.TSEcr-last.tsval) < 0 {
			return finCovered
		}
		if last.time-r.finPassed(to) > tick {
			return finCovers
		}
	}
	answer := r.answer(from)
	if answer.OK && s.Time >= last.time && 2*(s.Time-last.time) < int64(answer.D) ||
		!answer.OK && last.time-r.finPassed(to) < shortestRetry {
		return finCovered
	}
	return finCovers
}

// tick is the longest that a clock of time stamps may stand still: 10 ms for the slowest in use.
const tick = int64(10 * time.Millisecond)

// closingOrder is what an end in FIN_WAIT_1 got, in its order, when it acknowledges the peer's
// FIN. That arrived with its last copy: the ACK of the end's own FIN came before it only if
// that copy carried it, too, or was overtaken by it: then the ACK counts when it comes, though its number
// is ahead (Linux; RFC 9293 §3.10.7.4 would rather have it wait).
func closingOrder(from, to *half, arrived known) []event {
	switch {
	case to.is(arrived), to.is(overtaken):
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

// jumped remembers where the list of an end stood when its numbers went on by one that was not
// captured: a byte, or its FIN. If it was the FIN, it went before what this segment shows for
// the first time, shown being how much of the list was proved until then.
func (t *Tracker) jumped(r *record, from *half, shown uint8) {
	n := from.path.n
	if at := from.gotFINAt(); at >= 0 && uint8(at) >= shown {
		n = uint8(at)
	}
	from.path.jump = n + 1
}

// sentFIN takes the FIN of a segment; before is what its sender had sent until then.
func (t *Tracker) sentFIN(r *record, from, to *half, before Seq) {
	s := t.seg
	covers := to.is(ackedFIN) || to.is(hasFIN) && !s.Ack.Before(to.fin)
	from.has &^= finCovers
	if covers {
		from.has |= finCovers
	}
	if from.is(hasFIN) {
		t.finAgain(r, from, to, covers && to.is(hasFIN) && from.ack.Before(to.fin))
		return
	}
	if covers {
		from.has |= finCovered
	}
	from.fin = s.End()
	from.has |= hasFIN
	passed := s.Time
	if t.replay != nil {
		passed = t.was.time
	}
	switch {
	case !r.has(atFIN):
		r.stamp(atFIN, passed)
		r.firstFIN = closer(r.sideOf(from))
	default:
		r.stamp(atFIN2, passed)
		if !covers {
			r.marks |= crossed
			if r.has(atFINACK) && passed-r.at[atFINACK] > reordered {
				from.has |= overtaken
			}
		}
	}
	if top := from.path.top(); top == FinWait1 || top == LastAck {
		return // met by this very FIN
	}
	if from.path.jump > 0 && from.fin == before {
		t.finWentFirst(r, from, to)
		return
	}
	t.move(r, from, sentFIN, Proved)
	if to.is(finSeen) && !covers {
		t.move(r, from, gotFIN, Assumed) // the FINs crossed
	}
	if to.is(hasAck) && !to.ack.Before(from.fin) {
		t.move(r, from, gotACKOfFIN, Assumed) // captured ahead of the FIN
	}
}

func closer(s Side) Closer {
	if s == Client {
		return ByClient
	}
	return ByServer
}

// shortestRetry than this after the first no timer repeats a FIN (RFC 6298 §2.4; Linux: 200 ms).
const shortestRetry = int64(200 * time.Millisecond)

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
	wait := shortestRetry
	if answer := r.answer(from); answer.OK {
		wait = 2 * int64(answer.D)
	}
	if news && t.seg.Time-r.finPassed(to) < wait {
		return // from CLOSING some stacks send it with the ACK of the peer's FIN
	}
	if at := from.ackOfFINAt(); at > 0 && t.takeBack(r, from, uint8(at), "repeats its FIN, so the ACK of it had not arrived") {
		r.clear(atClose)
	}
	if from.is(ackedFIN) {
		t.undo(r, from, gotACKOfFIN, "repeats its FIN, so the ACK of it had not arrived")
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
	n := from.path.jump - 1
	from.path.jump = 0
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
