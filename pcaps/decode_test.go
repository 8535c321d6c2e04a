package pcaps

import (
	"bytes"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"tcpwhy/flows"
)

var (
	plain4 = ip4(6, tcpData)
	plain6 = ip6(6, tcpData)
)

// optionHeader is an IPv6 extension header of the common format, 16 bytes long.
func optionHeader(next int) []byte {
	return join([]byte{byte(next), 1}, x("0000 0104 00000000 0104 00000000"))
}

// wholeFrame is a frame that holds tcpData between the test addresses of IPv4 or IPv6.
type wholeFrame struct {
	name  string
	link  uint32
	frame []byte
	six   bool
	space Space
}

var wholeFrames = inner{testSrc4, testDst4, testSrc6, testDst6, tcpData}.frames()

// inner is a TCP segment and the addresses that it goes between. What its methods build is what
// the functions of the same names do, of it.
type inner struct {
	src4, dst4, src6, dst6 netip.Addr
	tcp                    []byte
}

func (in inner) ip4(protocol int, payload []byte) []byte {
	return ip4between(in.src4, in.dst4, protocol, 0, 20+len(payload), nil, payload)
}

func (in inner) ip6(next int, payload []byte) []byte {
	return ip6between(in.src6, in.dst6, next, len(payload), payload)
}

func (in inner) frames() []wholeFrame { return append(in.plainFrames(), in.tunnelFrames()...) }

func (in inner) plainFrames() []wholeFrame {
	testSrc4, testDst4, testSrc6, testDst6, tcpData := in.src4, in.dst4, in.src6, in.dst6, in.tcp
	ip4, ip6 := in.ip4, in.ip6
	plain4, plain6 := ip4(6, tcpData), ip6(6, tcpData)
	return []wholeFrame{
		{name: "Ethernet, IPv4", link: 1, frame: eth(0x0800, plain4)},
		{name: "Ethernet, IPv6", link: 1, frame: eth(0x86dd, plain6), six: true},
		{name: "padding", link: 1, frame: eth(0x0800, join(plain4, data(30)))},
		{name: "802.3, LLC, SNAP", link: 1, frame: eth(8+len(plain4), join(x("aaaa03 000000 0800"), plain4, data(9)))},
		{name: "802.3, LLC, SNAP of a bridge", link: 1, frame: eth(8+len(plain6), join(x("aaaa03 0000f8 86dd"), plain6)), six: true},
		{name: "802.3, LLC, SNAP, bridged Ethernet", link: 1,
			frame: eth(10+14+len(plain4), join(x("aaaa03 0080c2 0007 0000"), eth(0x0800, plain4)))},
		{name: "802.3, LLC of IP", link: 1, frame: eth(3+len(plain4), join(x("060603"), plain4))},
		{name: "VLAN", link: 1, frame: eth(0x8100, tagged(0xe02a, 0x0800, plain4)), space: Space{VLANs: []uint16{42}}},
		{name: "VLAN, IPv6", link: 1, frame: eth(0x8100, tagged(0x0fff, 0x86dd, plain6)), six: true,
			space: Space{VLANs: []uint16{4095}}},
		{name: "priority tag", link: 1, frame: eth(0x8100, tagged(0xe000, 0x0800, plain4))},
		{name: "VLAN, LLC", link: 1, frame: eth(0x8100, tagged(1, 8+len(plain4), join(x("aaaa03 000000 0800"), plain4))),
			space: Space{VLANs: []uint16{1}}},
		{name: "802.1ad", link: 1, frame: eth(0x88a8, tagged(7, 0x8100, tagged(8, 0x0800, plain4))),
			space: Space{VLANs: []uint16{7, 8}}},
		{name: "three tags", link: 1,
			frame: eth(0x9100, tagged(3, 0x9200, tagged(2, 0x8100, tagged(1, 0x86dd, plain6)))), six: true,
			space: Space{VLANs: []uint16{3, 2, 1}}},
		{name: "Null, little endian, IPv4", link: 0, frame: join(x("02000000"), plain4)},
		{name: "Null, big endian, IPv4", link: 0, frame: join(x("00000002"), plain4)},
		{name: "Null, NetBSD and OpenBSD, IPv6", link: 0, frame: join(x("18000000"), plain6), six: true},
		{name: "Null, FreeBSD, IPv6", link: 0, frame: join(x("0000001c"), plain6), six: true},
		{name: "Null, Darwin, IPv6", link: 0, frame: join(x("1e000000"), plain6), six: true},
		{name: "Null, Windows, IPv6", link: 0, frame: join(x("17000000"), plain6), six: true},
		{name: "Null, Linux, IPv6", link: 0, frame: join(x("0a000000"), plain6), six: true},
		{name: "Loop", link: 108, frame: join(x("00000018"), plain6), six: true},
		{name: "Raw, IPv4", link: 101, frame: plain4},
		{name: "Raw, IPv6", link: 101, frame: plain6, six: true},
		{name: "Raw, alias 12", link: 12, frame: plain4},
		{name: "Raw, alias 14", link: 14, frame: plain6, six: true},
		{name: "IPv4", link: 228, frame: plain4},
		{name: "IPv6", link: 229, frame: plain6, six: true},
		{name: "SLL", link: 113, frame: join(x("0000 0001 0006 020000000001 0000 0800"), plain4)},
		{name: "SLL, VLAN", link: 113, frame: join(x("0000 0001 0006 020000000001 0000 8100"), tagged(5, 0x86dd, plain6)),
			six: true, space: Space{VLANs: []uint16{5}}},
		{name: "SLL, LLC", link: 113, frame: join(x("0000 0001 0006 020000000001 0000 0004 aaaa03 000000 0800"), plain4)},
		{name: "SLL2", link: 276, frame: join(x("86dd 0000 00000002 0001 04 06 020000000001 0000"), plain6), six: true},
		{name: "SLL2, VLAN", link: 276, frame: join(x("8100 0000 00000002 0001 04 06 020000000001 0000"),
			tagged(5, 0x0800, plain4)), space: Space{VLANs: []uint16{5}}},

		{name: "IPv4 options", link: 228, frame: ip4between(testSrc4, testDst4, 6, 0, 28+len(tcpData), x("01 0703 04 01010101"), tcpData)},
		{name: "IPv4, don't fragment", link: 1, frame: eth(0x0800, ip4between(testSrc4, testDst4, 6, 0x4000, 20+len(tcpData), nil, tcpData))},
		{name: "IPv4, first fragment", link: 1, frame: eth(0x0800, ip4between(testSrc4, testDst4, 6, 0x2000, 20+len(tcpData), nil, tcpData))},
		{name: "IPv4, TSO", link: 1, frame: eth(0x0800, ip4between(testSrc4, testDst4, 6, 0x4000, 0, nil, tcpData))},
		{name: "IPv6, BIG TCP without jumbo option", link: 1, frame: eth(0x86dd, ip6between(testSrc6, testDst6, 6, 0, tcpData)), six: true},
		{name: "IPv6, Hop-by-Hop", link: 1, frame: eth(0x86dd, ip6(0, join(optionHeader(6), tcpData))), six: true},
		{name: "IPv6, Destination Options", link: 229, frame: ip6(60, join(optionHeader(6), tcpData)), six: true},
		{name: "IPv6, HIP", link: 229, frame: ip6(139, join(optionHeader(6), tcpData)), six: true},
		{name: "IPv6, Shim6", link: 229, frame: ip6(140, join(optionHeader(6), tcpData)), six: true},
		{name: "IPv6, AH", link: 229, frame: ip6(51, join(x("06 04 0000 00000001 00000002"), data(12), tcpData)), six: true},
		{name: "IPv4, AH", link: 228, frame: ip4(51, join(x("06 04 0000 00000001 00000002"), data(12), tcpData))},
		{name: "IPv6, atomic fragment", link: 229, frame: ip6(44, join(x("06 00 0000 12345678"), tcpData)), six: true},
		{name: "IPv6, first fragment", link: 229, frame: ip6(44, join(x("06 00 0001 12345678"), tcpData)), six: true},
		{name: "IPv6, every extension header", link: 1, frame: eth(0x86dd, ip6(0, join(optionHeader(60), optionHeader(43),
			x("2c 00 0100 00000000"), x("33 00 0000 12345678"), x("3c 01 0000 00000001 00000002"), optionHeader(6), tcpData))), six: true},
		{name: "IPv6, Routing, arrived", link: 229, six: true,
			frame: ip6(43, join(x("06 02 00 00 00000000"), netip.MustParseAddr("2001:db8::99").AsSlice(), tcpData))},
		{name: "IPv6, Routing type 0, under way", link: 229, six: true,
			frame: ip6between(testSrc6, netip.MustParseAddr("2001:db8::77"), 43, 40+len(tcpData), join(x("06 04 00 01 00000000"),
				netip.MustParseAddr("2001:db8::99").AsSlice(), testDst6.AsSlice(), tcpData))},
		{name: "IPv6, Segment Routing, under way", link: 229, six: true,
			frame: ip6between(testSrc6, netip.MustParseAddr("2001:db8::77"), 43, 40+len(tcpData), join(x("06 04 04 01 01000000"),
				testDst6.AsSlice(), netip.MustParseAddr("2001:db8::77").AsSlice(), tcpData))},
	}
}

func TestDecodeWholeFrames(t *testing.T) {
	for _, c := range wholeFrames {
		t.Run(c.name, func(t *testing.T) {
			v, seg, space := decoded(c.link, c.frame)
			if v != TCP {
				t.Fatalf("got %v", v)
			}
			src, dst := testSrc4, testDst4
			if c.six {
				src, dst = testSrc6, testDst6
			}
			checkSegment(t, &seg, src, dst)
			if seg.Len != tcpDataLen {
				t.Errorf("length: got %d want %d", seg.Len, tcpDataLen)
			}
			if seg.Flags != flows.ACK|flows.PSH {
				t.Errorf("flags: got %#x", seg.Flags)
			}
			if seg.Quote != (flows.Quote{}) {
				t.Errorf("quote: got %+v", seg.Quote)
			}
			checkSpace(t, space, c.space)
		})
	}
}

func checkSpace(t *testing.T, got, want Space) {
	t.Helper()
	if got.Tunnel != want.Tunnel || !slices.Equal(got.VLANs, want.VLANs) {
		t.Errorf("space: got %+v want %+v", got, want)
	}
}

// sample is a frame that holds TCP, or quotes it.
type sample struct {
	name  string
	link  uint32
	frame []byte
}

func samples() (list []sample) {
	for _, c := range wholeFrames {
		list = append(list, sample{c.name, c.link, c.frame})
	}
	for _, c := range quoteFrames() {
		list = append(list, sample{c.name, c.link, c.frame})
	}
	return list
}

// A frame cut off anywhere holds the same segment, as far as it goes, or is cut short.
func TestSamplesCut(t *testing.T) {
	for _, c := range samples() {
		d := NewDecoder()
		frame := &Frame{LinkType: c.link, Data: c.frame, Wire: len(c.frame)}
		var seg flows.Segment
		v := d.Decode(frame, &seg)
		for cut := range c.frame {
			checkPrefix(t, c.name, d, frame, cut, v, &seg)
		}
	}
}

// The short way through plain must not decide anything otherwise than the steps do.
func TestPlainAgreesWithWalk(t *testing.T) {
	for _, c := range wholeFrames {
		if c.link != linkEthernet {
			continue
		}
		for cut := range len(c.frame) + 1 {
			f := &Frame{LinkType: 1, Data: c.frame[:cut], Wire: len(c.frame)}
			d := NewDecoder()
			var walked, plain flows.Segment
			v := d.walk(f, &walked) // and interns the VLAN, which plain needs
			if !d.plain(f.Data, max(f.Wire, len(f.Data)), &plain) {
				continue
			}
			if v != TCP || !reflect.DeepEqual(plain, walked) {
				t.Errorf("%s, %d bytes: plain %+v\nwalk %v %+v", c.name, cut, plain, v, walked)
			}
		}
	}
}

func TestDecodeSkips(t *testing.T) {
	deep := plain4
	for range 9 {
		deep = tagged(9, 0x8100, deep)
	}
	extended := tcpData
	for range maxHeaders {
		extended = join(optionHeader(60), extended)
	}
	for _, c := range []struct {
		name  string
		link  uint32
		frame []byte
		want  Verdict
	}{
		{"nothing", 1, nil, CutShort},
		{"half an Ethernet header", 1, eth(0x0800, nil)[:13], CutShort},
		{"ARP", 1, eth(0x0806, data(28)), NotIP},
		{"spanning tree", 1, eth(38, join(x("424203"), data(35))), NotIP},
		{"neither a length nor a type", 1, eth(0x05ff, plain4), NotIP},
		{"SNAP of an organisation", 1, eth(60, join(x("aaaa03 00000c 2000"), plain4)), NotIP},
		{"Ethernet announces IPv4, IPv6 comes", 1, eth(0x0800, plain6), BadIP},
		{"Ethernet announces IPv6, IPv4 comes", 1, eth(0x86dd, plain4), BadIP},
		{"raw, neither 4 nor 6", 101, x("00112233"), NotIP},
		{"raw, nothing", 101, nil, CutShort},
		{"Null, no IP family", 0, join(x("07000000"), plain4), NotIP},
		{"SLL of netlink", 113, join(x("0000 0338 0006 020000000001 0000 0800"), plain4), NotIP},
		{"SLL of Novell", 113, join(x("0000 0001 0006 020000000001 0000 0001"), plain4), NotIP},
		{"IPv4 header length 4", 228, join(x("44"), plain4[1:]), BadIP},
		{"IPv4 total length below the header", 228, ip4between(testSrc4, testDst4, 6, 0, 19, nil, tcpData), BadIP},
		{"IPv4 options cut", 228, ip4between(testSrc4, testDst4, 6, 0, 60, x("01010101 01010101"), nil)[:26], CutShort},
		{"UDP", 228, ip4(17, udp(53, tcpData)), NotTCP},
		{"UDP over IPv6", 229, ip6(17, udp(53, tcpData)), NotTCP},
		{"SCTP", 228, ip4(132, tcpData), NotTCP},
		{"IPv6, no next header", 229, ip6(59, tcpData), NotTCP},
		{"Mobility, behind which nothing may follow (RFC 6275 §6.1.1)", 229, ip6(135, join(optionHeader(6), tcpData)), NotTCP},
		{"hop-by-hop over IPv4", 228, ip4(0, join(optionHeader(6), tcpData)), NotTCP},
		{"ESP", 228, ip4(50, tcpData), Encrypted},
		{"later fragment", 1, eth(0x0800, ip4between(testSrc4, testDst4, 6, 0x2001, 20+len(tcpData), nil, tcpData)), LaterFragment},
		{"last fragment", 1, eth(0x0800, ip4between(testSrc4, testDst4, 6, 0x1fff, 20+len(tcpData), nil, tcpData)), LaterFragment},
		{"later IPv6 fragment", 1, eth(0x86dd, ip6(44, join(x("06 00 0008 12345678"), tcpData))), LaterFragment},
		{"TCP that has 3 bytes", 228, ip4(6, tcpData[:3]), CutShort},
		{"IP cut to 3 bytes of TCP by its length, with padding", 1, eth(0x0800, join(ip4(6, tcpData[:3]), data(30))), CutShort},
		{"extension header cut", 229, ip6(60, optionHeader(6)[:15]), CutShort},
		{"nine VLANs", 1, eth(0x8100, deep), TooDeep},
		{"MPLS labels without end", 1, eth(0x8847, join(bytes.Repeat(x("00010040"), maxHeaders), x("00010140"), plain4)), TooDeep},
		{"extension headers without end", 229, ip6(60, extended), TooDeep},
		{"echo request", 228, ip4(1, x("0800 0000 0001 0001")), NotTCP},
		{"echo request cut", 228, ip4(1, x("08")), NotTCP},
		{"redirect", 228, ip4(1, join(x("0501 0000 0a000001"), plain4)), NotTCP},
		{"ICMP error cut", 228, ip4(1, x("0301 0000 000000")), CutShort},
		{"ICMP error without its quote", 228, ip4(1, x("0301 0000 00000000")), CutShort},
		{"ICMP error about an ICMP error", 228, ip4(1, join(x("0301 0000 00000000"), ip4(1, join(x("0301 0000 00000000"), plain4)))), NotTCP},
		{"ICMP error about UDP", 228, ip4(1, join(x("0303 0000 00000000"), ip4(17, udp(53, nil)))), NotTCP},
		{"ICMPv6 neighbor solicitation", 229, ip6(58, join(x("8700 0000 00000000"), plain6)), NotTCP},
		{"USB", 189, plain4, UnknownLink},
		{"link type beyond a byte: 257", 257, eth(0x0800, plain4), UnknownLink},
	} {
		if got, _, _ := decoded(c.link, c.frame); got != c.want {
			t.Errorf("%s: got %q want %q", c.name, got, c.want)
		}
	}
}

// What the IP header says of the length holds, whatever was captured.
func TestPayloadLength(t *testing.T) {
	full := segment(flows.ACK, nil, data(1400))
	jumbo := func(length int64) []byte {
		return join(x("06 00 c204"), be32(length), segment(flows.ACK, nil, nil))
	}
	for _, c := range []struct {
		name  string
		frame []byte
		wire  int
		want  uint32
	}{
		{"whole", eth(0x0800, ip4(6, full)), 1454, 1400},
		{"cut behind the TCP header", eth(0x0800, ip4(6, full))[:54], 1454, 1400},
		{"cut behind the TCP header, IPv6", eth(0x86dd, ip6(6, full))[:74], 1474, 1400},
		{"Ethernet padding on a bare ACK", eth(0x0800, join(ip4(6, segment(flows.ACK, nil, nil)), data(6))), 60, 0},
		{"the link knows of less than IP says", eth(0x0800, ip4(6, full))[:100], 100, 1400},
		{"the link's length is wrong", eth(0x0800, ip4(6, full)), 10, 1400},
		{"TSO: length 0", eth(0x0800, ip4between(testSrc4, testDst4, 6, 0, 0, nil, full))[:80], 14 + 40 + 65001, 65001},
		{"TSO: length 0, VLAN", eth(0x8100, tagged(1, 0x0800, ip4between(testSrc4, testDst4, 6, 0, 0, nil, full)))[:80], 18 + 40 + 3000, 3000},
		{"IPv4 BIG TCP", eth(0x0800, ip4between(testSrc4, testDst4, 6, 0, 0, nil, full))[:200], 14 + 40 + 180000, 180000},
		{"IPv6 BIG TCP, jumbo option", eth(0x86dd, ip6between(testSrc6, testDst6, 0, 0, jumbo(8+20+150000))), 14 + 40 + 8 + 20 + 150000 + 4, 150000},
		{"jumbo option that is none", eth(0x86dd, ip6between(testSrc6, testDst6, 0, 0, jumbo(65535))), 14 + 40 + 8 + 20 + 70000, 70000},
		{"jumbo option of 4 GB", eth(0x86dd, ip6between(testSrc6, testDst6, 0, 0, jumbo(0xffffffff))), 14 + 40 + 8 + 20 + 70000, 70000},
		{"jumbo option beside a length", eth(0x86dd, ip6between(testSrc6, testDst6, 0, 28, jumbo(100000))), 14 + 40 + 8 + 20 + 70000, 0},
		{"options", eth(0x0800, ip4(6, segment(flows.SYN, x("02040578 0402 0101"), data(3)))), 65, 3},
	} {
		d := NewDecoder()
		for range 2 { // the second time a VLAN is known
			var seg flows.Segment
			v := d.Decode(&Frame{LinkType: 1, Data: c.frame, Wire: c.wire}, &seg)
			if v != TCP || seg.Len != c.want || seg.Cut {
				t.Errorf("%s: got %v, length %d, cut %v; want %d", c.name, v, seg.Len, seg.Cut, c.want)
			}
		}
	}
}

// A frame cut off anywhere loses what was behind the cut and nothing else, and nothing behind
// it is read.
func TestDecodeCut(t *testing.T) {
	options := x("0101080a 11111111 22222222 050a 00000001 00000009 0101")
	packet := segment(flows.SYN|flows.ACK, options, data(5))
	for _, c := range []struct {
		link  uint32
		frame []byte
		six   bool
	}{
		{1, eth(0x0800, ip4(6, packet)), false},
		{1, eth(0x86dd, ip6(6, packet)), true},
		{276, join(x("86dd 0000 00000002 0001 04 06 020000000001 0000"), ip6(6, packet)), true},
		{1, eth(0x88a8, tagged(7, 0x8100, tagged(8, 0x0800, ip4(6, packet)))), false},
	} {
		d := NewDecoder()
		head := len(c.frame) - len(packet)
		for n := range len(c.frame) + 1 {
			data := make([]byte, n) // the race detector and the runtime watch its end
			copy(data, c.frame)
			seg := flows.Segment{TSVal: 99, Quote: flows.Quote{Version: 4}, HasSACK: true, Urgent: 9, Len: 77}
			v := d.Decode(&Frame{LinkType: c.link, Data: data, Wire: len(c.frame)}, &seg)
			got := n - head // bytes of the TCP header
			if want := got >= 4; (v == TCP) != want || !want && v != CutShort {
				t.Fatalf("link %d, %d bytes: got %v", c.link, n, v)
			}
			if v != TCP {
				continue
			}
			is := func(what string, have int, value, full any, none any) {
				if got < have {
					full = none
				}
				if value != full {
					t.Errorf("link %d, %d bytes of TCP: %s: got %v want %v", c.link, got, what, value, full)
				}
			}
			is("source port", 4, seg.SrcPort, uint16(testSrcPort), nil)
			is("destination port", 4, seg.DstPort, uint16(testDstPort), nil)
			is("seq", 8, seg.Seq, flows.Seq(testSeq), flows.Seq(0))
			is("ack", 12, seg.Ack, flows.Seq(testAck), flows.Seq(0))
			is("flags", 14, seg.Flags, flows.SYN|flows.ACK, flows.Flags(0))
			is("header ok", 14, seg.HeaderOK, true, false)
			is("length", 14, seg.Len, uint32(5), uint32(0))
			is("window", 16, seg.Window, uint16(testWindow), uint16(0))
			is("checksum", 18, seg.Checksum, uint16(testSum), uint16(0))
			is("urgent", 20, seg.Urgent, uint16(testUrgent), uint16(0))
			is("timestamps", 32, seg.HasTS, true, false)
			is("SACK", 42, seg.HasSACK, true, false)
			is("whole", 44, !seg.Cut, true, false)
			if seg.HasTS && (seg.TSVal != 0x11111111 || seg.TSEcr != 0x22222222) || seg.HasSACK && seg.SACKEnd != 9 {
				t.Errorf("%d bytes of TCP: TS %#x %#x SACK %d", got, seg.TSVal, seg.TSEcr, seg.SACKEnd)
			}
			if len(seg.IP)-seg.TCP != got || seg.IPLen != len(seg.IP)+len(c.frame)-n {
				t.Errorf("%d bytes of TCP: IP %d, TCP at %d, IPLen %d", got, len(seg.IP), seg.TCP, seg.IPLen)
			}
			if seg.Quote.Version != 0 {
				t.Error("a quote is left from the segment before")
			}
		}
	}
}

func TestImpossibleDataOffset(t *testing.T) {
	for _, c := range []struct {
		name string
		tcp  []byte
	}{
		{"0", join(tcpData[:12], x("00"), tcpData[13:])},
		{"4", join(tcpData[:12], x("40"), tcpData[13:])},
		{"beyond the packet", join(tcpData[:12], x("70"), tcpData[13:])},
		{"packet of 16 bytes", tcpData[:16]},
	} {
		for _, link := range []uint32{1, 228} {
			frame := ip4(6, c.tcp)
			if link == 1 {
				frame = eth(0x0800, frame)
			}
			v, seg, _ := decoded(link, frame)
			if v != TCP || !seg.Cut || seg.HeaderOK || seg.Len != 0 || seg.Seq != testSeq || !seg.Flags.Has(flows.ACK) {
				t.Errorf("data offset %s: got %v %+v", c.name, v, seg)
			}
		}
	}
}

func TestOptions(t *testing.T) {
	type found struct {
		ts, sack, scale, fastOpen bool
		val, ecr                  uint32
		sackEnd                   flows.Seq
		shift                     uint8
	}
	for _, c := range []struct {
		name    string
		flags   flows.Flags
		options string
		want    found
	}{
		{"none", flows.ACK, "", found{}},
		{"the usual SYN", flows.SYN, "020405b4 0402 080a 00000001 00000000 01 030307", found{ts: true, val: 1, scale: true, shift: 7}},
		{"the usual timestamps", flows.ACK, "0101 080a 00000001 ffffffff", found{ts: true, val: 1, ecr: 0xffffffff}},
		{"timestamps first", flows.ACK, "080a 00000001 00000002 0101", found{ts: true, val: 1, ecr: 2}},
		{"timestamps of a wrong length", flows.ACK, "0809 00000001 000002 010101", found{}},
		{"scale 15", flows.SYN, "03030f 01", found{scale: true, shift: 14}},
		{"scale 255", flows.SYN | flows.ACK, "0303ff 00", found{scale: true, shift: 14}},
		{"scale not on a SYN", flows.ACK, "030307 01", found{}},
		{"scale of a wrong length", flows.SYN, "03040707", found{}},
		{"one block", flows.ACK, "0101 050a 00000001 00000005", found{sack: true, sackEnd: 5}},
		{"highest of three", flows.ACK, "0101 051a 00000001 00000005 00000010 00000020 00000007 00000009", found{sack: true, sackEnd: 0x20}},
		{"highest across the wrap", flows.ACK, "0101 0512 fffffff0 fffffff5 fffffffa 00000002", found{sack: true, sackEnd: 2}},
		{"no block", flows.ACK, "0502 0101", found{}},
		{"half a block", flows.ACK, "0506 00000001 0101", found{}},
		{"Fast Open request", flows.SYN, "2202 0101", found{fastOpen: true}},
		{"Fast Open cookie", flows.SYN, "220a 0102030405060708 0101", found{fastOpen: true}},
		{"experimental Fast Open, 254", flows.SYN, "fe04 f989", found{fastOpen: true}},
		{"experimental Fast Open, 253", flows.SYN, "fd08 f989 01020304", found{fastOpen: true}},
		{"another experiment", flows.SYN, "fe04 f98a", found{}},
		{"after the end", flows.SYN, "00 030307", found{}},
		{"length 0 ends the list", flows.SYN, "030307 2200 2202 01", found{scale: true, shift: 7}},
		{"length 1 ends the list", flows.SYN, "2201 2202", found{}},
		{"length beyond the header", flows.SYN, "030307 080a 000000", found{scale: true, shift: 7}},
		{"kind without a length", flows.SYN, "030307 22", found{scale: true, shift: 7}},
		{"unknown kinds are passed over", flows.SYN, "1e04 0000 4503 00 2202 010101", found{fastOpen: true}},
	} {
		_, seg, _ := decoded(228, ip4(6, segment(c.flags, x(c.options), data(2))))
		got := found{ts: seg.HasTS, sack: seg.HasSACK, scale: seg.HasWScale, fastOpen: seg.FastOpen}
		if got.ts {
			got.val, got.ecr = seg.TSVal, seg.TSEcr
		}
		if got.sack {
			got.sackEnd = seg.SACKEnd
		}
		if got.scale {
			got.shift = seg.WScale
		}
		if got != c.want || seg.Len != 2 {
			t.Errorf("%s: got %+v, length %d; want %+v, length 2", c.name, got, seg.Len, c.want)
		}
	}
}

func TestFlagsOf12Bits(t *testing.T) {
	for _, flags := range []flows.Flags{0, flows.AE | flows.CWR | flows.ECE | flows.SYN, 0xfff} {
		if _, seg, _ := decoded(1, eth(0x0800, ip4(6, segment(flags, nil, nil)))); seg.Flags != flags {
			t.Errorf("got %#x want %#x", seg.Flags, flags)
		}
	}
}

// quoteFrame is a frame with an ICMP error that quotes syn.
type quoteFrame struct {
	name  string
	link  uint32
	frame []byte
	quote flows.Quote
	has   int // bytes of the TCP header in the quote
	space Space
}

var router4, router6 = netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("2001:db8:9::9")

func quoteFrames() []quoteFrame {
	from4 := func(icmp []byte) []byte {
		return ip4between(router4, testSrc4, 1, 0, 20+len(icmp), nil, icmp)
	}
	from6 := func(icmp []byte) []byte {
		return ip6between(router6, testSrc6, 58, len(icmp), icmp)
	}
	syn := segment(flows.SYN, x("020405b4"), nil)
	return []quoteFrame{
		{"port unreachable, 8 bytes", 228, from4(join(x("0303 0000 00000000"), ip4(6, syn)[:28])), flows.Quote{Version: 4, Type: 3, Code: 3}, 8, Space{}},
		{"prohibited, all", 1, eth(0x0800, from4(join(x("030d 0000 00000000"), ip4(6, syn)))), flows.Quote{Version: 4, Type: 3, Code: 13}, 24, Space{}},
		{"fragmentation needed", 228, from4(join(x("0304 0000 0000 05dc"), ip4(6, syn)[:28])), flows.Quote{Version: 4, Type: 3, Code: 4, MTU: 1500}, 8, Space{}},
		{"not fragmentation needed", 228, from4(join(x("0301 0000 0000 05dc"), ip4(6, syn)[:28])), flows.Quote{Version: 4, Type: 3, Code: 1}, 8, Space{}},
		{"source quench", 228, from4(join(x("0400 0000 00000000"), ip4(6, syn)[:28])), flows.Quote{Version: 4, Type: 4}, 8, Space{}},
		{"time exceeded, flags quoted", 228, from4(join(x("0b00 0000 00000000"), ip4(6, syn)[:34])), flows.Quote{Version: 4, Type: 11}, 14, Space{}},
		{"parameter problem", 228, from4(join(x("0c00 0000 14000000"), ip4(6, syn))), flows.Quote{Version: 4, Type: 12}, 24, Space{}},
		{"extension behind a padded quote (RFC 4884)", 228, from4(join(x("0b00 0000 00200000"), ip4(6, syn), make([]byte, 128-44), x("2000 0000 0008 0101 00000000"))),
			flows.Quote{Version: 4, Type: 11}, 24, Space{}},
		{"ICMPv6 no route", 1, eth(0x86dd, from6(join(x("0100 0000 00000000"), ip6(6, syn)))), flows.Quote{Version: 6, Type: 1}, 24, Space{}},
		{"ICMPv6 too big", 229, from6(join(x("0200 0000 00000500"), ip6(6, syn))), flows.Quote{Version: 6, Type: 2, MTU: 1280}, 24, Space{}},
		{"ICMPv6 hop limit", 229, from6(join(x("0300 0000 00000000"), ip6(6, syn)[:48])), flows.Quote{Version: 6, Type: 3}, 8, Space{}},
		{"ICMPv6 parameter problem", 229, from6(join(x("0401 0000 00000006"), ip6(6, syn))), flows.Quote{Version: 6, Type: 4, Code: 1}, 24, Space{}},
		{"in a VLAN", 1, eth(0x8100, tagged(6, 0x0800, from4(join(x("0301 0000 00000000"), ip4(6, syn))))), flows.Quote{Version: 4, Type: 3, Code: 1}, 24, Space{VLANs: []uint16{6}}},
		{"in a tunnel", 1, behindIPv4(47, join(x("2000 0800 00000007"), from4(join(x("0301 0000 00000000"), ip4(6, syn))))),
			flows.Quote{Version: 4, Type: 3, Code: 1}, 24, Space{Tunnel: "gre/7"}},
		{"of a tunnel's packet", 228, from4(join(x("0304 0000 0000 0578"), behindIPv4(47, join(x("2000 0800 00000007"), ip4(6, syn)))[14:])),
			flows.Quote{Version: 4, Type: 3, Code: 4, MTU: 1400}, 24, Space{Tunnel: "gre/7"}},
	}
}

func TestICMPQuotes(t *testing.T) {
	for _, c := range quoteFrames() {
		t.Run(c.name, func(t *testing.T) {
			v, seg, space := decoded(c.link, c.frame)
			src, dst, router := testSrc4, testDst4, router4
			if c.quote.Version == 6 {
				src, dst, router = testSrc6, testDst6, router6
			}
			c.quote.From = flows.AddrFrom(router)
			if v != Quote || seg.Quote != c.quote {
				t.Fatalf("got %v %+v want %+v", v, seg.Quote, c.quote)
			}
			if seg.Src.Netip() != src || seg.Dst.Netip() != dst || seg.SrcPort != testSrcPort || seg.DstPort != testDstPort ||
				seg.Seq != testSeq || seg.Len != 0 || seg.TTL != testTTL {
				t.Errorf("quoted segment: got %+v", seg)
			}
			if seg.HeaderOK != (c.has >= 14) || seg.Cut != (c.has < 24) || seg.Flags.Has(flows.SYN) != (c.has >= 14) {
				t.Errorf("%d bytes quoted: header ok %v, cut %v, flags %#x", c.has, seg.HeaderOK, seg.Cut, seg.Flags)
			}
			checkSpace(t, space, c.space)
		})
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	d := NewDecoder()
	var seg flows.Segment
	for _, c := range wholeFrames {
		f := &Frame{LinkType: c.link, Data: c.frame, Wire: len(c.frame)}
		if n := testing.AllocsPerRun(10, func() { d.Decode(f, &seg) }); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}

func TestVerdictsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for v := range NumVerdicts {
		if name := v.String(); name == "" || seen[name] {
			t.Errorf("verdict %d: name %q", v, name)
		} else {
			seen[name] = true
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	ts := segment(flows.ACK, x("0101 080a 00000001 00000002"), data(100))
	for _, c := range []struct {
		name  string
		link  uint32
		frame []byte
	}{
		{"IPv4", 1, eth(0x0800, ip4(6, ts))},
		{"IPv6", 1, eth(0x86dd, ip6(6, ts))},
		{"VLAN", 1, eth(0x8100, tagged(1, 0x0800, ip4(6, ts)))},
		{"SYN", 1, eth(0x0800, ip4(6, segment(flows.SYN, x("020405b4 0402 080a 00000001 00000000 01 030307"), nil)))},
		{"QinQ", 1, eth(0x88a8, tagged(7, 0x8100, tagged(8, 0x0800, ip4(6, ts))))},
		{"SLL2", 276, join(x("0800 0000 00000002 0001 04 06 020000000001 0000"), ip4(6, ts))},
		{"raw", 101, ip4(6, ts)},
		{"VXLAN", 1, overUDP(4789, join(vni(8, 0, 42), eth(0x0800, ip4(6, ts))))},
		{"UDP", 1, eth(0x0800, ip4(17, udp(443, data(100))))},
		{"ARP", 1, eth(0x0806, data(28))},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := NewDecoder()
			var seg flows.Segment
			f := &Frame{LinkType: c.link, Data: c.frame, Wire: len(c.frame)}
			for b.Loop() {
				d.Decode(f, &seg)
			}
		})
	}
}
