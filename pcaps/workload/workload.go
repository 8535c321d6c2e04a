// Package workload makes captures to measure with: millions of well-formed packets, and a plan of what became
// of each connection, so that a wrong answer shows however fast it came. The same Workload is always the same bytes.
package workload

import (
	"container/heap"
	"iter"
	"math/rand/v2"
	"time"

	"tcpwhy/pcaps"
)

// Workload says what passes: Connections, and Flood or Live. The zero value is nothing.
type Workload struct {
	Seed        uint64
	Connections int           // of every kind (kinds.go), a tenth of them IPv6
	Every       time.Duration // begins one of them
	Response    int           // segments of an answer: up to twice as many
	Bulk        int           // if not 0, all connections are of one kind, that sends so many packets

	Flood    int // SYNs of forged sources to the first server, 200,000 a second
	Answered int // of a hundred of these, each twice

	Live   int  // connections to the first server that stay open, a million packets a second. They have no plans
	Rounds int  // how often all of these send a segment, each time in an order that no cache likes
	IPv6   bool // Flood and Live are

	Snap int // bytes captured of a frame; 0: all
}

// Mixed is what a busy server farm sees: some 10,000 short connections at a time.
func Mixed(connections int) Workload {
	return Workload{Connections: connections, Every: 200 * time.Microsecond, Response: 1, Snap: 96}
}

// Full is the same with longer answers, and all of their bytes.
func Full(connections int) Workload {
	return Workload{Connections: connections, Every: 2 * time.Millisecond, Response: 7}
}

// Elephants are eight bulk transfers at a time.
func Elephants(packets int) Workload {
	return Workload{Connections: 8, Every: time.Millisecond, Bulk: packets / 8, Snap: 96}
}

// Flood is a SYN flood, and ordinary connections beside it, to the server under attack too. They go on for five
// seconds after it, so that what is not answered can be told from what is not answered yet.
func Flood(syns, connections int) Workload {
	lasts := time.Duration(syns)*floodEvery + 5*time.Second
	return Workload{Flood: syns, Answered: 15, Connections: connections, Every: lasts / time.Duration(connections), Response: 1, Snap: 96}
}

// start is when a workload begins: 2025-01-01 00:00 UTC, ns.
const start = 1_735_689_600_000_000_000

// Write writes the packets, in the order of their times, and calls planned with the plan of each connection, in no
// order that matters. The plan is valid until planned returns; a planned that is nil saves half of the time. The error is
// that of the writer.
func (w Workload) Write(to pcaps.Writer, planned func(*Plan)) error {
	m := merge{encoder: newEncoder(w.Snap), to: to}
	defer m.stop()
	for _, packets := range append(w.flood(planned), w.live) {
		m.add(packets)
	}
	for i := range w.Connections {
		random := rand.New(rand.NewPCG(w.Seed, uint64(i)))
		begins := start + int64(i)*int64(w.Every) + random.Int64N(int64(w.Every))
		if err := m.until(begins); err != nil {
			return err
		}
		c := connection{workload: &w, random: random, now: begins, planned: planned}
		m.add(c.packets(i))
	}
	return m.until(1<<63 - 1)
}

// stream is packets in the order of their times, each valid until the next one.
type stream = iter.Seq[*packet]

// merge writes the packets of many streams in the order of their times.
type merge struct {
	encoder *encoder
	to      pcaps.Writer
	waiting []*pending // a heap
	streams int
}

// pending is a stream, and the packet of it that is next.
type pending struct {
	*packet
	number int
	next   func() (*packet, bool)
	stop   func()
}

func (m *merge) add(s stream) {
	p := &pending{number: m.streams}
	m.streams++
	p.next, p.stop = iter.Pull(s)
	if p.advance() {
		heap.Push(m, p)
	}
}

func (p *pending) advance() (more bool) {
	p.packet, more = p.next()
	return more
}

// until writes all packets before a time.
func (m *merge) until(end int64) error {
	for len(m.waiting) > 0 {
		p := m.waiting[0]
		if p.at >= end {
			return nil
		}
		if err := m.to.Write(m.encoder.frame(p.packet)); err != nil {
			return err
		}
		if p.advance() {
			heap.Fix(m, 0)
		} else {
			heap.Pop(m)
		}
	}
	return nil
}

func (m *merge) stop() {
	for _, p := range m.waiting {
		p.stop()
	}
}

func (m *merge) Len() int { return len(m.waiting) }
func (m *merge) Less(i, j int) bool {
	a, b := m.waiting[i], m.waiting[j]
	return a.at < b.at || a.at == b.at && a.number < b.number
}
func (m *merge) Swap(i, j int) { m.waiting[i], m.waiting[j] = m.waiting[j], m.waiting[i] }
func (m *merge) Push(p any)    { m.waiting = append(m.waiting, p.(*pending)) }
func (m *merge) Pop() any {
	last := m.waiting[len(m.waiting)-1]
	m.waiting = m.waiting[:len(m.waiting)-1]
	return last
}
