package flows

import "time"

// Most segments are the next data of an end, or its next ACK, in a connection that is open at both ends. What
// these change is done to the numbers that are kept, and no record is made. It is what observe would do, in
// a fifth of the time; whatever is not as expected is left to that.

// quickShape is what is known of a shape for that: by which end sends.
type quickShape struct {
	data, ack  [2]bool   // it may be data, or an ACK
	ackMoves   [2]bool   // its ack may be beyond the one before
	timestamps [2]bool   // it may have one
	afterData  [2]uint16 // the shape that follows, 0: not known so far
	afterACK   [2]uint16
}

// of fills q for a shape.
func (q *quickShape) of(s *shape) {
	const out = hasFIN | distrust | ownRST | byRST | provoked | hasAlt | finSeen
	for i := range s.ends {
		if h := &s.ends[i]; h.has&out != 0 || h.has&(hasNxt|hasAck) != hasNxt|hasAck || h.path.top() != Established ||
			!h.path.proves(Established) || h.path.jump != 0 || h.path.before != h.path.n {
			return
		}
	}
	for i := range s.ends {
		z := s.zeek[i]
		active := z&zeekStateMask != zeekEnd(zeekInactive)
		q.ack[i] = active && z&zeekSeenA != 0 && s.kinds&CompletenessACK != 0
		q.data[i] = active && z&zeekSeenD != 0 && s.kinds&CompletenessData != 0
		q.ackMoves[i] = s.ends[i].has&ackMoved != 0
		q.timestamps[i] = s.ends[i].has&hasTS != 0
	}
}

// after is the shape that follows when an end sends data or an ACK, 0: there is none.
func (s *shapes) after(n uint16, from uint8, data bool) uint16 {
	k := &s.of[n]
	then := &k.quick.afterACK[from]
	if data {
		then = &k.quick.afterData[from]
	}
	if *then != 0 {
		return *then
	}
	next := k.shape
	next.ends[from].has &^= carried
	if data {
		next.ends[from].has |= carried | unanswered
		next.ends[1-from].has &^= unanswered
	}
	number, ok := s.number[next]
	if !ok {
		return 0 // observe will know whether there is room for it
	}
	*then = number
	return number
}

// quick observes a segment, and reports whether it could: what is kept as f is as it was, if not.
func (t *Tracker) quick(f ref, from uint8) bool {
	s := t.seg
	if s.Flags&control != ACK || !s.HeaderOK || s.Cut || s.HasSACK || s.Window == 0 {
		return false
	}
	var b *brief
	switch shard := &t.shards[f.shard()]; f.form() {
	case formBrief:
		b = shard.briefs.ptr(f.index())
	case formLong:
		b = &shard.longs.ptr(f.index()).brief
	default:
		return false
	}
	q := &t.shapes.of[b.shape].quick
	data := s.Len > 0
	if data && !q.data[from] || !data && !q.ack[from] {
		return false
	}
	h, to := &b.ends[from&1], &b.ends[1-from&1]
	moves := h.ack.Before(s.Ack)
	last := uint64(s.Time-b.first) + 1 // 0 and more than 47 bits where the clock stepped back
	end := s.Seq + Seq(s.Len)
	switch {
	case s.Seq != h.nxt, h.nxt.Before(to.ack), s.Ack.Before(h.ack), to.nxt.Before(s.Ack), moves && !q.ackMoves[from],
		s.HasTS && (!q.timestamps[from] || int32(s.TSVal-h.tsval) < 0),
		last == 0, last>>47 != 0, h.packets == 1<<16-1, uint64(h.bytes)+uint64(s.Len) >= 1<<32, data && !h.nxt.Before(end):
		return false
	}
	asked := b.asked
	if own := asked/secondEnd == uint32(from) && asked&^secondEnd != 0; !own {
		asked = 0
		if data {
			if asked = 1 + uint32((s.Time-b.first)/int64(time.Millisecond)); asked >= secondEnd {
				return false
			}
			asked |= uint32(from) * secondEnd
		}
	}
	shape := t.shapes.after(b.shape, from, data)
	if shape == 0 {
		return false
	}
	if asked&^secondEnd == 0 || asked != b.asked {
		b.probes, b.resent = 0, 0
	}
	b.shape, b.asked = shape, asked
	h.nxt, h.win = end, s.Window
	if moves {
		h.ack = s.Ack
	}
	if s.HasTS {
		h.tsval = s.TSVal
	}
	h.bytes += s.Len
	h.packets++
	h.last, h.lastHigh = uint32(last), uint16(last>>32)

	t.rec = f
	o := &t.origins.of[b.origin]
	t.step.Flow = uint64(o.number)<<32 | uint64(b.number)
	t.step.Side = Client
	if from != t.shapes.of[shape].client {
		t.step.Side = Server
	}
	t.step.Quiet = QuietACK
	if data {
		t.step.Quiet = QuietData
	}
	return true
}
