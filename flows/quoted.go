package flows

// ends reports whether the error ends the attempt to connect that it quotes, as Linux takes
// it: RFC 1122 §4.2.3.9 calls most of them soft, but for SYN_SENT nobody waits.
func (q *Quote) ends() bool {
	const (
		unreachable4, fragmentationNeeded = 3, 4
		timeExceeded4, parameter4         = 11, 12
		unreachable6, timeExceeded6       = 1, 3
		parameter6                        = 4
	)
	if q.Version == 4 {
		return q.Type == unreachable4 && q.Code != fragmentationNeeded ||
			q.Type == timeExceeded4 || q.Type == parameter4
	}
	return q.Type == unreachable6 || q.Type == timeExceeded6 || q.Type == parameter6
}

// quoted takes an ICMP error. It is no segment of the flow: it counts nowhere, and moves an end
// only where it quotes by its number a SYN that has no answer.
func (t *Tracker) quoted(head ref, k *tuple) {
	s := t.seg
	rec := head
	for ; rec != 0; rec = t.ptr(rec).next {
		h := &t.ptr(rec).ends[k.from]
		if !t.ptr(rec).is(tentative) && h.is(hasISS) && s.Seq.Sub(h.iss) >= 0 && s.Seq.Sub(h.nxt) <= 0 {
			break
		}
	}
	if rec == 0 {
		t.step.Quiet = QuietNoFlow
		return
	}
	t.rec = rec
	r := t.ptr(rec)
	h := &r.ends[k.from]
	t.step.Flow, t.step.Side = r.number, r.side(k.from)
	t.note(Note{Kind: NoteUnreachable, Quote: s.Quote})
	if h.path.top() == SynSent && s.Seq == h.iss && s.Quote.ends() && t.move(r, h, gotICMP, Assumed) {
		r.marks |= unreachable
		r.icmp = s.Quote
		t.settle(rec, r)
		return
	}
	t.step.Quiet = QuietSoft
}
