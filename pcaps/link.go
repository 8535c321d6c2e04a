package pcaps

import "encoding/binary"

// ethernet reads the Ethernet II or IEEE 802.3 header.
func ethernet(d *Decoder) step {
	h := d.take(14)
	if h == nil {
		return d.stop(CutShort)
	}
	return d.typeOrLength(binary.BigEndian.Uint16(h[12:]))
}

// maxLength8023 is the largest value of an Ethernet type field that is a length
// (IEEE 802.3 §3.2.6).
const maxLength8023 = 1500

// typeOrLength goes on by an EtherType, or by the length that stands in its place where an
// LLC header follows.
func (d *Decoder) typeOrLength(t uint16) step {
	if t <= maxLength8023 {
		d.limit(int(t))
		return llc
	}
	return d.follow(etherType, uint32(t), NotIP)
}

// llc reads the IEEE 802.2 header, and that of SNAP when it is there (RFC 1042).
func llc(d *Decoder) step {
	h := d.take(3)
	if h == nil {
		return d.stop(CutShort)
	}
	const ui = 3 // unnumbered information
	switch {
	case h[0] == 0xaa && h[1] == 0xaa && h[2] == ui:
		return snap
	case h[0] == 0x06 && h[1] == 0x06 && h[2] == ui:
		return ipv4
	}
	return d.stop(NotIP)
}

// snap reads the SNAP header: an organisation, and a number of its own.
func snap(d *Decoder) step {
	h := d.take(5)
	if h == nil {
		return d.stop(CutShort)
	}
	kind := binary.BigEndian.Uint16(h[3:])
	switch [3]byte(h) {
	case [3]byte{0, 0, 0}, // EtherType
		[3]byte{0, 0, 0xf8}: // EtherType, tunnelled by a bridge (IEEE 802.1H)
		return d.follow(etherType, uint32(kind), NotIP)
	case [3]byte{0, 0x80, 0xc2}: // bridged (RFC 2684 §5.2)
		if kind == 1 || kind == 7 { // Ethernet, with and without its checksum
			if d.take(2) == nil {
				return d.stop(CutShort)
			}
			return ethernet
		}
	}
	return d.stop(NotIP)
}

// vlan reads an IEEE 802.1Q or 802.1ad tag.
func vlan(d *Decoder) step {
	h := d.take(4)
	if h == nil {
		return d.stop(CutShort)
	}
	if !d.tag(binary.BigEndian.Uint16(h) & 0xfff) {
		return d.stop(TooDeep)
	}
	return d.typeOrLength(binary.BigEndian.Uint16(h[2:]))
}

// sll reads the header of a Linux cooked capture.
func sll(d *Decoder) step {
	h := d.take(16)
	if h == nil {
		return d.stop(CutShort)
	}
	return d.cooked(binary.BigEndian.Uint16(h[2:]), binary.BigEndian.Uint16(h[14:]))
}

// sll2 reads the header of a Linux cooked capture, version 2.
func sll2(d *Decoder) step {
	h := d.take(20)
	if h == nil {
		return d.stop(CutShort)
	}
	return d.cooked(binary.BigEndian.Uint16(h[8:]), binary.BigEndian.Uint16(h))
}

// cooked goes on by the protocol of a Linux cooked capture, whose meaning the type of the
// interface decides (ARPHRD_ of if_arp.h).
func (d *Decoder) cooked(arphrd, protocol uint16) step {
	const (
		netlink = 824

		ieee8023 = 1 // Novell's, without an LLC header
		ieee8022 = 4 // LLC
	)
	switch {
	case arphrd == netlink, protocol == ieee8023:
		return d.stop(NotIP)
	case protocol == ieee8022:
		return llc
	}
	return d.follow(etherType, uint32(protocol), NotIP)
}

// null reads the address family of a BSD loopback: four bytes in the order of the machine
// that captured, which need not be ours, or (Loop) of the network. IPv6 has another number on
// every system.
func null(d *Decoder) step {
	h := d.take(4)
	if h == nil {
		return d.stop(CutShort)
	}
	family := binary.LittleEndian.Uint32(h)
	if family > 0xffff {
		family = binary.BigEndian.Uint32(h)
	}
	switch family {
	case 2:
		return ipv4
	case 24, 28, 30: // NetBSD and OpenBSD, FreeBSD, Darwin
		return ipv6
	case 10, 23: // Linux, Windows; and on BSD other protocols
		return rawIP
	}
	return d.stop(NotIP)
}

// rawIP tells IPv4 from IPv6 by the version, where nothing else does.
func rawIP(d *Decoder) step {
	if len(d.rest) == 0 {
		return d.stop(CutShort)
	}
	switch d.rest[0] >> 4 {
	case 4:
		return ipv4
	case 6:
		return ipv6
	}
	return d.stop(NotIP)
}

// encrypted ends the walk where nothing more can be seen.
func encrypted(d *Decoder) step { return d.stop(Encrypted) }
