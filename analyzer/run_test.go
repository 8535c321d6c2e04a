package analyzer

import (
	"errors"
	"io"
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

// played is a Source of the packets of a script.
type played struct {
	segments []flows.Segment
	end      error
}

func play(t *testing.T, text string) *played {
	t.Helper()
	s, err := script.Parse(text, script.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &played{s.Segments(), io.EOF}
}

func (p *played) Next(seg *flows.Segment) error {
	if len(p.segments) == 0 {
		return p.end
	}
	*seg, p.segments = p.segments[0], p.segments[1:]
	return nil
}

func (p *played) Now() int64 { return 0 }

// tally counts what it is told, and fails when it is told to.
type tally struct {
	packets, skipped int
	fail             error
}

func (c *tally) Packet(*flows.Segment, *flows.Step) error { c.packets++; return c.fail }
func (c *tally) Skip(*flows.Segment)                      { c.skipped++ }

const twoFlows = `
	flow a
	flow b
	+0    a>  S   0:0(0)
	+1ms  a<  S.  0:0(0)  ack 1
	+1ms  b>  S   0:0(0)
	+1ms  a>  .   1:1(0)  ack 1
`

// All outputs share one reading.
func TestRunTellsEveryOutput(t *testing.T) {
	var a, b tally
	var rows, also numbers
	r := Run{Source: play(t, twoFlows), Packets: []PacketOutput{&a, &b}, Flows: []FlowOutput{&rows, &also},
		Choice: Choice{Flows: []uint64{1}}}
	total, err := r.Read()
	if total != 2 || err != nil {
		t.Errorf("got %d flows, %v", total, err)
	}
	if a.packets != 3 || a.skipped != 1 || a != b {
		t.Errorf("got %+v and %+v, want 3 packets and 1 skipped", a, b)
	}
	if len(rows) != 1 || len(also) != 1 || rows[0] != 1 {
		t.Errorf("got flows %v and %v", rows, also)
	}
}

// What could be read before an input broke off is told, to the end of its flows.
func TestRunTellsWhatItHas(t *testing.T) {
	broken := errors.New("broken")
	source := play(t, twoFlows)
	source.end = broken
	var packets tally
	var rows numbers
	r := Run{Source: source, Packets: []PacketOutput{&packets}, Flows: []FlowOutput{&rows}}
	total, err := r.Read()
	if total != 2 || !errors.Is(err, broken) || packets.packets != 4 || len(rows) != 2 {
		t.Errorf("got %d flows, %v, %+v, rows %v", total, err, packets, rows)
	}
}

func TestRunStopsWhereItCannotWrite(t *testing.T) {
	full := errors.New("full")
	packets := tally{fail: full}
	r := Run{Source: play(t, twoFlows), Packets: []PacketOutput{&packets}}
	if _, err := r.Read(); !errors.Is(err, full) || packets.packets != 1 {
		t.Errorf("got %v after %d packets", err, packets.packets)
	}
}

func TestRunStopsWell(t *testing.T) {
	var rows numbers
	r := Run{Source: play(t, twoFlows), Flows: []FlowOutput{&rows}, Pause: func() bool { return false }}
	if total, err := r.Read(); total != 0 || err != nil || len(rows) != 0 {
		t.Errorf("got %d flows, %v, rows %v", total, err, rows)
	}
}

// A first reading finds what a second one chooses by.
func TestScan(t *testing.T) {
	since, err := ParseWhen("-1ms")
	if err != nil {
		t.Fatal(err)
	}
	state, err := ParseLastState("client:syn-sent")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		choice Choice
		want   int
	}{
		{Choice{States: []LastState{state}}, 1},
		{Choice{Since: since}, 2},
		{Choice{States: []LastState{state}, Since: since}, 1},
		{Choice{States: []LastState{state}, Flows: []uint64{1}}, 0},
	} {
		if !c.choice.NeedsEnd(true) {
			t.Errorf("%+v is chosen without a Scan", c.choice)
		}
		scan := NewScan(c.choice)
		first := Run{Source: play(t, twoFlows), Packets: []PacketOutput{scan}, Flows: []FlowOutput{scan}}
		if _, err := first.Read(); err != nil {
			t.Fatal(err)
		}
		var packets tally
		second := Run{Source: play(t, twoFlows), Packets: []PacketOutput{&packets}, Choice: c.choice, Scan: scan}
		if _, err := second.Read(); err != nil || packets.packets != c.want {
			t.Errorf("%+v: got %d packets, %v, want %d", c.choice, packets.packets, err, c.want)
		}
	}
}
