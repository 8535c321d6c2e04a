package script

import (
	"encoding/binary"
	"net/netip"
)

const (
	ipv4HeaderLen = 20
	ipv6HeaderLen = 40
	icmpHeaderLen = 8
	protoICMP     = 1
	protoTCP      = 6
	protoICMPv6   = 58
)

func (p *Packet) tcpHeaderLen() int { return 20 + (len(p.Options)+3)/4*4 }

func (p *Packet) ipHeaderLen() int {
	if p.Flow.Is6() {
		return ipv6HeaderLen
	}
	return ipv4HeaderLen
}

// Bytes is the whole packet from the IP header on, as it was on the wire.
func (p *Packet) Bytes() []byte {
	from := p.sender()
	src, dst := p.Flow.Ends[from].Addr.Addr(), p.Flow.Ends[1-from].Addr.Addr()
	tcp := ip(src, dst, protoTCP, p.TTL, p.ID, p.tcp())
	if p.ICMP == nil {
		return tcp
	}
	quote := tcp[:min(len(tcp), p.ipHeaderLen()+p.ICMP.Quote)]
	return p.ICMP.bytes(p.Flow.Ends[1-p.Dir].Addr.Addr(), quote)
}

func (p *Packet) tcp() []byte {
	from := p.sender()
	sender, receiver := p.Flow.Ends[from], p.Flow.Ends[1-from]
	b := make([]byte, p.tcpHeaderLen()+int(p.Len))
	be := binary.BigEndian
	be.PutUint16(b[0:], sender.Addr.Port())
	be.PutUint16(b[2:], receiver.Addr.Port())
	be.PutUint32(b[4:], uint32(p.Seq))
	be.PutUint32(b[8:], uint32(p.Ack))
	offset := p.DataOffset
	if offset == 0 {
		offset = uint8(p.tcpHeaderLen() / 4)
	}
	be.PutUint16(b[12:], uint16(offset)<<12|uint16(p.Flags))
	be.PutUint16(b[14:], p.Window)
	be.PutUint16(b[18:], p.Urgent)
	copy(b[20:], p.Options)
	// A byte of payload follows from its sequence number, so that a retransmission, cut
	// anew or not, carries the same bytes.
	for i := p.tcpHeaderLen(); i < len(b); i++ {
		b[i] = 'a' + byte((uint32(p.Seq-sender.ISS)+uint32(i-p.tcpHeaderLen()))%26)
	}
	sum := checksum(b, pseudoHeader(sender.Addr.Addr(), receiver.Addr.Addr(), protoTCP, len(b)))
	if p.BadSum {
		sum ^= 0x5555
	}
	be.PutUint16(b[16:], sum)
	return b
}

func (e *ICMP) bytes(to netip.Addr, quote []byte) []byte {
	b := make([]byte, icmpHeaderLen, icmpHeaderLen+len(quote))
	b[0], b[1] = e.Type, e.Code
	binary.BigEndian.PutUint32(b[4:], e.MTU)
	b = append(b, quote...)
	proto, sum := byte(protoICMP), uint32(0)
	if to.Is6() {
		proto, sum = protoICMPv6, pseudoHeader(e.From, to, protoICMPv6, len(b))
	}
	binary.BigEndian.PutUint16(b[2:], checksum(b, sum))
	return ip(e.From, to, proto, 64, 0, b)
}

// ip puts an IP header in front of payload.
func ip(src, dst netip.Addr, proto, ttl byte, id uint16, payload []byte) []byte {
	be := binary.BigEndian
	if src.Is6() {
		b := make([]byte, ipv6HeaderLen, ipv6HeaderLen+len(payload))
		b[0] = 6 << 4
		be.PutUint16(b[4:], uint16(len(payload)))
		b[6], b[7] = proto, ttl
		copy(b[8:], src.AsSlice())
		copy(b[24:], dst.AsSlice())
		return append(b, payload...)
	}
	b := make([]byte, ipv4HeaderLen, ipv4HeaderLen+len(payload))
	b[0] = 4<<4 | ipv4HeaderLen/4
	be.PutUint16(b[2:], uint16(len(b)+len(payload)))
	be.PutUint16(b[4:], id)
	b[6] = 0x40 // do not fragment
	b[8], b[9] = ttl, proto
	copy(b[12:], src.AsSlice())
	copy(b[16:], dst.AsSlice())
	be.PutUint16(b[10:], checksum(b, 0))
	return append(b, payload...)
}

// pseudoHeader is its sum (RFC 9293 §3.1, RFC 8200 §8.1).
func pseudoHeader(src, dst netip.Addr, proto byte, length int) uint32 {
	sum := uint32(proto) + uint32(length)
	for _, a := range []netip.Addr{src, dst} {
		b := a.AsSlice()
		for i := 0; i < len(b); i += 2 {
			sum += uint32(b[i])<<8 | uint32(b[i+1])
		}
	}
	return sum
}

// checksum is that of RFC 1071 over b, continuing from sum.
func checksum(b []byte, sum uint32) uint16 {
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
