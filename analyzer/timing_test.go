package analyzer

import (
	"testing"
	"time"

	"tcpwhy/flows"
)

func elapsed(d time.Duration) flows.Elapsed { return flows.Elapsed{D: d, OK: true} }

func TestTiming(t *testing.T) {
	var a Timing
	if a.N != 0 || a.Median() != 0 || a.Between(0, time.Hour) != 0 {
		t.Errorf("of none: %+v", a)
	}
	a.Add(flows.Elapsed{D: time.Second})
	a.Add(elapsed(-time.Second))
	if a.N != 0 {
		t.Error("what was not measured counts")
	}
	a.Add(elapsed(298_400 * time.Nanosecond))
	if a.N != 1 || a.Median() != 298_400*time.Nanosecond || a.Min != a.Max || a.Between(298*time.Microsecond, 299*time.Microsecond) != 1 {
		t.Errorf("one value is not itself: %+v", a)
	}
	var b Timing
	for i := 1; i <= 1000; i++ {
		b.Add(elapsed(time.Duration(i) * time.Millisecond))
	}
	b.Add(elapsed(3 * time.Hour)) // beyond what the histogram holds
	for _, c := range []struct {
		q    float64
		want time.Duration
	}{{0.5, 501 * time.Millisecond}, {0.9, 901 * time.Millisecond}, {0.99, 991 * time.Millisecond}, {1, time.Hour}, {0, time.Millisecond}} {
		if got := b.Quantile(c.q); got < c.want*99/100 || got > c.want*101/100 {
			t.Errorf("quantile %v is %v, want %v", c.q, got, c.want)
		}
	}
	if b.Min != time.Millisecond || b.Max != 3*time.Hour {
		t.Errorf("from %v to %v", b.Min, b.Max)
	}
	if n := b.Between(250*time.Millisecond, 750*time.Millisecond); n < 490 || n > 510 {
		t.Errorf("%d between 250 and 750 ms, want 500", n)
	}
}

// What waited a second and a little for a retry is not below a second, though the buckets are as wide as 4 ms there.
func TestTimingBetween(t *testing.T) {
	var a Timing
	for range 10 {
		a.Add(elapsed(300 * time.Microsecond))
		a.Add(elapsed(time.Second + 300*time.Microsecond))
		a.Add(elapsed(3*time.Second + 300*time.Microsecond))
	}
	for _, c := range []struct{ from, to time.Duration }{{0, time.Millisecond}, {time.Second, 2 * time.Second}, {3 * time.Second, 4 * time.Second}} {
		if n := a.Between(c.from, c.to); n != 10 {
			t.Errorf("%d between %v and %v, want 10", n, c.from, c.to)
		}
	}
}

func TestTimingMerge(t *testing.T) {
	for _, n := range [][2]int{{0, 5}, {5, 0}, {1, 1}, {1, 5}, {5, 1}, {5, 5}} {
		var a, b Timing
		for i := range n[0] {
			a.Add(elapsed(time.Duration(i+1) * time.Millisecond))
		}
		for i := range n[1] {
			b.Add(elapsed(time.Duration(i+10) * time.Second))
		}
		a.merge(&b)
		sum := n[0] + n[1]
		if a.N != uint64(sum) || a.Between(0, time.Hour) != uint64(sum) || a.Between(time.Second, time.Hour) != uint64(n[1]) {
			t.Errorf("%v: %d values, %d of them in the histogram", n, a.N, a.Between(0, time.Hour))
		}
	}
}
