package analyzer

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

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

func (p *played) Read(segs []flows.Segment) (int, error) {
	if len(p.segments) == 0 {
		return 0, p.end
	}
	n := copy(segs, p.segments)
	p.segments = p.segments[n:]
	return n, nil
}

func (p *played) Now() int64 { return 0 }

// tally counts what it is told, and fails when it is told to.
type tally struct {
	packets, skipped, found, late int
	fail                          error
}

func (c *tally) Packet(_ *flows.Segment, _ *flows.Step, found []*Finding) error {
	c.packets++
	c.found += len(found)
	return c.fail
}
func (c *tally) Late(*Finding) error { c.late++; return nil }
func (c *tally) Skip(*flows.Segment) { c.skipped++ }

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

// Where outputs ask for the frame of each packet, the source has read no more when they are told of it.
func TestRunReadsOneAtATime(t *testing.T) {
	for frames, want := range map[bool]int{true: 3, false: 0} {
		source := play(t, twoFlows)
		left := -1
		r := Run{Source: source, Frames: frames, Packets: []PacketOutput{onPacket(func() {
			if left < 0 {
				left = len(source.segments)
			}
		})}}
		if _, err := r.Read(); err != nil || left != want {
			t.Errorf("frames %v: with the first packet %d are unread, %v, want %d", frames, left, err, want)
		}
	}
}

// onPacket is called with each packet.
type onPacket func()

func (f onPacket) Packet(*flows.Segment, *flows.Step, []*Finding) error { f(); return nil }
func (f onPacket) Late(*Finding) error                                  { return nil }
func (f onPacket) Skip(*flows.Segment)                                  {}

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

// listed are the names of findings, in the order in which they are told.
type listed []string

func (l *listed) Finding(n *Finding) error {
	*l = append(*l, fmt.Sprintf("#%d %s", n.Flow, n.Rule.Name))
	return nil
}

// One flow is refused, one never answered, which shows only at the end.
const twoFail = `
	flow a client 192.0.2.1:40001
	flow b client 192.0.2.2:40002 server 198.51.100.1:8080
	flow c
	+0    a>  S   0:0(0)
	+0    b>  S   0:0(0)
	+1ms  b<  R.  0:0(0)  ack 1
	+1s   a>  S   0:0(0)
	+9s   c>  S   0:0(0)
`

// Each finding is told once: with the packet that brings it, or when its flow is finished.
func TestRunTellsFindingsOnce(t *testing.T) {
	want := listed{"#2 refused", "#1 syn-unanswered"}
	for _, early := range []bool{true, false} {
		var packets tally
		var rows numbers
		var got listed
		r := Run{Source: play(t, twoFail), Judge: &Judge{}, Early: early, Packets: []PacketOutput{&packets},
			Flows: []FlowOutput{&rows}, Findings: []FindingOutput{&got}}
		if _, err := r.Read(); err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || len(rows) != 3 {
			t.Errorf("early %v: got %v, rows %v, want %v", early, got, rows, want)
		}
		if early && (packets.found != 1 || packets.late != 1) || !early && packets.found+packets.late != 0 {
			t.Errorf("early %v: got %+v", early, packets)
		}
	}
}

// A finding chooses its flows: by a first reading where packets are printed.
func TestRunChoosesByFinding(t *testing.T) {
	unanswered, err := ParseFinding("SYN_unanswered")
	if err != nil {
		t.Fatal(err)
	}
	choice := Choice{Findings: []*Rule{unanswered}}
	if choice.NeedsEnd(false) || !choice.NeedsEnd(true) || choice.NeedsCauses() {
		t.Error("what is found of a flow is known at its end, and not before")
	}
	var rows numbers
	r := Run{Source: play(t, twoFail), Judge: &Judge{}, Choice: choice, Flows: []FlowOutput{&rows}}
	if _, err := r.Read(); err != nil || !slices.Equal(rows, numbers{1}) {
		t.Errorf("got rows %v, %v", rows, err)
	}
	scan := NewScan(choice)
	first := Run{Source: play(t, twoFail), Judge: &Judge{}, Packets: []PacketOutput{scan}, Flows: []FlowOutput{scan}}
	if _, err := first.Read(); err != nil {
		t.Fatal(err)
	}
	var packets tally
	second := Run{Source: play(t, twoFail), Choice: choice, Scan: scan, Packets: []PacketOutput{&packets}}
	if _, err := second.Read(); err != nil || packets.packets != 2 || packets.skipped != 3 {
		t.Errorf("got %+v, %v", packets, err)
	}
}

// Facts are asked for before what depends on them is judged.
func TestRunAsksForFacts(t *testing.T) {
	broken := errors.New("broken")
	source := play(t, twoFail)
	source.end = broken
	judge := Judge{}
	r := Run{Source: source, Judge: &judge, Facts: func(err error) Facts {
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		return Facts{Drops: []Drop{{Packets: 7}}}
	}}
	if _, err := r.Read(); !errors.Is(err, broken) || !judge.lossy() || len(judge.Summary().Facts.Drops) != 1 {
		t.Errorf("got %v, %+v", err, judge.facts)
	}
}

func TestParseLimit(t *testing.T) {
	l, err := ParseLimit("slow-handshake=250ms")
	if err != nil || l.Rule != slowHandshake || l.Value != 250*time.Millisecond {
		t.Errorf("got %+v, %v", l, err)
	}
	for _, s := range []string{"", "slow-handshake", "slow-handshake=", "slow-handshake=1", "slow-handshake=-1s", "refused=1s", "xyzzy=1s"} {
		if _, err := ParseLimit(s); err == nil {
			t.Errorf("%q is taken", s)
		}
	}
}
