package analyzer

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"tcpwhy/flows"
)

// soon are findings, each with the packet that it was told with, if any.
type soon []string

func (s *soon) Packet(seg *flows.Segment, _ *flows.Step, found []*Finding) error {
	for _, n := range found {
		s.add(seg.Packet, n)
	}
	return nil
}
func (s *soon) Late(n *Finding) error { s.add(0, n); return nil }
func (s *soon) Skip(*flows.Segment)   {}

func (s *soon) add(with uint64, n *Finding) {
	*s = append(*s, fmt.Sprint(with, " ", n.Flow, " ", n.Rule.Name, n.Packets, n.Cause, n.Summary))
}

// TestEarly: what is found as flows go on, and when they are over, is what is found by who asks all rules of each flow after each of its
// packets, and hands out what none had said before.
func TestEarly(t *testing.T) {
	segs := oneAfterTheOther(t)
	for _, limits := range []map[string]time.Duration{nil, {"close-wait": time.Millisecond, "slow-handshake": 10 * time.Millisecond}} {
		if found, quiet := holdsEarly(t, segs, limits, 0); found < 100 || quiet < 50 {
			t.Errorf("limits %v: %d findings, %d kinds of flows are quiet", limits, found, quiet)
		}
	}
}

// TestEarlySince: what was slow before the time from which on packets are wanted is told with the first of them, also of a flow whose
// kind shows nothing in others.
func TestEarlySince(t *testing.T) {
	const asks = `
	+0    >  S   0:0(0)
	+%dms <  S.  0:0(0)  ack 1
	+1ms  >  .   1:1(0)  ack 1
	+9s   >  P.  1:9(8)  ack 1
	+1ms  <  .   1:1(0)  ack 9
	`
	segs := play(t, fmt.Sprintf(asks, 900)).segments
	opened, first := len(segs)-2, segs[0].Time
	since := segs[opened-1].Time + 1
	rest := slices.Clone(segs[opened:])
	segs = segs[:opened]
	for i := range uint32(1000) {
		for _, s := range play(t, fmt.Sprintf(asks, 1)).segments {
			s.Time, s.Space = s.Time-first+since, 1+i
			segs = append(segs, s)
		}
	}
	slices.SortStableFunc(segs, func(a, b flows.Segment) int { return cmp.Compare(a.Time, b.Time) })
	for _, s := range rest {
		s.Time = segs[len(segs)-1].Time + 1
		segs = append(segs, s)
	}
	for i := range segs {
		segs[i].Packet = uint64(i + 1)
	}
	if found, quiet := holdsEarly(t, segs, map[string]time.Duration{"slow-handshake": 100 * time.Millisecond}, since); found != 1 || quiet == 0 {
		t.Errorf("%d findings, %d kinds of flows are quiet", found, quiet)
	}
}

// holdsEarly holds what a Run finds from a time on against what is found by who asks all rules of each flow after each of its packets.
func holdsEarly(t *testing.T, segs []flows.Segment, limits map[string]time.Duration, since int64) (found, quiet int) {
	t.Helper()
	var got, want soon
	r := Run{Source: &played{segs, io.EOF}, Judge: &Judge{FlowsOnly: true, Limits: limits}, Early: true, Packets: []PacketOutput{&got}}
	r.Choice.Since = When{fromEpoch, time.Duration(since)}
	if _, err := r.Read(); err != nil {
		t.Fatal(err)
	}
	for _, is := range r.kinds {
		if is {
			quiet++
		}
	}
	judge := Judge{FlowsOnly: true, Limits: limits}
	judge.prepare()
	tr := flows.NewLanes(flows.Config{Transitions: true, Events: true})
	var now int64
	var f flows.Flow
	told := map[string]bool{}
	look := func(with uint64) {
		for _, n := range judge.judgeOn(&judge.pass, &f, now, with == 0, nil) {
			if is := fmt.Sprint(n.Flow, n.Rule.Name); !told[is] {
				want.add(with, n)
				told[is] = with > 0
			}
		}
	}
	finished := func() {
		for tr.Finished(&f) {
			if f.Last >= since {
				look(0)
			}
		}
	}
	for i := range segs {
		now = max(now, segs[i].Time)
		step := tr.Observe(&segs[i])
		if segs[i].Time >= since && len(step.Changes)+len(step.Notes) > 0 && tr.Snapshot(&f) {
			look(segs[i].Packet)
		}
		finished()
	}
	tr.Advance(now)
	tr.End()
	finished()
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("limits %v, since %d: got %s\nwant %s", limits, since, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		t.Errorf("limits %v, since %d: got %d findings, want %d", limits, since, len(got), len(want))
	}
	return len(want), quiet
}

// crossed is all that was captured of a flow of which something is found, and no change was taken back.
const crossed = `
	+0    >  F.  1:1(0)  ack 1
	+1ms  <  F.  1:1(0)  ack 1
	+1ms  <  .   2:2(0)  ack 2
	+1ms  >  .   2:2(0)  ack 2
`

// waits is a flow of which something is said early that what is said in the end is part of: the last FIN waits behind a hole.
const waits = `
	+0    >  S   0:0(0)
	+1ms  <  S.  0:0(0)  ack 1
	+1ms  >  .   1:1(0)  ack 1
	+1ms  >  F.  1:1(0)  ack 1
	+1ms  <  .   1:1(0)  ack 2
	+70s  <  F.  101:101(0)  ack 2
`

// oneAfterTheOther are the segments of everyCapture, and of such flows, as one capture.
func oneAfterTheOther(t *testing.T) (all []flows.Segment) {
	var now int64
	var space uint32
	add := func(_ *testing.T, _ string, segs []flows.Segment) {
		shift, last := now+int64(time.Hour)-segs[0].Time, now
		for _, s := range segs {
			s.Time, s.Packet, s.Space = s.Time+shift, uint64(len(all)+1), s.Space+space
			last = max(last, s.Time)
			all = append(all, s)
		}
		now, space = last, space+100
	}
	everyCapture(t, add)
	add(t, "", play(t, waits).segments)
	for range 9 { // some of them in one lane
		add(t, "", play(t, crossed).segments)
	}
	return all
}
