package flows_test

import (
	"fmt"
	"iter"
	"slices"
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

// handedOut are the steps that segments are, and all flows in the order in which they are finished.
type handedOut struct{ steps, flows []string }

func (h *handedOut) step(s *flows.Step, number uint64) {
	said := *s
	said.Flow = number
	h.steps = append(h.steps, fmt.Sprintf("%+v", said))
}

// follower is what both a Tracker and Lanes are.
type follower interface {
	Observe(*flows.Segment) *flows.Step
	Finished(*flows.Flow) bool
	Advance(int64)
	End()
	Live() int
}

// each has segments observed one at a time.
func each(of follower, segs []flows.Segment) iter.Seq2[int, *flows.Step] {
	return func(yield func(int, *flows.Step) bool) {
		for i := range segs {
			if !yield(i, of.Observe(&segs[i])) {
				return
			}
		}
	}
}

func follow(of follower, segs []flows.Segment, observed iter.Seq2[int, *flows.Step]) (h handedOut) {
	var f flows.Flow
	drain := func() {
		for of.Finished(&f) {
			h.flows = append(h.flows, fmt.Sprintf("%+v", f))
		}
	}
	for _, st := range observed {
		h.step(st, st.Flow)
		drain()
	}
	now := int64(0)
	for i := range segs {
		now = max(now, segs[i].Time)
	}
	of.Advance(now + 1e9)
	of.End()
	drain()
	if of.Live() != 0 {
		h.flows = append(h.flows, "and some are left")
	}
	return h
}

// shareOut has the lanes follow up to most segments at a time, each its own.
func shareOut(l *flows.Lanes, segs []flows.Segment, most int) (h handedOut) {
	now := segs[0].Time
	type finished struct {
		turn flows.Turn
		flow string
	}
	finish := func() {
		var all []finished
		for _, lane := range l.All() {
			var f flows.Flow
			for {
				turn, ok := lane.Finished(&f)
				if !ok {
					break
				}
				all = append(all, finished{turn, fmt.Sprintf("%+v", f)})
			}
		}
		slices.SortStableFunc(all, func(a, b finished) int {
			switch {
			case a.turn.At > 0 && a.turn.At == b.turn.At && a.turn.At <= most: // of one lane, which knows their order
				return 0
			case a.turn.Before(&b.turn):
				return -1
			}
			return 1
		})
		for _, f := range all {
			h.flows = append(h.flows, f.flow)
		}
	}
	for len(segs) > 0 {
		now = max(now, segs[0].Time)
		n, then := 0, now
		shares := make([]struct {
			segments []flows.Segment
			which    []int
			now      []int64
		}, len(l.All()))
		for n < min(len(segs), most) && max(then, segs[n].Time)/1e9 == now/1e9 {
			then = max(then, segs[n].Time)
			of := &shares[l.Of(&segs[n])]
			n++
			of.segments, of.which, of.now = append(of.segments, segs[n-1]), append(of.which, n), append(of.now, then)
		}
		steps := make([]flows.Step, n)
		for i, lane := range l.All() {
			lane.Begin(now)
			lane.Observe(shares[i].segments, shares[i].which, shares[i].now, func(j int, st *flows.Step) {
				at := &steps[shares[i].which[j]-1]
				*at = *st
				at.Changes, at.Notes = slices.Clone(st.Changes), slices.Clone(st.Notes)
			})
		}
		l.Number(then)
		for j := range steps {
			h.step(&steps[j], l.All()[l.Of(&segs[j])].NumberOf(steps[j].Flow))
		}
		finish()
		segs, now = segs[n:], then
		if len(segs) == 0 {
			for _, lane := range l.All() {
				lane.Begin(then + 1e9)
			}
			l.Number(then + 1e9)
			for _, lane := range l.All() {
				lane.End()
			}
			finish()
		}
	}
	if l.Live() != 0 {
		h.flows = append(h.flows, "and some are left")
	}
	return h
}

// sideBySide says how what Lanes hand out differs from what one Tracker does, and "" where it does not.
func sideBySide(config flows.Config, segs []flows.Segment) string {
	return sideBySideFrom(0, config, segs)
}

// sideBySideFrom is sideBySide after so many flows.
func sideBySideFrom(before uint64, config flows.Config, segs []flows.Segment) string {
	if len(segs) == 0 {
		return ""
	}
	tr := flows.NewTracker(config)
	tr.After(before)
	want := follow(tr, segs, each(tr, segs))
	for _, most := range []int{-2, -1, 0, 1, 7, 1000} {
		l := flows.NewLanes(config)
		l.After(before)
		var got handedOut
		switch most {
		case -2:
			got = follow(l, segs, l.ObserveAll(segs, false))
			got.steps = want.steps // it was told of few
		case -1:
			got = follow(l, segs, l.ObserveAll(segs, true))
		case 0:
			got = follow(l, segs, each(l, segs))
		default:
			got = shareOut(l, segs, most)
		}
		if diff := firstDifference(got.steps, want.steps); diff != "" {
			return fmt.Sprintf("%d at a time: step %s", most, diff)
		}
		if diff := firstDifference(got.flows, want.flows); diff != "" {
			return fmt.Sprintf("%d at a time: finished flow %s", most, diff)
		}
	}
	return ""
}

func firstDifference(got, want []string) string {
	for i := range max(len(got), len(want)) {
		var g, w string
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			return fmt.Sprintf("%d: got\n%s\nwant\n%s", i+1, g, w)
		}
	}
	return ""
}

// Lanes are in all like one Tracker.
func TestLanes(t *testing.T) {
	eachGolden(t, func(t *testing.T, packets string) {
		segs := parse(t, packets, script.Options{}).Segments()
		if diff := sideBySide(flows.Config{Transitions: true, Events: true}, segs); diff != "" {
			t.Error(diff)
		}
	})
}

// They are at the ceiling, too.
func TestLanesShed(t *testing.T) {
	segs := crowd(20_000)
	for _, config := range []flows.Config{{}, {MaxFlows: 3_000}, {MaxBytes: 300_000}} {
		if diff := sideBySide(config, segs); diff != "" {
			t.Errorf("%+v: %s", config, diff)
		}
	}
}

// Numbers above 2^32 are not kept with the flow alone.
func TestLanesNumberMany(t *testing.T) {
	const before = 1<<32 - 3_000
	if diff := sideBySideFrom(before, flows.Config{}, crowd(10_000)); diff != "" {
		t.Error(diff)
	}
}
