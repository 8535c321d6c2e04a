package flows_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

// briefly reports where a Tracker that keeps flows briefly tells of anything that one does not which keeps
// whole records.
func briefly(segs []flows.Segment) string {
	return cmp.Or(brieflyUnder(segs, 0), brieflyUnder(segs, 256))
}

func brieflyUnder(segs []flows.Segment, ceiling int) string {
	t := newTwins(ceiling)
	return cmp.Or(t.observe(segs), t.observe(elsewhere(segs)), t.end())
}

// twins are a Tracker that keeps flows briefly, and learns, and one that does neither.
type twins struct{ brief, whole *flows.Tracker }

func newTwins(ceiling int) twins {
	config := flows.Config{Transitions: true, Events: true, MaxFlows: ceiling}
	t := twins{flows.NewTracker(config), flows.NewTracker(config)}
	t.whole.Whole()
	return t
}

// observe shows both the same, and reports what they do not tell alike.
func (t twins) observe(segs []flows.Segment) string {
	for i := range segs {
		if diff := t.told(t.brief.Observe(&segs[i]), t.whole.Observe(&segs[i])); diff != "" {
			return fmt.Sprintf("packet %d: %s", segs[i].Packet, diff)
		}
	}
	return ""
}

func (t twins) end() string {
	t.brief.End()
	t.whole.End()
	if diff := t.told(nil, nil); diff != "" {
		return "at the end: " + diff
	}
	return ""
}

// told reports where all that the two tell after a segment is not alike.
func (t twins) told(brief, whole *flows.Step) string {
	if diff := differing(brief, whole); diff != "" {
		return diff
	}
	var b, w flows.Flow
	if inBrief, inWhole := t.brief.Snapshot(&b), t.whole.Snapshot(&w); inBrief != inWhole {
		return fmt.Sprintf("a flow so far: kept briefly %t, whole %t", inBrief, inWhole)
	} else if diff := differing(&b, &w); inBrief && diff != "" {
		return "so far " + diff
	}
	for {
		inBrief, inWhole := t.brief.Finished(&b), t.whole.Finished(&w)
		if inBrief != inWhole {
			return fmt.Sprintf("a flow has ended: kept briefly %t, whole %t", inBrief, inWhole)
		}
		if !inBrief {
			return ""
		}
		if diff := differing(&b, &w); diff != "" {
			return diff
		}
	}
}

// differing has both as text where that is not the same. Text is asked last: it took 97 of 100 parts of the time.
func differing[T any](brief, whole *T) string {
	if reflect.DeepEqual(brief, whole) {
		return ""
	}
	got, want := fmt.Sprintf("%+v", *brief), fmt.Sprintf("%+v", *whole)
	if got == want {
		return ""
	}
	return fmt.Sprintf("kept briefly\n%s\nwhole\n%s", got, want)
}

// elsewhere is the same from other ISSs in another network, later: what was learned of the first is put to use.
func elsewhere(segs []flows.Segment) []flows.Segment {
	again := slices.Clone(segs)
	for i := range again {
		s := &again[i]
		s.Space++
		s.Packet += uint64(len(segs))
		s.Time = min(s.Time+777e6, 9e18)
		if s.Seq += 123_456_789; s.Flags.Any(flows.ACK) {
			s.Ack += 123_456_789
		}
		if s.HasSACK {
			s.SACKEnd += 123_456_789
		}
		if s.HasTS {
			s.TSVal, s.TSEcr = s.TSVal+1<<30, s.TSEcr+1<<30
		}
	}
	return again
}

// Nothing that is told of a flow depends on how it is kept.
func TestBriefly(t *testing.T) {
	eachGolden(t, func(t *testing.T, packets string) {
		if diff := briefly(parse(t, packets, script.Options{}).Segments()); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("conversation", func(t *testing.T) {
		random := rand.New(rand.NewPCG(9, 10))
		for range 100 {
			if diff := briefly(conversation(random)); diff != "" {
				t.Fatal(diff)
			}
		}
	})
	t.Run("random", func(t *testing.T) {
		random := rand.New(rand.NewPCG(7, 8))
		b := make([]byte, 60*fuzzPacket)
		for range 500 {
			for i := range b {
				b[i] = byte(random.Uint32())
				if i%fuzzPacket > 2 && random.IntN(4) > 0 {
					b[i] &= 0xc0 // numbers that fit
				}
			}
			if diff := briefly(fuzzSegments(b, [2]flows.Seq{5000, 90000})); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// conversation is a connection in which both ends send data and acknowledge it, with what may come between: a
// segment lost and sent again, a keep-alive probe, a clock that steps back, a silence, other options, and the close.
func conversation(random *rand.Rand) (segs []flows.Segment) {
	p := pair{client: flows.Addr4([4]byte{10, 0, 0, 1}), server: flows.Addr4([4]byte{192, 0, 2, 1}), clientPort: 50000, serverPort: 443,
		next: [2]flows.Seq{flows.Seq(random.Uint32()), flows.Seq(random.Uint32())}}
	s := flows.Segment{Time: 1e15}
	stamped, odd := random.IntN(2) == 0, random.IntN(3)
	send := func(side int, flags flows.Flags, length uint32) {
		p.segment(&s, side, flags, length)
		s.Time += random.Int64N(1e9)
		s.HasTS, s.TSVal, s.TSEcr = stamped, uint32(s.Time/1e6), uint32(s.Time/1e6)-20
		segs = append(segs, s)
	}
	send(0, flows.SYN, 0)
	send(1, flows.SYN|flows.ACK, 0)
	send(0, flows.ACK, 0)
	for range random.IntN(60) {
		side := random.IntN(2)
		send(side, flows.ACK|flows.Flags(random.IntN(2))*flows.PSH, uint32(random.IntN(2)*random.IntN(1460)))
		if odd == 0 {
			continue
		}
		last := &segs[len(segs)-1]
		switch random.IntN(30) {
		case 0:
			segs = segs[:len(segs)-1]
		case 1:
			again := *last
			again.Time, again.IPID = again.Time+3e8, again.IPID+1
			segs = append(segs, again)
		case 2:
			last.Seq--
		case 3:
			last.Time -= 2e9
		case 4:
			last.TSVal -= 5000
		case 5:
			last.Window = 0
		case 6:
			last.HasSACK, last.SACKEnd = true, last.Ack
		case 7:
			s.Time += 200e9
		case 8:
			last.Ack += 7
		case 9:
			last.HasTS = !last.HasTS
		}
	}
	if random.IntN(2) == 0 {
		send(0, flows.FIN|flows.ACK, 0)
		send(1, flows.ACK, 100)
		send(0, flows.ACK, 0)
		send(1, flows.FIN|flows.ACK, 0)
		send(0, flows.ACK, 0)
	}
	for i := range segs {
		segs[i].Packet = uint64(i + 1)
	}
	return segs
}

// A connection as it should be is never kept as a record, whether its segments have time stamps or not.
func TestBriefWhenUsual(t *testing.T) {
	for _, stamped := range []bool{false, true} {
		for _, length := range []time.Duration{time.Second, 3 * time.Minute} {
			tr := flows.NewTracker(flows.Config{Transitions: true, Events: true})
			p := pair{client: flows.Addr4([4]byte{10, 0, 0, 1}), server: flows.Addr4([4]byte{192, 0, 2, 1}), clientPort: 50000, serverPort: 443}
			s := flows.Segment{Time: 1e12}
			for i, step := range []struct {
				side   int
				flags  flows.Flags
				length uint32
			}{
				{0, flows.SYN, 0}, {1, flows.SYN | flows.ACK, 0}, {0, flows.ACK, 0}, {0, flows.ACK | flows.PSH, 100},
				{0, flows.ACK | flows.PSH, 100}, {1, flows.ACK | flows.PSH, 500}, {0, flows.ACK, 0},
				{0, flows.FIN | flows.ACK, 0}, {1, flows.ACK, 0}, {1, flows.FIN | flows.ACK, 0}, {0, flows.ACK, 0},
			} {
				p.segment(&s, step.side, step.flags, step.length)
				s.Time += int64(length) / 10
				s.HasTS, s.TSVal, s.TSEcr = stamped, uint32(s.Time/1e6), uint32(s.Time/1e6)
				tr.Observe(&s)
				if tr.Brief() != 1 {
					t.Fatalf("time stamps %v, over %v: kept as a record after segment %d", stamped, length, i+1)
				}
			}
		}
	}
}
