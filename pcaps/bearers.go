package pcaps

import "tcpwhy/flows"

// Some tunnels have an id that each receiver gives out for itself (GTP-U, L2TP, PPTP): the two directions of a flow
// have two, and neither says which is the other's. A phone that moves on gets another one in mid-connection. So
// these ids alone tell no network. bearers finds out which belong together by the TCP in them: a flow has the
// id in which its first segment came, and what answers that segment, or goes on from it, is of the same flow.

// received is the tunnel of that kind which the walk came through last.
type received struct {
	at int    // its place in path.tunnels, or nowhere
	id uint32 // as its receiver gave it out
}

const nowhere = -1

// way is one direction of a four-tuple.
type way struct {
	src, dst         flows.Addr
	srcPort, dstPort uint16
}

// seen is what went one way under one id.
type seen struct {
	id   uint32 // it came under
	flow uint32 // id in which the first segment of the flow came
	next flows.Seq
	used bool
}

// waysKept bounds the memory of bearers, at 10 MB: those not seen for longest are forgotten first, at the latest when
// so many others were.
const waysKept = 1 << 16

// bearers remembers ways in two generations, as only the older half of them is worth forgetting. The equal
// four-tuples of up to four flows are told apart.
type bearers struct {
	young, old map[way]*[4]seen
}

// of is the id of the flow of a segment that came under an id.
func (b *bearers) of(id uint32, s *flows.Segment) uint32 {
	w := way{s.Src, s.Dst, s.SrcPort, s.DstPort}
	mine, theirs := b.find(w), b.find(way{s.Dst, s.Src, s.DstPort, s.SrcPort})
	if s.Quote.Version != 0 {
		// What was quoted went the other way.
		if i := nearest(mine, s.Seq, nil); i >= 0 {
			return mine[i].flow
		}
		return id
	}
	if mine == nil {
		mine = b.add(w)
	}
	for i := range mine {
		if m := &mine[i]; m.used && m.id == id {
			m.next = s.End()
			return m.flow
		}
	}
	flow := id
	if i := nearest(theirs, s.Ack, mine); i >= 0 {
		flow = theirs[i].flow // an answer
	} else if i := nearest(mine, s.Seq, nil); i >= 0 && !s.Flags.Any(flows.SYN) {
		flow = mine[i].flow // the tunnel is another one now
	}
	copy(mine[1:], mine[:])
	mine[0] = seen{id, flow, s.End(), true}
	return flow
}

// nearest is the place in list whose next number is nearest to one. Flows that have come the other way before,
// under another id, are left out.
func nearest(list *[4]seen, number flows.Seq, answered *[4]seen) int {
	if list == nil {
		return -1
	}
	best, at := uint32(0), -1
	for i := range list {
		if !list[i].used || answered != nil && has(answered, list[i].flow) {
			continue
		}
		apart := number.Sub(list[i].next)
		if d := uint32(max(apart, -apart)); at < 0 || d < best {
			best, at = d, i
		}
	}
	return at
}

func has(list *[4]seen, flow uint32) bool {
	for i := range list {
		if list[i].used && list[i].flow == flow {
			return true
		}
	}
	return false
}

// find returns what is remembered of a way, nil if nothing.
func (b *bearers) find(w way) *[4]seen {
	if s := b.young[w]; s != nil {
		return s
	}
	s := b.old[w]
	if s != nil {
		b.keep(w, s)
	}
	return s
}

func (b *bearers) add(w way) *[4]seen {
	s := new([4]seen)
	b.keep(w, s)
	return s
}

func (b *bearers) keep(w way, s *[4]seen) {
	if len(b.young) >= waysKept/2 {
		b.old, b.young = b.young, nil
	}
	if b.young == nil {
		b.young = make(map[way]*[4]seen)
	}
	b.young[w] = s
}
