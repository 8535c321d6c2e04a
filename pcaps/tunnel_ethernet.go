package pcaps

import "encoding/binary"

// mpls reads an MPLS label (RFC 3032 §2.1); the last of a stack has a bit set. They say nothing of what follows: IP is
// told by its version, an Ethernet pseudowire (RFC 4448) with its control word or without by
// what its bytes can be. Labels do not count in a space: each direction has its own.
func mpls(d *Decoder) step {
	l := d.take(4)
	if l == nil {
		return d.stop(CutShort)
	}
	if l[2]&1 == 0 {
		return mpls
	}
	b := d.rest
	if len(b) == 0 {
		return d.stop(CutShort)
	}
	const associatedChannel = 1 // RFC 5586: operation and maintenance
	switch b[0] >> 4 {
	case 4, 6:
		// Or an Ethernet address that begins so: then there is a type that fits behind it.
		yes, ok := d.looksEthernet(b)
		if yes {
			if yes, ok = d.looksIP(b); ok && !yes {
				return ethernet
			}
		}
		if !ok {
			return d.stop(CutShort)
		}
		return rawIP
	case 0:
		if len(b) < 18 {
			return d.stop(CutShort)
		}
		if yes, _ := d.looksEthernet(b[4:]); !yes {
			if yes, _ = d.looksEthernet(b); yes {
				return ethernet
			}
		}
		d.take(4)
		return ethernet
	case associatedChannel:
		if len(b) < 14 {
			return d.stop(CutShort)
		}
		if yes, _ := d.looksEthernet(b); !yes {
			return d.stop(NotIP)
		}
	}
	return ethernet
}

// looksIP reports whether b, which begins with a 4 or a 6, convinces as an IP header. ok is
// false where there is too little of it to say.
func (d *Decoder) looksIP(b []byte) (yes, ok bool) {
	if b[0]>>4 == 6 {
		if len(b) < 40 {
			return false, false
		}
		return int(binary.BigEndian.Uint16(b[4:])) <= d.wire-40 && d.after[ipProtocol][uint32(b[6])] != nil, true
	}
	header := int(b[0]&15) * 4
	if len(b) < header {
		return false, false
	}
	sum := uint32(0)
	for i := 0; i < header; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	return header >= 20 && sum%0xffff == 0, true
}

// pppoe reads the header of a PPPoE session (RFC 2516 §4). Its number is the same in both
// directions. VLAN tags outside of it count too: they can stand for the subscriber.
func pppoe(d *Decoder) step {
	h := d.take(6)
	if h == nil {
		return d.stop(CutShort)
	}
	const session = 0
	switch {
	case h[0] != 0x11: // version and type
		return d.stop(BadLink)
	case h[1] != session:
		return d.stop(NotIP)
	}
	d.limit(int(binary.BigEndian.Uint16(h[4:])))
	vlans, n := d.path.vlans, d.path.nVLANs
	if !d.enter(keyed(tunnelPPPoE, uint32(binary.BigEndian.Uint16(h[2:])))) {
		return d.stop(TooDeep)
	}
	d.path.vlans, d.path.nVLANs = vlans, n
	return ppp
}

// pbb reads the service tag of provider backbone bridging (IEEE 802.1ah): a whole Ethernet
// frame follows.
func pbb(d *Decoder) step {
	h := d.take(4)
	if h == nil {
		return d.stop(CutShort)
	}
	return d.into(keyed(tunnelPBB, binary.BigEndian.Uint32(h)&0xffffff), ethernet)
}

// vnTag reads the tag of a Cisco fabric extender, and portTag that of IEEE 802.1BR: they name a
// port of the switch, on one side of it only, and so no network.
func vnTag(d *Decoder) step   { return d.untag(4) }
func portTag(d *Decoder) step { return d.untag(6) }

// hsr reads the tag of a ring in which each frame goes both ways round (IEC 62439-3 §5), and metadata
// that of Cisco's security groups.
func hsr(d *Decoder) step      { return d.untag(4) }
func metadata(d *Decoder) step { return d.untag(6) }

// trill reads the header of RFC 6325 §3 with its options, behind which a frame follows.
func trill(d *Decoder) step {
	h := d.take(6)
	if h == nil || d.take(int(binary.BigEndian.Uint16(h)>>6&0x1f)*4) == nil {
		return d.stop(CutShort)
	}
	return ethernet
}

// batman reads the header of a mesh, version 15, behind which a frame follows.
func batman(d *Decoder) step {
	if len(d.rest) < 2 {
		return d.stop(CutShort)
	}
	const (
		version   = 15
		broadcast = 0x01
		unicast   = 0x40
		unicast4  = 0x42 // four addresses
	)
	n := map[byte]int{broadcast: 14, unicast: 10, unicast4: 18}[d.rest[0]]
	switch {
	case d.rest[1] != version || n == 0:
		return d.stop(NotIP)
	case d.take(n) == nil:
		return d.stop(CutShort)
	}
	return ethernet
}

// untag passes over a tag of n bytes, behind which the EtherType stands.
func (d *Decoder) untag(n int) step {
	h := d.take(n + 2)
	if h == nil {
		return d.stop(CutShort)
	}
	return d.typeOrLength(binary.BigEndian.Uint16(h[n:]))
}

// macsec reads the tag of IEEE 802.1AE, which may only protect and not hide.
func macsec(d *Decoder) step {
	const (
		explicitSCI = 0x20
		hidden      = 0x0c // encrypted, or changed
		icv         = 16
	)
	h := d.take(6)
	if h == nil || h[0]&explicitSCI != 0 && d.take(8) == nil {
		return d.stop(CutShort)
	}
	if h[0]&hidden != 0 {
		return d.stop(Encrypted)
	}
	d.limit(max(d.wire-icv, 0))
	t := d.take(2)
	if t == nil {
		return d.stop(CutShort)
	}
	return d.typeOrLength(binary.BigEndian.Uint16(t))
}
