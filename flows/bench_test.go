package flows_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"

	"tcpwhy/flows"
)

// pair is one connection of a full table: its ends and where each stands.
type pair struct {
	client, server         flows.Addr
	clientPort, serverPort uint16
	next                   [2]flows.Seq
}

// fullTable are Lanes, as a capture is followed, that hold n connections, each ESTABLISHED.
func fullTable(n int) (*flows.Lanes, []pair) {
	tr := flows.NewLanes(flows.Config{})
	pairs := make([]pair, n)
	var s flows.Segment
	for i := range pairs {
		p := &pairs[i]
		*p = pair{
			client:     flows.Addr4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}),
			server:     flows.Addr4([4]byte{192, 0, 2, 1}),
			clientPort: 40000 + uint16(i%7), serverPort: 443,
			next: [2]flows.Seq{flows.Seq(i) * 7919, flows.Seq(i) * 104729},
		}
		for _, step := range []struct {
			side  int
			flags flows.Flags
		}{{0, flows.SYN}, {1, flows.SYN | flows.ACK}, {0, flows.ACK}} {
			p.segment(&s, step.side, step.flags, 0)
			s.Time = int64(i) * 1000 // a clock that steps back would make records of them
			tr.Observe(&s)
		}
	}
	return tr, pairs
}

// segment fills in the next segment of a side, and moves its number on.
func (p *pair) segment(s *flows.Segment, side int, flags flows.Flags, length uint32) {
	*s = flows.Segment{
		Src: p.client, Dst: p.server, SrcPort: p.clientPort, DstPort: p.serverPort,
		Seq: p.next[side], Flags: flags, Window: 65535, IPID: uint16(p.next[side]) | 1, Len: length, HeaderOK: true,
		Time: s.Time + 1000, Packet: s.Packet + 1,
	}
	if side == 1 {
		s.Src, s.Dst, s.SrcPort, s.DstPort = s.Dst, s.Src, s.DstPort, s.SrcPort
	}
	if flags.Any(flows.ACK) {
		s.Ack = p.next[1-side]
	}
	p.next[side] = s.End()
}

// The hot path must not allocate: neither data and ACKs nor a whole connection, once the
// table has seen as many before.
func TestObserveAllocs(t *testing.T) {
	tr, pairs := fullTable(100_000)
	s := flows.Segment{Time: 1e12}
	i := 0
	if n := testing.AllocsPerRun(10_000, func() {
		p := &pairs[i%len(pairs)]
		i += 7919
		p.segment(&s, 0, flows.ACK|flows.PSH, 100)
		tr.Observe(&s)
		p.segment(&s, 1, flows.ACK, 0)
		tr.Observe(&s)
	}); n != 0 {
		t.Errorf("data and ACK: %v allocations, want 0", n)
	}
	var f flows.Flow
	fresh := 0
	connection := func() {
		fresh++
		p := pair{client: flows.Addr4([4]byte{172, 16, byte(fresh >> 8), byte(fresh)}), server: pairs[1].server, clientPort: 50000, serverPort: 443}
		for _, step := range []struct {
			side  int
			flags flows.Flags
		}{
			{0, flows.SYN}, {1, flows.SYN | flows.ACK}, {0, flows.ACK}, {0, flows.ACK | flows.PSH},
			{0, flows.FIN | flows.ACK}, {1, flows.FIN | flows.ACK}, {0, flows.ACK},
		} {
			p.segment(&s, step.side, step.flags, 0)
			s.Time += 10e6
			tr.Observe(&s)
			for tr.Finished(&f) {
			}
		}
	}
	for range 5_000 {
		connection()
	}
	if n := testing.AllocsPerRun(5_000, connection); n != 0 {
		t.Errorf("a whole connection: %v allocations, want 0", n)
	}
}

// shared are segments that are shared out among lanes.
type shared struct {
	segments [][]flows.Segment
	which    [][]int
	now      [][]int64
	n        int
}

func (b *shared) add(l *flows.Lanes, s *flows.Segment) {
	b.n++
	lane := l.Of(s)
	b.segments[lane], b.which[lane], b.now[lane] = append(b.segments[lane], *s), append(b.which[lane], b.n), append(b.now[lane], s.Time)
}

func (b *shared) clear() {
	b.n = 0
	for i := range b.segments {
		b.segments[i], b.which[i], b.now[i] = b.segments[i][:0], b.which[i][:0], b.now[i][:0]
	}
}

// Nor may it where segments are shared out: to follow a batch of them, data and whole connections, number the
// flows, and hand out those that are over.
func TestSharedAllocs(t *testing.T) {
	const batch = 4096
	l, pairs := fullTable(100_000)
	lanes := l.All()
	b := shared{segments: make([][]flows.Segment, len(lanes)), which: make([][]int, len(lanes)), now: make([][]int64, len(lanes))}
	s := flows.Segment{Time: 1e12}
	fresh, handedOut := 0, 0
	var f flows.Flow
	told := func(int, *flows.Step) {}
	follow := func() {
		b.clear()
		began := (s.Time/1e9 + 1) * 1e9 // no second begins within a batch
		s.Time = began
		for i := 0; b.n < batch; i++ {
			p := &pairs[(fresh*7919+i)%len(pairs)]
			p.segment(&s, 0, flows.ACK|flows.PSH, 100)
			b.add(l, &s)
			p.segment(&s, 1, flows.ACK, 0)
			b.add(l, &s)
			if i%8 != 0 {
				continue
			}
			fresh++
			c := pair{client: flows.Addr4([4]byte{172, 16, byte(fresh >> 8), byte(fresh)}), server: pairs[1].server, clientPort: 50000, serverPort: 443}
			for _, step := range []struct {
				side  int
				flags flows.Flags
			}{{0, flows.SYN}, {1, flows.SYN | flows.ACK}, {0, flows.ACK}, {0, flows.FIN | flows.ACK}, {1, flows.FIN | flows.ACK}, {0, flows.ACK}} {
				c.segment(&s, step.side, step.flags, 0)
				b.add(l, &s)
			}
		}
		for i := range lanes {
			lanes[i].Begin(began)
			lanes[i].Observe(b.segments[i], b.which[i], b.now[i], told)
		}
		l.Number(s.Time)
		for i := range lanes {
			for more := true; more; {
				if _, more = lanes[i].Finished(&f); more {
					handedOut++
				}
			}
		}
	}
	for range 300 {
		follow()
	}
	if n := testing.AllocsPerRun(50, follow); n != 0 {
		t.Errorf("a batch of %d: %v allocations, want 0", batch, n)
	}
	if handedOut == 0 || handedOut > fresh {
		t.Errorf("%d flows of %d were handed out", handedOut, fresh)
	}
}

// One segment of a random flow: mostly the time to fetch its record from memory.
func BenchmarkObserve(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			tr, pairs := fullTable(n)
			order := rand.New(rand.NewPCG(1, 2))
			s := flows.Segment{Time: 1e12}
			for b.Loop() {
				p := &pairs[order.IntN(n)]
				p.segment(&s, int(s.Packet&1), flows.ACK|flows.PSH, 100)
				tr.Observe(&s)
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			if tr.Live() < n {
				b.Fatalf("%d of %d flows are left", tr.Live(), n)
			}
			held := after.HeapAlloc - before.HeapAlloc - uint64(n)*uint64(unsafe.Sizeof(pair{}))
			b.ReportMetric(float64(held)/float64(n), "B/flow")
		})
	}
}

// Memory of what is held, with all that belongs to it: a SYN without an answer, and a connection with data.
func BenchmarkHeld(b *testing.B) {
	for _, of := range []struct {
		name  string
		v6    bool
		steps int
	}{{"syn", false, 1}, {"open", false, 5}, {"open-v6", true, 5}} {
		b.Run(of.name, func(b *testing.B) {
			const n = 1_000_000
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			tr := flows.NewLanes(flows.Config{Transitions: true, Events: true})
			hold(tr, n, of.v6, of.steps)
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/flow")
			b.ReportMetric(0, "ns/op")
			if tr.Live() != n || tr.Brief() != n {
				b.Fatalf("%d flows, %d of them briefly kept, want %d", tr.Live(), tr.Brief(), n)
			}
		})
	}
}

// hold has tr observe the first steps of n connections.
func hold(tr *flows.Lanes, n int, v6 bool, steps int) {
	var s flows.Segment
	for i := range n {
		p := pair{client: flows.Addr4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), server: flows.Addr4([4]byte{192, 0, 2, 1}),
			clientPort: uint16(30000 + i>>24), serverPort: 443, next: [2]flows.Seq{flows.Seq(i) * 7919, flows.Seq(i) * 104729}}
		if v6 {
			p.client[0], p.server[0] = 0x20, 0x20
		}
		for _, step := range []struct {
			side   int
			flags  flows.Flags
			length uint32
		}{{0, flows.SYN, 0}, {1, flows.SYN | flows.ACK, 0}, {0, flows.ACK, 0}, {0, flows.ACK | flows.PSH, 100}, {1, flows.ACK | flows.PSH, 900}}[:steps] {
			p.segment(&s, step.side, step.flags, step.length)
			s.Time = int64(1e18) + int64(i)*1000
			tr.Observe(&s)
		}
	}
}

// A whole connection of eight segments, opened, closed and handed out.
func BenchmarkConnection(b *testing.B) {
	tr := flows.NewLanes(flows.Config{})
	s := flows.Segment{Time: 1e12}
	var f flows.Flow
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		p := pair{client: flows.Addr4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), server: flows.Addr4([4]byte{192, 0, 2, 1}), clientPort: 50000, serverPort: 443}
		for _, step := range []struct {
			side   int
			flags  flows.Flags
			length uint32
		}{
			{0, flows.SYN, 0}, {1, flows.SYN | flows.ACK, 0}, {0, flows.ACK, 0}, {0, flows.ACK | flows.PSH, 100},
			{1, flows.ACK | flows.PSH, 500}, {0, flows.FIN | flows.ACK, 0}, {1, flows.FIN | flows.ACK, 0}, {0, flows.ACK, 0},
		} {
			p.segment(&s, step.side, step.flags, step.length)
			s.Time += 1e6
			tr.Observe(&s)
			for tr.Finished(&f) {
			}
		}
	}
}
