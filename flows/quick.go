package flows

// Most segments are what was to come next in their flow: numbers where the sender was, an ack of what the other end
// has sent. What such a one does follows from the shape of its flow, and from a few questions: its class. So observe
// is asked once for each shape and class. What it made of the shape is a lesson, and done to the numbers of the next
// flow without making a record of it, in a fifth of the time. Whatever else comes is left to observe.

// class is what observe asks of a segment that was to come next, beyond its flow's shape; 0: it was not.
type class uint16

const (
	fromSecond  class = 1 << iota // sent by the second end of the key
	opensFlow                     // a SYN, of no flow that was shed
	answersLone                   // a SYN-ACK
	withFIN                       //
	withData                      //
	withWScale                    //
	withTS                        // has a time stamp,
	laterTS                       // later than the one before
	ackMoves                      // its ack is the first, or beyond the one before,
	acksAll                       // covers all that the other end has sent,
	acksBeyond                    // and more than a SYN: in a handshake
	wasAcked                      // all that its sender had sent before was acknowledged
	nothingYet                    // its sender had sent no more than a SYN
	nothingBack                   // nor has the other end
	expected    class = 1 << 15
)

// classOf says of which class the segment at hand is in the flow that is kept as head.
func (t *Tracker) classOf(head ref) class {
	s, from := t.seg, t.k.from
	if !s.HeaderOK || s.Cut || s.HasSACK || s.Window == 0 || t.k.loopback || t.unlearned {
		return 0
	}
	c := expected | class(from)
	if s.HasTS {
		c |= withTS
	}
	if s.HasWScale && s.Flags.Any(SYN) {
		c |= withWScale
	}
	flags, shard := s.Flags&control, &t.shards[head.shard()]
	var b *brief
	switch head.form() {
	case formRecord:
		if head == 0 && flags == SYN && s.Len == 0 && t.gone.setOf(t.k).find(t.k) < 0 {
			return c | opensFlow
		}
		return 0
	case formLone:
		l := shard.lones.ptr(head.index())
		if flags == SYN|ACK && s.Len == 0 && s.Ack == l.iss+1 && t.shapes.of[l.shape].client != from {
			return c | answersLone
		}
		return 0
	case formBrief:
		b = shard.briefs.ptr(head.index())
	case formLong:
		b = &shard.longs.ptr(head.index()).brief
	}
	if flags&^FIN != ACK {
		return 0
	}
	h, to := &b.ends[from&1], &b.ends[1-from&1]
	k := &t.shapes.of[b.shape]
	acked, ackedBack := k.ends[from&1].has&hasAck != 0, k.ends[1-from&1].has&hasAck != 0
	stamped := s.HasTS && k.ends[from&1].has&hasTS != 0
	switch {
	case !k.teachable, s.Seq != h.nxt, ackedBack && h.nxt.Before(to.ack), acked && s.Ack.Before(h.ack), to.nxt.Before(s.Ack),
		stamped && int32(s.TSVal-h.tsval) < 0, s.Len>>30 != 0:
		return 0
	}
	if flags&FIN != 0 {
		c |= withFIN
	}
	if s.Len > 0 {
		c |= withData
	}
	if stamped && s.TSVal != h.tsval {
		c |= laterTS
	}
	if !acked || s.Ack != h.ack {
		c |= ackMoves
	}
	if s.Ack == to.nxt {
		c |= acksAll
	}
	if ackedBack && to.ack == h.nxt {
		c |= wasAcked
	}
	if h.nxt == h.iss+1 {
		c |= nothingYet
	}
	if to.nxt == to.iss+1 {
		c |= nothingBack
	}
	if k.opens {
		switch beyond := s.Ack.Sub(to.iss + 1); {
		case beyond < 0:
			return 0
		case beyond > 0:
			c |= acksBeyond
		}
	}
	return c
}

// quick does to the flow that is kept as head what a segment of a class does, and reports whether it has been
// learned: else nothing has changed.
func (t *Tracker) quick(head ref, c class) bool {
	shape := uint16(0)
	if head != 0 {
		shape = t.shards[head.shard()].keyOf(head).shape
	}
	l := t.lessons.of(shape, c)
	switch {
	case l.class != c || l.shape != shape, l.timed && t.seg.Time != t.now:
		return false
	case head == 0:
		return t.quickSYN(l)
	}
	s, k, after := &t.shards[head.shard()], &t.shapes.of[shape], &t.shapes.of[l.after]
	var room long // where it grows into another form
	b, more, as := &room.brief, room.more[:], after.form()
	switch i := head.index(); {
	case head.form() == formLone:
		s.lones.ptr(i).grow(b, k.client)
	case head.form() == formLong:
		p := s.longs.ptr(i)
		b, more = &p.brief, p.more[:]
	case as == formBrief:
		b = s.briefs.ptr(i)
	default:
		*b = *s.briefs.ptr(i)
	}
	o := &t.origins.of[b.origin]
	if o.file != t.seg.File || k.end != endOpen && t.deadlineBy(b, more) < t.now {
		return false
	}
	if !b.goOn(t.seg, c, k, after, uint64(o.from)<<32, more) {
		return false
	}
	b.shape = l.after
	if as != head.form() {
		t.grew = true
		to := refTo(head.shard(), as, s.take(as))
		if as == formBrief {
			*s.briefs.ptr(to.index()) = *b
		} else {
			*s.longs.ptr(to.index()) = room
		}
		t.replace(t.k.hash, head, to)
		s.give(head)
		head = to
	}
	if after.end != endOpen {
		t.appoint(head, t.deadlineBy(b, more))
	}
	t.rec = head
	if !t.unheard {
		answered := int64(0)
		if l.notes[0] != NoteNone {
			answered = b.at(k.shape.at[atSYN], more)
		}
		t.repeat(l, uint64(o.number)<<32|uint64(b.number), after.client, answered)
	}
	return true
}

// quickSYN opens a flow with a lone.
func (t *Tracker) quickSYN(l *lesson) bool {
	s, k := t.seg, t.k
	o, ok := t.origins.numberOf(origin{k.space, s.Via, s.File, uint32((t.flows + 1) >> 32), uint32(s.Packet >> 32)})
	if !ok {
		return false
	}
	i, shard := t.shardOf(k)
	number := t.nextNumber(i, k.hash)
	t.grew = true
	t.rec = refTo(i, formLone, shard.lones.take())
	at := key{a: k.a, b: k.b, pa: k.plo, pb: k.phi, origin: o, shape: l.after}
	if k.space&v6 != 0 {
		at.a = t.addrs.take()
		*t.addrs.ptr(at.a) = [2]Addr{k.lo, k.hi}
	}
	*shard.lones.ptr(t.rec.index()) = loneOf(at, s, number)
	t.insert(k, t.rec)
	t.appoint(t.rec, s.Time+patience)
	if !t.unheard {
		t.repeat(l, number, k.from, s.Time)
	}
	return true
}

// loneOf is a flow that s opens.
func loneOf(at key, s *Segment, number uint64) lone {
	l := lone{key: at, number: uint32(number), packet: uint32(s.Packet), iss: s.Seq,
		first: [2]uint32{uint32(s.Time), uint32(s.Time >> 32)}, win: s.Window, ttl: s.TTL}
	if s.HasTS {
		l.tsval = s.TSVal
	}
	if s.HasWScale {
		l.wscale = min(s.WScale, maxWScale)
	}
	return l
}

// grow makes a brief of l.
func (l *lone) grow(b *brief, client uint8) {
	b.key, b.number, b.packet, b.first = l.key, l.number, l.packet, l.at()
	b.wscale[client&1] = l.wscale
	b.ends[client&1] = briefEnd{iss: l.iss, nxt: l.iss + 1, tsval: l.tsval, last: 1, packets: 1, win: l.win, ttl: l.ttl}
}

// goOn takes the numbers of a segment of a class, and reports whether there is room for them: else nothing has
// changed. high are the upper bits of the number of the flow's first packet.
func (b *brief) goOn(s *Segment, c class, k, after *knownShape, high uint64, more []step) bool {
	from := uint8(c & fromSecond)
	h, data := &b.ends[from], c&withData != 0
	last := uint64(s.Time-b.first) + 1 // 0 and more than 47 bits where the clock stepped back
	if last == 0 || last>>47 != 0 || h.packets == 1<<16-1 || uint64(h.bytes)+uint64(s.Len) >= 1<<32 {
		return false
	}
	asked, probes, resent := b.asked, b.probes, b.resent
	if own := asked/secondEnd == uint32(from) && asked&^secondEnd != 0; !own {
		asked, probes, resent = 0, 0, 0
		if data {
			if asked = askedAfter(s.Time - b.first); asked >= secondEnd {
				return false
			}
			asked |= uint32(from) * secondEnd
		}
	}
	if (k.marks|after.marks)&ackTimed != 0 {
		probes, resent = 0, 0
	}
	if after.marks&ackTimed != 0 && k.marks&ackTimed != 0 {
		stamps := uint32(b.probes)<<8 | uint32(b.resent)
		if from == k.client && s.HasTS {
			stamps += s.TSVal - h.tsval
		}
		if stamps>>16 != 0 {
			return false
		}
		probes, resent = uint8(stamps>>8), uint8(stamps)
	}
	if n := k.nsteps; after.nsteps > n {
		packet := high | uint64(b.packet)
		for i := range n {
			packet += b.step(i, more).packets()
		}
		st, ok := stepBetween(packet, s.Packet, b.at(n, more), s.Time)
		switch {
		case !ok:
			return false
		case n < 2:
			b.steps[n] = st
		default:
			more[n-2] = st
		}
	}
	b.asked, b.probes, b.resent = asked, probes, resent
	switch {
	case c&answersLone != 0:
		h.iss, h.nxt, h.ack = s.Seq, s.Seq+1, s.Ack
		if s.HasWScale {
			b.wscale[from] = min(s.WScale, maxWScale)
		}
	default:
		h.nxt = s.End()
		if c&ackMoves != 0 {
			h.ack = s.Ack
		}
	}
	if s.HasTS {
		h.tsval = s.TSVal
	}
	h.win = s.Window
	h.bytes += s.Len
	if h.packets++; h.packets == 1 {
		h.ttl = s.TTL
	}
	h.last, h.lastHigh = uint32(last), uint16(last>>32)
	return true
}
