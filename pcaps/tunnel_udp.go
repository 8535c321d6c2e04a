package pcaps

import "encoding/binary"

// udpStep reads the UDP header. Tunnels have a well-known port; what does not look like the
// tunnel of its port is taken for something else that uses it.
func udpStep(d *Decoder) step {
	h := d.take(8)
	if h == nil {
		return d.stop(NotTCP) // most UDP carries no TCP, so that the cut hid none
	}
	if n := int(binary.BigEndian.Uint16(h[4:])); n >= 8 {
		d.limit(n - 8)
	}
	if s := d.after[udpPort][uint32(binary.BigEndian.Uint16(h[2:]))]; s != nil {
		return s
	}
	return d.follow(udpPort, uint32(binary.BigEndian.Uint16(h)), NotTCP)
}

func uint24(b []byte) uint32 { return binary.BigEndian.Uint32(b) >> 8 }

// vxlan reads the header of RFC 7348 §5.
func vxlan(d *Decoder) step {
	h := d.take(8)
	switch {
	case h == nil:
		return d.stop(CutShort)
	case h[0]&0x08 == 0: // no valid VNI
		return d.stop(NotTCP)
	}
	return d.into(keyed(tunnelVXLAN, uint24(h[4:])), ethernet)
}

// vxlanGPE reads the header of VXLAN Generic Protocol Extension.
func vxlanGPE(d *Decoder) step {
	const hasVNI, hasProtocol = 0x08, 0x04
	h := d.take(8)
	if h == nil {
		return d.stop(CutShort)
	}
	if h[0]&hasVNI == 0 {
		return d.stop(NotTCP)
	}
	next := step(ethernet)
	if h[0]&hasProtocol != 0 {
		next = d.nextProtocol(h[3])
	}
	if next == nil {
		return nil
	}
	return d.into(keyed(tunnelVXLANGPE, uint24(h[4:])), next)
}

// geneve reads the header of RFC 8926 §3.4 and its options.
func geneve(d *Decoder) step {
	h := d.take(8)
	if h == nil {
		return d.stop(CutShort)
	}
	if h[0]>>6 != 0 {
		return d.stop(NotTCP)
	}
	if d.take(int(h[0]&0x3f)*4) == nil {
		return d.stop(CutShort)
	}
	next := d.after[etherType][uint32(binary.BigEndian.Uint16(h[2:]))]
	if next == nil {
		return d.stop(NotIP)
	}
	return d.into(keyed(tunnelGeneve, uint24(h[4:])), next)
}

// gtp reads the header of GTP-U (3GPP TS 29.281 §5.1) and its extension headers.
func gtp(d *Decoder) step {
	const (
		optional      = 0x07 // sequence number, N-PDU number or extension headers: four bytes are there
		hasExtensions = 0x04
		userPacket    = 255
	)
	h := d.take(8)
	if h == nil {
		return d.stop(CutShort)
	}
	if h[0]>>4 != 3 || h[1] != userPacket { // version 1, GTP and not GTP'
		return d.stop(NotTCP)
	}
	id := binary.BigEndian.Uint32(h[4:])
	if n := int(binary.BigEndian.Uint16(h[2:])); n > 0 {
		d.limit(n)
	}
	if h[0]&optional != 0 {
		o := d.take(4)
		if o == nil {
			return d.stop(CutShort)
		}
		for more := h[0]&hasExtensions != 0 && o[3] != 0; more; {
			if len(d.rest) == 0 {
				return d.stop(CutShort)
			}
			n := int(d.rest[0]) * 4
			if n == 0 {
				return d.stop(NotTCP)
			}
			e := d.take(n)
			if e == nil {
				return d.stop(CutShort)
			}
			more = e[n-1] != 0
		}
	}
	// IP, or in 5G Ethernet, or PPP: the tunnel's set-up said which, and was elsewhere.
	next := step(rawIP)
	if len(d.rest) > 0 && d.rest[0]>>4 != 4 && d.rest[0]>>4 != 6 {
		if yes, ok := d.looksEthernet(d.rest); !ok {
			return d.stop(CutShort)
		} else if next = ppp; yes {
			next = ethernet
		}
	}
	return d.intoReceived(tunnelGTP, id, next)
}

// teredo reads the indications of RFC 4380 §5.1.1 before the IPv6 packet.
func teredo(d *Decoder) step {
	for {
		if len(d.rest) < 4 {
			return d.stop(CutShort)
		}
		n := 0
		switch {
		case d.rest[0]>>4 == 6:
			return d.into(unkeyed(tunnelTeredo), ipv6)
		case d.rest[0] == 0 && d.rest[1] == 0: // origin
			n = 8
		case d.rest[0] == 0 && d.rest[1] == 1: // authentication
			n = 4 + int(d.rest[2]) + int(d.rest[3]) + 9
		default:
			return d.stop(NotTCP)
		}
		if d.take(n) == nil {
			return d.stop(CutShort)
		}
	}
}

// l2tp reads the header of an L2TP data message (RFC 2661 §3.1). Its id is made of tunnel and session.
func l2tp(d *Decoder) step {
	const (
		control   = 0x8000
		hasLength = 0x4000
		sequence  = 0x0800
		hasOffset = 0x0200
		version   = 0x000f
	)
	h := d.take(2)
	if h == nil {
		return d.stop(CutShort)
	}
	flags := binary.BigEndian.Uint16(h)
	if flags&control != 0 || flags&version != 2 {
		return d.stop(NotTCP)
	}
	if flags&hasLength != 0 {
		l := d.take(2)
		if l == nil {
			return d.stop(CutShort)
		}
		d.limit(max(int(binary.BigEndian.Uint16(l))-4, 0))
	}
	id := d.take(4)
	if id == nil || flags&sequence != 0 && d.take(4) == nil {
		return d.stop(CutShort)
	}
	if flags&hasOffset != 0 {
		o := d.take(2)
		if o == nil || d.take(int(binary.BigEndian.Uint16(o))) == nil {
			return d.stop(CutShort)
		}
	}
	return d.intoReceived(tunnelL2TP, binary.BigEndian.Uint32(id), ppp)
}

// lisp reads the header of a LISP data packet (RFC 9300 §5.3).
func lisp(d *Decoder) step {
	h := d.take(8)
	if h == nil {
		return d.stop(CutShort)
	}
	const hasInstance = 0x08
	if h[0]&hasInstance != 0 {
		return d.into(keyed(tunnelLISP, uint24(h[4:])), rawIP)
	}
	return d.into(unkeyed(tunnelLISP), rawIP)
}

// gue reads the header of Generic UDP Encapsulation; its version 1 is none, but the IP packet
// itself.
func gue(d *Decoder) step {
	if len(d.rest) < 4 {
		return d.stop(CutShort)
	}
	const control = 0x20
	h := d.rest
	switch {
	case h[0]>>6 == 1:
		return d.into(unkeyed(tunnelGUE), rawIP)
	case h[0]>>6 != 0, h[0]&control != 0:
		return d.stop(NotTCP)
	}
	if d.take(4+int(h[0]&0x1f)*4) == nil {
		return d.stop(CutShort)
	}
	return d.follow(ipProtocol, uint32(h[1]), NotTCP)
}

// tzsp reads the header of TaZmen Sniffer, in which routers and access points send what they
// capture.
func tzsp(d *Decoder) step {
	h := d.take(4)
	if h == nil {
		return d.stop(CutShort)
	}
	const received, toSend = 0, 1
	if h[0] != 1 || h[1] != received && h[1] != toSend {
		return d.stop(NotTCP)
	}
	const padding, end = 0, 1
	for {
		t := d.take(1)
		if t == nil {
			return d.stop(CutShort)
		}
		if t[0] == end {
			break
		}
		if t[0] == padding {
			continue
		}
		if n := d.take(1); n == nil || d.take(int(n[0])) == nil {
			return d.stop(CutShort)
		}
	}
	const overEthernet, overWiFi = 1, 18
	switch binary.BigEndian.Uint16(h[2:]) {
	case overEthernet:
		return d.into(unkeyed(tunnelTZSP), ethernet)
	case overWiFi:
		return d.into(unkeyed(tunnelTZSP), wifi)
	}
	return d.stop(NotIP)
}

// capwap reads the header in which access points send frames to their controller (RFC 5415 §4.3).
func capwap(d *Decoder) step {
	if len(d.rest) < 8 {
		return d.stop(CutShort)
	}
	const (
		encryptedPreamble = 1
		native            = 0x01 // of the third byte: a frame of the radio's kind, not of Ethernet
		isFragment        = 0x80 // of the fourth
		keepAlive         = 0x08
		overWiFi          = 1
	)
	h := d.rest
	switch h[0] {
	case 0: // version 0, header follows
	case encryptedPreamble:
		return d.stop(Encrypted)
	default:
		return d.stop(NotTCP)
	}
	n, radio := int(h[1]>>3)*4, h[2]>>1&0x1f
	switch {
	case n < 8 || h[3]&keepAlive != 0:
		return d.stop(NotTCP)
	case h[3]&isFragment != 0 && binary.BigEndian.Uint16(h[6:])>>3 != 0:
		return d.stop(LaterFragment)
	case d.take(n) == nil:
		return d.stop(CutShort)
	case h[2]&native == 0:
		return d.into(unkeyed(tunnelCAPWAP), ethernet)
	case radio != overWiFi:
		return d.stop(NotIP)
	}
	// Some access points exchange the first two bytes.
	if len(d.rest) > 1 && d.rest[0]&0xf != 8 && d.rest[1]&0xf == 8 {
		return d.into(unkeyed(tunnelCAPWAP), wifiSwapped)
	}
	return d.into(unkeyed(tunnelCAPWAP), wifi)
}
