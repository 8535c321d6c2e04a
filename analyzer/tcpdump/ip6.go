package tcpdump

import (
	"encoding/binary"
	"strconv"
)

const header6 = 40

// ip6 is an IPv6 packet whose extension headers are being walked through.
type ip6 struct {
	bytes    []byte // captured, from the IPv6 header to the end that it gives
	captured []byte // all that was captured
	wire     uint32 // length as sent
	payload  uint32 // length after the IPv6 header, 0 where the header says 0 and no option says better
	jumbo    bool   // payload is from a Jumbo Payload option (RFC 2675)
	offset   int    // of the header that is next
}

// appendIP6 writes an IPv6 packet of which captured was captured and wire bytes were sent.
func (p *Printer) appendIP6(dst, captured []byte, wire uint32) []byte {
	if len(captured) < header6 {
		return append(dst, " [|ip6]"...)
	}
	if wire < header6 {
		return appendDec(append(dst, "truncated-ip6 "...), wire)
	}
	dst = append(dst, "IP6 "...)
	k := ip6{bytes: captured, captured: captured, wire: wire, offset: header6}
	k.payload = uint32(binary.BigEndian.Uint16(captured[4:]))
	if k.payload != 0 {
		dst = k.cut(dst)
	}
	next := captured[6]
	if !withPorts(next) {
		dst = append(appendAddresses(dst, captured), ' ')
	}
	for first := true; ; first = false {
		var ok bool
		switch header := next; header {
		case hopByHop:
			dst, next, ok = k.appendHopByHop(dst, first)
		case destOptions:
			dst, next, ok = k.appendDestOptions(dst)
		case routing:
			dst, next, ok = k.appendRouting(dst)
		case fragment:
			dst, next, ok = k.appendFragment(dst)
		default:
			if dst, ok = k.settleLength(dst, first); !ok {
				return dst
			}
			return p.appendPayload(dst, k.bytes, k.offset, k.total()-uint32(k.offset), next)
		}
		if !ok {
			return dst
		}
	}
}

// total is the packet's length by its own account; that of a jumbo payload can wrap, as it does in tcpdump.
func (k *ip6) total() uint32 { return k.payload + header6 }

// cut takes the payload's length as settled.
func (k *ip6) cut(dst []byte) []byte {
	total := k.total()
	if k.wire < total {
		dst = appendDec(append(dst, "truncated-ip6 - "...), total-k.wire)
		dst = append(dst, " bytes missing!"...)
	}
	k.bytes = k.captured[:min(uint32(len(k.captured)), total)]
	return dst
}

// settleLength is called at the first header that is not an extension header of IPv6 itself,
// which is where tcpdump judges the length.
func (k *ip6) settleLength(dst []byte, bare bool) ([]byte, bool) {
	switch {
	case k.jumbo:
		if k.total() < uint32(k.offset) {
			return append(dst, " [|ip6]"...), false
		}
		return k.cut(dst), true
	case k.payload != 0:
		return dst, true
	case bare: // no payload at all
		return k.cut(dst), true
	default: // no payload, and yet extension headers
		return append(dst, " [|ip6]"...), false
	}
}

// The functions below write one extension header each. They return the next header's number;
// false where the line ends with what they wrote.

func (k *ip6) appendHopByHop(dst []byte, first bool) (line []byte, next uint8, ok bool) {
	switch {
	case k.hopByHopSeen(first):
		return append(dst, "[The Hop-by-Hop Options header was already found] (invalid)"...), 0, false
	case !first:
		return append(dst, "[The Hop-by-Hop Options header don't follow the IPv6 header] (invalid)"...), 0, false
	}
	h := from(k.bytes, k.offset)
	if len(h) < 2 {
		return append(dst, " [|hbhopt]"...), 0, false
	}
	size := (int(h[1]) + 1) * 8
	ok = size <= len(h)
	if ok {
		dst = append(dst, "HBH "...)
		dst, ok = k.readHopOptions(dst, h[2:size])
	}
	if !ok {
		dst = append(dst, " [|hbhopt]"...)
	}
	if k.payload == 0 {
		return append(dst, "[No valid Jumbo Payload Hop-by-Hop option found] (invalid)"...), 0, false
	}
	k.offset += size
	return dst, h[0], ok
}

// hopByHopSeen reports whether a header before this one was a hop-by-hop one: it can only
// have been the first.
func (k *ip6) hopByHopSeen(first bool) bool { return !first && k.captured[6] == hopByHop }

// Options of RFC 8200 §4.2, RFC 2711, RFC 2675 and RFC 6275 that tcpdump checks; all are
// silent without -v, unless broken.
const (
	pad1        = 0x00
	routerAlert = 0x05
	jumboOption = 0xc2
	homeAddress = 0xc9
)

// readHopOptions looks for a Jumbo Payload option, and reports whether all options are sound.
func (k *ip6) readHopOptions(dst, options []byte) ([]byte, bool) {
	seen := false
	for len(options) > 0 {
		if options[0] == pad1 {
			options = options[1:]
			continue
		}
		if len(options) < 2 || len(options) < 2+int(options[1]) {
			return dst, false
		}
		size := options[1]
		switch options[0] {
		case routerAlert:
			if size != 2 {
				return appendBadOption(dst, "rtalert", 4, options), false
			}
		case homeAddress:
			if size < 16 {
				return appendBadOption(dst, "homeaddr", 18, options), false
			}
		case jumboOption:
			if size != 4 {
				return appendBadOption(dst, "jumbo", 6, options), false
			}
			if length := binary.BigEndian.Uint32(options[2:]); !seen && k.payload == 0 && length > 0xffff {
				k.payload, k.jumbo = length, true
			}
			seen = true
		}
		options = options[2+int(size):]
	}
	return dst, true
}

// appendBadOption tells an option of impossible size from one that the header has no room for.
func appendBadOption(dst []byte, name string, least int, options []byte) []byte {
	dst = append(append(dst, '('), name...)
	if len(options) < least {
		return append(dst, ": trunc)"...)
	}
	dst = appendDec(append(dst, ": invalid len "...), uint32(options[1]))
	return append(dst, ')')
}

func (k *ip6) appendDestOptions(dst []byte) (line []byte, next uint8, ok bool) {
	h := from(k.bytes, k.offset)
	if len(h) < 2 || len(h) < (int(h[1])+1)*8 {
		return append(dst, " [|dstopt]"...), 0, false
	}
	k.offset += (int(h[1]) + 1) * 8
	return append(dst, "DSTOPT "...), h[0], true
}

func (k *ip6) appendFragment(dst []byte) (line []byte, next uint8, ok bool) {
	h := from(k.bytes, k.offset)
	if len(h) < 4 {
		return append(dst, " [|frag6]"...), 0, false
	}
	at := binary.BigEndian.Uint16(h[2:]) &^ 7
	// By the header's length, not by the jumbo option's: unsigned in tcpdump, so it wraps.
	size := uint64(binary.BigEndian.Uint16(k.bytes[4:])) + header6 - uint64(k.offset) - 8
	dst = appendDec(append(dst, "frag ("...), uint32(at))
	dst = strconv.AppendUint(append(dst, '|'), size, 10)
	dst = append(dst, ')')
	if at != 0 {
		return dst, 0, false
	}
	k.offset += 8
	return append(dst, ' '), h[0], len(h) > 8
}

// Types of routing headers: RFC 5095, RFC 6275 §6.4, RFC 8754.
const (
	sourceRoute  = 0
	homeRoute    = 2
	segmentRoute = 4
)

func (k *ip6) appendRouting(dst []byte) (line []byte, next uint8, ok bool) {
	const cut = " [|rt6]"
	h := from(k.bytes, k.offset)
	if len(h) < 1 {
		return append(dst, " [|ip6]"...), 0, false
	}
	dst = append(dst, "RT6"...)
	if len(h) < 2 {
		return append(dst, cut...), 0, false
	}
	dst = appendDec(append(dst, " (len="...), uint32(h[1]))
	if len(h) < 3 {
		return append(dst, cut...), 0, false
	}
	dst = appendDec(append(dst, ", type="...), uint32(h[2]))
	if h[2] == sourceRoute {
		dst = append(dst, " [Deprecated]"...)
	}
	if len(h) < 4 {
		return append(dst, cut...), 0, false
	}
	dst = appendDec(append(dst, ", segleft="...), uint32(h[3]))

	switch h[2] {
	case sourceRoute, homeRoute:
		dst, ok = appendReserved(dst, h)
	case segmentRoute:
		dst, ok = appendSegmentRoute(dst, h)
	default:
		return append(dst, " (unknown type) (invalid)"...), 0, false
	}
	if !ok {
		return append(dst, cut...), 0, false
	}
	if h[1]%2 == 1 {
		dst = appendDec(append(dst, " (invalid length "...), uint32(h[1]))
		return append(dst, ") (invalid)"...), 0, false
	}
	for i := range int(h[1] / 2) {
		address := from(h, 8+16*i)
		if len(address) < 16 {
			return append(dst, cut...), 0, false
		}
		dst = append(dst, ", ["...)
		dst = append(appendDec(dst, uint32(i)), ']')
		dst = appendAddress6(dst, address)
	}
	k.offset += (int(h[1]) + 1) * 8
	return append(dst, ") "...), h[0], true
}

func appendReserved(dst, h []byte) ([]byte, bool) {
	if len(h) < 8 {
		return dst, false
	}
	if reserved := binary.BigEndian.Uint32(h[4:]); reserved != 0 {
		dst = appendHex(append(dst, ", rsv=0x"...), uint64(reserved))
	}
	return dst, true
}

func appendSegmentRoute(dst, h []byte) ([]byte, bool) {
	if len(h) < 5 {
		return dst, false
	}
	dst = appendDec(append(dst, ", last-entry="...), uint32(h[4]))
	if len(h) < 6 {
		return dst, false
	}
	if h[5] != 0 {
		dst = appendHex(append(dst, ", flags=0x"...), uint64(h[5]))
	}
	if len(h) < 8 {
		return dst, false
	}
	return appendHex(append(dst, ", tag="...), uint64(binary.BigEndian.Uint16(h[6:]))), true
}
