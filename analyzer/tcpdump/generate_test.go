package tcpdump_test

import (
	"encoding/binary"
	"math/rand/v2"

	"tcpwhy/flows"
)

// generator makes TCP packets that are as often broken as sound. The same seed gives the
// same packets.
type generator struct {
	*rand.Rand
	time int64
}

func newGenerator(seed uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 1)), time: 1_700_000_000_123_456_789}
}

func (g *generator) often() bool  { return g.IntN(8) != 0 }
func (g *generator) seldom() bool { return g.IntN(8) == 0 }

func (g *generator) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

func (g *generator) segments(n int) []flows.Segment {
	segments := make([]flows.Segment, n)
	for i := range segments {
		segments[i] = g.segment()
		segments[i].Packet = uint64(i + 1)
	}
	return segments
}

func (g *generator) segment() flows.Segment {
	var ip []byte
	if g.IntN(2) == 0 {
		ip = g.ip4()
	} else {
		ip = g.ip6()
	}
	wire := len(ip)
	switch g.IntN(12) {
	case 0:
		ip = append(ip, make([]byte, g.IntN(10))...) // padding of the link layer
		wire = len(ip)
	case 1:
		wire += g.IntN(2000)
	case 2, 3: // cut by the snap length
		ip = ip[:20+g.IntN(len(ip)-19)]
	}
	g.time += g.Int64N(1e9)
	switch g.IntN(40) {
	case 0:
		g.time -= g.Int64N(5e9)
	case 1:
		g.time += g.Int64N(1e14)
	}
	return flows.Segment{Time: g.time, IP: ip, IPLen: wire}
}

func (g *generator) ip4() []byte {
	payload, protocol := g.tcp(), byte(6)
	if g.seldom() {
		payload, protocol = g.auth(payload, 6), 51
	}
	ip := make([]byte, 20, 200)
	options := 4 * g.IntN(11)
	if g.often() {
		options = 0
	}
	ip = append(ip, g.bytes(options)...)
	ip = append(ip, payload...)
	ip[0] = 0x40 | byte(20+options)/4
	total := len(ip)
	if g.seldom() {
		total = pick(g, 0, 0, g.IntN(60), total-1, total+1, total+500)
	}
	binary.BigEndian.PutUint16(ip[2:], uint16(total))
	ip[6] = pick[byte](g, 0, 0x40, 0x40, 0x20, 0x80)
	ip[8], ip[9] = 64, protocol
	copy(ip[12:], g.address4())
	copy(ip[16:], g.address4())
	if g.IntN(100) == 0 {
		ip[0] = 0x40 | byte(g.IntN(16))
	}
	return ip
}

func (g *generator) address4() []byte {
	return pick(g, []byte{10, 0, 0, 1}, []byte{10, 0, 0, 2}, []byte{192, 168, 100, 200}, g.bytes(4))
}

func (g *generator) address6() []byte {
	a := make([]byte, 16)
	switch g.IntN(6) {
	case 0:
		a[15] = 1
	case 1:
		a[0], a[1], a[15] = 0xfe, 0x80, byte(g.IntN(3))
	case 2:
		copy(a[12:], g.bytes(4))
	case 3:
		a[10], a[11] = 0xff, 0xff
		copy(a[12:], g.bytes(4))
	default: // zeros in any places
		for i := range a {
			a[i] = byte(g.Uint32()) * byte(g.IntN(2))
		}
		for range 3 {
			i := 2 * g.IntN(8)
			a[i], a[i+1] = 0, 0
		}
	}
	return a
}

func (g *generator) ip6() []byte {
	payload, next := g.tcp(), byte(6)
	if g.seldom() {
		payload, next = g.auth(payload, next), 51
	}
	for range max(0, g.IntN(7)-3) {
		payload, next = g.extension(payload, next)
	}
	jumbo := g.seldom()
	if jumbo || g.seldom() {
		payload, next = g.hopByHop(payload, next, jumbo), 0
	}
	ip := make([]byte, 40, 200)
	copy(ip[0:4], g.bytes(4)) // traffic class and flow label: not shown
	ip[0] = 0x60 | ip[0]&15
	length := len(payload)
	if jumbo && g.often() {
		length = 0
	} else if g.seldom() {
		length = pick(g, 0, g.IntN(60), length-1, length+1, length+500)
	}
	binary.BigEndian.PutUint16(ip[4:], uint16(length))
	ip[6], ip[7] = next, 64
	copy(ip[8:], g.address6())
	copy(ip[24:], g.address6())
	return append(ip, payload...)
}

func (g *generator) hopByHop(payload []byte, next byte, jumbo bool) []byte {
	var o []byte
	if jumbo {
		o = append(o, 0xc2, 4)
		o = binary.BigEndian.AppendUint32(o, pick(g, 65536, uint32(len(payload)+8), g.Uint32(), 65535, 0xffffffff, 0xffffffe0))
	}
	for range g.IntN(3) {
		n := pick(g, 2, 4, 16, 18, g.IntN(8))
		o = append(o, pick[byte](g, 0, 1, 5, 0x26, 0xc2, 0xc9), byte(n))
		o = append(o, g.bytes(n)...)
	}
	return g.extend(payload, next, o)
}

// extend wraps options into a header of a multiple of eight bytes.
func (g *generator) extend(payload []byte, next byte, options []byte) []byte {
	h := append([]byte{next, 0}, options...)
	for len(h)%8 != 0 {
		h = append(h, 0)
	}
	h[1] = byte(len(h)/8 - 1)
	if g.IntN(30) == 0 {
		h[1] += byte(g.IntN(4))
	}
	return append(h, payload...)
}

func (g *generator) extension(payload []byte, next byte) ([]byte, byte) {
	switch g.IntN(5) {
	case 0:
		return g.extend(payload, next, g.bytes(g.IntN(20))), 60
	case 1:
		h := append([]byte{next, 0, 0, byte(g.IntN(2))}, g.bytes(4)...)
		if g.IntN(20) == 0 {
			h[2] = 1 // not the first fragment
		}
		return append(h, payload...), 44
	case 2, 3:
		n := 2 * g.IntN(3)
		if g.IntN(10) == 0 {
			n++
		}
		h := []byte{next, byte(n), pick[byte](g, 0, 2, 4, 4, 4, 3), byte(g.IntN(3)), 0, 0, 0, 0}
		for i := range 4 {
			h[4+i] = pick[byte](g, 0, 0, byte(g.IntN(256)))
		}
		for range (n + 1) / 2 {
			h = append(h, g.address6()...)
		}
		return append(h[:8+8*n], payload...), 43
	default:
		if g.IntN(10) == 0 {
			return g.hopByHop(payload, next, false), 0
		}
		return g.auth(payload, next), 51
	}
}

func (g *generator) auth(payload []byte, next byte) []byte {
	n := g.IntN(8)
	h := append([]byte{next, byte(n)}, g.bytes(6+4*n)...)
	if g.IntN(30) == 0 {
		h[1] += byte(g.IntN(20))
	}
	return append(h, payload...)
}

func (g *generator) tcp() []byte {
	h := make([]byte, 20, 100)
	ports := []uint16{1000, 1000, 2000, 40000, 9502, uint16(10300 + g.IntN(50000))}
	binary.BigEndian.PutUint16(h, pick(g, ports...))
	binary.BigEndian.PutUint16(h[2:], pick(g, ports...))
	if g.IntN(20) == 0 {
		binary.BigEndian.PutUint16(h, 80) // of an application that tcpdump goes on to print
	}
	copy(h[4:12], g.bytes(8))
	if g.IntN(3) != 0 {
		copy(h[4:12], []byte{0xff, 0xff, 0xff, byte(g.Uint32()), 0, 0, 0, byte(g.Uint32())})
	}
	h[13] = pick[byte](g, 0x02, 0x12, 0x10, 0x10, 0x18, 0x11, 0x14, 0x04, 0x29, 0, byte(g.Uint32()))
	copy(h[14:20], g.bytes(6))
	if g.seldom() {
		h = append(h, g.bytes(g.IntN(41))...)
	} else {
		for len(h) < 60 && g.IntN(5) != 0 {
			h = append(h, g.option()...)
		}
	}
	for len(h)%4 != 0 {
		h = append(h, pick[byte](g, 0, 1, 1))
	}
	h = h[:min(len(h), 60)]
	h[12] = byte(len(h)/4)<<4 | byte(g.IntN(16))*byte(g.IntN(2))
	if g.IntN(30) == 0 {
		h[12] = byte(g.Uint32())
	}
	return append(h, g.bytes(pick(g, 0, 0, 1, g.IntN(80)))...)
}

// option is mostly of a size that its kind allows.
func (g *generator) option() []byte {
	kind := pick[byte](g, 0, 1, 1, 2, 3, 4, 5, 5, 6, 7, 8, 8, 11, 12, 13, 19, 20, 28, 29, 30, 30, 30, 30, 34, 253, 254, 254, byte(g.Uint32()))
	var data []byte
	switch kind {
	case 0, 1:
		return []byte{kind}
	case 3:
		data = g.bytes(1)
	case 2, 20, 28:
		data = g.bytes(2)
	case 6, 7, 11, 12, 13:
		data = g.bytes(4)
	case 5:
		data = g.bytes(8 * g.IntN(5))
	case 8:
		data = g.bytes(8)
	case 19:
		data = g.bytes(16)
	case 29:
		data = g.bytes(pick(g, 0, 1, 2, 14))
	case 30:
		data = g.multipath()
	case 34:
		data = g.bytes(pick(g, 0, 4, 8, 16, g.IntN(20)))
	case 254:
		data = append(pick(g, []byte{0xf9, 0x89}, g.bytes(2)), g.bytes(pick(g, 0, 4, 8, g.IntN(18)))...)
	case 4:
	default:
		data = g.bytes(g.IntN(12))
	}
	if g.IntN(12) == 0 {
		data = g.bytes(g.IntN(20))
	}
	o := append([]byte{kind, byte(len(data) + 2)}, data...)
	if g.IntN(30) == 0 {
		o[1] = byte(g.IntN(50))
	}
	return o
}

func (g *generator) multipath() []byte {
	sub := byte(g.IntN(10)) << 4
	switch sub >> 4 {
	case 0:
		return append([]byte{sub | pick[byte](g, 0, 1, 2), byte(g.Uint32())}, g.bytes(pick(g, 0, 8, 16, 18))...)
	case 1:
		return append([]byte{sub | byte(g.IntN(16))}, g.bytes(pick(g, 9, 13, 21))...)
	case 2:
		signal := byte(g.IntN(32))
		n := 0
		if signal&1 != 0 {
			n += 4 + 2*int(signal&2)
		}
		if signal&4 != 0 {
			n += 10 + int(signal&8)/2 + 2*g.IntN(2)
		}
		return append([]byte{sub, signal}, g.bytes(n)...)
	case 3:
		return append([]byte{sub | pick[byte](g, 0, 1, 4, 6, 7)}, g.bytes(pick(g, 5, 7, 13, 15, 17, 19, 25, 27))...)
	case 4:
		return append([]byte{sub}, g.bytes(g.IntN(4))...)
	case 5:
		return append([]byte{sub | byte(g.IntN(2))}, g.bytes(g.IntN(2))...)
	case 6, 7:
		return append([]byte{sub}, g.bytes(9)...)
	}
	return append([]byte{sub}, g.bytes(g.IntN(6))...)
}
