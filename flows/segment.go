package flows

import "net/netip"

// Flags are the control bits of a TCP header (RFC 9293 §3.1), with AE of RFC 9768 as bit 8
// and the three reserved bits above it.
type Flags uint16

const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	AE
)

// control are the flags that decide what a segment is; the others ride along.
const control = FIN | SYN | RST | ACK

// Has reports whether every flag of g is set.
func (f Flags) Has(g Flags) bool { return f&g == g }

// Any reports whether any flag of g is set.
func (f Flags) Any(g Flags) bool { return f&g != 0 }

// Addr is an IP address as 16 bytes, IPv4 mapped into ::ffff:0:0/96. It is comparable and
// holds no pointer, so that tables of it cost the garbage collector nothing.
type Addr [16]byte

var mapped = [12]byte{10: 0xff, 11: 0xff}

// mapped4 are the last four bytes of mapped, the first lowest.
const mapped4 = 0xffff << 16

// Addr4 is the IPv4 address of four bytes.
func Addr4(b [4]byte) (a Addr) {
	copy(a[:12], mapped[:])
	copy(a[12:], b[:])
	return a
}

// AddrFrom converts a; an IPv6 zone is dropped.
func AddrFrom(a netip.Addr) Addr { return a.As16() }

// Is4 reports whether a is an IPv4 address.
func (a Addr) Is4() bool { return [12]byte(a[:12]) == mapped }

// Netip is a as the standard library has it, IPv4 unmapped.
func (a Addr) Netip() netip.Addr { return netip.AddrFrom16(a).Unmap() }

// Quote says that a Segment was not seen itself but quoted by an ICMP error. The zero
// value is: not quoted.
type Quote struct {
	Version uint8 // 4: ICMP (RFC 792), 6: ICMPv6 (RFC 4443), 0: not a quote
	Type    uint8
	Code    uint8
	MTU     uint32 // of "fragmentation needed" and "packet too big", else 0
	From    Addr   // who sent the ICMP message
}

// Damage says which checksum of a segment is wrong, where they were verified.
type Damage uint8

const (
	Undamaged  Damage = iota // or not verified
	DamagedTCP               // the TCP checksum, header and payload
	DamagedIP                // that of the IPv4 header: the addresses may be others
)

// Segment is one TCP header as it passed the capture point. Src and Dst are the sender and
// the receiver (of the quoted segment, where Quote is set). A Segment is reused for
// the next packet: IP is valid only until then.
type Segment struct {
	Time   int64  // capture time, nanoseconds since 1970-01-01 UTC
	Packet uint64 // number of the packet in its file, from 1
	File   int32  // which of the inputs, from 0
	// Interface is what captured the packet: which of those of its file, from 0.
	Interface int32

	Src, Dst         Addr
	SrcPort, DstPort uint16
	// Space tells apart equal four-tuples of different networks (VLAN, tunnel id);
	// 0 is the plain one. The source that made the segment knows its name.
	Space uint32
	// Via is what it came through: VLANs and tunnels, of which not all tell networks apart; 0 is
	// nothing. The source knows its name, too.
	Via uint32

	Seq, Ack Seq
	Flags    Flags
	Window   uint16 // as in the header, unscaled
	Urgent   uint16
	Checksum uint16
	IPID     uint16 // IPv4 identification; 0 on IPv6
	TTL      uint8  // or hop limit

	// Len is the payload's length in bytes by the IP header, whatever was captured.
	Len uint32

	// Options of the header, parsed as far as they were captured and well formed.
	TSVal, TSEcr uint32 // RFC 7323; valid when HasTS
	SACKEnd      Seq    // highest right edge of the SACK blocks; valid when HasSACK
	WScale       uint8  // shift count of a SYN, at most 14; valid when HasWScale
	HasTS        bool
	HasSACK      bool
	HasWScale    bool
	FastOpen     bool // carries a Fast Open option (RFC 7413), cookie or request

	// Cut: the header was cut short by the snap length or its data offset is impossible. What
	// is set is what was there; HeaderOK tells whether flags, seq and ack were.
	Cut      bool
	HeaderOK bool

	// Damage: the segment has a wrong checksum. It is none that a host would take.
	Damage Damage

	Quote Quote

	// IP holds the captured bytes from the innermost IP header on; TCP is the offset of the
	// TCP header in it. IPLen is the packet's length on the wire from the IP header on, as
	// far as the link layer tells.
	IP    []byte
	TCP   int
	IPLen int
}

// End is the sequence number after the segment: SYN and FIN take one each (RFC 9293 §3.4).
func (s *Segment) End() Seq {
	end := s.Seq + Seq(s.Len)
	if s.Flags.Any(SYN) {
		end++
	}
	if s.Flags.Any(FIN) {
		end++
	}
	return end
}
