package pcaps

import (
	"encoding/binary"
	"math"

	"tcpwhy/flows"
)

// ipv4 reads the IPv4 header (RFC 791 §3.1).
func ipv4(d *Decoder) step {
	b := d.rest
	switch {
	case len(b) == 0:
		return d.stop(CutShort)
	case b[0]>>4 != 4, b[0]&15 < 5:
		return d.stop(BadIP)
	case len(b) < 20:
		return d.stop(CutShort)
	}
	header, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	if total == 0 {
		// The network card was to cut this packet up (TSO), or it is larger than the field
		// can say (BIG TCP): its length is what the link layer says.
		total = d.wire
	}
	switch {
	case total < header:
		return d.stop(BadIP)
	case len(b) < header:
		return d.stop(CutShort)
	}
	s := d.seg
	setAddr4(&s.Src, b[12:])
	setAddr4(&s.Dst, b[16:])
	s.IPID = binary.BigEndian.Uint16(b[4:])
	s.TTL = b[8]
	s.IP, s.IPLen = b, d.wire
	d.rest, d.wire = b[header:min(len(b), total)], total-header
	d.whole = unfragmented
	const moreFragments, offset = 0x2000, 0x1fff
	if f := binary.BigEndian.Uint16(b[6:]); f&(moreFragments|offset) != 0 &&
		!d.fragment(uint32(s.IPID), b[9], int(f&offset)*8, f&moreFragments != 0) {
		return d.stop(LaterFragment)
	}
	return d.follow(ipProtocol, uint32(b[9]), NotTCP)
}

// setAddr4 sets a to the IPv4 address at the beginning of b. flows.Addr4 says the same, but
// its copies by way of the stack make a packet cost 19 ns instead of 8.
func setAddr4(a *flows.Addr, b []byte) {
	binary.LittleEndian.PutUint64(a[:8], 0)
	binary.LittleEndian.PutUint64(a[8:], uint64(binary.LittleEndian.Uint32(b))<<32|0xffff<<16)
}

// ipv6 reads the IPv6 header (RFC 8200 §3).
func ipv6(d *Decoder) step {
	b := d.rest
	switch {
	case len(b) == 0:
		return d.stop(CutShort)
	case b[0]>>4 != 6:
		return d.stop(BadIP)
	case len(b) < 40:
		return d.stop(CutShort)
	}
	s := d.seg
	s.Src = flows.Addr(b[8:24])
	s.Dst = flows.Addr(b[24:40])
	s.IPID = 0
	s.TTL = b[7]
	s.IP, s.IPLen = b, d.wire
	length := int(binary.BigEndian.Uint16(b[4:]))
	if length == 0 {
		// A jumbogram, whose length hopByHop finds, or as in IPv4 what the link layer says.
		length = max(d.wire-40, 0)
	}
	d.rest, d.wire = b[40:min(len(b), 40+length)], length
	d.whole = unfragmented
	return d.follow(ipProtocol, uint32(b[6]), NotTCP)
}

// extension reads an IPv6 extension header of the common format (RFC 6564 §4).
func extension(d *Decoder) step {
	h := d.extension()
	if h == nil {
		return d.stop(CutShort)
	}
	return d.follow(ipProtocol, uint32(h[0]), NotTCP)
}

// extension cuts off an extension header of the common format; nil if it was not captured whole.
func (d *Decoder) extension() []byte {
	if len(d.rest) < 2 {
		return nil
	}
	return d.take(8 + int(d.rest[1])*8)
}

// hopByHop reads the Hop-by-Hop Options header, for the length of a jumbogram (RFC 2675 §2).
func hopByHop(d *Decoder) step {
	if d.seg.IP[0]>>4 != 6 {
		return d.stop(NotTCP) // protocol 0 means nothing in IPv4
	}
	h := d.extension()
	if h == nil {
		return d.stop(CutShort)
	}
	const pad1, jumbo = 0, 0xc2
	for o := h[2:]; len(o) >= 2; {
		if o[0] == pad1 {
			o = o[1:]
			continue
		}
		n := 2 + int(o[1])
		if n > len(o) {
			break
		}
		if o[0] == jumbo && n == 6 && binary.BigEndian.Uint16(d.seg.IP[4:]) == 0 {
			// "greater than 65,535": anything else is an error in the header.
			if length := binary.BigEndian.Uint32(o[2:]); length > 65535 {
				d.limit(int(min(length, math.MaxInt32)) - len(h))
			}
		}
		o = o[n:]
	}
	return d.follow(ipProtocol, uint32(h[0]), NotTCP)
}

// routing reads the Routing header. While it has segments left, the destination in the IP
// header is only the next stop; TCP's is the last one (RFC 8200 §8.1), and without it the two
// directions of a flow would not meet.
func routing(d *Decoder) step {
	h := d.extension()
	if h == nil {
		return d.stop(CutShort)
	}
	const sourceRoute, mobileHome, segmentRouting = 0, 2, 4
	if left := h[3]; left > 0 && len(h) >= 24 {
		switch h[2] {
		case sourceRoute, mobileHome: // RFC 2460 §4.4, RFC 6275 §6.4: the last address
			n := (len(h) - 8) / 16
			d.seg.Dst = flows.Addr(h[8+16*(n-1):])
		case segmentRouting: // RFC 8754 §2: from the last to the first
			d.seg.Dst = flows.Addr(h[8:])
		}
	}
	return d.follow(ipProtocol, uint32(h[0]), NotTCP)
}

// fragment6 reads the IPv6 Fragment header. An atomic fragment (RFC 6946) is a first one with
// none after it.
func fragment6(d *Decoder) step {
	h := d.take(8)
	if h == nil {
		return d.stop(CutShort)
	}
	const moreFragments = 1
	if f := binary.BigEndian.Uint16(h[2:]); f&^6 != 0 &&
		!d.fragment(binary.BigEndian.Uint32(h[4:]), h[0], int(f&^7), f&moreFragments != 0) {
		return d.stop(LaterFragment)
	}
	return d.follow(ipProtocol, uint32(h[0]), NotTCP)
}

// authentication reads the IP Authentication Header (RFC 4302 §2), which hides nothing.
func authentication(d *Decoder) step {
	if len(d.rest) < 2 {
		return d.stop(CutShort)
	}
	h := d.take(8 + int(d.rest[1])*4)
	if h == nil {
		return d.stop(CutShort)
	}
	return d.follow(ipProtocol, uint32(h[0]), NotTCP)
}
