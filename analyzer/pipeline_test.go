package analyzer

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"tcpwhy/flows"
)

// heard is all that outputs are told, a line each.
type heard struct{ lines []string }

func (h *heard) Flow(f *flows.Flow, found []*Finding) error {
	h.lines = append(h.lines, fmt.Sprintf("%+v %d", *f, len(found)))
	return nil
}

func (h *heard) Finding(n *Finding) error {
	h.lines = append(h.lines, line(n))
	return nil
}

// servers adds what is known of the servers.
func (h *heard) servers(s *Summary) {
	h.lines = append(h.lines, fmt.Sprintf("%v %v %v %v %v", s.Back, s.Totals.First, s.Totals.Last, s.Totals.HalfOpen, s.Totals.Attempts))
	for _, k := range s.Invalid {
		h.lines = append(h.lines, fmt.Sprint(k.Flags, k.Segments, k.First, k.Packets))
	}
	for _, s := range s.Servers {
		h.lines = append(h.lines, fmt.Sprint(s.Addr, s.Flows, s.Attempts, s.HalfOpen, s.CloseWait, s.TimeWait.N, s.TimeWait.Peak,
			s.pressure, s.unheard, s.admission, s.flood))
	}
}

// hear is what is told of segments that so many workers read, in batches of a size.
func hear(segs []flows.Segment, r Run, workers, batch int) (string, error) {
	var h heard
	r.Source, r.Workers, r.batch, r.few = &played{segs, io.EOF}, workers, batch, 1
	if r.Judge != nil {
		r.Judge = &Judge{FlowsOnly: r.Judge.FlowsOnly, Wordless: r.Judge.Wordless}
	}
	r.Flows, r.Findings = []FlowOutput{&h}, []FindingOutput{&h}
	total, err := r.Read()
	if r.Judge != nil {
		h.servers(r.Judge.Summary())
	}
	return fmt.Sprintf("%s\n%d flows, %v %v\n", strings.Join(h.lines, "\n"), total, r.Ceiling, r.Resumed), err
}

// alike holds what is told of segments against what is told where they are read one by one.
func alike(t *testing.T, name string, segs []flows.Segment, runs ...Run) {
	t.Helper()
	for _, r := range runs {
		want, err := hear(segs, r, 1, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, by := range []struct{ workers, batch int }{{2, 1}, {3, 5}, {7, 0}} {
			got, err := hear(segs, r, by.workers, by.batch)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Fatalf("%s: %d workers, batches of %d: %s", name, by.workers, by.batch, firstDifference(got, want))
			}
		}
	}
}

func firstDifference(got, want string) string {
	gots, wants := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(gots), len(wants)) {
		if gots[i] != wants[i] {
			return fmt.Sprintf("line %d: got\n%s\nwant\n%s", i+1, gots[i], wants[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(gots), len(wants))
}

var everyRun = []Run{
	{},
	{Judge: &Judge{}},
	{Judge: &Judge{FlowsOnly: true, Wordless: true}},
	{Judge: &Judge{Wordless: true}, Tracker: flows.Config{MaxFlows: 256}},
}

// However many read a capture, they tell the same.
func TestPipeline(t *testing.T) {
	for _, r := range Rules {
		runs := everyRun
		if underRace {
			runs = runs[1:2]
		}
		alike(t, r.Name, goldenSegments(t, goldenOf(t, r.Name)), runs...)
	}
}

// crowd are connections to a few servers, most of them attempts without an answer, over some minutes.
func crowd(n int) (segs []flows.Segment) {
	for i := range n {
		at := int64(1e18) + int64(i)*int64(7e6)
		client, server := flows.Addr4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), flows.Addr4([4]byte{192, 0, 2, byte(i % 5)})
		send := func(after int64, from int, flags flows.Flags, seq, ack flows.Seq) {
			s := flows.Segment{Time: at + after, Packet: uint64(len(segs) + 1), HeaderOK: true, Flags: flags, Seq: seq, Ack: ack,
				Window: 1000, TTL: 64, IPID: uint16(len(segs)), Src: client, Dst: server, SrcPort: uint16(1024 + i), DstPort: 443}
			if from == 1 {
				s.Src, s.Dst, s.SrcPort, s.DstPort = s.Dst, s.Src, s.DstPort, s.SrcPort
			}
			segs = append(segs, s)
		}
		send(0, 0, flows.SYN, 100, 0)
		if i%4 == 0 {
			send(1e5, 1, flows.SYN|flows.ACK, 900, 101)
		}
		if i%8 == 0 {
			send(2e5, 0, flows.ACK, 101, 901)
			send(3e5, 0, flows.FIN|flows.ACK, 101, 901)
			send(4e5, 1, flows.FIN|flows.ACK, 901, 102)
			send(5e5, 0, flows.ACK, 102, 902)
		}
		if i%64 == 0 {
			send(6e5, 0, flows.SYN|flows.FIN|flows.RST, 7, 7)
		}
	}
	return segs
}

// They do of many flows, at the ceiling, and where the time of many is over at once.
func TestPipelineOfMany(t *testing.T) {
	segs := crowd(30_000)
	later := crowd(10_000)
	for i := range later {
		later[i].Time += int64(1e13)
		later[i].Packet += uint64(len(segs))
	}
	segs = append(segs, later...)
	runs := []Run{{Judge: &Judge{}}, {Judge: &Judge{Wordless: true}, Tracker: flows.Config{MaxFlows: 2_000}},
		{Judge: &Judge{Wordless: true}, Tracker: flows.Config{MaxBytes: 200_000}}}
	if underRace {
		runs = runs[1:2]
	}
	for _, batch := range []int{300, 0} {
		for _, r := range runs {
			want, err := hear(segs, r, 1, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := hear(segs, r, 2, batch); got != want || err != nil {
				t.Errorf("batches of %d, %+v: %v, %s", batch, r.Tracker, err, firstDifference(got, want))
			}
		}
	}
}

// An output that fails ends the reading, whoever reads.
func TestPipelineStopsWhereItCannotWrite(t *testing.T) {
	full := errors.New("full")
	r := Run{Source: &played{crowd(1000), io.EOF}, Workers: 2, batch: 64, few: 1, Flows: []FlowOutput{unwritable{full}}}
	if _, err := r.Read(); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

type unwritable struct{ err error }

func (u unwritable) Flow(*flows.Flow, []*Finding) error { return u.err }

// What could be read before an input broke off, or reading was stopped, is told by several as by one.
func TestPipelineTellsWhatItHas(t *testing.T) {
	broken := errors.New("broken")
	for _, batch := range []int{1, 100, 0} {
		var h heard
		r := Run{Source: &played{crowd(50), broken}, Workers: 2, batch: batch, few: 1, Flows: []FlowOutput{&h}}
		if total, err := r.Read(); total != 50 || !errors.Is(err, broken) || len(h.lines) != 50 {
			t.Errorf("batches of %d: %d flows, %d told, %v", batch, total, len(h.lines), err)
		}
	}
	var h heard
	r := Run{Source: &played{crowd(50), io.EOF}, Workers: 2, Flows: []FlowOutput{&h}, Pause: func() bool { return false }}
	if total, err := r.Read(); total != 0 || err != nil || len(h.lines) != 0 {
		t.Errorf("stopped at once: %d flows, %d told, %v", total, len(h.lines), err)
	}
}

// halting has nothing yet after every so many segments.
type halting struct {
	played
	every, n int
}

func (h *halting) Read(segs []flows.Segment) (int, error) {
	if h.n++; h.n%(h.every+1) == 0 {
		return 0, io.ErrNoProgress
	}
	return h.played.Read(segs[:1])
}

// Where the source has nothing yet, several have told as much as one.
func TestPipelineTellsWhileItWaits(t *testing.T) {
	segs := crowd(300)
	for _, every := range []int{1, 7, 500} {
		told := func(workers int) (at []int) {
			var h heard
			r := Run{Source: &halting{played{segs, io.EOF}, every, 0}, Workers: workers, batch: 100, few: 1, Flows: []FlowOutput{&h},
				Judge: &Judge{}, Tracker: flows.Config{Linger: time.Millisecond}}
			r.Idle = func() error { at = append(at, len(h.lines)); return nil }
			if _, err := r.Read(); err != nil {
				t.Fatal(err)
			}
			return append(at, len(h.lines))
		}
		want := told(1)
		if n := len(want); n < len(segs)/(every+1) || every < 100 && want[n/2] == 0 {
			t.Fatalf("after every %d: %v", every, want)
		}
		for _, workers := range []int{2, 7} {
			if got := told(workers); !slices.Equal(got, want) {
				t.Errorf("after every %d, %d workers have told %v, want %v", every, workers, got, want)
			}
		}
	}
	full := errors.New("full")
	r := Run{Source: &halting{played{segs, io.EOF}, 5, 0}, Workers: 2, few: 1, Idle: func() error { return full }}
	if _, err := r.Read(); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}
