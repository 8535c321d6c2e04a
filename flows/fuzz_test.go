package flows_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"tcpwhy/flows"
)

// FuzzTracker: whatever comes, in whatever order, nothing panics, what must be so of any
// flow is so, and the same packets give the same again, and from other ISSs.
func FuzzTracker(f *testing.F) {
	for _, seed := range fuzzSeeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		segs := fuzzSegments(b, [2]flows.Seq{5000, 90000})
		if err := sound(segs); err != nil {
			t.Fatal(err)
		}
		if once, again := observe(segs), observe(segs); !reflect.DeepEqual(once, again) {
			t.Fatal("a second run tells something else")
		}
		if diff := briefly(segs); diff != "" {
			t.Fatal(diff)
		}
		if diff := sideBySide(flows.Config{Transitions: true, Events: true}, segs); diff != "" {
			t.Fatal(diff)
		}
		if err := bounded(segs, len(b)/fuzzPacket); err != nil {
			t.Fatal(err)
		}
		other := fuzzSegments(b, [2]flows.Seq{1<<32 - 3, 1<<31 - 2})
		if slices.ContainsFunc(slices.Concat(segs, other), fromNowhere) {
			return
		}
		if tr := flows.NewTracker(flows.Config{}); tr.Forgets(segs) || tr.Forgets(other) {
			return
		}
		want := verdicts(segs)
		if got := verdicts(other); !slices.Equal(got, want) {
			t.Fatalf("from other ISSs: %s", differ(got, want))
		}
	})
}

// TestFuzzPorts: the flows of a fuzzer meet in one shard, or its little room would never be too little.
func TestFuzzPorts(t *testing.T) {
	tr := flows.NewTracker(flows.Config{})
	var b []byte
	for who := range byte(2 * len(fuzzPorts)) {
		b = append(b, 0, who, 2, 0, 0, 0)
	}
	segs := fuzzSegments(b, [2]flows.Seq{})
	for i := range segs {
		if got, want := tr.Shard(&segs[i]), tr.Shard(&segs[0]); got != want {
			t.Errorf("port %d is of shard %d, the first of %d", fuzzPorts[i/2], got, want)
		}
	}
}

// bounded says where a Tracker with little room holds more than that, or loses count. The room is for a few flows, by n.
// Beyond it are at the most the flow of the segment, with all that it may keep, and SYNs that waited beside flows that went.
func bounded(segs []flows.Segment, n int) error {
	const flowsMore, recordBytes, lists = 4, 1600, 24 << 10
	tr := flows.NewTracker(flows.Config{MaxFlows: 256 * (1 + n%4), MaxBytes: 256 * uint64(1+n%7*400), Events: true, Transitions: true})
	var f flows.Flow
	told := uint64(0)
	drain := func() {
		for tr.Finished(&f) {
			told++
		}
	}
	for i := range segs {
		tr.Observe(&segs[i])
		drain()
		if held, bytes := tr.Excess(tr.Shard(&segs[i])); held > flowsMore || bytes > (1+flowsMore)*recordBytes+lists {
			return fmt.Errorf("after segment %d: %d flows and %d bytes more than there is room for", i+1, held, bytes)
		}
	}
	tr.End()
	drain()
	if told != tr.Flows() {
		return fmt.Errorf("%d flows, %d of them told", tr.Flows(), told)
	}
	return nil
}

// fromNowhere reports whether s is the RST of a host without a connection in answer to a segment
// without ACK: its number is 0, the one absolute number of TCP (RFC 9293 §3.10.7.1).
func fromNowhere(s flows.Segment) bool {
	return s.Flags.Has(flows.RST|flows.ACK) && s.Seq == 0
}

// The packets of a fuzzer are six bytes each: when, who, flags, and sequence and ack number as
// a step from what the sender and its peer have sent so far, so that chance meets numbers
// that nearly fit.
const fuzzPacket = 6

var (
	fuzzFlags = [16]flows.Flags{
		flows.SYN, flows.SYN | flows.ACK, flows.ACK, flows.ACK, flows.ACK | flows.PSH,
		flows.FIN | flows.ACK, flows.FIN | flows.ACK, flows.RST, flows.RST | flows.ACK, flows.SYN | flows.FIN,
		flows.FIN, 0, flows.SYN | flows.ACK | flows.FIN, flows.SYN | flows.ECE | flows.CWR, flows.SYN | flows.RST, flows.ACK,
	}
	fuzzSteps = [16]int32{0, 0, 0, 0, -1, 1, -2, 2, -100, 100, 1000, -70000, 70000, 10_000_000, -1 << 30, 1 << 30}
	fuzzTimes = [16]int64{0, 1e3, 5e4, 1e6, 1e6, 2e7, 2e7, 2e8, 1e9, 3e9, 61e9, 181e9, -1e6, -3e9, 5e5, 1e7}

	// Ports of the clients, so that the IPv4 four-tuples are of one shard.
	fuzzPorts = [8]uint16{40246, 40046, 40713, 40779, 40361, 40114, 40142, 40108}

	fuzzSeeds = [][]byte{
		{0, 0, 0, 0, 0, 0, 5, 1, 1, 0, 0, 0, 3, 0, 2, 0, 0, 0, 5, 0, 5, 0, 0, 0, 5, 1, 5, 0, 0, 0, 5, 0, 2, 0, 0, 0},
		{0, 0, 0, 0, 0, 0, 5, 1, 0, 0, 0, 0, 5, 0, 1, 0, 0, 0, 5, 1, 1, 0, 0, 0, 5, 0, 4, 0, 0, 9},
		{0, 0, 0, 0, 0, 0, 5, 1, 1, 0, 0, 0, 8, 0, 0, 0xc, 0, 0, 5, 1, 2, 0, 0, 0, 5, 0, 7, 0, 0, 0, 8, 0, 0, 0xc, 0, 0},
		{0, 2, 4, 0, 0, 50, 5, 3, 4, 0, 0, 50, 5, 2, 5, 0, 0, 0, 5, 3, 5, 0, 0, 0, 5, 2, 8, 0, 0, 0, 10, 3, 2, 0, 0, 0},
		{0, 0, 0, 0, 0, 0, 1, 0x80, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0},
	}
)

func fuzzSegments(b []byte, iss [2]flows.Seq) (segs []flows.Segment) {
	next := [2 * len(fuzzPorts)]flows.Seq{} // by sender
	for i := range next {
		next[i] = iss[i&1]
	}
	now := int64(1e18)
	for ; len(b) >= fuzzPacket; b = b[fuzzPacket:] {
		switch now = max(now+fuzzTimes[b[0]&15], 0); b[0] {
		case 0xfe:
			now = 0
		case 0xff: // the latest time that a file can tell
			now = 9e18
		}
		who := b[1] & 15
		seg := flows.Segment{
			Time: now, Packet: uint64(len(segs) + 1), HeaderOK: true, Cut: b[1]&0x40 != 0,
			Flags: fuzzFlags[b[2]&15], Window: 65535, IPID: uint16(b[0] >> 4), TTL: 64, Len: uint32(b[5]),
		}
		client, server := flows.Addr4([4]byte{192, 0, 2, 1 + who>>1}), flows.Addr4([4]byte{198, 51, 100, 1})
		seg.Src, seg.Dst, seg.SrcPort, seg.DstPort = client, server, fuzzPorts[who>>1], 443
		if b[1]&0x20 != 0 { // IPv6
			seg.Src[10], seg.Dst[10] = 1, 1
			seg.IPID = 0
		}
		if who&1 != 0 {
			seg.Src, seg.Dst, seg.SrcPort, seg.DstPort = seg.Dst, seg.Src, seg.DstPort, seg.SrcPort
		}
		seg.Seq = next[who] + flows.Seq(fuzzSteps[b[3]&15])
		if seg.Flags.Any(flows.SYN) && b[3]>>4 < 8 {
			seg.Seq = iss[who&1] + flows.Seq(fuzzSteps[b[3]&15])
		}
		if seg.Flags.Any(flows.ACK) {
			seg.Ack = next[who^1] + flows.Seq(fuzzSteps[b[4]&15])
		}
		if b[4]&0x80 != 0 {
			seg.HasTS, seg.TSVal, seg.TSEcr = true, uint32(now/1e6), uint32(b[4])
		}
		if b[4]&0x40 != 0 {
			seg.HasSACK, seg.SACKEnd = true, seg.Ack+1000
		}
		if b[2]&0x80 != 0 {
			seg.HasWScale, seg.WScale = seg.Flags.Any(flows.SYN), 7
		}
		switch {
		case b[1]&0x80 != 0:
			seg.Quote = flows.Quote{Version: 4, Type: 3, Code: b[2] >> 4}
		case b[1]&0x10 != 0:
			seg.HeaderOK = false
		default:
			if end := seg.End(); fuzzSteps[b[3]&15] < 1<<20 && next[who].Before(end) {
				next[who] = end
			}
		}
		segs = append(segs, seg)
	}
	return segs
}
