package analyzer

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"tcpwhy/flows"
)

// numbers collects the numbers of the flows it is told of.
type numbers []uint64

func (n *numbers) Flow(f *flows.Flow, _ []*Finding) error {
	*n = append(*n, f.Number)
	return nil
}

func TestSorted(t *testing.T) {
	waits := []flows.Elapsed{{}, {D: 2 * time.Second, OK: true}, {D: time.Second, OK: true}, {},
		{D: 2 * time.Second, OK: true}, {D: 0, OK: true}, {D: 7 * time.Second, OK: true}}
	for _, c := range []struct {
		order string
		top   int
		want  numbers
	}{
		// Slowest first, ties by number, what was not measured last.
		{"connect", 0, numbers{7, 2, 5, 3, 6, 1, 4}},
		{"connect", 1, numbers{7}},
		{"connect", 2, numbers{7, 2}},
		{"connect", 3, numbers{7, 2, 5}},
		{"connect", 100, numbers{7, 2, 5, 3, 6, 1, 4}},
		{"flow", 0, numbers{1, 2, 3, 4, 5, 6, 7}},
		{"first", 0, numbers{7, 6, 5, 4, 3, 2, 1}},
		{"bytes", 3, numbers{1, 2, 3}},
		{"", 0, numbers{1, 2, 3, 4, 5, 6, 7}},
		{"", 3, numbers{1, 2, 3}},
	} {
		var got numbers
		s := Sorted{To: &got, Top: c.top}
		if c.order != "" {
			var err error
			if s.Order, err = ParseOrder(c.order); err != nil {
				t.Fatal(err)
			}
		}
		var f flows.Flow // one for all, as the tracker does it
		for i, wait := range waits {
			f.Number, f.Opening.Connect, f.First = uint64(i+1), wait, int64(-i)
			f.Ends[i%2].PayloadBytes = 100 // only ever more
			f.Ends[i%2].PayloadBytes -= uint64(i)
			f.Ends[1-i%2].PayloadBytes = 0
			if err := s.Flow(&f, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("--sort %s --top %d: got %v, want %v", c.order, c.top, got, c.want)
		}
		if err := s.Flush(); err != nil || len(got) != len(c.want) {
			t.Errorf("--sort %s: flushed twice", c.order)
		}
	}
	if _, err := ParseOrder("speed"); err == nil {
		t.Error("speed is taken for an order")
	}
}

// Where there is no room for all, the first in their order are handed on, without a gap, and how many are not is told.
func TestSortedRoom(t *testing.T) {
	const many = 1000
	order, err := ParseOrder("connect")
	if err != nil {
		t.Fatal(err)
	}
	var want numbers
	for i := range uint64(many) {
		want = append(want, many-i)
	}
	for _, top := range []int{0, 20, many / 2, 2 * many} {
		var got numbers
		var f flows.Flow
		s := Sorted{To: &got, Order: order, Top: top, Room: 100 * (&judged{}).size()}
		for i := range uint64(many) { // at first those come that are first in the end, and then from the last on
			n := many - i
			if i >= 50 {
				n = i - 49
			}
			f.Number, f.Opening.Connect = n, flows.Elapsed{D: time.Duration(n), OK: true}
			if err := s.Flow(&f, nil); err != nil {
				t.Fatal(err)
			}
			if len(s.kept) > 101 {
				t.Fatalf("%d flows are kept", len(s.kept))
			}
		}
		left := s.LeftOut()
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		wanted := many
		if top > 0 {
			wanted = min(top, many)
		}
		if !slices.Equal(got, want[:len(got)]) || left != uint64(wanted-len(got)) || top == 20 && left > 0 || top != 20 && len(got) < 70 {
			t.Errorf("top %d: %d are told of as left out, and got %v", top, left, got)
		}
	}
}

// A flow that waits takes what it is said to: its place in a list that has grown by a quarter to a half.
func TestSortedSize(t *testing.T) {
	if strconv.IntSize == 32 {
		t.Skip("what is said is for 64 bits: here it is twice what it takes")
	}
	var j judged
	if size := uint64(unsafe.Sizeof(j)); j.size() < size+size/4 || j.size() > 2*size {
		t.Errorf("of %d bytes %d are said", size, j.size())
	}
	j.Transitions = make([]flows.Transition, 10)
	if more := j.size() - (&judged{}).size(); more != uint64(10*unsafe.Sizeof(flows.Transition{})) {
		t.Errorf("ten transitions are said to take %d", more)
	}
}

// Every order ranks by what its name says: a flow that is ahead in nothing else comes first.
func TestOrders(t *testing.T) {
	long := flows.Elapsed{D: time.Hour, OK: true}
	ahead := map[string]func(*flows.Flow){
		"flow":            func(f *flows.Flow) { f.Number = 0 },
		"first":           func(f *flows.Flow) { f.First = -1 },
		"last":            func(f *flows.Flow) { f.Last = -1 },
		"connect":         func(f *flows.Flow) { f.Opening.Connect = long },
		"ready":           func(f *flows.Flow) { f.Opening.ServerReady = long },
		"handshake":       func(f *flows.Flow) { f.Opening.Handshake = long },
		"syn-to-syn-ack":  func(f *flows.Flow) { f.Opening.SYNToSYNACK = long },
		"syn-ack-to-ack":  func(f *flows.Flow) { f.Opening.SYNACKToACK = long },
		"fin-to-ack":      func(f *flows.Flow) { f.Closing.FINToACK = long },
		"fin-to-fin":      func(f *flows.Flow) { f.Closing.FINToFIN = long },
		"close":           func(f *flows.Flow) { f.Closing.Close = long },
		"duration":        func(f *flows.Flow) { f.Last += 1 },
		"packets":         func(f *flows.Flow) { f.Server().Packets = 9 },
		"bytes":           func(f *flows.Flow) { f.Client().PayloadBytes = 9 },
		"retransmissions": func(f *flows.Flow) { f.Server().Retransmissions.SYNACK = 9 },

		"client.packets":         func(f *flows.Flow) { f.Client().Packets = 9 },
		"server.packets":         func(f *flows.Flow) { f.Server().Packets = 9 },
		"client.bytes":           func(f *flows.Flow) { f.Client().PayloadBytes = 9 },
		"server.bytes":           func(f *flows.Flow) { f.Server().PayloadBytes = 9 },
		"client.retransmissions": func(f *flows.Flow) { f.Client().Retransmissions.FIN = 9 },
		"server.retransmissions": func(f *flows.Flow) { f.Server().Retransmissions.Data = 9 },
		"syn-sent":               func(f *flows.Flow) { f.Opening.SYNs = 9 },
		"syn-ack-sent":           func(f *flows.Flow) { f.Opening.SYNACKs = 9 },
		"missing-segments":       func(f *flows.Flow) { f.Capture.MissingSegments = 9 },
		"port":                   func(f *flows.Flow) { f.Server().Addr = netip.AddrPortFrom(netip.Addr{}, 9) },
		"client.port":            func(f *flows.Flow) { f.Client().Addr = netip.AddrPortFrom(netip.Addr{}, 9) },
	}
	for _, name := range OrderNames() {
		set := ahead[name]
		if set == nil {
			t.Errorf("%s: no flow is ahead in it", name)
			continue
		}
		order, err := ParseOrder(name)
		if err != nil {
			t.Fatal(err)
		}
		var got numbers
		s := Sorted{To: &got, Order: order}
		f := flows.Flow{Number: 2}
		set(&f)
		first := f.Number
		for _, f := range []flows.Flow{{Number: 1}, f, {Number: 3}} {
			if err := s.Flow(&f, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Flush(); err != nil || got[0] != first {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}

// ownFindings are by which rules flows have findings, and how many of these are another's.
type ownFindings struct {
	rules  []string
	others int
}

func (o *ownFindings) Flow(f *flows.Flow, found []*Finding) error {
	for _, n := range found {
		o.rules = append(o.rules, fmt.Sprint(f.Number, " ", n.Rule.Name))
		if n.Flow != f.Number || n.Client != f.Client().Addr {
			o.others++
		}
	}
	return nil
}

// Findings that are valid as long as their flow only are those of that flow, and their rules stay where flows are kept to be sorted.
func TestFindingsOfFlowsInPassing(t *testing.T) {
	for _, workers := range []int{1, 2} {
		var told, kept ownFindings
		sorted := &Sorted{To: &kept, Top: 1000}
		r := Run{Source: &played{crowd(1000), io.EOF}, Workers: workers, Judge: &Judge{FlowsOnly: true, Wordless: true}, Flows: []FlowOutput{&told, sorted}}
		if _, err := r.Read(); err != nil {
			t.Fatal(err)
		}
		if err := sorted.Flush(); err != nil {
			t.Fatal(err)
		}
		if len(told.rules) < 200 || told.others > 0 || !slices.Equal(kept.rules, told.rules) {
			t.Errorf("%d workers: told %+v, kept %v", workers, told, kept.rules)
		}
	}
}
