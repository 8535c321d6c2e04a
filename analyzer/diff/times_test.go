package diff

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// measured is n times drawn at random around a median, with a long tail as networks have it.
func measured(r *rand.Rand, n int, median time.Duration) *times {
	t := &times{measured: &analyzer.Timing{}}
	for range n {
		d := float64(median) * (0.5 + r.ExpFloat64()/1.386)
		t.add(flows.Elapsed{D: time.Duration(d), OK: true})
	}
	return t
}

// TestChanceIsNoDifference: samples of the same times never differ, without any tolerance.
func TestChanceIsNoDifference(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		n := 5 + r.IntN(3000)
		slower, faster, _ := (Tolerance{}).changes(measured(r, n, time.Millisecond), measured(r, 5+r.IntN(3000), time.Millisecond))
		if len(slower)+len(faster) > 0 {
			t.Fatalf("try %d: %v %v", i, slower, faster)
		}
	}
}

func TestTimesDiffer(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	was, is := measured(r, 2000, time.Millisecond), measured(r, 2000, 2*time.Millisecond)
	for _, c := range []struct {
		tolerance string
		want      string
	}{
		{"0%", "p50 p90 p99"},
		{"50%,1us", "p50 p90 p99"},
		{"1500us", "p90 p99"}, // the median grew by 1 ms
		{"300%", ""},
		{"1s", ""},
		{DefaultTolerance().String(), ""},
	} {
		tolerance, err := ParseTolerance(c.tolerance)
		if err != nil {
			t.Fatal(err)
		}
		slower, faster, compared := tolerance.changes(was, is)
		var names []string
		for _, change := range slower {
			names = append(names, change.Percentile)
		}
		if got := strings.Join(names, " "); got != c.want || len(faster) > 0 || !compared {
			t.Errorf("--time-tolerance %s: got %q slower, %v faster, want %q", c.tolerance, got, faster, c.want)
		}
		back, forth, _ := tolerance.changes(is, was)
		if len(back) > 0 || len(forth) != len(slower) {
			t.Errorf("--time-tolerance %s: the other way round it is %v slower, %v faster", c.tolerance, back, forth)
		}
	}
}

// TestEnoughSamples: of few nothing is said, as the comment on surely has it.
func TestEnoughSamples(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		n    int
		want int // percentiles
	}{{10, 0}, {11, 1}, {97, 1}, {98, 2}, {1071, 2}, {1072, 3}} {
		was, is := measured(r, c.n, time.Millisecond), measured(r, c.n, time.Second)
		slower, _, _ := (Tolerance{}).changes(was, is)
		if len(slower) != c.want {
			t.Errorf("%d flows: got %v, want %d percentiles", c.n, slower, c.want)
		}
	}
}

// TestReported: a report has few percentiles, so that less can be said of it; never something else.
func TestReported(t *testing.T) {
	report := func(min, p50, p90, p99, max time.Duration) *times {
		return &times{n: 5000, reported: []point{{0, min}, {0.5, p50}, {0.9, p90}, {0.99, p99}, {1, max}}}
	}
	was := report(1*time.Millisecond, 2*time.Millisecond, 3*time.Millisecond, 4*time.Millisecond, 9*time.Millisecond)
	apart := report(5*time.Millisecond, 6*time.Millisecond, 7*time.Millisecond, 8*time.Millisecond, 10*time.Millisecond)
	slower, _, _ := (Tolerance{}).changes(was, apart)
	if len(slower) != 2 || slower[0] != (Change{"p50", 2 * time.Millisecond, 6 * time.Millisecond}) || slower[1].Percentile != "p90" {
		t.Errorf("got %v, want p50 and p90: the least of now is above p90 of before, p50 of now above p99", slower)
	}
	near := report(1*time.Millisecond, 3*time.Millisecond, 4*time.Millisecond, 5*time.Millisecond, 9*time.Millisecond)
	if slower, faster, _ := (Tolerance{}).changes(was, near); len(slower)+len(faster) > 0 {
		t.Errorf("got %v %v, want nothing: what the report holds allows that they are the same", slower, faster)
	}
}

func TestParseTolerance(t *testing.T) {
	for s, want := range map[string]Tolerance{"50%,20ms": {0.5, 20 * time.Millisecond}, "20ms": {0, 20 * time.Millisecond}, "12.5%": {0.125, 0}, "0%": {}} {
		if got, err := ParseTolerance(s); err != nil || got != want {
			t.Errorf("%q: got %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "50", "-5%", "-1ms", "NaN%", "inf%", "%", "5%,"} {
		if got, err := ParseTolerance(s); err == nil {
			t.Errorf("%q: got %v, want an error", s, got)
		}
	}
}
