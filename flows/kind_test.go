package flows_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"tcpwhy/flows"
)

// TestKind: flows of a kind differ in addresses, counts and times alone, and in what only time tells.
func TestKind(t *testing.T) {
	random := rand.New(rand.NewPCG(13, 14))
	lanes := flows.NewLanes(flows.Config{Transitions: true, Events: true})
	like := map[int]string{}
	var f flows.Flow
	finish := func() {
		for lanes.Finished(&f) {
		}
	}
	now, packet, met := int64(1e18), uint64(0), 0
	for space := range uint32(10_000) {
		segs := likely(random, now)
		for i := range segs {
			packet++
			segs[i].Packet, segs[i].Space = packet, space
			now = max(now, segs[i].Time)
			step := lanes.Observe(&segs[i])
			kind, began := lanes.Kind()
			if kind == 0 {
				finish()
				continue
			}
			met++
			if !lanes.Snapshot(&f) || f.Number != step.Flow {
				t.Fatalf("packet %d: a flow is of kind %d, and none was looked at", packet, kind)
			}
			for _, tr := range f.Transitions {
				if tr.Time < began {
					t.Errorf("packet %d: flow %d began at %d, and changed at %d", packet, f.Number, began, tr.Time)
				}
			}
			is := discrete(&f)
			if was, ok := like[kind]; ok && is != was {
				t.Fatalf("packet %d: of kind %d is\n%s and was\n%s", packet, kind, is, was)
			}
			like[kind] = is
			finish()
		}
	}
	if met < 3*len(like) {
		t.Errorf("only %d flows are of %d kinds", met, len(like))
	}
}

// discrete is what flows of a kind have in common.
func discrete(f *flows.Flow) string {
	s := fmt.Sprintln(f.Roles, f.Opening.Kind, f.Closing.First, f.Closing.ResetBy, f.Events)
	if o := f.Opening.Outcome; !slices.Contains([]flows.OpeningOutcome{flows.OpeningInProgress, flows.OpeningUnanswered, flows.OpeningHalfOpen}, o) {
		s += fmt.Sprintln(o)
	}
	if c := f.Closing.Outcome; !slices.Contains([]flows.ClosingOutcome{flows.ClosingOpen, flows.ClosingSilent, flows.ClosingHalfClosed,
		flows.ClosingFINUnanswered, flows.ClosingMissingFinalACK}, c) {
		s += fmt.Sprintln(c)
	}
	for _, tr := range f.Transitions {
		s += fmt.Sprintln(tr.Side, tr.From, tr.To, tr.Certainty, tr.Why)
	}
	return s
}
