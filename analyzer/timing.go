package analyzer

import (
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"tcpwhy/flows"
)

// Timing is how long something took over many flows: Min and Max to the nanosecond, all between to one
// part in a hundred. The zero value is of none.
type Timing struct {
	N        uint64
	Min, Max time.Duration

	// In microseconds, up to an hour. Packed: 0.5 to 4 kB where the usual array of counts has 26, for
	// 57 ns a value in place of 7, so that every server can have its own. Made with the second value.
	values *hdrhistogram.PackedHistogram
}

const longestTiming = int64(time.Hour / time.Microsecond)

// Add counts one.
func (t *Timing) Add(e flows.Elapsed) {
	if !e.OK || e.D < 0 {
		return
	}
	t.N++
	if t.N == 1 {
		t.Min, t.Max = e.D, e.D
		return
	}
	if t.values == nil {
		t.values = hdrhistogram.NewPacked(1, longestTiming, 2)
		t.record(t.Min) // the first
	}
	t.record(e.D)
	t.Min, t.Max = min(t.Min, e.D), max(t.Max, e.D)
}

func (t *Timing) record(d time.Duration) {
	us := min((int64(d)+500)/1000, longestTiming)
	_ = t.values.RecordValue(us) // an error: only above longestTiming
}

func (t *Timing) merge(o *Timing) {
	switch {
	case o.N == 0:
		return
	case t.N == 0:
		t.Min, t.Max = o.Min, o.Max
		if o.values != nil {
			t.values = o.values.Clone()
		}
	default:
		if t.values == nil {
			t.values = hdrhistogram.NewPacked(1, longestTiming, 2)
			t.record(t.Min)
		}
		if o.values == nil {
			t.record(o.Min)
		} else {
			t.values.Merge(o.values)
		}
		t.Min, t.Max = min(t.Min, o.Min), max(t.Max, o.Max)
	}
	t.N += o.N
}

// Quantile is the time that a share q of the flows, 0 to 1, did not exceed; 0 where there are none.
func (t *Timing) Quantile(q float64) time.Duration {
	if t.values == nil {
		return t.Max
	}
	d := time.Duration(t.values.ValueAtPercentile(100*q)) * time.Microsecond
	return min(max(d, t.Min), t.Max)
}

// Median is Quantile(0.5).
func (t *Timing) Median() time.Duration { return t.Quantile(0.5) }

// Between is how many took from or longer, but not as long as to, to one part in a hundred.
func (t *Timing) Between(from, to time.Duration) (n uint64) {
	if t.values == nil {
		if t.N > 0 && from <= t.Max && t.Max < to {
			return t.N
		}
		return 0
	}
	t.Each(func(d time.Duration, flows uint64) {
		if from <= d && d < to {
			n += flows
		}
	})
	return n
}

// Each gives how many flows took how long, rising, to one part in a hundred: rounded up, so that what
// waited one second and a little for a retry is not below one second.
func (t *Timing) Each(f func(d time.Duration, flows uint64)) {
	if t.values == nil {
		if t.N > 0 {
			f(t.Max, t.N)
		}
		return
	}
	t.values.ForEachBucket(func(us, n int64) bool {
		// A bucket's lowest value is what is given. With two digits there are 128 buckets to a power of two.
		us += 1<<max(0, bits.Len64(uint64(us))-8) - 1
		f(min(max(time.Duration(us)*time.Microsecond, t.Min), t.Max), uint64(n))
		return true
	})
}
