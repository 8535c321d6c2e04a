package main

import "testing"

func TestLitter(t *testing.T) {
	for _, c := range []struct {
		what          string
		used, scanned uint64
		want          int
	}{
		{"nothing so far", 0, 0, 0},
		{"a small heap is as the runtime has it", 4 << 20, 6 << 20, 100},
		{"a million flows", 130 << 20, 6 << 20, 9},
		{"ten million", 1300 << 20, 10 << 20, 5},
		{"servers and hosts, which have pointers", 130 << 20, 80 << 20, 100},
	} {
		if got := litter(c.used, c.scanned); got != c.want {
			t.Errorf("%s: %d %%, want %d", c.what, got, c.want)
		}
	}
}
