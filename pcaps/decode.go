package pcaps

import (
	"encoding/binary"

	"tcpwhy/flows"
)

// Verdict says what a frame was: TCP, an ICMP error that quotes TCP, or why it was skipped.
type Verdict uint8

const (
	TCP           Verdict = iota // a TCP segment
	Quote                        // an ICMP or ICMPv6 error that quotes a TCP segment
	NotIP                        // ARP, LLDP, ...: nothing below that could carry TCP
	NotTCP                       // IP, but UDP, ICMP, ...
	LaterFragment                // an IP fragment other than the first: it has no TCP header
	CutShort                     // ends before the TCP ports, by the snap length or by itself
	BadLink                      // a link-layer or tunnel header that cannot be
	BadIP                        // an IP header that cannot be
	Encrypted                    // ESP, protected Wi-Fi, MACsec: what it holds cannot be seen
	TooDeep                      // more headers inside each other than are followed
	UnknownLink                  // a link type that no decoder is for
	Damaged                      // a TCP segment with a wrong checksum, where they are verified
	NumVerdicts
)

var verdictNames = [NumVerdicts]string{
	"TCP", "ICMP error quoting TCP", "not IP", "not TCP", "later fragments",
	"cut short before the TCP header", "bad link or tunnel header", "bad IP header",
	"encrypted", "too deeply nested", "unknown link type",
	"with wrong checksums",
}

// String is the verdict in plain words, fit to follow a count.
func (v Verdict) String() string { return verdictNames[v] }

// maxHeaders bounds how many headers are followed in one frame. Real nesting (two VLAN tags,
// a tunnel in a tunnel, a few IPv6 extension headers) needs less than half of it.
const maxHeaders = 48

// Decoder turns frames into TCP segments. Make one with NewDecoder; it names the spaces of
// all the segments that it made, so one decoder serves one analysis. It is not safe for
// concurrent use.
type Decoder struct {
	spaces spaces
	after  [numCarriers]map[uint32]step // the rows of the table

	lastLink     uint32 // the link type met last, and its decoder
	lastLinkStep step

	// What follows is the walk through one frame.
	seg     *flows.Segment
	rest    []byte // captured, from the next header on
	wire    int    // bytes on the wire from the next header on, as the headers so far tell; >= 0
	path    path   // VLANs and tunnels passed through
	verdict Verdict

	greSequence bool // the latest GRE header has a sequence number
	received    received

	bearers bearers

	fragments fragments
	datagram  datagram // that the segment is a first fragment of, where whole says so
	whole     whole
}

// step reads the header at d.rest and says what reads the next one; nil ends the walk, with
// d.verdict set.
type step func(d *Decoder) step

// NewDecoder makes a Decoder that knows every row of the table.
func NewDecoder() *Decoder {
	d := &Decoder{}
	for c := range d.after {
		d.after[c] = make(map[uint32]step)
	}
	for _, r := range table() {
		d.after[r.carrier][r.number] = r.step
	}
	d.lastLinkStep = d.after[linkType][d.lastLink]
	return d
}

// Decode fills seg from f when the verdict is TCP or Quote; otherwise what seg holds has no
// meaning. seg.IP points into f.Data. Nothing is allocated but on a VLAN or tunnel that was
// never seen before.
//
// Where several TCPs are nested (a tunnel), the innermost is meant; where a frame aggregates
// several packets (802.11 A-MSDU), the first.
func (d *Decoder) Decode(f *Frame, seg *flows.Segment) Verdict {
	begin(seg, f.Time, f.Number, f.File, f.Interface)
	if f.LinkType == linkEthernet && d.plain(f.Data, max(f.Wire, len(f.Data)), seg) {
		return TCP
	}
	return d.walk(f, seg)
}

// begin sets what a segment has that is not in its packet, and clears what most have not.
func begin(seg *flows.Segment, time int64, number uint64, file, on int32) {
	seg.Time, seg.Packet, seg.File, seg.Interface = time, number, file, on
	seg.Quote, seg.Damage = flows.Quote{}, flows.Undamaged
}

// plain decodes what nearly every frame is: Ethernet, at most one VLAN tag, IPv4 without
// options or IPv6 without extension headers, TCP, whole. It reports false, and has decided
// nothing, on anything else. It repeats what the steps do because this halves the cost of a
// packet: see BenchmarkDecode.
func (d *Decoder) plain(b []byte, wire int, seg *flows.Segment) bool {
	if len(b) < 14+40 {
		return false
	}
	seg.Space, seg.Via = 0, 0
	next := binary.BigEndian.Uint16(b[12:])
	b, wire = b[14:], wire-14
	if next == etherVLAN {
		vlan := binary.BigEndian.Uint16(b) & 0xfff
		if seg.Space = d.spaces.single[vlan]; seg.Space == 0 {
			return false
		}
		seg.Via = seg.Space
		next = binary.BigEndian.Uint16(b[2:])
		b, wire = b[4:], wire-4
		if len(b) < 40 {
			return false
		}
	}
	// Fields are cut out of words: with those of TCP this takes a sixth fewer instructions than to load each.
	h := (*[40]byte)(b)
	first, second := binary.BigEndian.Uint64(h[:]), binary.BigEndian.Uint64(h[8:])
	switch next {
	case etherIPv4:
		total := int(uint16(first >> 32))
		// version 4, no options; neither MF nor an offset; TCP.
		if first&(0xff<<56|0x3fff) != 0x45<<56 || uint8(second>>48) != protoTCP || total < 40 {
			return false
		}
		setAddr4(&seg.Src, h[12:])
		setAddr4(&seg.Dst, h[16:])
		seg.IPID, seg.TTL = uint16(first>>16), uint8(second>>56)
		seg.IP, seg.TCP, seg.IPLen = b, 20, wire
		tcp(seg, b[20:min(len(b), total)], total-20)
		return true
	case etherIPv6:
		length := int(uint16(first >> 16))
		if len(b) < 60 || first>>60 != 6 || uint8(first>>8) != protoTCP || length < 20 {
			return false
		}
		seg.Src, seg.Dst = flows.Addr(h[8:]), flows.Addr(h[24:])
		seg.IPID, seg.TTL = 0, uint8(first)
		seg.IP, seg.TCP, seg.IPLen = b, 40, wire
		tcp(seg, b[40:min(len(b), 40+length)], length)
		return true
	}
	return false
}

// walk decodes any frame, header by header.
func (d *Decoder) walk(f *Frame, seg *flows.Segment) Verdict {
	d.seg, d.rest, d.wire = seg, f.Data, max(f.Wire, len(f.Data))
	d.path, d.received.at = path{}, nowhere
	for next, n := d.link(f.LinkType), 0; next != nil; n++ {
		if n == maxHeaders {
			return TooDeep
		}
		next = next(d)
	}
	if d.verdict <= Quote {
		if d.received.at != nowhere {
			d.path.tunnels[d.received.at].setID(d.bearers.of(d.received.id, seg))
		}
		seg.Via, seg.Space = d.spaces.intern(&d.path)
	}
	return d.verdict
}

// stop ends the walk.
func (d *Decoder) stop(v Verdict) step {
	d.verdict = v
	return nil
}

// take cuts off the next n bytes; nil when fewer were captured.
func (d *Decoder) take(n int) []byte {
	if len(d.rest) < n {
		return nil
	}
	h := d.rest[:n:n]
	d.rest = d.rest[n:]
	d.wire = max(d.wire-n, 0)
	return h
}

// limit says that only n bytes follow on the wire: what is behind them is padding, a trailer
// or a checksum. A header that promises more than there is changes nothing.
func (d *Decoder) limit(n int) {
	d.wire = min(d.wire, n)
	d.rest = d.rest[:min(len(d.rest), n)]
}

// link is the decoder of a link type.
func (d *Decoder) link(linktype uint32) step {
	if linktype != d.lastLink {
		d.lastLink, d.lastLinkStep = linktype, d.after[linkType][linktype]
	}
	if d.lastLinkStep == nil {
		return d.stop(UnknownLink)
	}
	return d.lastLinkStep
}

// follow is the decoder that the table has after what, or the end of the walk with otherwise.
func (d *Decoder) follow(what carrier, number uint32, otherwise Verdict) step {
	if s := d.after[what][number]; s != nil {
		return s
	}
	return d.stop(otherwise)
}
