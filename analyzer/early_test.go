package analyzer

import (
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"tcpwhy/flows"
)

// soon are findings, each with the packet that it was told with.
type soon []string

func (s *soon) Packet(seg *flows.Segment, _ *flows.Step, found []*Finding) error {
	for _, n := range found {
		*s = append(*s, fmt.Sprint(seg.Packet, " ", n.Flow, " ", n.Rule.Name, n.Packets))
	}
	return nil
}
func (s *soon) Late(*Finding) error { return nil }
func (s *soon) Skip(*flows.Segment) {}

// TestEarly: what is found as flows go on is what is found by who looks at each flow after each of its packets.
func TestEarly(t *testing.T) {
	segs := oneAfterTheOther(t)
	for _, limits := range []map[string]time.Duration{nil, {"close-wait": time.Millisecond, "slow-handshake": 10 * time.Millisecond}} {
		var got, want soon
		r := Run{Source: &played{segs, io.EOF}, Judge: &Judge{FlowsOnly: true, Limits: limits}, Early: true, Packets: []PacketOutput{&got}}
		if _, err := r.Read(); err != nil {
			t.Fatal(err)
		}
		calm := 0
		for _, is := range r.calm.kinds {
			if is {
				calm++
			}
		}
		if calm < 50 {
			t.Errorf("only %d kinds of flows are calm", calm)
		}
		judge := Judge{FlowsOnly: true, Limits: limits}
		judge.prepare()
		tr := flows.NewLanes(flows.Config{Transitions: true, Events: true})
		var f flows.Flow
		var found []*Finding
		var now int64
		for i := range segs {
			now = max(now, segs[i].Time)
			step := tr.Observe(&segs[i])
			if found = found[:0]; tr.Snapshot(&f) && len(step.Changes)+len(step.Notes) > 0 {
				judge.sofar(&f, now, func(n *Finding) { found = append(found, n) })
			}
			want.Packet(&segs[i], step, found)
			for tr.Finished(&f) {
			}
		}
		if len(want) < 100 || !slices.Equal(got, want) {
			t.Errorf("limits %v: got %d findings\n%q\nand want %d\n%q", limits, len(got), got, len(want), want)
		}
	}
}

// crossed is all that was captured of a flow of which something is found, and no change was taken back.
const crossed = `
	+0    >  F.  1:1(0)  ack 1
	+1ms  <  F.  1:1(0)  ack 1
	+1ms  <  .   2:2(0)  ack 2
	+1ms  >  .   2:2(0)  ack 2
`

// oneAfterTheOther are the segments of everyCapture, and of some flows that crossed, as one capture.
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
	for range 9 { // some of them in one lane
		add(t, "", play(t, crossed).segments)
	}
	return all
}
