package analyzer

import (
	"slices"
	"testing"
)

func TestEpisodes(t *testing.T) {
	for _, c := range []struct {
		name  string
		marks [][2]int64
		want  []episode
	}{
		{"apart", [][2]int64{{0, 10}, {31, 40}}, []episode{{0, 10}, {31, 40}}},
		{"near", [][2]int64{{0, 10}, {30, 40}}, []episode{{0, 40}}},
		{"out of order", [][2]int64{{100, 110}, {0, 10}, {50, 60}}, []episode{{0, 10}, {50, 60}, {100, 110}}},
		{"one that joins two", [][2]int64{{0, 10}, {50, 60}, {20, 40}}, []episode{{0, 60}}},
		{"within", [][2]int64{{0, 100}, {20, 30}}, []episode{{0, 100}}},
		{"before, near", [][2]int64{{50, 60}, {20, 31}}, []episode{{20, 60}}},
	} {
		var e episodes
		for _, m := range c.marks {
			e.mark(m[0], m[1], 20)
		}
		if !slices.Equal(e.spans, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, e.spans, c.want)
		}
	}
}

// Of too many the nearest become one: none of what was marked is lost.
func TestEpisodesBounded(t *testing.T) {
	var e episodes
	for i := range int64(100) {
		from := i * i * 100
		e.mark(from, from+1, 10)
		if len(e.spans) > maxEpisodes {
			t.Fatalf("%d episodes", len(e.spans))
		}
		if !e.touches(from, from+1) || !e.touches(0, 0) {
			t.Fatalf("what was marked at %d is gone", from)
		}
	}
	if e.touches(98*98*100+50, 98*98*100+60) {
		t.Error("the farthest apart are one")
	}
	if e.first() != 0 || e.last() != 99*99*100+1 {
		t.Errorf("from %d to %d", e.first(), e.last())
	}
}
