package pcaps

import (
	"encoding/binary"

	"tcpwhy/flows"
)

// tcpStep reads the TCP header, where the walk came to one.
//
// A segment is one from its ports on: 4 captured bytes. Sequence number, acknowledgment number
// and flags are set where 8, 12 and 14 bytes were captured, the rest of the fixed header and the
// options likewise; what was not is zero. HeaderOK is set when 14 were, and the header is one that
// a receiver would look at: a data offset below 5 or beyond the packet is not. Cut is set
// whenever the header, with options, is not whole.
func tcpStep(d *Decoder) step {
	if len(d.rest) < 4 {
		return d.stop(CutShort)
	}
	// Both slices end where the frame's capacity does: this is how far apart they begin.
	d.seg.TCP = cap(d.seg.IP) - cap(d.rest)
	tcp(d.seg, d.rest, d.wire)
	if d.seg.Quote.Version != 0 {
		return d.stop(Quote)
	}
	return d.stop(TCP)
}

// tcp fills in what a TCP header tells: b is what was captured from it to the end of the
// packet, at least the ports, and wire the number of bytes from it to the end by the IP
// header. Of a first fragment that is the fragment's end, so that Len is what it carries.
func tcp(s *flows.Segment, b []byte, wire int) {
	s.HasTS, s.HasSACK, s.HasWScale, s.FastOpen = false, false, false, false
	if len(b) < 20 {
		tcpCut(s, b, wire)
		return
	}
	first, second, third := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint32(b[16:])
	s.SrcPort, s.DstPort = uint16(first>>48), uint16(first>>32)
	s.Seq, s.Ack = flows.Seq(first), flows.Seq(second>>32)
	offset := uint16(second >> 16)
	s.Flags = flows.Flags(offset & 0xfff)
	s.Window = uint16(second)
	s.Checksum, s.Urgent = uint16(third>>16), uint16(third)
	s.Cut, s.HeaderOK = false, true

	header := int(offset>>12) * 4
	switch {
	case header == 20:
	case header == 32 && len(b) >= 32 && binary.BigEndian.Uint32(b[20:]) == nopNopTS:
		s.TSVal = binary.BigEndian.Uint32(b[24:])
		s.TSEcr = binary.BigEndian.Uint32(b[28:])
		s.HasTS = true
	case header < 20, header > wire:
		s.Cut, s.HeaderOK, s.Len = true, false, 0
		return
	default:
		s.Cut = header > len(b)
		options(s, b[20:min(header, len(b))])
	}
	s.Len = uint32(wire - header)
}

// tcpCut fills in what is there of a header of fewer than 20 bytes.
func tcpCut(s *flows.Segment, b []byte, wire int) {
	s.Cut, s.HeaderOK, s.Len = true, false, 0
	var whole [20]byte
	copy(whole[:], b[:len(b)&^1]) // half a field is none
	if len(b) < 8 {
		clear(whole[4:])
	} else if len(b) < 12 {
		clear(whole[8:])
	}
	s.SrcPort = binary.BigEndian.Uint16(whole[0:])
	s.DstPort = binary.BigEndian.Uint16(whole[2:])
	s.Seq = flows.Seq(binary.BigEndian.Uint32(whole[4:]))
	s.Ack = flows.Seq(binary.BigEndian.Uint32(whole[8:]))
	s.Flags = flows.Flags(binary.BigEndian.Uint16(whole[12:]) & 0xfff)
	s.Window = binary.BigEndian.Uint16(whole[14:])
	s.Checksum = binary.BigEndian.Uint16(whole[16:])
	s.Urgent = binary.BigEndian.Uint16(whole[18:])
	header := int(whole[12]>>4) * 4
	if len(b) >= 14 && header >= 20 && header <= wire {
		s.HeaderOK = true
		s.Len = uint32(wire - header)
	}
}

// Option kinds of the IANA registry "TCP Option Kind Numbers".
const (
	optEnd         = 0
	optNop         = 1
	optWindowScale = 3
	optSACK        = 5
	optTimestamps  = 8
	optFastOpen    = 34
	optExp1        = 253
	optExp2        = 254

	nopNopTS    = optNop<<24 | optNop<<16 | optTimestamps<<8 | 10 // RFC 7323 appendix A
	fastOpenExp = 0xf989                                          // RFC 7413 §4.1.1 by way of RFC 6994
	maxWScale   = 14                                              // RFC 7323 §2.3
)

// options parses a TCP option list. One that is malformed ends the list; what came before it
// counts. An option whose length is not the one of its kind is passed over.
func options(s *flows.Segment, o []byte) {
	for len(o) > 0 {
		switch o[0] {
		case optEnd:
			return
		case optNop:
			o = o[1:]
			continue
		}
		if len(o) < 2 || o[1] < 2 || int(o[1]) > len(o) {
			return
		}
		kind, v := o[0], o[2:o[1]]
		o = o[o[1]:]
		switch kind {
		case optWindowScale:
			// "This option MAY be sent in an initial <SYN> segment": nowhere else does it count.
			if len(v) == 1 && s.Flags.Has(flows.SYN) {
				s.WScale, s.HasWScale = min(v[0], maxWScale), true
			}
		case optSACK:
			if len(v) == 0 || len(v)%8 != 0 {
				continue
			}
			for ; len(v) > 0; v = v[8:] {
				right := flows.Seq(binary.BigEndian.Uint32(v[4:]))
				if s.HasSACK {
					right = right.Max(s.SACKEnd)
				}
				s.SACKEnd, s.HasSACK = right, true
			}
		case optTimestamps:
			if len(v) == 8 {
				s.TSVal = binary.BigEndian.Uint32(v)
				s.TSEcr = binary.BigEndian.Uint32(v[4:])
				s.HasTS = true
			}
		case optFastOpen:
			s.FastOpen = true
		case optExp1, optExp2:
			if len(v) >= 2 && binary.BigEndian.Uint16(v) == fastOpenExp {
				s.FastOpen = true
			}
		}
	}
}
