package flows

// Most flows go as they should. What is kept of such a one is its numbers, and which shape it is in: with
// what the table takes, some 130 bytes of an open connection where a record has 568. Before a segment is
// looked at, unpack makes a record of it, and afterwards pack makes as little of the record as will do.

// lone is one SYN without payload, and nothing more.
type lone struct {
	key
	number, packet uint32
	iss            Seq
	tsval          uint32
	first          [2]uint32 // its two halves: it is not aligned to 8 bytes, so that the whole is 44
	win            uint16
	ttl, wscale    uint8
}

// brief is a flow in which all is as usual so far, and at most two steps after the first packet.
type brief struct {
	key
	number, packet uint32
	first          int64
	steps          [2]step
	ends           [2]briefEnd
	asked          uint32 // of the end that the highest bit says, as are probes and resent
	probes, resent uint8  // or, as long as that counts, the time stamps since ackTS
	wscale         [2]uint8
}

type briefEnd struct {
	iss, nxt, ack Seq // where finLow, iss is that of the FIN
	tsval         uint32
	bytes         uint32
	last          uint32 // 1 + time since the first packet, the lower 32 bits of 48; 0: it sent none
	lastHigh      uint16
	packets       uint16
	win           uint16
	ttl           uint8
	again         uint8
}

// step is that of a number, from 0.
func (b *brief) step(i uint8, more []step) step {
	if i < 2 {
		return b.steps[i]
	}
	return more[i-2]
}

// at is when the flow had done so many steps.
func (b *brief) at(n uint8, more []step) int64 {
	at := b.first
	for i := range n {
		at += b.step(i, more).after()
	}
	return at
}

// long is a brief with more steps.
type long struct {
	brief
	more [maxSteps - 2]step
}

const secondEnd = 1 << 31 // in brief.asked

// zeekNumber says which of h's numbers n is, and false if it is none.
func (h *half) zeekNumber(n Seq) (uint16, bool) {
	switch n {
	case 0:
		return 0, true
	case h.nxt - 1:
		return 1, true
	case h.nxt:
		return 2, true
	case h.iss:
		return 3, true
	}
	return 0, false
}

func (h *half) zeekNumbered(which uint16) Seq { return [...]Seq{0, h.nxt - 1, h.nxt, h.iss}[which] }

// maxCount is the highest count of SYNs, FINs and so on in a shape.
const maxCount = 3

// usual reports whether the numbers of h are such that briefEnd can hold them.
func (h *half) usual(first int64) bool {
	fits := h.fin == 0
	switch {
	case h.is(hasFIN):
		fits = h.fin == h.nxt
	case h.finLow():
		fits = h.iss == 0
	}
	return fits && h.halfRare == halfRare{} && h.edge == h.nxt &&
		h.packets>>16 == 0 && h.bytes>>32 == 0 && h.again>>8 == 0 &&
		(h.last == 0 || uint64(h.last-first)>>47 == 0) && h.asked < secondEnd &&
		h.syn <= maxCount && h.synack <= maxCount && h.finN <= maxCount && h.rst <= maxCount
}

// formOf says in which form r can be kept, and finds its shape and origin where that is not as a record.
func (t *Tracker) formOf(r *record) form {
	a, b := &r.ends[0], &r.ends[1]
	if r.next != 0 || r.apart || r.rare != (rare{}) || r.zeek.more != 0 || r.roles == RolesSimultaneous ||
		r.is(tentative|unannounced|repeats|selfConnect) || !a.usual(r.first) || !b.usual(r.first) ||
		(a.asked|uint32(a.probes|a.resent)) != 0 && (b.asked|uint32(b.probes|b.resent)) != 0 {
		return formRecord
	}
	if r.is(ackTimed) {
		if r.serverEnd().path.proves(Established) {
			r.marks &^= ackTimed // it will not be asked any more
		} else if (r.clientEnd().tsval-r.ackTS)>>16 != 0 || a.probes|a.resent|b.probes|b.resent != 0 {
			return formRecord
		}
	}
	was := &t.shapes.of[r.key.shape]
	s := shape{ends: [2]stance{a.stance, b.stance}, common: r.common, letters: r.zeek.letters, zeek: r.zeek.ends}
	var oka, okb bool
	s.number[0], oka = a.zeekNumber(r.zeek.number[0])
	s.number[1], okb = b.zeekNumber(r.zeek.number[1])
	if !oka || !okb {
		return formRecord
	}
	if !r.moved {
		s.at = was.at
	} else if !r.stepsOf(&s.at) {
		return formRecord
	}
	if r.key.shape = t.shapes.numberOf(r.key.shape, &s, r); r.key.shape == 0 {
		return formRecord
	}
	if r.fresh {
		o, ok := t.origins.numberOf(origin{r.space, r.via, r.file, uint32(r.number >> 32), uint32(r.packet >> 32)})
		if !ok {
			r.key.shape = 0
			return formRecord
		}
		r.key.origin = o
	}
	switch c, peer := r.clientEnd(), r.serverEnd(); {
	case r.nsteps == 0 && c.packets == 1 && c.syn == 1 && c.path.top() == SynSent && c.bytes == 0 && c.last == r.first &&
		c.nxt == c.iss+1 && peer.packets == 0 && peer.path.n == 0:
		return formLone
	}
	return s.form()
}

// stepsOf finds the step of each moment, and reports whether there is one.
func (r *record) stepsOf(at *[16]uint8) bool {
	var times [maxSteps + 1]int64
	times[0] = r.first
	for i, s := range r.steps[:r.nsteps] {
		times[i+1] = times[i] + s.after()
	}
next:
	for m := range numMoments {
		if !r.has(m) {
			continue
		}
		for i := int(r.nsteps); i >= 0; i-- {
			if times[i] == r.at[m] {
				at[m] = uint8(i)
				continue next
			}
		}
		return false
	}
	return true
}

func (r *record) intoLone(to *lone) {
	c := r.clientEnd()
	*to = lone{key: r.key, number: uint32(r.number), packet: uint32(r.packet), iss: c.iss, tsval: c.tsval,
		first: [2]uint32{uint32(r.first), uint32(r.first >> 32)}, win: c.win, ttl: c.ttl, wscale: c.wscale}
}

func (r *record) intoBrief(to *brief) {
	to.key = r.key
	to.number, to.packet, to.first = uint32(r.number), uint32(r.packet), r.first
	to.steps = [2]step(r.steps[:2])
	a, b := &r.ends[0], &r.ends[1]
	to.asked, to.probes, to.resent = a.asked|b.asked, a.probes|b.probes, a.resent|b.resent // all are of one end
	if (b.asked | uint32(b.probes|b.resent)) != 0 {
		to.asked |= secondEnd
	}
	if r.is(ackTimed) {
		since := r.clientEnd().tsval - r.ackTS
		to.probes, to.resent = uint8(since>>8), uint8(since)
	}
	to.wscale = [2]uint8{a.wscale, b.wscale}
	to.ends[0].of(a, r.first)
	to.ends[1].of(b, r.first)
}

func (e *briefEnd) of(h *half, first int64) {
	last := uint64(0)
	if h.last != 0 {
		last = uint64(h.last-first) + 1
	}
	*e = briefEnd{iss: h.iss, nxt: h.nxt, ack: h.ack, tsval: h.tsval, bytes: uint32(h.bytes), last: uint32(last),
		lastHigh: uint16(last >> 32), packets: uint16(h.packets), win: h.win, ttl: h.ttl, again: uint8(h.again)}
	if h.finLow() {
		e.iss = h.fin
	}
}

// unpack makes a record of what is kept as f.
func (t *Tracker) unpack(f ref, r *record) {
	s := &t.shards[f.shard()]
	*r = record{}
	switch i := f.index(); f.form() {
	case formLone:
		l := s.lones.ptr(i)
		r.key, r.number, r.packet = l.key, uint64(l.number), uint64(l.packet)
		r.first = l.at()
		shape := &t.shapes.of[l.shape&^finished]
		c := &r.ends[shape.client]
		c.iss, c.nxt, c.edge, c.tsval = l.iss, l.iss+1, l.iss+1, l.tsval
		c.last, c.packets, c.win, c.ttl, c.wscale = r.first, 1, l.win, l.ttl, l.wscale
		r.reshape(&shape.shape)
	case formBrief:
		t.unpackBrief(s.briefs.ptr(i), nil, r)
	case formLong:
		l := s.longs.ptr(i)
		t.unpackBrief(&l.brief, l.more[:], r)
	default:
		*r = *s.records.ptr(i)
		return
	}
	t.unpackOrigin(r)
}

func (t *Tracker) unpackOrigin(r *record) {
	o := &t.origins.of[r.origin]
	r.space, r.via, r.file = o.space, o.via, o.file
	r.number |= uint64(o.number) << 32
	r.packet |= uint64(o.from) << 32
}

func (t *Tracker) unpackBrief(b *brief, more []step, r *record) {
	r.key, r.number, r.packet, r.first = b.key, uint64(b.number), uint64(b.packet), b.first
	r.steps[0], r.steps[1] = b.steps[0], b.steps[1]
	copy(r.steps[2:], more)
	s := &t.shapes.of[b.shape&^finished].shape
	b.ends[0].into(&r.ends[0], b.first)
	b.ends[1].into(&r.ends[1], b.first)
	r.ends[0].wscale, r.ends[1].wscale = b.wscale[0], b.wscale[1]
	r.reshape(s)
	h := &r.ends[b.asked/secondEnd]
	h.asked = b.asked &^ secondEnd
	if r.is(ackTimed) {
		r.ackTS = r.clientEnd().tsval - (uint32(b.probes)<<8 | uint32(b.resent))
	} else {
		h.probes, h.resent = b.probes, b.resent
	}
	for i := range r.ends {
		h := &r.ends[i]
		switch {
		case h.is(hasFIN):
			h.fin = h.nxt
		case h.finLow():
			h.iss, h.fin = 0, h.iss
		}
		r.zeek.number[i] = h.zeekNumbered(s.number[i])
	}
}

func (e *briefEnd) into(h *half, first int64) {
	h.iss, h.nxt, h.edge, h.ack, h.tsval = e.iss, e.nxt, e.nxt, e.ack, e.tsval
	h.bytes, h.packets, h.again = uint64(e.bytes), uint32(e.packets), uint32(e.again)
	h.win, h.ttl = e.win, e.ttl
	if last := int64(e.lastHigh)<<32 | int64(e.last); last != 0 {
		h.last = first + last - 1
	}
}

// reshape sets what a shape says of r. Its steps must be set.
func (r *record) reshape(s *shape) {
	r.ends[0].stance, r.ends[1].stance = s.ends[0], s.ends[1]
	r.common = s.common
	r.zeek.letters, r.zeek.ends = s.letters, s.zeek
	var times [maxSteps + 1]int64
	times[0] = r.first
	for i, st := range r.steps[:r.nsteps] {
		times[i+1] = times[i] + st.after()
	}
	for m := range numMoments {
		if r.has(m) {
			r.at[m] = times[s.at[m]&maxSteps]
		}
	}
}

func (l *lone) at() int64 { return int64(l.first[1])<<32 | int64(l.first[0]) }

// checkOut looks at f: the record of f is t.work until checkIn.
func (t *Tracker) checkOut(f ref) {
	t.held = 0
	if f != 0 && f.form() != formRecord {
		t.unpack(f, &t.work)
		t.held = f
	}
}

// checkIn keeps what t.work has become.
func (t *Tracker) checkIn() {
	f, r := t.held, &t.work
	if f == 0 {
		return
	}
	t.held = 0
	to := t.place(f, t.formOf(r))
	t.appoint(to, t.deadline(r))
	if t.rec == f {
		t.rec = to
	}
}

// promote keeps what was checked out as a record, so that others can be beside it.
func (t *Tracker) promote(f ref) ref {
	if f.form() == formRecord {
		return f
	}
	t.held = 0
	to := t.place(f, formRecord)
	t.appoint(to, t.deadline(&t.work))
	return to
}

// place stores t.work, that was f, in a form.
func (t *Tracker) place(f ref, as form) ref {
	r := &t.work
	s := &t.shards[f.shard()]
	to := f
	if f.form() != as || r.fresh {
		t.grew = true
		to = refTo(f.shard(), as, s.take(as))
		if r.fresh {
			t.insert(t.k, to)
		} else {
			t.replace(t.k.hash, f, to)
			s.give(f)
		}
		r.fresh = false
	}
	switch i := to.index(); as {
	case formLone:
		r.intoLone(s.lones.ptr(i))
	case formBrief:
		r.intoBrief(s.briefs.ptr(i))
	case formLong:
		l := s.longs.ptr(i)
		r.intoBrief(&l.brief)
		copy(l.more[:], r.steps[2:])
	default:
		r.hash, r.key.shape, r.live = t.k.hash, 0, true
		*s.records.ptr(i) = *r
	}
	return to
}

func (s *shard) take(as form) uint32 {
	switch as {
	case formLone:
		return s.lones.take()
	case formBrief:
		return s.briefs.take()
	case formLong:
		return s.longs.take()
	}
	return s.records.take()
}

func (s *shard) give(f ref) {
	switch i := f.index(); f.form() {
	case formLone:
		s.lones.give(i)
	case formBrief:
		s.briefs.give(i)
	case formLong:
		s.longs.give(i)
	default:
		s.records.give(i)
	}
}
