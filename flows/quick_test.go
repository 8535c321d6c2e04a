package flows_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"tcpwhy/flows"
)

// TestLessons has a Tracker learn from thousands of connections that differ in what observe asks about: each
// must be told as one tells it that learns nothing.
func TestLessons(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	twins := newTwins(0)
	now, packet := int64(1e18), uint64(0)
	for space := range uint32(6_000) {
		segs := likely(random, now)
		for i := range segs {
			packet++
			segs[i].Packet, segs[i].Space = packet, space
			now = max(now, segs[i].Time)
		}
		if diff := twins.observe(segs); diff != "" {
			t.Fatalf("connection %d: %s", space, diff)
		}
	}
	if diff := twins.end(); diff != "" {
		t.Fatal(diff)
	}
}

// So it is where they share room for one, and each is given up again and again.
func TestLessonsAtTheCeiling(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	twins := newTwins(flows.LeastFlows)
	now, packet, space := int64(1e18), uint64(0), uint32(0)
	for range 3_000 {
		var segs []flows.Segment
		for range 3 {
			one := likely(random, now)
			if len(one) == 0 {
				continue
			}
			for one[0].Space = space; twins.brief.Shard(&one[0]) != 0; one[0].Space++ {
			}
			for i := range one {
				one[i].Space = one[0].Space
			}
			space = one[0].Space + 1
			segs = append(segs, one...)
		}
		slices.SortStableFunc(segs, func(a, b flows.Segment) int { return cmp.Compare(a.Time, b.Time) })
		for i := range segs {
			packet++
			segs[i].Packet = packet
			now = max(now, segs[i].Time)
		}
		if diff := twins.observe(segs); diff != "" {
			t.Fatalf("after packet %d: %s", packet, diff)
		}
	}
	if diff := twins.end(); diff != "" {
		t.Fatal(diff)
	}
}

// likely is a connection in which nearly every segment is what its sender would send next, whatever that may be.
func likely(random *rand.Rand, now int64) (segs []flows.Segment) {
	one := func(of int) bool { return random.IntN(of) == 0 }
	end := [2]struct {
		next, acked flows.Seq
		fin         bool
		tsval       uint32
	}{{next: flows.Seq(random.Uint32()), tsval: random.Uint32()}, {next: flows.Seq(random.Uint32()), tsval: random.Uint32()}}
	addr := [2]flows.Addr{flows.Addr4([4]byte{10, 0, 0, 1}), flows.Addr4([4]byte{10, 0, 0, 2})}
	port := [2]uint16{50000, 443}
	client := random.IntN(2) // which of them has the lower address
	stamped, file := !one(3), int32(0)
	send := func(side int, flags flows.Flags, length uint32) {
		switch random.IntN(12) {
		case 0:
		case 1:
			now += 60e9 + random.Int64N(1e9) // after the linger, in the second of its end or not
		case 2:
			now += 180e9 + random.Int64N(1e9) // likewise of patience
		default:
			now += 1 + random.Int64N(3e8)
		}
		if one(40) {
			file++
		}
		e, peer := &end[side], &end[1-side]
		s := flows.Segment{Time: now, File: file, Src: addr[side^client], Dst: addr[1-side^client], SrcPort: port[side], DstPort: port[1-side],
			Seq: e.next, Flags: flags, Len: length, Window: 1000, HeaderOK: true, IPID: uint16(random.Uint32()) | 1, TTL: uint8(60 + side)}
		if one(30) {
			s.Time -= 1e9
		}
		if flags.Any(flows.ACK) {
			switch random.IntN(4) {
			case 0: // the same again
			case 1:
				e.acked += flows.Seq(random.Int64N(int64(max(1, peer.next.Sub(e.acked)+1))))
			default:
				e.acked = peer.next
			}
			if s.Ack = e.acked; one(60) {
				s.Ack += flows.Seq(random.IntN(300)) - 150
			}
		}
		if stamped && !one(20) {
			if !one(3) {
				e.tsval += 1 + random.Uint32N(40_000)
			}
			s.HasTS, s.TSVal, s.TSEcr = true, e.tsval, peer.tsval
		}
		if flags.Any(flows.SYN) {
			s.HasWScale, s.WScale = !one(3), uint8(random.IntN(16))
		}
		if e.next = s.End(); one(60) {
			e.next += 100 // not captured
		}
		segs = append(segs, s)
		if one(40) {
			again := segs[random.IntN(len(segs))]
			again.Time, again.IPID = now, again.IPID+1
			again.TSEcr += random.Uint32N(100_000)
			segs = append(segs, again)
		}
	}
	if one(10) {
		end[0].acked, end[1].acked = end[1].next, end[0].next // met in mid-connection
	} else {
		send(0, flows.SYN, 0)
		if one(12) {
			return segs
		}
		end[0].acked, end[1].acked = end[1].next+1, end[0].next
		send(1, flows.SYN|flows.ACK, 0)
		if one(12) {
			return segs
		}
	}
	for range random.IntN(14) {
		side, flags, length := random.IntN(2), flows.ACK, uint32(0)
		e := &end[side]
		if !e.fin && !one(3) {
			length = uint32(1 + random.IntN(1460))
		}
		if !e.fin && one(5) {
			e.fin = true
			flags |= flows.FIN
		}
		send(side, flags, length)
	}
	return segs
}
