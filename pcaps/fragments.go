package pcaps

import "tcpwhy/flows"

// whole says how much of a segment's IP packet was in the frame that has its TCP header.
type whole uint8

const (
	unfragmented whole = iota
	endKnown           // a first fragment, and the length of the packet is known from its last one
	endUnknown         // a first fragment, whose last one has not been seen
)

// datagram is an IP packet that travels in fragments (RFC 791 §3.2, RFC 8200 §4.5).
type datagram struct {
	path     path
	src, dst flows.Addr
	id       uint32
	protocol byte
}

// fragments remembers how long the latest fragmented packets were, as their last fragments
// tell: the first has the TCP header but not the length. What comes between the two is not looked at, so
// that the length holds even where the capture lacks some of it.
type fragments struct {
	seen [64]struct {
		datagram
		length int   // bytes behind the IP header, or behind the Fragment header
		time   int64 // when the last fragment passed
	}
	next int
}

// fragmentAge is how far in time the fragments of one packet can lie apart: an id comes back after 65,536
// packets.
const fragmentAge = int64(1e9)

// last takes note of a last fragment.
func (f *fragments) last(of datagram, length int, time int64) {
	if f.length(&of, time) == length {
		return // a copy, or one that was met when looking ahead
	}
	s := &f.seen[f.next%len(f.seen)]
	s.datagram, s.length, s.time = of, length, time
	f.next++
}

// length is that of a packet, 0 where its last fragment is not remembered.
func (f *fragments) length(of *datagram, time int64) int {
	for i := range min(f.next, len(f.seen)) {
		s := &f.seen[(f.next-1-i)%len(f.seen)]
		if s.id == of.id && s.datagram == *of && max(s.time-time, time-s.time) <= fragmentAge {
			return s.length
		}
	}
	return 0
}

// fragment reads a fragment that begins at offset; what of it is captured is d.rest, and protocol is what
// the packet holds. It reports whether the walk goes on: in the first fragment, of which d.wire is
// then the length of the whole packet, if that is known.
func (d *Decoder) fragment(id uint32, protocol byte, offset int, more bool) bool {
	of := datagram{path: d.path, src: d.seg.Src, dst: d.seg.Dst, id: id, protocol: protocol}
	switch {
	case d.seg.Quote.Version != 0 || !leadsToTCP(protocol):
	case offset != 0 && !more:
		d.fragments.last(of, offset+d.wire, d.seg.Time)
	case offset == 0:
		d.datagram, d.whole = of, endUnknown
		if n := d.fragments.length(&of, d.seg.Time); n > d.wire {
			d.wire, d.whole = n, endKnown
		}
	}
	return offset == 0
}

// leadsToTCP reports whether TCP can follow without another IP header, which would tell its length.
func leadsToTCP(protocol byte) bool {
	switch protocol {
	case protoTCP, protoAH, protoDestination:
		return true
	}
	return false
}
