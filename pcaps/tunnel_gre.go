package pcaps

import "encoding/binary"

// gre reads the GRE header: version 0 (RFC 2784, with key and sequence number of RFC 2890
// and the routing of RFC 1701), or 1, which is PPTP's (RFC 2637 §4.1).
func gre(d *Decoder) step {
	const (
		checksum = 0x8000
		routing  = 0x4000
		key      = 0x2000
		sequence = 0x1000
		ack      = 0x0080 // version 1 only
		version  = 0x0007
	)
	h := d.take(4)
	if h == nil {
		return d.stop(CutShort)
	}
	flags, protocol := binary.BigEndian.Uint16(h), binary.BigEndian.Uint16(h[2:])
	pptp := flags&version == 1
	if flags&version > 1 {
		return d.stop(NotTCP)
	}
	if flags&(checksum|routing) != 0 && !pptp && d.take(4) == nil {
		return d.stop(CutShort)
	}
	t, call := unkeyed(tunnelGRE), uint32(0)
	if flags&key != 0 {
		k := d.take(4)
		if k == nil {
			return d.stop(CutShort)
		}
		call = uint32(binary.BigEndian.Uint16(k[2:])) // PPTP's
		t = keyed(tunnelGRE, binary.BigEndian.Uint32(k))
		// NVGRE (RFC 7637 §3.2) is GRE with a key, Ethernet in it, and nothing else. Its key is
		// the subnet, from 0x1000 on, and 8 bits that differ from flow to flow.
		if vsid := binary.BigEndian.Uint32(k) >> 8; flags == key && protocol == etherBridged && vsid >= 0x1000 {
			t = keyed(tunnelNVGRE, vsid)
		}
	}
	if flags&sequence != 0 && d.take(4) == nil {
		return d.stop(CutShort)
	}
	if pptp {
		if flags&ack != 0 && d.take(4) == nil {
			return d.stop(CutShort)
		}
		return d.intoReceived(tunnelPPTP, call, ppp)
	}
	for flags&routing != 0 {
		// Source route entries: address family, offset, length; the last is all zero.
		e := d.take(4)
		if e == nil {
			return d.stop(CutShort)
		}
		if binary.BigEndian.Uint32(e) == 0 {
			break
		}
		if d.take(int(e[3])) == nil {
			return d.stop(CutShort)
		}
	}
	d.greSequence = flags&sequence != 0
	if next := d.after[greProtocol][uint32(protocol)]; next != nil {
		return next
	}
	next := d.after[etherType][uint32(protocol)]
	if next == nil {
		return d.stop(NotIP)
	}
	return d.into(t, next)
}

// wccp reads the redirect header of WCCP version 2; in version 1 there is none.
func wccp(d *Decoder) step {
	if len(d.rest) == 0 {
		return d.stop(CutShort)
	}
	if d.rest[0]>>4 != 4 && d.take(4) == nil {
		return d.stop(CutShort)
	}
	return d.into(unkeyed(tunnelGRE), ipv4)
}

// erspan reads the header of ERSPAN type II: a mirrored Ethernet frame. Type I has none, and GRE's no
// sequence number.
func erspan(d *Decoder) step {
	if !d.greSequence {
		return d.into(unkeyed(tunnelERSPAN), ethernet)
	}
	h := d.take(8)
	if h == nil {
		return d.stop(CutShort)
	}
	return d.into(erspanSession(h), ethernet)
}

// erspan3 reads the header of ERSPAN type III, and the one behind it that some platforms add.
func erspan3(d *Decoder) step {
	h := d.take(12)
	if h == nil || h[11]&1 != 0 && d.take(8) == nil {
		return d.stop(CutShort)
	}
	switch frame := h[10] >> 2 & 0x1f; frame {
	case 0:
		return d.into(erspanSession(h), ethernet)
	case 2:
		return d.into(erspanSession(h), rawIP)
	}
	return d.stop(NotIP)
}

func erspanSession(h []byte) tunnel {
	return keyed(tunnelERSPAN, uint32(binary.BigEndian.Uint16(h[2:])&0x3ff))
}
