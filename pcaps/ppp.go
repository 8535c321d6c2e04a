package pcaps

import "encoding/binary"

// ppp reads the PPP header: address and control of HDLC framing (RFC 1662 §3.1) where they are
// there, and the protocol, which may be compressed to one byte (RFC 1661 §6.5).
func ppp(d *Decoder) step {
	if len(d.rest) >= 2 && d.rest[0] == 0xff && d.rest[1] == 0x03 {
		d.take(2)
	}
	if len(d.rest) == 0 || len(d.rest) == 1 && d.rest[0] == 0xff {
		return d.stop(CutShort)
	}
	if d.rest[0]&1 != 0 {
		return d.follow(pppProtocol, uint32(d.take(1)[0]), NotIP)
	}
	h := d.take(2)
	if h == nil {
		return d.stop(CutShort)
	}
	return d.follow(pppProtocol, uint32(binary.BigEndian.Uint16(h)), NotIP)
}

// pppd is PPP with the direction in place of the address.
func pppd(d *Decoder) step {
	if d.take(1) == nil {
		return d.stop(CutShort)
	}
	if len(d.rest) > 0 && d.rest[0] == 0x03 {
		d.take(1)
	}
	return ppp
}

// pppHDLC is PPP in HDLC framing, or what Cisco puts in its place.
func pppHDLC(d *Decoder) step {
	if len(d.rest) > 0 && (d.rest[0] == 0x0f || d.rest[0] == 0x8f) { // unicast, multicast
		return ciscoHDLC
	}
	return ppp
}

// ciscoHDLC reads address, control and an EtherType.
func ciscoHDLC(d *Decoder) step {
	h := d.take(4)
	if h == nil {
		return d.stop(CutShort)
	}
	return d.follow(etherType, uint32(binary.BigEndian.Uint16(h[2:])), NotIP)
}

// pppBridge reads the header of a bridged frame (RFC 3518 §4.2).
func pppBridge(d *Decoder) step {
	h := d.take(2)
	if h == nil {
		return d.stop(CutShort)
	}
	const hasLAN, overEthernet = 0x40, 1
	if h[0]&hasLAN != 0 && d.take(4) == nil {
		return d.stop(CutShort)
	}
	if h[1] != overEthernet {
		return d.stop(NotIP)
	}
	return ethernet
}

// pppMultilink reads the header of RFC 1990 §3, long format. Of a packet that is split, the
// first part has the headers.
func pppMultilink(d *Decoder) step {
	h := d.take(4)
	if h == nil {
		return d.stop(CutShort)
	}
	const begins = 0x80
	if h[0]&begins == 0 {
		return d.stop(LaterFragment)
	}
	return ppp
}

// frameRelay reads the address and what RFC 2427 §3 or Cisco puts behind it.
func frameRelay(d *Decoder) step {
	h := d.take(2)
	if h == nil {
		return d.stop(CutShort)
	}
	for last := h[1]&1 != 0; !last; {
		more := d.take(1)
		if more == nil {
			return d.stop(CutShort)
		}
		last = more[0]&1 != 0
	}
	h = d.take(2)
	if h == nil {
		return d.stop(CutShort)
	}
	const ui = 3
	if h[0] != ui {
		return d.follow(etherType, uint32(binary.BigEndian.Uint16(h)), NotIP)
	}
	id := h[1]
	if id == 0 { // padding
		if h = d.take(1); h == nil {
			return d.stop(CutShort)
		}
		id = h[0]
	}
	switch id { // network layer protocol identifiers of ISO/IEC TR 9577
	case 0xcc:
		return ipv4
	case 0x8e:
		return ipv6
	case 0x80:
		return snap
	}
	return d.stop(NotIP)
}
