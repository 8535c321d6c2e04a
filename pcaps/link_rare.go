package pcaps

import "encoding/binary"

// nflog reads the header of packets that netfilter logs: attributes, one of which is the IP
// packet. Their lengths are in the order of the machine that captured.
func nflog(d *Decoder) step {
	if d.take(4) == nil {
		return d.stop(CutShort)
	}
	const payload = 9
	for {
		if len(d.rest) < 4 {
			return d.stop(CutShort)
		}
		var order binary.ByteOrder = binary.LittleEndian
		n := int(order.Uint16(d.rest))
		if n < 4 || n > d.wire {
			order = binary.BigEndian
			n = int(order.Uint16(d.rest))
		}
		if n < 4 {
			return d.stop(BadLink)
		}
		if order.Uint16(d.rest[2:])&0x7fff == payload {
			d.limit(n)
			d.take(4)
			return rawIP
		}
		if d.take((n+3)&^3) == nil {
			return d.stop(CutShort)
		}
	}
}

// pflog reads the header of packets that OpenBSD's pf logs. Its length is the first byte,
// without the padding that follows it.
func pflog(d *Decoder) step {
	if len(d.rest) == 0 {
		return d.stop(CutShort)
	}
	n := int(d.rest[0])
	if n < 4 {
		return d.stop(BadLink)
	}
	if d.take((n+3)&^3) == nil {
		return d.stop(CutShort)
	}
	return rawIP
}

// pktap reads the header of Apple's captures on several interfaces, which says what link type
// follows.
func pktap(d *Decoder) step {
	if len(d.rest) < 12 {
		return d.stop(CutShort)
	}
	n, linktype := binary.LittleEndian.Uint32(d.rest), binary.LittleEndian.Uint32(d.rest[8:])
	if n < 12 || n > 0xffff {
		return d.stop(BadLink)
	}
	if d.take(int(n)) == nil {
		return d.stop(CutShort)
	}
	return d.follow(linkType, linktype, NotIP)
}

// fddi reads the FDDI header of an LLC frame.
func fddi(d *Decoder) step {
	h := d.take(13)
	if h == nil {
		return d.stop(CutShort)
	}
	if h[0]&0xf0 != 0x50 { // asynchronous LLC
		return d.stop(NotIP)
	}
	return llc
}

// tokenRing reads the IEEE 802.5 header and the route behind it.
func tokenRing(d *Decoder) step {
	h := d.take(14)
	if h == nil {
		return d.stop(CutShort)
	}
	if h[1]&0xc0 != 0x40 { // LLC
		return d.stop(NotIP)
	}
	if routed := h[8]&0x80 != 0; routed {
		if len(d.rest) == 0 {
			return d.stop(CutShort)
		}
		n := int(d.rest[0] & 0x1f)
		if n < 2 {
			return d.stop(BadLink)
		}
		if d.take(n) == nil {
			return d.stop(CutShort)
		}
	}
	return llc
}

// sunATM reads the header of SunATM, which says whether LLC follows, or Ethernet after two
// bytes (LAN Emulation).
func sunATM(d *Decoder) step {
	h := d.take(4)
	if h == nil {
		return d.stop(CutShort)
	}
	switch h[0] & 0xf {
	case 1:
		if d.take(2) == nil {
			return d.stop(CutShort)
		}
		return ethernet
	case 2:
		return llc
	}
	return d.stop(NotIP)
}

// atm is RFC 2684 over ATM: LLC, or without it IP.
func atm(d *Decoder) step {
	if len(d.rest) == 0 {
		return d.stop(CutShort)
	}
	if v := d.rest[0] >> 4; v == 4 || v == 6 {
		return rawIP
	}
	return llc
}

// behind makes a step that passes over n bytes that tell nothing.
func behind(n int, next step) step {
	return func(d *Decoder) step {
		if d.take(n) == nil {
			return d.stop(CutShort)
		}
		return next
	}
}

// typeAt makes a step that passes over a header of n bytes with an EtherType at an offset.
func typeAt(offset, n int) step {
	return func(d *Decoder) step {
		h := d.take(n)
		if h == nil {
			return d.stop(CutShort)
		}
		return d.follow(etherType, uint32(binary.BigEndian.Uint16(h[offset:])), NotIP)
	}
}

// docsis reads the MAC header of a cable modem's packet PDU, with its extension and its checksum.
func docsis(d *Decoder) step {
	h := d.take(4)
	if h == nil {
		return d.stop(CutShort)
	}
	const kind, extended = 0xfe, 1
	if h[0]&kind != 0 { // management, or other than Ethernet
		return d.stop(NotIP)
	}
	if h[0]&extended != 0 && d.take(int(h[1])) == nil || d.take(2) == nil {
		return d.stop(CutShort)
	}
	return ethernet
}

// erf reads the record header of Endace's cards and its extensions.
func erf(d *Decoder) step {
	h := d.take(16)
	if h == nil {
		return d.stop(CutShort)
	}
	const more = 0x80
	kind := h[8] &^ more
	for extended := h[8]&more != 0; extended; {
		e := d.take(8)
		if e == nil {
			return d.stop(CutShort)
		}
		extended = e[0]&more != 0
	}
	switch kind {
	case 1, 10, 15, 19: // HDLC, with colours and hashes
		return pppHDLC
	case 2, 11, 16, 20: // Ethernet likewise, behind two bytes
		if d.take(2) == nil {
			return d.stop(CutShort)
		}
		return ethernet
	case 22:
		return ipv4
	case 23:
		return ipv6
	}
	return d.stop(NotIP)
}

// juniper makes a step that reads the header which Juniper's routers put before a frame.
func juniper(next step) step {
	return func(d *Decoder) step {
		h := d.take(4)
		if h == nil {
			return d.stop(CutShort)
		}
		const magic, extended, bare = 0x4d4743, 0x80, 0x02
		if uint24(h) != magic {
			return d.stop(BadLink)
		}
		if h[3]&extended != 0 {
			n := d.take(2)
			if n == nil || d.take(int(binary.BigEndian.Uint16(n))) == nil {
				return d.stop(CutShort)
			}
		}
		if h[3]&bare != 0 { // the link layer's header was taken off, and four bytes put in its place
			if d.take(4) == nil {
				return d.stop(CutShort)
			}
			return rawIP
		}
		return next
	}
}
