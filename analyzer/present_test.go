package analyzer

import (
	"math"
	"testing"
)

// What leaves is not there, and the rest is counted as if it had never been: as often as a thing came, so often it must leave.
func TestPresent(t *testing.T) {
	for _, n := range []uint32{0, 1, presentSample, 10_000, 300_000} {
		var p, other Present
		is := func(what string, want uint32) {
			t.Helper()
			off := math.Abs(float64(p.N())-float64(want)) / float64(max(want, 1))
			if n <= presentSample && off > 0 || off > 0.1 {
				t.Errorf("%d, %s: %d, want %d", n, what, p.N(), want)
			}
		}
		each := func(n uint32, do func(h uint64)) {
			for i := range n {
				do(hashAddr(addr4(i)))
			}
		}
		each(n, p.add)
		each(n, p.add)
		each(n, p.remove)
		is("came twice and left once", n)
		each(n/2, p.remove)
		is("half left", n-n/2)
		each(n/2, other.add)
		p.merge(&other)
		is("and came back together", n)
		each(n, p.remove)
		is("all left", 0)
		if p.all != 0 || other.N() == 0 && n > 1 {
			t.Errorf("%d: %d left, %d where half were taken from", n, p.all, other.N())
		}
	}
}
