package pcaps

import "encoding/binary"

// wifi reads the IEEE 802.11 MAC header of a data frame (§9.2.4, §9.3.2).
func wifi(d *Decoder) step {
	if len(d.rest) < 2 {
		return d.stop(CutShort)
	}
	return d.wifi(d.rest[0], d.rest[1], 1)
}

// wifiAligned is wifi where the header is padded to a multiple of four bytes.
func wifiAligned(d *Decoder) step {
	if len(d.rest) < 2 {
		return d.stop(CutShort)
	}
	return d.wifi(d.rest[0], d.rest[1], 4)
}

// wifiSwapped is wifi where the first two bytes are exchanged.
func wifiSwapped(d *Decoder) step {
	if len(d.rest) < 2 {
		return d.stop(CutShort)
	}
	return d.wifi(d.rest[1], d.rest[0], 1)
}

// wifi reads a header that begins with two bytes, and is padded to a multiple of some.
func (d *Decoder) wifi(control, flags byte, align int) step {
	const (
		typeData = 2
		// Bits of the subtype of a data frame:
		noData = 0x4
		qos    = 0x8
		// Bits of the second byte:
		toAndFromDS = 0x03
		moreToCome  = 0x04
		protected   = 0x40
		htControl   = 0x80
	)
	subtype := control >> 4
	if control&3 != 0 || control>>2&3 != typeData || subtype&noData != 0 {
		return d.stop(NotIP)
	}
	n := 24
	if flags&toAndFromDS == toAndFromDS {
		n += 6 // the fourth address
	}
	qosAt := n
	if subtype&qos != 0 {
		n += 2
		if flags&htControl != 0 {
			n += 4
		}
	}
	h := d.take((n + align - 1) / align * align)
	if h == nil {
		return d.stop(CutShort)
	}
	if flags&protected != 0 {
		return d.stop(Encrypted)
	}
	if fragment := h[22] & 0xf; fragment != 0 {
		return d.stop(LaterFragment)
	}
	const aggregate = 0x80
	if subtype&qos != 0 && h[qosAt]&aggregate != 0 {
		// An A-MSDU: the first of several frames, each with two addresses and its length.
		sub := d.take(14)
		if sub == nil {
			return d.stop(CutShort)
		}
		d.limit(int(binary.BigEndian.Uint16(sub[12:])))
	}
	return llc
}

// radiotap reads the header of radiotap.org, which goes before that of 802.11.
func radiotap(d *Decoder) step {
	if len(d.rest) < 8 {
		return d.stop(CutShort)
	}
	n := int(binary.LittleEndian.Uint16(d.rest[2:]))
	if d.rest[0] != 0 || n < 8 {
		return d.stop(BadLink)
	}
	h := d.take(n)
	if h == nil {
		return d.stop(CutShort)
	}
	const (
		hasTSFT  = 1 << 0
		hasFlags = 1 << 1
		hasMore  = 1 << 31 // another word of such bits

		checksumAtEnd = 0x10
		paddedHeader  = 0x20
	)
	present := binary.LittleEndian.Uint32(h[4:])
	at := 8
	for more := present; more&hasMore != 0; at += 4 {
		if at+4 > n {
			return d.stop(BadLink)
		}
		more = binary.LittleEndian.Uint32(h[at:])
	}
	if present&hasTSFT != 0 {
		at = (at+7)&^7 + 8
	}
	if present&hasFlags != 0 && at < n {
		if h[at]&checksumAtEnd != 0 {
			d.limit(max(d.wire-4, 0))
		}
		if h[at]&paddedHeader != 0 {
			return wifiAligned
		}
	}
	return wifi
}

// avs reads the AVS header.
func avs(d *Decoder) step {
	if len(d.rest) < 8 {
		return d.stop(CutShort)
	}
	n := int(binary.BigEndian.Uint32(d.rest[4:]) & 0xffff)
	if d.rest[0] != 0x80 || n < 8 {
		return d.stop(BadLink)
	}
	if d.take(n) == nil {
		return d.stop(CutShort)
	}
	return wifi
}

// prism reads the Prism header, in the order of the machine that captured, or the AVS header,
// which some drivers put in its place.
func prism(d *Decoder) step {
	if len(d.rest) < 8 {
		return d.stop(CutShort)
	}
	if d.rest[0] == 0x80 && d.rest[1] == 0x21 {
		return avs
	}
	n := binary.LittleEndian.Uint32(d.rest[4:])
	if n > 0xffff {
		n = binary.BigEndian.Uint32(d.rest[4:])
	}
	if n < 8 || n > 0xffff {
		return d.stop(BadLink)
	}
	if d.take(int(n)) == nil {
		return d.stop(CutShort)
	}
	return wifi
}

// ppi reads the Per-Packet Information header, which says what link type follows.
func ppi(d *Decoder) step {
	if len(d.rest) < 8 {
		return d.stop(CutShort)
	}
	n, linktype := int(binary.LittleEndian.Uint16(d.rest[2:])), binary.LittleEndian.Uint32(d.rest[4:])
	if n < 8 {
		return d.stop(BadLink)
	}
	if d.take(n) == nil {
		return d.stop(CutShort)
	}
	return d.follow(linkType, linktype, NotIP)
}
