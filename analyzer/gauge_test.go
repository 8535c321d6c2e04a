package analyzer

import (
	"testing"
	"time"
)

func TestGauge(t *testing.T) {
	var g Gauge
	g.leave() // of what came before the gauge was there
	g.enter(1)
	g.enter(2)
	g.leave()
	g.enter(3)
	g.enter(4)
	g.leave()
	if g != (Gauge{Now: 2, Peak: 3, PeakAt: 4}) {
		t.Errorf("got %+v", g)
	}
}

func TestRate(t *testing.T) {
	var r Rate
	for _, ms := range []int64{10_100, 10_900, 11_000, 11_100, 11_999, 12_000, 11_998} {
		r.add(ms * int64(time.Millisecond))
	}
	// A packet that comes a little late is no reason to count a second twice.
	if r.N != 7 || r.Peak != 3 || r.PeakAt != 11*int64(time.Second) {
		t.Errorf("got %+v", r)
	}
}

func TestWindow(t *testing.T) {
	const s = int64(time.Second)
	for name, c := range map[string]struct {
		at   func(i int64) int64
		n    int64
		peak uint64
	}{
		"at once":            {func(int64) int64 { return 1000 * s }, 500, 500},
		"ten a second":       {func(i int64) int64 { return 1000*s + i*s/10 }, 3000, 600},
		"a pause":            {func(i int64) int64 { return 1000*s + i/100*300*s }, 300, 100},
		"backwards, a bit":   {func(i int64) int64 { return 1030*s - i*s/10 }, 300, 300},
		"few, far apart":     {func(i int64) int64 { return 1000*s + i*100*s }, 10, 1},
		"before 1970":        {func(i int64) int64 { return -1000*s + i*s/10 }, 3000, 600},
		"a clock far behind": {func(i int64) int64 { return 1000*s - i/100*500*s }, 200, 100},
	} {
		var w Window
		for i := range c.n {
			w.add(c.at(i))
		}
		// The first few are taken to be of one second.
		if w.N != uint64(c.n) || w.Peak < c.peak || w.Peak > c.peak+windowFrom {
			t.Errorf("%s: %d within a minute, want %d", name, w.Peak, c.peak)
		}
	}
}
