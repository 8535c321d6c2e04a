package diff

import (
	"fmt"
	"strings"
	"testing"

	"tcpwhy/flows"
)

// TestUnasked: of what a report lacks in findings, as many can be of flows that went on after they were given up as there were of these, and
// of RSTs after rows that were written early. More is a difference, and so is what it has and the other side lacks.
func TestUnasked(t *testing.T) {
	const whole, ceiling = `{}`, `{"given_up":2,"for_good":0,"went_on":2,"outdated_rows":1,"limits":["--max-flows 256"]}`
	saved := func(ceiling, finding string, n int) string {
		return fmt.Sprintf(`{"capture":{"flows":9,"ceiling":%s},"servers":[{"server":"198.51.100.1:80","flows":9,"opening":{"complete":9},`+
			`"closing":{"reset":9},"findings":[{"finding":%q,"severity":"notice","flows":%d}]}]}`, ceiling, finding, n)
	}
	for _, c := range []struct {
		was     string
		before  int
		is      string
		now     int
		finding string
		want    string
	}{
		{ceiling, 1, whole, 3, "reset", ""},
		{ceiling, 1, whole, 4, "reset", "notice reset at 198.51.100.1:80: was 1 flow, is 4 flows\n"},
		{ceiling, 3, whole, 1, "reset", "info reset at 198.51.100.1:80: was 3 flows, is 1 flow, better\n"},
		{ceiling, 1, whole, 4, "rst-after-fin", ""},
		{ceiling, 1, whole, 5, "rst-after-fin", "notice rst-after-fin at 198.51.100.1:80: was 1 flow, is 5 flows\n"},
		{whole, 3, ceiling, 1, "reset", ""},
		{whole, 4, ceiling, 1, "reset", "info reset at 198.51.100.1:80: was 4 flows, is 1 flow, better\n"},
		{whole, 1, ceiling, 3, "reset", "notice reset at 198.51.100.1:80: was 1 flow, is 3 flows\n"},
		{ceiling, 3, ceiling, 1, "reset", ""},
		{whole, 1, whole, 3, "reset", "notice reset at 198.51.100.1:80: was 1 flow, is 3 flows\n"},
	} {
		both := NewComparison(1e9)
		var sides [2]*Snapshot
		for i, s := range []string{saved(c.was, c.finding, c.before), saved(c.is, c.finding, c.now)} {
			var err error
			if sides[i], err = both.Load("saved", strings.NewReader(s)); err != nil {
				t.Fatal(err)
			}
		}
		if got := told(Compare(sides[0], sides[1], DefaultTolerance(), DefaultFailOn())); got != c.want {
			t.Errorf("%+v: got %q", c, got)
		}
	}
}

// TestEarly: a RST after the end is no difference from a row that was written before it. All else is.
func TestEarly(t *testing.T) {
	early := func(f *flows.Flow) { f.Capture.Early = true }
	late := func(f *flows.Flow) {
		f.Closing.Outcome, f.Closing.ResetBy = flows.ClosingRSTAfterFIN, flows.ByClient
		f.Client().StateList[f.Client().NumStates] = flows.Closed
		f.Client().NumStates++
	}
	const after = "rst-after-fin"
	for _, c := range []struct {
		name          string
		was, is       func(*flows.Flow)
		before, found []string
		early         [2]uint64
		alike         uint64
	}{
		{name: "before", was: early, is: late, found: []string{after}, early: [2]uint64{1, 0}, alike: 1},
		{name: "now", was: late, is: early, before: []string{after}, early: [2]uint64{0, 1}, alike: 1},
		{name: "of what was found otherwise", was: early, is: late, before: []string{"reset"}, found: []string{"reset", after}, early: [2]uint64{1, 0}, alike: 1},
		{name: "not early", was: func(*flows.Flow) {}, is: late, found: []string{after}},
		{name: "the other one is", was: func(f *flows.Flow) { late(f); early(f) }, is: func(*flows.Flow) {}, before: []string{after}},
		{name: "more is found", was: early, is: late, found: []string{after, "syn-retransmitted"}},
		{name: "less is found", was: early, is: late, before: []string{"syn-retransmitted"}, found: []string{after}},
		{name: "other opening", was: early, is: func(f *flows.Flow) { late(f); f.Opening.Kind = flows.KindSimultaneous }, found: []string{after}},
		{name: "other end first", was: early, is: func(f *flows.Flow) { late(f); f.Closing.First = flows.ByServer }, found: []string{after}},
		{name: "other states", was: early, is: func(f *flows.Flow) { late(f); f.Client().StateList[0] = flows.Listen }, found: []string{after}},
		{name: "other close", was: early, is: func(f *flows.Flow) { f.Closing.Outcome = flows.ClosingReset }},
		{name: "the rest of it", was: func(f *flows.Flow) { early(f); f.Capture.Resumed = true }, is: late, found: []string{after, "syn-retransmitted"}, alike: 1},
		{name: "the rest of it, other close", was: func(f *flows.Flow) { early(f); f.Capture.Resumed = true },
			is: func(f *flows.Flow) { f.Closing.Outcome = flows.ClosingReset }},
	} {
		both := NewComparison(1e9)
		side := func(found []string, as func(*flows.Flow)) *Snapshot {
			s, f := both.Snapshot(c.name), flow(1, 80, flows.OpeningComplete, flows.ClosingOrderly)
			f.Closing.First = flows.ByClient
			f.Client().NumStates = uint8(copy(f.Client().StateList[:], []flows.State{flows.Closed, flows.TimeWait}))
			as(f)
			s.add(f, "", found)
			return s
		}
		d := Compare(side(c.before, c.was), side(c.found, c.is), DefaultTolerance(), DefaultFailOn())
		if d.Alike != c.alike || uint64(len(d.Differences)) != 1-c.alike || d.Early != c.early {
			t.Errorf("%s: got %d alike, early %v: %s", c.name, d.Alike, d.Early, told(d))
		}
		if d.Alike == 1 && d.Partial != 1 {
			t.Errorf("%s: got %d compared as far as known", c.name, d.Partial)
		}
	}
}

// TestEarlyCounted: where flows are only counted, no more closes can be otherwise than there are rows that were written early.
func TestEarlyCounted(t *testing.T) {
	for n, want := range []string{
		"",
		"",
		"warning 2 flows at 198.51.100.1:80: was orderly 3, rst-after-fin 0, is orderly 1, rst-after-fin 2\n" +
			"notice rst-after-fin at 198.51.100.1:80: was 0 flows, is 2 flows\n",
	} {
		both := NewComparison(1e9)
		both.limits.flows = 0
		was, is := both.Snapshot("was"), both.Snapshot("is")
		for i := range 3 {
			before, now := flow(uint64(i), 80, flows.OpeningComplete, flows.ClosingOrderly), flow(uint64(i), 80, flows.OpeningComplete, flows.ClosingOrderly)
			before.Capture.Early = i == 0
			var found []string
			if i < n {
				now.Closing.Outcome, found = flows.ClosingRSTAfterFIN, []string{"rst-after-fin"}
			}
			was.add(before, "", nil)
			is.add(now, "", found)
		}
		d := Compare(was, is, DefaultTolerance(), DefaultFailOn())
		if got := told(d); got != want {
			t.Errorf("%d reset: got %q", n, got)
		}
		if early := [2]uint64{uint64(min(n, 1)), 0}; d.Early != early || d.Partial != early[0] {
			t.Errorf("%d reset: got early %v, %d as far as known", n, d.Early, d.Partial)
		}
	}
}
