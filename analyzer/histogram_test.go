package analyzer

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A histogram counts what an HDR histogram of two digits does, and gives its percentiles.
func TestHistogram(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n, wide := 1+random.IntN(2000), random.IntN(32)
		var h, other histogram
		want := hdrhistogram.New(1, math.MaxUint32, 2)
		for i := range n {
			v := uint32(random.Uint64() >> (32 + random.IntN(wide+1)))
			if i%3 == 0 {
				other.add(v)
			} else {
				h.add(v)
			}
			if err := want.RecordValue(int64(v)); err != nil {
				t.Fatal(err)
			}
		}
		h.merge(&other)
		for _, q := range []float64{0, 0.001, 0.25, 0.5, 0.9, 0.99, 1} {
			if got, want := int64(h.quantile(q)), want.ValueAtPercentile(100*q); got != want {
				t.Fatalf("%d values of %d bits: quantile %v is %d, want %d", n, 32-wide, q, got, want)
			}
		}
		counts := map[int64]uint64{}
		for _, bar := range want.Distribution() {
			if bar.Count > 0 {
				counts[bar.From] = uint64(bar.Count)
			}
		}
		before := -1
		h.each(func(i int, n uint64) bool {
			lowest, highest := bucket(i)
			if i <= before || counts[int64(lowest)] != n || bucketOf(lowest) != i || bucketOf(highest) != i {
				t.Errorf("bucket %d after %d, from %d to %d: %d, want %d", i, before, lowest, highest, n, counts[int64(lowest)])
			}
			delete(counts, int64(lowest))
			before = i
			return true
		})
		if len(counts) > 0 {
			t.Errorf("not counted: %v", counts)
		}
	}
}

func BenchmarkHistogram(b *testing.B) {
	var h histogram
	for v := uint32(1); b.Loop(); v = v*1664525 + 1013904223 {
		h.add(v >> 14)
	}
}
