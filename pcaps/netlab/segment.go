package netlab

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"
)

// Flags of the TCP header.
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// Segment is a TCP segment on the wire. It is read and written here, not by the analyzer's
// decoder: a judge does not borrow from the judged.
type Segment struct {
	Time     time.Time // when the wire took it
	From     Side
	Src, Dst netip.AddrPort
	Seq, Ack uint32
	Flags    uint8
	Window   uint16
	Options  []byte // without padding, as a multiple of four bytes
	Payload  []byte
}

// Len is the segment's length in sequence numbers.
func (s *Segment) Len() uint32 {
	n := uint32(len(s.Payload))
	if s.Flags&SYN != 0 {
		n++
	}
	if s.Flags&FIN != 0 {
		n++
	}
	return n
}

// ends are the client's and the server's address.
func (s *Segment) ends() (client, server netip.AddrPort) {
	if s.From == Client {
		return s.Src, s.Dst
	}
	return s.Dst, s.Src
}

func (s Segment) String() string {
	return fmt.Sprintf("%s %s > %s flags %#x seq %d ack %d length %d",
		s.From, s.Src, s.Dst, s.Flags, s.Seq, s.Ack, len(s.Payload))
}

// line is the segment in short, for a person.
func (s *Segment) line() string {
	var flags []byte
	for i, letter := range []byte("FSRPAUEC") {
		if s.Flags&(1<<i) != 0 {
			flags = append(flags, letter)
		}
	}
	return fmt.Sprintf("%s > %s %s seq %d ack %d length %d", s.Src, s.Dst, flags, s.Seq, s.Ack, len(s.Payload))
}

const (
	etherLen  = 14
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	protoICMP = 1
	protoTCP  = 6
	protoICM6 = 58
)

// protocol returns the frame's IP protocol and the offset of its payload, 0 for frames of another kind.
func protocol(frame []byte) (proto uint8, at int) {
	if len(frame) < etherLen+20 {
		return 0, 0
	}
	switch binary.BigEndian.Uint16(frame[12:]) {
	case etherIPv4:
		return frame[etherLen+9], etherLen + int(frame[etherLen]&15)*4
	case etherIPv6:
		return frame[etherLen+6], etherLen + 40
	}
	return 0, 0
}

// parse reads a frame that one of our hosts sent; ok is false where it is not TCP.
func parse(from Side, frame []byte) (s Segment, ok bool) {
	proto, at := protocol(frame)
	if proto != protoTCP || len(frame) < at+20 {
		return s, false
	}
	end := etherLen + int(binary.BigEndian.Uint16(frame[etherLen+2:]))
	src, dst := frame[etherLen+12:etherLen+16], frame[etherLen+16:etherLen+20]
	if at == etherLen+40 && frame[etherLen]>>4 == 6 {
		end = at + int(binary.BigEndian.Uint16(frame[etherLen+4:]))
		src, dst = frame[etherLen+8:etherLen+24], frame[etherLen+24:etherLen+40]
	}
	tcp := frame[at:min(end, len(frame))]
	header := int(tcp[12]>>4) * 4
	if header < 20 || header > len(tcp) {
		return s, false
	}
	srcAddr, _ := netip.AddrFromSlice(src)
	dstAddr, _ := netip.AddrFromSlice(dst)
	return Segment{
		From: from,
		Src:  netip.AddrPortFrom(srcAddr, binary.BigEndian.Uint16(tcp[0:])),
		Dst:  netip.AddrPortFrom(dstAddr, binary.BigEndian.Uint16(tcp[2:])),
		Seq:  binary.BigEndian.Uint32(tcp[4:]), Ack: binary.BigEndian.Uint32(tcp[8:]),
		Flags: tcp[13], Window: binary.BigEndian.Uint16(tcp[14:]),
		Options: tcp[20:header], Payload: tcp[header:],
	}, true
}

func macOf(s Side) string { return fmt.Sprintf("02:00:00:00:00:%02x", 1+uint8(s)) }

// frame builds the Ethernet frame of a forged segment.
func (s *Segment) frame() []byte {
	tcp := make([]byte, 20, 60+len(s.Payload))
	binary.BigEndian.PutUint16(tcp[0:], s.Src.Port())
	binary.BigEndian.PutUint16(tcp[2:], s.Dst.Port())
	binary.BigEndian.PutUint32(tcp[4:], s.Seq)
	binary.BigEndian.PutUint32(tcp[8:], s.Ack)
	tcp[12] = uint8(20+len(s.Options)) / 4 << 4
	tcp[13] = s.Flags
	binary.BigEndian.PutUint16(tcp[14:], s.Window)
	tcp = append(append(tcp, s.Options...), s.Payload...)
	src, dst := s.Src.Addr().AsSlice(), s.Dst.Addr().AsSlice()
	putChecksum(tcp, src, dst)

	f := make([]byte, etherLen, etherLen+40+len(tcp))
	f[0], f[5] = 2, byte(1+s.From.Peer())
	f[6], f[11] = 2, byte(1+s.From)
	if s.Src.Addr().Is4() {
		binary.BigEndian.PutUint16(f[12:], etherIPv4)
		ip := make([]byte, 20)
		ip[0], ip[8], ip[9] = 0x45, 64, protoTCP
		binary.BigEndian.PutUint16(ip[2:], uint16(20+len(tcp)))
		copy(ip[12:], src)
		copy(ip[16:], dst)
		binary.BigEndian.PutUint16(ip[10:], fold(sum(0, ip)))
		f = append(f, ip...)
	} else {
		binary.BigEndian.PutUint16(f[12:], etherIPv6)
		ip := make([]byte, 40)
		ip[0], ip[6], ip[7] = 0x60, protoTCP, 64
		binary.BigEndian.PutUint16(ip[4:], uint16(len(tcp)))
		copy(ip[8:], src)
		copy(ip[24:], dst)
		f = append(f, ip...)
	}
	return append(f, tcp...)
}

// setNumbers writes other numbers into a TCP frame.
func setNumbers(frame []byte, seq, ack uint32) {
	_, at := protocol(frame)
	src, dst := frame[etherLen+12:etherLen+16], frame[etherLen+16:etherLen+20]
	if frame[etherLen]>>4 == 6 {
		src, dst = frame[etherLen+8:etherLen+24], frame[etherLen+24:etherLen+40]
	}
	tcp := frame[at:]
	binary.BigEndian.PutUint32(tcp[4:], seq)
	binary.BigEndian.PutUint32(tcp[8:], ack)
	putChecksum(tcp, src, dst)
}

func putChecksum(tcp, src, dst []byte) {
	tcp[16], tcp[17] = 0, 0
	pseudo := sum(sum(sum(0, src), dst), []byte{0, protoTCP, byte(len(tcp) >> 8), byte(len(tcp))})
	binary.BigEndian.PutUint16(tcp[16:], fold(sum(pseudo, tcp)))
}

// sum and fold are the Internet checksum, RFC 1071.
func sum(s uint32, b []byte) uint32 {
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	if len(b)%2 == 1 {
		s += uint32(b[len(b)-1]) << 8
	}
	return s
}

func fold(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}
