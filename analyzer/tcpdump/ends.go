package tcpdump

import (
	"encoding/binary"
	"slices"
)

// appendEnds writes "source.port > destination.port: ", without the addresses where a header
// between IP's and TCP's made them be written already.
func appendEnds(dst, ip, h []byte) []byte {
	direct := is6(ip) && ip[6] == tcp || !is6(ip) && ip[9] == tcp
	if direct {
		dst = append(appendSource(dst, ip), '.')
	}
	dst = appendDec(dst, uint32(binary.BigEndian.Uint16(h)))
	dst = append(dst, " > "...)
	if direct {
		dst = append(appendDestination(dst, ip), '.')
	}
	dst = appendDec(dst, uint32(binary.BigEndian.Uint16(h[2:])))
	return append(dst, ": "...)
}

// ends4 is what appendEnds wrote of ends with IPv4 addresses.
type ends4 struct {
	addresses uint64
	ports     uint32
	size      uint8
	text      [51]byte // "255.255.255.255.65535 > 255.255.255.255.65535: ", and room for appendDec beyond
}

// longest4 is no less than there can be of its text.
const longest4 = 48

// written4 are those written last, each in the place that its addresses and ports have. They fit into a processor's second cache.
type written4 [1 << 10]ends4

// append is appendEnds where TCP's header follows that of IPv4.
func (w *written4) append(dst, ip, h []byte) []byte {
	addresses, ports := binary.BigEndian.Uint64(ip[source4:]), binary.BigEndian.Uint32(h)
	e := &w[(addresses^uint64(ports)<<16)*0x9e3779b97f4a7c15>>(64-10)]
	if e.size == 0 || e.addresses != addresses || e.ports != ports {
		e.addresses, e.ports = addresses, ports
		e.size = uint8(len(appendEnds(e.text[:0], ip, h)))
	}
	n := len(dst)
	dst = slices.Grow(dst, longest4)
	copy(dst[n:n+longest4], e.text[:longest4])
	return dst[:n+int(e.size)]
}
