package tcpdump

import (
	"encoding/binary"
	"strconv"
)

// appendMultipath writes a Multipath TCP option (RFC 8684 §3), data beginning with the subtype.
// Sizes below are those of the data: the RFC's less two.
func appendMultipath(dst, data []byte, flags uint8) ([]byte, result) {
	if len(data) < 1 {
		return dst, bad
	}
	dst = append(appendDec(append(dst, ' '), uint32(len(data)+2)), ' ')
	switch data[0] >> 4 {
	case 0:
		return appendCapable(append(dst, "capable"...), data, flags)
	case 1:
		return appendJoin(append(dst, "join"...), data, flags)
	case 2:
		return appendDataSequence(append(dst, "dss"...), data, flags)
	case 3:
		return appendAddAddress(append(dst, "add-addr"...), data)
	case 4:
		return appendRemoveAddress(append(dst, "rem-addr"...), data)
	case 5:
		return appendPriority(append(dst, "prio"...), data)
	case 6:
		return appendFail(append(dst, "fail"...), data)
	case 7:
		return appendFastClose(append(dst, "fast-close"...), data)
	default: // MP_TCPRST among them
		return append(dst, "unknown"...), fine
	}
}

func appendKey(dst, key []byte) []byte {
	return appendHex(append(dst, "0x"...), binary.BigEndian.Uint64(key))
}

func appendCapable(dst, data []byte, flags uint8) ([]byte, result) {
	switch len(data) {
	case 2, 10:
		if flags&flagSYN == 0 {
			return dst, bad
		}
	case 18, 20:
		if flags&(flagSYN|flagACK) != flagACK {
			return dst, bad
		}
	default:
		return dst, bad
	}
	version := uint32(data[0] & 15)
	if version > 1 {
		dst = appendDec(append(dst, " Unknown Version ("...), version)
		return append(dst, ')'), fine
	}
	dst = appendDec(append(dst, " v"...), version)
	if data[1]&0x80 != 0 {
		dst = append(dst, " csum"...)
	}
	if len(data) >= 10 {
		dst = appendKey(append(dst, " {"...), data[2:])
		if len(data) >= 18 {
			dst = appendKey(append(dst, ','), data[10:])
		}
		dst = append(dst, '}')
	}
	return dst, fine
}

func appendJoin(dst, data []byte, flags uint8) ([]byte, result) {
	switch {
	case len(data) == 22 && flags&flagACK != 0: // third segment
		return appendBytes(append(dst, " hmac 0x"...), data[2:]), fine
	case len(data) == 14 && flags&(flagSYN|flagACK) == flagSYN|flagACK:
		dst = appendJoinID(dst, data)
		dst = appendKey(append(dst, " hmac "...), data[2:])
	case len(data) == 10 && flags&flagSYN != 0:
		dst = appendJoinID(dst, data)
		dst = append(dst, " token 0x"...)
		dst = appendHex(dst, uint64(binary.BigEndian.Uint32(data[2:])))
	default:
		return dst, bad
	}
	dst = append(dst, " nonce 0x"...)
	return appendHex(dst, uint64(binary.BigEndian.Uint32(data[len(data)-4:]))), fine
}

func appendJoinID(dst, data []byte) []byte {
	if data[0]&1 != 0 {
		dst = append(dst, " backup"...)
	}
	return appendDec(append(dst, " id "...), uint32(data[1]))
}

// Flags of a data sequence signal (RFC 8684 §3.3).
const (
	dssACK = 1 << iota
	dssACK8
	dssMapping
	dssMapping8
	dssFIN
)

func appendDataSequence(dst, data []byte, flags uint8) ([]byte, result) {
	if len(data) < 2 || flags&flagSYN != 0 {
		return dst, bad
	}
	signal, rest, ok := data[1], data[2:], true
	if signal&dssFIN != 0 {
		dst = append(dst, " fin"...)
	}
	if signal&dssACK != 0 {
		if dst, rest, ok = appendWide(append(dst, " ack "...), rest, signal&dssACK8 != 0); !ok {
			return dst, bad
		}
	}
	if signal&dssMapping != 0 {
		if dst, rest, ok = appendWide(append(dst, " seq "...), rest, signal&dssMapping8 != 0); !ok {
			return dst, bad
		}
		if dst, rest, ok = appendMapping(dst, rest); !ok {
			return dst, bad
		}
	}
	if len(rest) != 0 {
		return dst, bad
	}
	return dst, fine
}

// appendWide writes a number of eight bytes or of four.
func appendWide(dst, b []byte, eight bool) (line, rest []byte, ok bool) {
	switch {
	case eight && len(b) >= 8:
		return strconv.AppendUint(dst, binary.BigEndian.Uint64(b), 10), b[8:], true
	case !eight && len(b) >= 4:
		return appendDec(dst, binary.BigEndian.Uint32(b)), b[4:], true
	}
	return dst, b, false
}

// appendMapping writes what follows the data sequence number; the checksum is there only
// where the ends agreed on it.
func appendMapping(dst, b []byte) (line, rest []byte, ok bool) {
	if len(b) < 4 {
		return dst, b, false
	}
	dst = appendDec(append(dst, " subseq "...), binary.BigEndian.Uint32(b))
	if b = b[4:]; len(b) < 2 {
		return dst, b, false
	}
	dst = appendDec(append(dst, " len "...), uint32(binary.BigEndian.Uint16(b)))
	if b = b[2:]; len(b) >= 2 {
		dst = appendHex(append(dst, " csum 0x"...), uint64(binary.BigEndian.Uint16(b)))
		b = b[2:]
	}
	return dst, b, true
}

// appendAddAddress tells by the option's size whether the address is IPv4 or IPv6, and
// whether a port and an HMAC follow it.
func appendAddAddress(dst, data []byte) ([]byte, result) {
	var port, hmac bool
	switch len(data) {
	case 2 + 4, 2 + 16:
	case 2 + 4 + 2, 2 + 16 + 2:
		port = true
	case 2 + 4 + 8, 2 + 16 + 8:
		hmac = true
	case 2 + 4 + 2 + 8, 2 + 16 + 2 + 8:
		port, hmac = true, true
	default:
		return dst, bad
	}
	dst = append(dst, addAddressForm(data[0]&15)...)
	dst = appendDec(append(dst, " id "...), uint32(data[1]))
	dst = append(dst, ' ')
	rest := data[2:]
	if len(rest) < 16 {
		dst, rest = appendAddress4(dst, rest), rest[4:]
	} else {
		dst, rest = appendAddress6(dst, rest), rest[16:]
	}
	if port {
		dst = appendDec(append(dst, ':'), uint32(binary.BigEndian.Uint16(rest)))
		rest = rest[2:]
	}
	if hmac {
		dst = appendKey(append(dst, " hmac "...), rest)
	}
	return dst, fine
}

// addAddressForm names the protocol version: in RFC 6824 the four bits were the IP version,
// in RFC 8684 they are flags.
func addAddressForm(bits uint8) string {
	switch bits {
	case 0:
		return " v1"
	case 1:
		return " v1-echo"
	case 4:
		return " v0-ip4"
	case 6:
		return " v0-ip6"
	}
	return " [bad version/echo]"
}

func appendRemoveAddress(dst, data []byte) ([]byte, result) {
	if len(data) < 2 {
		return dst, bad
	}
	dst = append(dst, " id"...)
	for _, id := range data[1:] {
		dst = appendDec(append(dst, ' '), uint32(id))
	}
	return dst, fine
}

func appendPriority(dst, data []byte) ([]byte, result) {
	if len(data) > 2 {
		return dst, bad
	}
	if data[0]&1 != 0 {
		dst = append(dst, " backup"...)
	} else {
		dst = append(dst, " non-backup"...)
	}
	if len(data) == 2 {
		dst = appendDec(append(dst, " id "...), uint32(data[1]))
	}
	return dst, fine
}

func appendFail(dst, data []byte) ([]byte, result) {
	if len(data) != 10 {
		return dst, bad
	}
	return strconv.AppendUint(append(dst, " seq "...), binary.BigEndian.Uint64(data[2:]), 10), fine
}

func appendFastClose(dst, data []byte) ([]byte, result) {
	if len(data) != 10 {
		return dst, bad
	}
	return appendKey(append(dst, " key "...), data[2:]), fine
}
