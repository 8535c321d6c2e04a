package flows

// pick finds the record that the segment belongs to, or opens one. On a four-tuple there is one
// flow, but while an old one lives a SYN with another ISS waits beside it for the answer
// that confirms it (RFC 9293 §3.5.1; RFC 6191 for TIME_WAIT).
func (t *Tracker) pick(head ref, k *tuple) ref {
	s := t.seg
	if head != 0 {
		// Its second may have come, and what is due in that not be finished so far.
		if d := t.deadline(t.ptr(head)); d != 0 && d < t.now {
			t.sweep(t.now, head.shard(), head.shard()+1)
			head = t.find(k)
			t.checkOut(head)
		}
	}
	if head == 0 {
		return t.start(0, k)
	}
	if !s.HeaderOK || !s.Flags.valid() {
		return t.settled(head)
	}
	switch {
	case s.Flags.Any(RST):
		return t.pickRST(head, k)
	case s.Flags.Has(SYN | ACK):
		return t.pickSYNACK(head, k)
	case s.Flags.Any(SYN):
		return t.pickSYN(head, k)
	}
	if t.ptr(head).next == 0 {
		return head
	}
	for rec := head; rec != 0; rec = t.ptr(rec).next {
		if r := t.ptr(rec); t.numbersFit(r, k) {
			if from := &r.ends[k.from]; r.is(tentative) && !r.is(repeats) && from.is(hasISS) && s.Seq == from.iss+1 {
				t.confirm(rec) // it was answered: its sender goes on
			}
			return rec
		}
	}
	return t.settled(head)
}

// holder is the record of the chain that has seen a segment like this one, if any has.
func (t *Tracker) holder(head ref, k *tuple) ref {
	s := t.seg
	for rec := head; rec != 0 && t.ptr(head).next != 0; rec = t.ptr(rec).next {
		r := t.ptr(rec)
		if from := &r.ends[k.from]; s.Flags.Any(SYN) && from.began(s.Seq) ||
			!s.Flags.Any(SYN) && t.numbersFit(r, k) {
			return rec
		}
	}
	return t.settled(head)
}

// start opens a flow that counts at once.
func (t *Tracker) start(head ref, k *tuple) ref {
	if head != 0 {
		t.picked = t.reuse(t.ptr(head))
		head = t.promote(head)
	}
	rec := t.open(head, k)
	t.number(rec.shard(), t.ptr(rec))
	return rec
}

// reuse is the event of a segment that opens another connection where old was.
func (t *Tracker) reuse(old *record) Event {
	return Event{
		Note:  Note{Kind: NoteReuse, D: between(old.last(), t.seg.Time)},
		Prior: [2]State{old.ends[0].path.top(), old.ends[1].path.top()},
	}
}

// tellPicked tells what picking r showed. A SYN that waits is an event of the flow that has
// the four-tuple.
func (t *Tracker) tellPicked(r *record, from uint8) {
	e := t.picked
	t.picked = Event{}
	if !r.is(tentative) {
		t.tellReuse(r, e)
		return
	}
	rec := t.rec
	t.rec = t.settled(rec)
	old := t.ptr(t.rec)
	t.step.Side = old.side(from)
	old.ends[1-from].provokes()
	t.tell(e)
	t.rec, t.step.Side = rec, r.side(from)
}

func (t *Tracker) tellReuse(r *record, e Event) {
	if r.client == 1 {
		e.Prior[0], e.Prior[1] = e.Prior[1], e.Prior[0]
	}
	t.tell(e)
}

// settled is the newest record of the chain that is a flow.
func (t *Tracker) settled(head ref) ref {
	for rec := head; rec != 0; rec = t.ptr(rec).next {
		if !t.ptr(rec).is(tentative) {
			return rec
		}
	}
	return head
}

// numbersFit reports whether sequence and ack number lie near what the record has seen.
func (t *Tracker) numbersFit(r *record, k *tuple) bool {
	s := t.seg
	from, to := &r.ends[k.from], &r.ends[1-k.from]
	near := func(x, y Seq) bool { d := x.Sub(y); return -1<<22 < d && d < 1<<22 }
	if to.is(hasISS) && !to.is(hasAck) && !to.is(hasSYNACK) { // it has sent a SYN and no more
		return s.Flags.Any(ACK) && within(s.Ack, to.iss+1, to.nxt)
	}
	if from.is(hasISS) && !from.is(hasAck) && !from.is(hasSYNACK) {
		return within(s.Seq, from.iss, from.nxt) && (!s.Flags.Any(ACK) || !to.is(hasNxt) || near(s.Ack, to.nxt))
	}
	if from.is(hasNxt) && !near(s.Seq, from.nxt) {
		return false
	}
	return !s.Flags.Any(ACK) || !to.is(hasNxt) || near(s.Ack, to.nxt)
}

func (t *Tracker) pickRST(head ref, k *tuple) ref {
	s := t.seg
	for rec := head; rec != 0; rec = t.ptr(rec).next {
		r := t.ptr(rec)
		from, to := &r.ends[k.from], &r.ends[1-k.from]
		if s.Flags.Any(ACK) && to.path.top() == SynSent && from.path.n == 0 && !r.is(repeats) &&
			within(s.Ack, to.iss+1, to.nxt) {
			t.confirm(rec)
			return rec
		}
	}
	for rec := head; rec != 0; rec = t.ptr(rec).next {
		if r := t.ptr(rec); !r.is(tentative) && t.numbersFit(r, k) {
			t.confirmByRST(head, r, k)
			return rec
		}
	}
	return t.settled(head)
}

// confirmByRST opens the flow of a SYN whose sender answers the challenge ACK with a RST: so
// it has no old connection.
func (t *Tracker) confirmByRST(head ref, old *record, k *tuple) {
	r := t.ptr(head)
	if !r.is(tentative) || r.is(repeats) || r.ends[k.from].path.top() != SynSent {
		return
	}
	if to := &old.ends[1-k.from]; to.is(hasAck) && t.seg.Seq == to.ack {
		t.pending = head
	}
}

func (t *Tracker) pickSYNACK(head ref, k *tuple) ref {
	s := t.seg
	for rec := head; rec != 0; rec = t.ptr(rec).next {
		if from := &t.ptr(rec).ends[k.from]; from.is(hasISS) && from.iss == s.Seq {
			return rec
		}
	}
	for rec := head; rec != 0; rec = t.ptr(rec).next {
		r := t.ptr(rec)
		to := &r.ends[1-k.from]
		if to.is(hasISS) && within(s.Ack, to.iss+1, to.iss+1+Seq(to.synLen)) && !r.closed() {
			t.confirm(rec)
			return rec
		}
	}
	rec := t.settled(head)
	r := t.ptr(rec)
	from, to := &r.ends[k.from], &r.ends[1-k.from]
	if oneSided := to.packets == 0 && from.is(hasSYNACK) && s.Ack != to.iss+1; !r.over() && !oneSided {
		return rec
	}
	return t.succeed(head, k) // its SYN was not captured
}

// closed reports whether a connection was open and is over.
func (r *record) closed() bool { return r.is(completed) && r.over() }

func (t *Tracker) pickSYN(head ref, k *tuple) ref {
	s := t.seg
	for rec := head; rec != 0; rec = t.ptr(rec).next {
		r := t.ptr(rec)
		from, to := &r.ends[k.from], &r.ends[1-k.from]
		switch {
		case from.began(s.Seq):
			if old := t.settled(rec); r.is(tentative) && !r.is(repeats) && t.ptr(old).over() {
				t.confirm(rec) // sent again: no old duplicate, and nothing else lives here
			}
			if !r.closed() {
				return rec
			}
			// An old duplicate; but where nothing is left of the connection, it opens
			// another one at a server that listens.
			rec := t.wait(head, k, r)
			t.ptr(rec).marks |= repeats
			return rec
		case from.is(hasISS) || from.is(hasNxt):
		case to.is(hasSYNACK) && to.ack == s.Seq+1: // captured in the wrong order
			return rec
		case to.path.top() == SynSent: // the SYNs cross
			return rec
		}
	}
	r := t.ptr(t.settled(head))
	from, to := &r.ends[k.from], &r.ends[1-k.from]
	switch {
	case r.ends[0].path.n == 0 && r.ends[1].path.n == 0 && !from.is(hasISS) && !to.is(hasISS) && !r.resumed():
		// Nothing is known of a connection here: this is its first SYN.
		r.client, r.roles = k.from, RolesSYN
		return t.settled(head)
	case r.dead(from, to, s):
		return t.succeed(head, k)
	case from.path.top() == SynSent && to.path.n == 0:
		// Nothing has answered it: its sender has given the first attempt up.
		lost := (t.giveUp(head) || from.is(lostAttempts)) && s.Time-r.last() < notYetOpen
		rec := t.start(head, k)
		if lost {
			t.ptr(rec).ends[k.from].has |= lostAttempts
		}
		return rec
	}
	return t.wait(head, k, r)
}

// Of the attempts on a four-tuple, each with an ISS of its own, so many are waited for: the first, of which a server takes one, and the
// latest. A client makes another one from the same port after seconds; each of a flood of them took longer than the one before.
const firstAttempts, latestAttempts = 128, 128

// giveUp finishes the attempt in the middle of too many, as it stands, and reports whether there were. Of those that were answered, and of
// those that are open, as many may be: no client has two sockets on a four-tuple, so whoever makes them more has forged them.
func (t *Tracker) giveUp(head ref) (gaveUp bool) {
	var kinds [3]struct { // unanswered, answered, open
		n      int
		middle ref
	}
	for rec := head; rec != 0; rec = t.ptr(rec).next {
		r, of := t.ptr(rec), &kinds[1]
		switch {
		case r.is(completed):
			of = &kinds[2]
		case r.ends[t.k.from].path.top() == SynSent && r.ends[1-t.k.from].path.n == 0:
			of = &kinds[0]
		}
		if of.n++; of.n == latestAttempts {
			of.middle = rec
		}
	}
	for _, of := range kinds {
		if of.n >= firstAttempts+latestAttempts {
			t.finish(of.middle)
			gaveUp = true
		}
	}
	return gaveUp
}

// forAnother reports whether what does not fit the attempt of h may answer one that is not waited for any more.
func (t *Tracker) forAnother(h *half) bool {
	if h.is(lostAttempts) {
		t.step.Quiet = QuietStale
	}
	return h.is(lostAttempts)
}

// wait opens a record that is no flow until its SYN is answered; old is the flow that has the
// four-tuple. One waits at a time.
func (t *Tracker) wait(head ref, k *tuple, old *record) ref {
	before := t.reuse(old)
	if t.ptr(head).is(tentative) {
		t.finish(head)
		head = t.find(k)
	}
	rec := t.open(t.promote(head), k)
	t.ptr(rec).marks |= tentative | unannounced
	t.picked = Event{Note: Note{Kind: NoteSYNWaits}}
	a := t.asideOf(t.ptr(rec))
	a.prior, a.gap = before.Prior, before.D
	return rec
}

// dead reports whether the receiver of a SYN with another ISS can have nothing left of the
// connection: closed or reset, or in TIME_WAIT and shown a larger number or time stamp
// (RFC 9293 §3.6.1, RFC 6191).
func (r *record) dead(from, to *half, s *Segment) bool {
	switch to.path.top() {
	case Closed:
		return true
	case TimeWait:
		return from.nxt.Before(s.Seq) || s.HasTS && from.is(hasTS) && int32(s.TSVal-from.tsval) > 0
	}
	return r.over()
}

// succeed finishes what is on the four-tuple and opens the next flow there.
func (t *Tracker) succeed(head ref, k *tuple) ref {
	before := t.reuse(t.ptr(t.settled(head)))
	t.held = 0 // the segment is another flow's
	t.finishOlder(head)
	rec := t.start(0, k)
	t.picked = before
	return rec
}

// finishOlder finishes a chain from rec on, the oldest first.
func (t *Tracker) finishOlder(rec ref) {
	if rec.form() != formRecord {
		t.finish(rec)
		return
	}
	for rec != 0 && t.ptr(rec).is(tentative) {
		next := t.ptr(rec).next
		t.finish(rec)
		rec = next
	}
	for rec != 0 {
		last := rec
		for t.ptr(last).next != 0 {
			last = t.ptr(last).next
		}
		t.finish(last)
		if last == rec {
			return
		}
	}
}

// confirm makes a flow of a SYN that waited: its answer has come. What was there before is
// finished, but for an attempt that nobody has answered: an old duplicate may have
// confirmed the wrong one (RFC 9293 §3.5, figure 8).
func (t *Tracker) confirm(rec ref) {
	r := t.ptr(rec)
	if !r.is(tentative) {
		return
	}
	r.marks &^= tentative
	t.number(rec.shard(), r)
	if r.is(repeats) { // the SYN was a late copy: its sender is in no state that it knows of
		t.kept.release(r)
		r.ends[0].path, r.ends[1].path = path{}, path{}
	}
	for older := r.next; older != 0; {
		o := t.ptr(older)
		next := o.next
		if !(o.ends[0].path.top() == SynSent && o.ends[1].path.n == 0 ||
			o.ends[1].path.top() == SynSent && o.ends[0].path.n == 0) {
			t.finish(older)
		}
		older = next
	}
}

// announce tells of what a flow did while it waited to be confirmed.
func (t *Tracker) announce(r *record) {
	r.marks &^= unannounced
	t.step.Changes = append(t.step.Changes, t.kept.of(r)...)
	a := t.asideOf(r)
	t.tellReuse(r, Event{Note: Note{Kind: NoteReuse, D: a.gap}, Prior: a.prior})
}
