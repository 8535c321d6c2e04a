package pcaps

import (
	"encoding/binary"

	"tcpwhy/flows"
)

// Types of the ICMP messages that quote a packet because it failed. Redirect quotes one too,
// but that packet was delivered.
const (
	unreachable4      = 3
	sourceQuench      = 4 // deprecated by RFC 6633, but still a quote
	timeExceeded4     = 11
	parameterProblem4 = 12

	unreachable6      = 1
	packetTooBig      = 2
	timeExceeded6     = 3
	parameterProblem6 = 4
)

const fragmentationNeeded = 4 // code of unreachable4

// minQuote is the least length of a quote that an extension follows (RFC 4884 §4.1): less in
// that field is of a sender that does not know it.
const minQuote = 128

// icmp4 reads the ICMP header (RFC 792) of an error, after which the quoted packet begins.
func icmp4(d *Decoder) step {
	return d.icmp(4, func(kind byte) bool {
		switch kind {
		case unreachable4, sourceQuench, timeExceeded4, parameterProblem4:
			return true
		}
		return false
	})
}

// icmp6 reads the ICMPv6 header (RFC 4443 §2.1) likewise.
func icmp6(d *Decoder) step {
	return d.icmp(6, func(kind byte) bool { return unreachable6 <= kind && kind <= parameterProblem6 })
}

func (d *Decoder) icmp(version uint8, isError func(byte) bool) step {
	q := &d.seg.Quote
	// No error is sent about an error (RFC 1122 §3.2.2, RFC 4443 §2.4 e).
	if q.Version != 0 || len(d.rest) > 0 && !isError(d.rest[0]) {
		return d.stop(NotTCP)
	}
	h := d.take(8)
	if h == nil {
		return d.stop(CutShort)
	}
	*q = flows.Quote{Version: version, Type: h[0], Code: h[1], From: d.seg.Src}
	// How long the quote is, where an extension follows it (RFC 4884 §4), and the MTU.
	if version == 4 {
		if q.Type == unreachable4 && q.Code == fragmentationNeeded {
			q.MTU = uint32(binary.BigEndian.Uint16(h[6:]))
		}
		if n := int(h[5]) * 4; n >= minQuote && q.Type != sourceQuench {
			d.limit(n)
		}
		return ipv4
	}
	switch q.Type {
	case packetTooBig:
		q.MTU = binary.BigEndian.Uint32(h[4:])
	case unreachable6, timeExceeded6:
		if n := int(h[4]) * 8; n >= minQuote {
			d.limit(n)
		}
	}
	return ipv6
}
