package tcpdump

import "encoding/binary"

// Protocol numbers that decide what is printed.
const (
	hopByHop    = 0
	tcp         = 6
	udp         = 17
	dccp        = 33
	routing     = 43
	fragment    = 44
	auth        = 51
	destOptions = 60
	sctp        = 132
)

// withPorts reports whether a protocol's own line names the addresses, with its ports.
func withPorts(protocol uint8) bool {
	return protocol == tcp || protocol == udp || protocol == dccp || protocol == sctp
}

// appendIP4 writes an IPv4 packet of which ip was captured and wire bytes were sent.
func (p *Printer) appendIP4(dst, ip []byte, wire uint32) []byte {
	dst = append(dst, "IP "...)
	if len(ip) < 20 {
		return append(dst, " [|ip]"...)
	}
	if wire < 20 {
		return appendDec(append(dst, "truncated-ip "...), wire)
	}
	header := uint32(ip[0]&15) * 4
	if header < 20 {
		return appendDec(append(dst, "bad-hlen "...), header)
	}
	total := uint32(binary.BigEndian.Uint16(ip[2:]))
	if wire < total {
		dst = appendDec(append(dst, "truncated-ip - "...), total-wire)
		dst = append(dst, " bytes missing! "...)
	}
	if total < header { // 0 where the network card was still to cut the segment up, too
		return appendDec(append(dst, "bad-len "...), total)
	}
	ip = ip[:min(len(ip), int(total))]

	protocol := ip[9]
	if binary.BigEndian.Uint16(ip[6:])&0x1fff != 0 { // not the first fragment
		dst = append(appendAddresses(dst, ip), " ip-proto-"...)
		return appendDec(dst, uint32(protocol))
	}
	if !withPorts(protocol) {
		dst = append(appendAddresses(dst, ip), ' ')
	}
	if len(ip) < int(header) {
		dst = appendDec(append(dst, " [remaining caplen("...), uint32(len(ip)))
		dst = appendDec(append(dst, ") < header length("...), header)
		return append(dst, ")] [|ip]"...)
	}
	return p.appendPayload(dst, ip, int(header), total-header, protocol)
}

// appendPayload writes what follows the IP header and IPv6's own extension headers: length
// bytes from offset on.
func (p *Printer) appendPayload(dst, ip []byte, offset int, length uint32, protocol uint8) []byte {
	for protocol == auth {
		h := from(ip, offset)
		var ok bool
		if dst, ok = appendAuth(dst, h); !ok {
			return append(dst, " [|ah]"...)
		}
		size := authSize(h)
		protocol, offset, length = h[0], offset+size, length-uint32(size)
	}
	if protocol == tcp {
		return p.appendTCP(dst, ip, offset, length)
	}
	dst = appendDec(append(dst, " ip-proto-"...), uint32(protocol))
	return appendDec(append(dst, ' '), length)
}

func authSize(h []byte) int { return 4 * (int(h[1]) + 2) }

// appendAuth writes an Authentication Header (RFC 4302 §2); false where it was not captured whole.
func appendAuth(dst, h []byte) ([]byte, bool) {
	if len(h) < 1 {
		return dst, false
	}
	dst = append(dst, "AH"...)
	if len(h) < 2 {
		return dst, false
	}
	dst = append(dst, '(')
	if len(h) < 4 {
		return dst, false
	}
	if reserved := binary.BigEndian.Uint16(h[2:]); reserved != 0 {
		dst = appendHex(append(dst, "reserved=0x"...), uint64(reserved))
		dst = append(dst, "[MustBeZero],"...)
	}
	if len(h) < 8 {
		return dst, false
	}
	dst = appendBytes(append(dst, "spi=0x"...), h[4:8])
	dst = append(dst, ',')
	if len(h) < 12 {
		return dst, false
	}
	dst = appendHex(append(dst, "seq=0x"...), uint64(binary.BigEndian.Uint32(h[8:])))
	dst = append(dst, ",icv=0x"...)
	size := authSize(h)
	dst = appendBytes(dst, h[12:max(12, min(size, len(h)))])
	if len(h) < size {
		return dst, false
	}
	return append(dst, "): "...), true
}
