package flows

// step is a packet of a flow that changed something: how far it is from the step before, or from the first
// packet, in nanoseconds (40 bits with a sign, 9 minutes) and in packets of the capture (24 bits).
type step int64

const (
	stepBits = 24
	maxSteps = 7 // FIN by FIN, a connection has six
)

func (s step) after() int64    { return int64(s) >> stepBits }
func (s step) packets() uint64 { return uint64(s & (1<<stepBits - 1)) }

// stepBetween is the step from one packet to another, and false where it is too long.
func stepBetween(from, to uint64, begin, end int64) (s step, ok bool) {
	dp, dt := to-from, end-begin
	return step(dt)<<stepBits | step(dp&(1<<stepBits-1)), dp>>stepBits == 0 && dt<<stepBits>>stepBits == dt
}

// stepFor is the number of the step that a packet is, the flow's first being 0. It is the last step or the next
// one, or else none.
func (r *record) stepFor(packet uint64, file int32, at int64) (uint8, bool) {
	was, when := r.packet, r.first
	for _, s := range r.steps[:r.nsteps] {
		was, when = was+s.packets(), when+s.after()
	}
	next, ok := stepBetween(was, packet, when, at)
	switch {
	case file != r.file:
		return 0, false
	case ok && next == 0:
		return r.nsteps, true
	case r.nsteps == maxSteps || !ok:
		return 0, false
	}
	r.steps[r.nsteps] = next
	r.nsteps++
	return r.nsteps, true
}

// stories are lists of transitions, as a tree of what comes after what. Most flows share a few: then their
// transitions take no more than the steps. The zero value is ready; story 0 is the empty list.
type stories struct{ of []chapter }

// chapter is the last transition of a story.
type chapter struct {
	parent, child, sibling uint16
	side                   Side
	from, to               State
	why                    event
	step                   uint8
}

// with is the number of the story that goes on after another one with last, and false if there are too many.
func (s *stories) with(parent uint16, last chapter) (uint16, bool) {
	if len(s.of) == 0 {
		s.of = append(s.of, chapter{})
	}
	last.parent = parent
	for i := s.of[parent].child; i != 0; {
		c := &s.of[i]
		last.child, last.sibling = c.child, c.sibling
		if *c == last {
			return i, true
		}
		i = c.sibling
	}
	if len(s.of) == 1<<16 {
		return 0, false
	}
	last.child, last.sibling = 0, s.of[parent].child
	n := uint16(len(s.of))
	s.of = append(s.of, last)
	s.of[parent].child = n
	return n, true
}

// list appends the transitions of r, that are in its story, without their certainty.
func (s *stories) list(to []packed, r *record) []packed {
	var (
		packets [maxSteps + 1]uint64
		times   [maxSteps + 1]int64
		n       int
	)
	packets[0], times[0] = r.packet, r.first
	for i, st := range r.steps[:r.nsteps] {
		packets[i+1], times[i+1] = packets[i]+st.packets(), times[i]+st.after()
	}
	for i := r.story; i != 0; i = s.of[i].parent {
		n++
	}
	for range n {
		to = append(to, packed{})
	}
	at := len(to)
	for i := r.story; i != 0; i = s.of[i].parent {
		c := &s.of[i]
		at--
		to[at] = packed{packet: packets[c.step], time: times[c.step], file: r.file,
			states: uint8(c.from) | uint8(c.to)<<4, why: c.why, side: c.side}
	}
	return to
}
