package pcaps

import (
	"encoding/binary"

	"tcpwhy/flows"
)

// damage verifies the checksums of a segment that is not a fragment, as far as it was captured.
func damage(s *flows.Segment) flows.Damage {
	ip := s.IP
	end, protocolSum := 0, uint64(protoTCP)
	if ip[0]>>4 == 4 {
		header := ip[:min(int(ip[0]&15)*4, len(ip))]
		if !sumsUp(header, 0) {
			return flows.DamagedIP
		}
		end = int(binary.BigEndian.Uint16(ip[2:]))
		if sourceRouted(header[20:]) {
			return flows.Undamaged // the pseudo-header has another destination: not verified
		}
	} else {
		end = 40 + int(binary.BigEndian.Uint16(ip[4:]))
	}
	// A length of 0 (TSO, BIG TCP) is that of a packet still to be cut up, which has no checksum yet.
	if end > len(ip) || end < s.TCP+20 {
		return flows.Undamaged
	}
	tcp := ip[s.TCP:end]
	// The pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1). An IPv4 address is mapped into 0xffff and zeros, which
	// is 0 in ones' complement.
	pseudo := sum(s.Src[:], sum(s.Dst[:], protocolSum+uint64(len(tcp))))
	if !sumsUp(tcp, pseudo) {
		return flows.DamagedTCP
	}
	return flows.Undamaged
}

// sumsUp reports whether the checksum in b is right (RFC 1071 §1): all of b, itself included, adds up to
// minus zero.
func sumsUp(b []byte, pseudo uint64) bool {
	s := sum(b, pseudo)
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return s == 0xffff
}

// sum adds the 16-bit words of b to s, two at a time (RFC 1071 §2): that holds up to 32 GB.
func sum(b []byte, s uint64) uint64 {
	for len(b) >= 4 {
		s += uint64(binary.BigEndian.Uint32(b))
		b = b[4:]
	}
	if len(b) >= 2 {
		s += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		s += uint64(b[0]) << 8
	}
	return s
}

// sourceRouted reports whether IPv4 options have a route that is not at its end (RFC 791 §3.1).
func sourceRouted(o []byte) bool {
	const end, nop, loose, strict = 0, 1, 131, 137
	for len(o) > 0 && o[0] != end {
		if o[0] == nop {
			o = o[1:]
			continue
		}
		if len(o) < 3 || o[1] < 2 || int(o[1]) > len(o) {
			return false
		}
		if (o[0] == loose || o[0] == strict) && o[2] <= o[1] {
			return true
		}
		o = o[o[1]:]
	}
	return false
}
