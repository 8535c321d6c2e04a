package workload

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"

	"tcpwhy/flows"
	"tcpwhy/pcaps"
)

// packet is one TCP segment, as it passes.
type packet struct {
	at           int64 // ns since 1970
	from, to     netip.AddrPort
	seq, ack     flows.Seq
	flags        flows.Flags
	length       int // of the payload, at most maxSegment
	id           uint16
	ttl          uint8
	bare         bool // without options
	tsval, tsecr uint32
}

func (p *packet) end() flows.Seq {
	s := flows.Segment{Seq: p.seq, Flags: p.flags, Len: uint32(p.length)}
	return s.End()
}

// maxSegment is the payload of a full Ethernet frame, with time stamps in each segment.
const maxSegment = 1448

// encoder makes frames of packets. The payload of each is the beginning of the same random bytes, as of
// something encrypted, whose sums are known beforehand.
type encoder struct {
	snap    int
	payload [maxSegment]byte
	sums    [maxSegment + 1]uint64 // of so many bytes of payload
	buf     []byte
	out     pcaps.Frame
}

func newEncoder(snap int) *encoder {
	e := &encoder{snap: snap, out: pcaps.Frame{LinkType: 1}}
	rand.NewChaCha8([32]byte{}).Read(e.payload[:])
	for i, b := range e.payload {
		e.sums[i+1] = e.sums[i] + uint64(b)<<(8*(^i&1))
	}
	return e
}

const (
	ipv4      = 0x0800
	ipv6      = 0x86dd
	protoTCP  = 6
	withTimes = "\x01\x01\x08\x0a"                 // two NOPs, time stamps (RFC 7323 §3.2)
	ofSYN     = "\x02\x04\x05\xb4\x04\x02\x08\x0a" // MSS 1460, SACK permitted, time stamps
	scaled    = "\x01\x03\x03\x07"                 // NOP, window scale 7
)

// frame is the Ethernet frame of p, valid until the next.
func (e *encoder) frame(p *packet) *pcaps.Frame {
	be := binary.BigEndian
	src, dst := p.from.Addr().AsSlice(), p.to.Addr().AsSlice()
	b := append(e.buf[:0], 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2)
	options := 0
	switch {
	case p.bare || p.flags.Any(flows.RST):
	case p.flags.Any(flows.SYN):
		options = len(ofSYN) + 8 + len(scaled)
	default:
		options = len(withTimes) + 8
	}
	tcpLength := 20 + options + p.length
	if len(src) == 4 {
		b = be.AppendUint16(b, ipv4)
		ip := len(b)
		b = append(b, 0x45, 0)
		b = be.AppendUint16(b, uint16(20+tcpLength))
		b = be.AppendUint16(b, p.id)
		b = append(b, 0x40, 0, p.ttl, protoTCP, 0, 0)
		b = append(append(b, src...), dst...)
		be.PutUint16(b[ip+10:], fold(sum(b[ip:])))
	} else {
		b = be.AppendUint16(b, ipv6)
		b = append(b, 0x60, 0, 0, 0)
		b = be.AppendUint16(b, uint16(tcpLength))
		b = append(b, protoTCP, p.ttl)
		b = append(append(b, src...), dst...)
	}
	tcp := len(b)
	b = be.AppendUint16(b, p.from.Port())
	b = be.AppendUint16(b, p.to.Port())
	b = be.AppendUint32(b, uint32(p.seq))
	b = be.AppendUint32(b, uint32(p.ack))
	b = be.AppendUint16(b, uint16(20+options)<<10|uint16(p.flags))
	b = be.AppendUint16(b, 64240)
	b = append(b, 0, 0, 0, 0)
	if options > 0 {
		if p.flags.Any(flows.SYN) {
			b = append(b, ofSYN...)
		} else {
			b = append(b, withTimes...)
		}
		b = be.AppendUint32(be.AppendUint32(b, p.tsval), p.tsecr)
		if p.flags.Any(flows.SYN) {
			b = append(b, scaled...)
		}
	}
	pseudo := sum(src) + sum(dst) + protoTCP + uint64(tcpLength)
	be.PutUint16(b[tcp+16:], fold(pseudo+sum(b[tcp:])+e.sums[p.length]))
	e.out.Wire = len(b) + p.length
	b = append(b, e.payload[:p.length]...)
	e.buf = b
	if e.snap > 0 {
		b = b[:min(e.snap, len(b))]
	}
	e.out.Time, e.out.Data = p.at, b
	return &e.out
}

// sum adds the 16-bit words of b, of which there are whole ones only.
func sum(b []byte) (s uint64) {
	for ; len(b) > 0; b = b[2:] {
		s += uint64(b[0])<<8 | uint64(b[1])
	}
	return s
}

// fold makes a checksum of a sum (RFC 1071 §1).
func fold(s uint64) uint16 {
	for s>>16 != 0 {
		s = s&0xffff + s>>16
	}
	return ^uint16(s)
}
