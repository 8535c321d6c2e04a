package metric

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/spelling"
)

// Statistic is one number of the values of all flows.
type Statistic struct {
	Name, Doc string
	of        func(sorted []int64) int64 // of at least one, but where flows are counted
	each      bool                       // a value is beyond the limit where the statistic can be
	bound     bound
}

// bound is how a statistic goes on as there are more flows, and more of them is seen.
type bound uint8

const (
	unbound  bound = iota
	smallest       // it only falls
	greatest       // it only rises
	summed
	countsUp // flows, of which there may be none
)

// Statistics are all of them; p99 stands for every other percentile.
var Statistics = []Statistic{
	{Name: "min", Doc: "the least", of: func(v []int64) int64 { return v[0] }, each: true, bound: smallest},
	{Name: "max", Doc: "the most", of: func(v []int64) int64 { return v[len(v)-1] }, each: true, bound: greatest},
	{Name: "p99", Doc: "what 99% of the flows do not exceed; likewise p50, p90, p99.9", of: percentile(99), each: true},
	{Name: "mean", Doc: "the sum, shared equally", of: func(v []int64) int64 { return int64(math.Round(float64(sum(v)) / float64(len(v)))) }},
	{Name: "sum", Doc: "of all flows together", of: sum, bound: summed},
	{Name: "count", Doc: "of how many flows it was measured", of: func(v []int64) int64 { return int64(len(v)) }, bound: countsUp},
}

func parseStatistic(name string) (Statistic, error) {
	names := make([]string, len(Statistics))
	for i, s := range Statistics {
		if s.Name == name {
			return s, nil
		}
		names[i] = s.Name
	}
	if rest, ok := strings.CutPrefix(name, "p"); ok {
		p, err := strconv.ParseFloat(rest, 64)
		if err == nil && p > 0 && p < 100 {
			return Statistic{Name: name, of: percentile(p), each: true}, nil
		}
	}
	return Statistic{}, fmt.Errorf("there is no statistic %s%s", name, spelling.Suggest(name, names, " ("+strings.Join(names, " ")+")"))
}

// unit is what a statistic of a measure is told in.
func (s *Statistic) unit(of *analyzer.Measure) analyzer.Unit {
	if s.bound == countsUp {
		return analyzer.Count
	}
	return of.Unit
}

func sum(values []int64) (n int64) {
	for _, v := range values {
		n += v
	}
	return n
}

// percentile is the smallest value that p percent of all do not exceed.
func percentile(p float64) func(sorted []int64) int64 {
	const rounding = 1e-9 // what 99.9 is short of, or beyond
	return func(sorted []int64) int64 {
		at := int(math.Ceil(p*float64(len(sorted))/100 - rounding))
		return sorted[max(at, 1)-1]
	}
}

// sample are the values of one measure, 8 bytes for each flow: a limit is judged to the nanosecond.
type sample []int64

func (s sample) statistic(w *Statistic) int64 {
	slices.Sort(s)
	return w.of(s)
}
