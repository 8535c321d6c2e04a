package pcaps

import "encoding/binary"

// tunnelKind is a kind of tunnel, as Space.Tunnel names it.
type tunnelKind uint8

const (
	tunnelIPIP tunnelKind = iota
	tunnel6in4
	tunnel4in6
	tunnel6in6
	tunnelEtherIP
	tunnelEthernet
	tunnelMPLS
	tunnelGRE
	tunnelNVGRE
	tunnelERSPAN
	tunnelPPTP
	tunnelVXLAN
	tunnelVXLANGPE
	tunnelGeneve
	tunnelGTP
	tunnelTeredo
	tunnelL2TP
	tunnelLISP
	tunnelGUE
	tunnelTZSP
	tunnelCAPWAP
	tunnelPPPoE
	tunnelPBB
	numTunnelKinds
)

func (t tunnelKind) String() string {
	return [numTunnelKinds]string{"ipip", "6in4", "4in6", "6in6", "etherip", "ethernet", "mpls", "gre", "nvgre", "erspan", "pptp",
		"vxlan", "vxlan-gpe", "geneve", "gtp", "teredo", "l2tp", "lisp", "gue", "tzsp", "capwap", "pppoe", "pbb"}[t]
}

// into passes into a tunnel that IP carries; next reads what is in it.
func (d *Decoder) into(t tunnel, next step) step {
	if !d.enter(t) {
		return d.stop(TooDeep)
	}
	return next
}

// intoReceived passes into a tunnel whose id is its receiver's. Of several in each other the innermost counts.
func (d *Decoder) intoReceived(kind tunnelKind, id uint32, next step) step {
	if d.received.at != nowhere {
		d.path.tunnels[d.received.at].dropID()
	}
	if next = d.into(keyed(kind, id), next); next != nil {
		d.received = received{int(d.path.nTunnels) - 1, id}
	}
	return next
}

// ipv4Within is an IPv4 packet within an IP packet (RFC 2003, RFC 2473).
func ipv4Within(d *Decoder) step {
	if d.seg.IP[0]>>4 == 6 {
		return d.into(unkeyed(tunnel4in6), ipv4)
	}
	return d.into(unkeyed(tunnelIPIP), ipv4)
}

// ipv6Within is an IPv6 packet within an IP packet (RFC 4213, RFC 2473).
func ipv6Within(d *Decoder) step {
	if d.seg.IP[0]>>4 == 6 {
		return d.into(unkeyed(tunnel6in6), ipv6)
	}
	return d.into(unkeyed(tunnel6in4), ipv6)
}

// etherIP reads the header of RFC 3378.
func etherIP(d *Decoder) step {
	h := d.take(2)
	switch {
	case h == nil:
		return d.stop(CutShort)
	case h[0]>>4 != 3:
		return d.stop(NotTCP)
	}
	return d.into(unkeyed(tunnelEtherIP), ethernet)
}

// ethernetWithin is an Ethernet frame right behind an IPv6 header (RFC 8986 §4.9).
func ethernetWithin(d *Decoder) step { return d.into(unkeyed(tunnelEthernet), ethernet) }

// mplsWithin is an MPLS packet within IP (RFC 4023) or UDP (RFC 7510).
func mplsWithin(d *Decoder) step { return d.into(unkeyed(tunnelMPLS), mpls) }

// nextProtocol goes on by the numbers that VXLAN-GPE and NSH (RFC 8300 §2.2) share.
func (d *Decoder) nextProtocol(n byte) step {
	switch n {
	case 1:
		return ipv4
	case 2:
		return ipv6
	case 3:
		return ethernet
	case 4:
		return nsh
	case 5:
		return mpls
	}
	return d.stop(NotIP)
}

// nsh reads the Network Service Header (RFC 8300 §2).
func nsh(d *Decoder) step {
	if len(d.rest) < 8 {
		return d.stop(CutShort)
	}
	next, length := d.rest[3], int(binary.BigEndian.Uint16(d.rest)&0x3f)*4
	if length < 8 {
		return d.stop(BadLink)
	}
	if d.take(length) == nil {
		return d.stop(CutShort)
	}
	return d.nextProtocol(next)
}

// looksEthernet reports whether b can be an Ethernet frame that leads to IP, where nothing
// but the bytes themselves tells. ok is false where there are too few to say.
func (d *Decoder) looksEthernet(b []byte) (yes, ok bool) {
	if len(b) < 14 {
		return false, false
	}
	t := binary.BigEndian.Uint16(b[12:])
	return t > maxLength8023 && d.after[etherType][uint32(t)] != nil, true
}
