package pcaps

import (
	"bytes"
	"encoding/binary"
	"net"
	"reflect"
	"slices"
	"testing"
	"unsafe"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"tcpwhy/flows"
)

// FuzzDecode throws any bytes at the decoder and holds it against gopacket's: what both
// decode, they decode alike.
func FuzzDecode(f *testing.F) {
	for _, c := range samples() {
		f.Add(c.link, c.frame, uint16(0), uint16(len(c.frame)/2))
	}
	f.Fuzz(checkDecoding)
}

// checkDecoding holds what is true of every frame, however broken.
func checkDecoding(t *testing.T, linktype uint32, data []byte, beyond, cut uint16) {
	d := NewDecoder()
	var seg, again flows.Segment
	frame := &Frame{LinkType: linktype, Data: data[:len(data):len(data)], Wire: len(data) + int(beyond)}
	v := d.Decode(frame, &seg)
	if v2 := d.Decode(frame, &again); v2 != v || v <= Quote && !reflect.DeepEqual(again, seg) {
		t.Errorf("once %v %+v\nagain %v %+v", v, seg, v2, again)
	}
	if v <= Quote {
		checkInvariants(t, data, &seg)
		checkPrefix(t, "fuzzed", d, frame, int(cut), v, &seg)
	}
	if linktype < 256 {
		compareWithGopacket(t, frame, v, &seg)
	}
}

// met is what the decoder found behind a number of the table.
type met struct {
	row  int
	rest []byte
}

// allMet is every header of the samples.
func allMet() (list []met) {
	d := NewDecoder()
	for i, r := range table() {
		d.after[r.carrier][r.number] = func(d *Decoder) step {
			list = append(list, met{i, slices.Clone(d.rest)})
			return r.step(d)
		}
	}
	var seg flows.Segment
	for _, c := range samples() {
		d.lastLink = 1 << 31 // so that it looks the step up
		d.walk(&Frame{LinkType: c.link, Data: c.frame, Wire: len(c.frame)}, &seg)
	}
	return list
}

// FuzzHeaders begins behind any number that the table knows: link types, EtherTypes, IP protocols, UDP ports, and
// what GRE and PPP carry. Chance would not find them.
func FuzzHeaders(f *testing.F) {
	for _, m := range allMet() {
		f.Add(byte(m.row), false, m.rest, uint16(0), uint16(len(m.rest)/2))
	}
	rows := table()
	f.Fuzz(func(t *testing.T, row byte, six bool, data []byte, beyond, cut uint16) {
		if len(data) > 1<<14 {
			return
		}
		r := rows[int(row)%len(rows)]
		link, frame := uint32(linkEthernet), data
		within := func(protocol int, b []byte) []byte {
			if six {
				return eth(etherIPv6, ip6(protocol, b))
			}
			return eth(etherIPv4, ip4(protocol, b))
		}
		switch n := int(r.number); r.carrier {
		case linkType:
			link = r.number
		case etherType:
			frame = eth(n, data)
		case ipProtocol:
			frame = within(n, data)
		case udpPort:
			frame = within(17, udp(n, data))
		case greProtocol:
			frame = within(47, join(be16(0), be16(n), data))
		case pppProtocol:
			link, frame = 9, join(be16(n), data)
		}
		checkDecoding(t, link, frame, beyond, cut)
	})
}

const fuzzRaw = 101 // the link type of a bare IP packet

// FuzzQuotes: what an ICMP error quotes is what it says, as far as it goes.
func FuzzQuotes(f *testing.F) {
	rows := table()
	for _, m := range allMet() {
		if r := rows[m.row]; r.carrier == ipProtocol && (r.number == 1 || r.number == 58) {
			f.Add(r.number == 58, m.rest[0], m.rest[1], binary.BigEndian.Uint32(m.rest[4:]), m.rest[8:])
		}
	}
	f.Fuzz(func(t *testing.T, six bool, kind, code byte, unused uint32, quoted []byte) {
		if len(quoted) > 1<<11 {
			return
		}
		packet, wantFrom := ip4(1, join([]byte{kind, code, 0, 0}, be32(int64(unused)), quoted)), testSrc4
		version := uint8(4)
		if six {
			packet, wantFrom = ip6(58, packet[20:]), testSrc6
			version = 6
		}
		checkDecoding(t, fuzzRaw, packet, 0, uint16(len(packet)/2))
		v, seg, _ := decoded(fuzzRaw, packet)
		if v != Quote {
			return
		}
		q := seg.Quote
		tooBig := !six && kind == 3 && code == 4 || six && kind == 2
		if q.Version != version || q.Type != kind || q.Code != code || q.From.Netip() != wantFrom || q.MTU != 0 && !tooBig {
			t.Errorf("ICMP of type %d, code %d: %+v", kind, code, q)
		}
		if !bytes.Contains(quoted, seg.IP[:20]) {
			t.Errorf("the segment is not of what is quoted: %+v", seg)
		}
	})
}

// FuzzOptions: the TCP options that the decoder takes are those that gopacket finds.
func FuzzOptions(f *testing.F) {
	for _, o := range []string{
		"020405b4 0402 080a 00000001 00000000 01 030307", "0101 080a 00000001 00000002", "0101 050a 00000001 00000002",
		"0101 0512 00000001 00000002 7fffffff 80000000", "2204aabb", "fe04f989", "1e0c 0081 0011223344556677", "1d10 01020304050607080910111213 14",
		"1312 000102030405060708090a0b0c0d0e0f 0101", "00000000", "0300 0304 0201", "ff", "0801",
	} {
		f.Add(uint16(flows.SYN), x(o))
		f.Add(uint16(flows.ACK), x(o))
	}
	f.Fuzz(func(t *testing.T, flags uint16, options []byte) {
		options = options[:min(len(options), 40)]
		options = append(slices.Clone(options), make([]byte, -len(options)&3)...)
		packet := ip4(6, segment(flows.Flags(flags&0xfff), options, nil))
		v, seg, _ := decoded(fuzzRaw, packet)
		if v != TCP || !seg.HeaderOK || seg.Cut || seg.Len != 0 {
			t.Fatalf("%v %+v", v, seg)
		}
		compareWithGopacket(t, &Frame{LinkType: fuzzRaw, Data: packet, Wire: len(packet)}, v, &seg)
	})
}

func checkInvariants(t *testing.T, data []byte, seg *flows.Segment) {
	// Within data, up to its end or to that of a tunnel's packet.
	at := int(uintptr(unsafe.Pointer(&seg.IP[0])) - uintptr(unsafe.Pointer(&data[0])))
	switch {
	case at < 0 || at+len(seg.IP) > len(data):
		t.Errorf("IP is bytes %d to %d of %d", at, at+len(seg.IP), len(data))
	case seg.TCP < 20 || seg.TCP+4 > len(seg.IP):
		t.Errorf("TCP is at %d of %d", seg.TCP, len(seg.IP))
	case seg.IPLen < len(seg.IP):
		t.Errorf("IPLen %d, %d captured", seg.IPLen, len(seg.IP))
	case seg.Len > 1<<31:
		t.Errorf("length %d", seg.Len)
	case !seg.HeaderOK && !seg.Cut:
		t.Error("header neither ok nor cut")
	case seg.WScale > 14:
		t.Errorf("window scale %d", seg.WScale)
	}
}

// checkPrefix decodes the beginning of a frame that held TCP: it holds the same segment, as
// far as it goes, or is cut short.
func checkPrefix(t *testing.T, name string, d *Decoder, frame *Frame, cut int, v Verdict, whole *flows.Segment) {
	t.Helper()
	part := *frame
	part.Data = slices.Clone(part.Data[:min(cut, len(part.Data))]) // so that nothing is behind
	var seg flows.Segment
	switch got := d.Decode(&part, &seg); {
	case got == CutShort:
	case got == NotTCP && hasUDP(&part): // cut within it: nobody knows its ports
	case got != v:
		t.Errorf("%s: whole %v, the first %d bytes %v", name, v, cut, got)
	case seg.Src != whole.Src || seg.Dst != whole.Dst || seg.SrcPort != whole.SrcPort || seg.DstPort != whole.DstPort ||
		seg.Space != whole.Space || seg.Quote != whole.Quote:
		t.Errorf("%s: whole %+v\nthe first %d bytes %+v", name, whole, cut, seg)
	case seg.HeaderOK && (seg.Flags != whole.Flags || seg.Seq != whole.Seq || seg.Ack != whole.Ack || seg.Len != whole.Len):
		t.Errorf("%s: whole %+v\nthe first %d bytes %+v", name, whole, cut, seg)
	}
}

// hasUDP reports whether the walk through f ends behind an IP header that announces UDP.
func hasUDP(f *Frame) (was bool) {
	d := NewDecoder()
	d.after[ipProtocol][17] = func(d *Decoder) step {
		was = len(d.rest) < 8
		return udpStep(d)
	}
	var seg flows.Segment
	d.walk(f, &seg)
	return was
}

// compareWithGopacket fails where gopacket finds the same TCP header and reads it otherwise, and
// where it finds TCP on a plain way (Ethernet, VLAN, IP) and we do not.
func compareWithGopacket(t *testing.T, frame *Frame, v Verdict, seg *flows.Segment) {
	first := layers.LinkType(frame.LinkType)
	if frame.LinkType == 12 || frame.LinkType == 14 {
		first = layers.LinkTypeRaw
	}
	p := gopacket.NewPacket(frame.Data, first, gopacket.DecodeOptions{NoCopy: true})
	var tcp *layers.TCP
	var src, dst flows.Addr
	var ttl uint8
	plain := true
	for _, l := range p.Layers() {
		switch l := l.(type) {
		case *layers.Ethernet, *layers.Dot1Q, *layers.LinuxSLL, *layers.Loopback:
		case *layers.IPv4:
			src, dst, ttl = addr16(l.SrcIP), addr16(l.DstIP), l.TTL
			plain = plain && l.Version == 4 // gopacket does not look
		case *layers.IPv6:
			src, dst, ttl = addr16(l.SrcIP), addr16(l.DstIP), l.HopLimit
			plain = plain && l.Version == 6
		case *layers.TCP:
			tcp = l
		default:
			plain = plain && tcp != nil
		}
	}
	if tcp == nil || len(tcp.Contents) < 20 {
		return
	}
	if v != TCP {
		if plain {
			t.Errorf("gopacket finds TCP by %v, we %v", p, v)
		}
		return
	}
	if &tcp.Contents[0] != &seg.IP[seg.TCP] {
		if plain {
			t.Errorf("gopacket finds another TCP header: %v, we %+v", p, seg)
		}
		return
	}
	flags := flows.Flags(0)
	for i, set := range []bool{tcp.FIN, tcp.SYN, tcp.RST, tcp.PSH, tcp.ACK, tcp.URG, tcp.ECE, tcp.CWR, tcp.NS} {
		if set {
			flags |= 1 << i
		}
	}
	switch {
	case plain && (src != seg.Src || dst != seg.Dst):
		t.Errorf("addresses: gopacket %v > %v, we %v > %v", src.Netip(), dst.Netip(), seg.Src.Netip(), seg.Dst.Netip())
	case plain && ttl != seg.TTL:
		t.Errorf("TTL: gopacket %d, we %d", ttl, seg.TTL)
	case uint16(tcp.SrcPort) != seg.SrcPort || uint16(tcp.DstPort) != seg.DstPort:
		t.Errorf("ports: gopacket %d > %d, we %d > %d", tcp.SrcPort, tcp.DstPort, seg.SrcPort, seg.DstPort)
	case !seg.HeaderOK, len(seg.IP)-seg.TCP < 20:
		// gopacket reads on beyond the end of an IPv6 packet with a Hop-by-Hop header, and
		// beyond what a tunnel's header leaves to the packet inside.
	case tcp.Seq != uint32(seg.Seq) || tcp.Ack != uint32(seg.Ack):
		t.Errorf("numbers: gopacket %d, %d, we %d, %d", tcp.Seq, tcp.Ack, seg.Seq, seg.Ack)
	case flags != seg.Flags&0x1ff:
		t.Errorf("flags: gopacket %#x, we %#x", flags, seg.Flags)
	case tcp.Window != seg.Window || tcp.Checksum != seg.Checksum || tcp.Urgent != seg.Urgent:
		t.Errorf("window, checksum, urgent: gopacket %d, %d, %d, we %d, %d, %d",
			tcp.Window, tcp.Checksum, tcp.Urgent, seg.Window, seg.Checksum, seg.Urgent)
	}
	var ts []byte
	for _, o := range tcp.Options {
		if o.OptionType == layers.TCPOptionKindTimestamps && len(o.OptionData) == 8 {
			ts = o.OptionData
		}
	}
	if p.ErrorLayer() == nil && !seg.Cut && seg.HasTS != (ts != nil) {
		t.Errorf("timestamps: gopacket %x, we %v", ts, seg.HasTS)
	}
}

// addr16 is a, or the zero address where a layer came to nothing.
func addr16(a net.IP) (b flows.Addr) {
	copy(b[:], a.To16())
	return b
}
