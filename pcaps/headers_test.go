package pcaps

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"tcpwhy/flows"
)

// Frames are built from the inside out, each function putting its header before what it is
// given: eth(0x0800, ip4(6, segment(...))).

var (
	testSrc4 = netip.MustParseAddr("192.0.2.1")
	testDst4 = netip.MustParseAddr("198.51.100.2")
	testSrc6 = netip.MustParseAddr("2001:db8::1")
	testDst6 = netip.MustParseAddr("2001:db8::2")
)

const (
	testSrcPort = 49152
	testDstPort = 443
	testSeq     = 0x01020304
	testAck     = 0xf5f6f7f8
	testWindow  = 0x1234
	testSum     = 0x5678
	testUrgent  = 0x9abc
	testIPID    = 0xdef0
	testTTL     = 61
)

// x is the bytes of hexadecimal digits; blanks are for the eye.
func x(digits string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func be16(n int) []byte   { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
func be32(n int64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

func data(n int) []byte { return []byte(strings.Repeat("p", n)) }

// segment is a TCP segment with the numbers above; options fill whole words.
func segment(flags flows.Flags, options, payload []byte) []byte {
	return join(be16(testSrcPort), be16(testDstPort), be32(testSeq), be32(testAck),
		be16((20+len(options))/4<<12|int(flags)), be16(testWindow), be16(testSum), be16(testUrgent),
		options, payload)
}

// ip4between is an IPv4 packet of a given fragment field and total length, checksum right.
func ip4between(src, dst netip.Addr, protocol, fragment, total int, options, payload []byte) []byte {
	h := join([]byte{byte(0x40 | (20+len(options))/4), 0}, be16(total), be16(testIPID), be16(fragment),
		[]byte{testTTL, byte(protocol), 0, 0}, src.AsSlice(), dst.AsSlice(), options)
	sum := 0
	for i := 0; i < len(h); i += 2 {
		sum += int(binary.BigEndian.Uint16(h[i:]))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	binary.BigEndian.PutUint16(h[10:], ^uint16(sum))
	return join(h, payload)
}

func ip4(protocol int, payload []byte) []byte {
	return ip4between(testSrc4, testDst4, protocol, 0, 20+len(payload), nil, payload)
}

// carrier4 is an IPv4 packet between the ends of a tunnel.
func carrier4(protocol int, payload []byte) []byte {
	return ip4between(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2"), protocol, 0,
		20+len(payload), nil, payload)
}

func ip6between(src, dst netip.Addr, next, length int, payload []byte) []byte {
	return join(x("60000000"), be16(length), []byte{byte(next), testTTL}, src.AsSlice(), dst.AsSlice(), payload)
}

func ip6(next int, payload []byte) []byte {
	return ip6between(testSrc6, testDst6, next, len(payload), payload)
}

func carrier6(next int, payload []byte) []byte {
	return ip6between(netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2"), next, len(payload), payload)
}

func udp(port int, payload []byte) []byte {
	return join(be16(50000), be16(port), be16(8+len(payload)), be16(0), payload)
}

func eth(kind int, payload []byte) []byte {
	return join(x("020000000001 020000000002"), be16(kind), payload)
}

func tagged(tci, kind int, payload []byte) []byte { return join(be16(tci), be16(kind), payload) }

// decoded is one frame through a new decoder.
func decoded(linktype uint32, frame []byte) (v Verdict, seg flows.Segment, space Space) {
	return decodedBy(NewDecoder(), linktype, frame)
}

func decodedBy(d *Decoder, linktype uint32, frame []byte) (v Verdict, seg flows.Segment, space Space) {
	v = d.Decode(&Frame{Time: 7, Number: 3, File: 2, LinkType: linktype, Data: frame, Wire: len(frame)}, &seg)
	return v, seg, d.Space(seg.Via)
}

// tcpData is a segment of 5 bytes of data, and tcpDataLen is their number: a decoder that
// takes any header's length for another's does not get it right by chance.
var tcpData = segment(flows.ACK|flows.PSH, nil, data(tcpDataLen))

const tcpDataLen = 5

// checkSegment holds a decoded segment against what segment and ip4 or ip6 put in.
func checkSegment(t *testing.T, seg *flows.Segment, src, dst netip.Addr) {
	t.Helper()
	if seg.Time != 7 || seg.Packet != 3 || seg.File != 2 {
		t.Errorf("time, packet, file: got %d, %d, %d want 7, 3, 2", seg.Time, seg.Packet, seg.File)
	}
	if seg.Src.Netip() != src || seg.Dst.Netip() != dst {
		t.Errorf("got %v > %v want %v > %v", seg.Src.Netip(), seg.Dst.Netip(), src, dst)
	}
	if seg.SrcPort != testSrcPort || seg.DstPort != testDstPort {
		t.Errorf("ports: got %d > %d", seg.SrcPort, seg.DstPort)
	}
	if seg.Seq != testSeq || seg.Ack != testAck || seg.Window != testWindow ||
		seg.Checksum != testSum || seg.Urgent != testUrgent {
		t.Errorf("seq %#x ack %#x window %#x checksum %#x urgent %#x",
			seg.Seq, seg.Ack, seg.Window, seg.Checksum, seg.Urgent)
	}
	ipID := uint16(testIPID)
	if src.Is6() {
		ipID = 0
	}
	if seg.IPID != ipID || seg.TTL != testTTL {
		t.Errorf("IP id %#x TTL %d", seg.IPID, seg.TTL)
	}
	if seg.Cut || !seg.HeaderOK {
		t.Errorf("cut %v, header ok %v, of a whole header", seg.Cut, seg.HeaderOK)
	}
	if v := seg.IP[0] >> 4; v != 4 && !src.Is6() || v != 6 && src.Is6() {
		t.Errorf("IP begins with %#x", seg.IP[0])
	}
	if got := binary.BigEndian.Uint16(seg.IP[seg.TCP:]); got != testSrcPort {
		t.Errorf("at offset TCP of IP is %#x, not the source port", got)
	}
	if seg.IPLen < len(seg.IP) {
		t.Errorf("IPLen %d is less than the %d bytes captured", seg.IPLen, len(seg.IP))
	}
}
