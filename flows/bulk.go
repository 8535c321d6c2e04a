package flows

// quickRecord is observe for the next data or ACK of a calm record, as that of a bulk transfer is: whatever it asks there has
// been answered before. It reports whether the segment is one.
func (t *Tracker) quickRecord(head ref) bool {
	s, r := t.seg, t.shards[head.shard()].records.ptr(head.index())
	if !r.calm || s.Flags&control != ACK || !s.HeaderOK || s.Cut || s.Window == 0 || s.Len>>30 != 0 {
		return false
	}
	side := t.k.from & 1
	from, to := &r.ends[side], &r.ends[1-side]
	if s.Seq != from.nxt || from.edge != from.nxt || from.nxt.Before(to.ack) || s.Ack.Before(from.ack) || to.edge.Before(s.Ack) ||
		s.HasTS && from.is(hasTS) && int32(s.TSVal-from.tsval) < 0 {
		return false
	}
	iss, nxt := from.iss, from.nxt
	from.packets++
	from.bytes += uint64(s.Len)
	from.nxt += Seq(s.Len)
	from.edge = from.nxt
	from.acked(s)
	if s.HasTS {
		from.tsval = s.TSVal
		from.has |= hasTS
	}
	kind := CompletenessACK
	t.step.Quiet = QuietACK
	if s.Len > 0 {
		t.step.Quiet, kind = QuietData, CompletenessData
	}
	r.kinds |= kind
	to.path.before = to.path.n
	from.spoke(to, s, t.step.Quiet, r.first)
	r.zeek.update(s, side, iss, nxt, 0, false, &t.mores)
	t.rec, t.step.Flow, t.step.Side = head, r.number, r.side(side)
	return true
}

// calms reports whether r, the only record of the segment's four-tuple, is open and nothing else is the matter with it.
func (t *Tracker) calms(r *record) bool {
	if r.next != 0 || r.is(tentative|unannounced) || !r.ends[0].steady() || !r.ends[1].steady() || t.k.loopback || t.unlearned {
		return false
	}
	if r.aside != 0 {
		a := t.asideOf(r)
		return !a.odd[0].held && !a.odd[1].held && a.holes[0].n == 0 && a.holes[1].n == 0
	}
	return true
}

// steady reports whether h has proved that it is open, and that is all.
func (h *half) steady() bool {
	const out = hasFIN | lowFIN | distrust | ownRST | byRST | provoked | hasAlt | finSeen
	return h.has&(out|hasNxt|hasAck) == hasNxt|hasAck && h.path.top() == Established && h.path.proves(Established) && h.path.jump == 0
}
