package flows

import "unsafe"

// kept holds the transitions of the flows that are followed: in blocks without pointers, so that those of
// a million flows cost the garbage collector nothing. As slices of Transition, the 11 of a flow took 1.2 kB
// and as much time again as all else that is done for it; so they take 400 bytes and an eighth.
type kept struct {
	blocks  slab[block]
	stories stories
	all     []packed     // the last that were listed
	list    []Transition // and as they are handed out
}

// chain is the first and the last block of a record's transitions, 0: there are none.
type chain struct{ head, tail uint32 }

// block is a few transitions of one flow, in order.
type block struct {
	of   [4]packed
	next uint32
	n    uint8
}

// packed is a Transition. Of its certainty only whether it was taken back is here: the rest is in the path.
type packed struct {
	packet, revisedBy uint64
	time              int64
	file              int32
	states            uint8 // four bits each, from the lower
	why               event
	side              Side
	revised           bool
}

func (p *packed) from() State { return State(p.states & 15) }
func (p *packed) to() State   { return State(p.states >> 4) }

// keepTransition adds one to those of r.
func (t *Tracker) keepTransition(r *record, tr *Transition, why event) {
	r.moved = true
	if !r.apart {
		if i, ok := r.stepFor(tr.Packet, tr.File, tr.Time); ok {
			story, ok := t.kept.stories.with(r.story, chapter{side: tr.Side, from: tr.From, to: tr.To, why: why, step: i})
			if ok {
				r.story = story
				return
			}
		}
		t.setApart(r)
	}
	if t.keep {
		t.keepPacked(r, packed{packet: tr.Packet, time: tr.Time, file: tr.File,
			states: uint8(tr.From) | uint8(tr.To)<<4, why: why, side: tr.Side})
	}
}

// setApart takes the transitions of r out of the stories, so that each can be changed.
func (t *Tracker) setApart(r *record) {
	if r.apart {
		return
	}
	r.apart = true
	if t.keep {
		t.kept.all = t.kept.stories.list(t.kept.all[:0], r)
		for _, p := range t.kept.all {
			t.keepPacked(r, p)
		}
	}
	r.story = 0
}

func (t *Tracker) keepPacked(r *record, p packed) {
	if t.kept.add(r, p) {
		t.lengthen(r, int(unsafe.Sizeof(block{})))
	}
}

// add appends a transition to the chain of r, and reports whether that took another block.
func (k *kept) add(r *record, p packed) (another bool) {
	c := &r.kept
	if another = c.tail == 0 || int(k.blocks.ptr(c.tail).n) == len(block{}.of); another {
		next := k.blocks.take()
		if c.tail == 0 {
			c.head = next
		} else {
			k.blocks.ptr(c.tail).next = next
		}
		c.tail = next
	}
	b := k.blocks.ptr(c.tail)
	b.of[b.n] = p
	b.n++
	return another
}

// each calls f with the transitions in the chain of r, in order.
func (k *kept) each(r *record, f func(*packed)) {
	for i := r.kept.head; i != 0; {
		b := k.blocks.ptr(i)
		for j := range b.of[:b.n] {
			f(&b.of[j])
		}
		i = b.next
	}
}

// standing is the last transition in the chain of r that led to s and still stands, nil: there is none.
func (k *kept) standing(r *record, side Side, s State) (last *packed) {
	k.each(r, func(p *packed) {
		if p.side == side && p.to() == s && !p.revised {
			last = p
		}
	})
	return last
}

// of lists the transitions of r. The list is valid until the next call.
func (k *kept) of(r *record) []Transition {
	k.all, k.list = k.all[:0], k.list[:0]
	if r.apart {
		k.each(r, func(p *packed) { k.all = append(k.all, *p) })
	} else {
		k.all = k.stories.list(k.all, r)
	}
	var at [2]uint8 // the next state of each side's path
	for i := range k.all {
		p := &k.all[i]
		t := Transition{Packet: p.packet, File: p.file, Time: p.time, Side: p.side, From: p.from(), To: p.to(),
			Certainty: Revised, Why: p.why.String(), RevisedBy: p.revisedBy}
		if !p.revised {
			if at[p.side] == 0 && t.From != Unknown {
				at[p.side] = 1 // the path begins with the state that the first one left
			}
			if t.Certainty = Assumed; r.end(p.side).path.isProved(at[p.side]) {
				t.Certainty = Proved
			}
			at[p.side]++
		}
		k.list = append(k.list, t)
	}
	return k.list
}

// end is the end in that role.
func (r *record) end(s Side) *half {
	if s == Client {
		return r.clientEnd()
	}
	return r.serverEnd()
}

// release forgets the transitions of r.
func (k *kept) release(r *record) {
	for i := r.kept.head; i != 0; {
		next := k.blocks.ptr(i).next
		k.blocks.give(i)
		i = next
	}
	r.kept, r.apart, r.story, r.nsteps = chain{}, false, 0, 0
}
