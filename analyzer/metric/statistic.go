package metric

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// which statistic of the values of all flows.
type which struct {
	name string
	of   func(sorted []int64) int64 // of at least one
	// each: a value is beyond the limit where the statistic can be
	each bool
}

// Statistics are their names; pN is any percentile.
var Statistics = []struct{ Name, Doc string }{
	{"min", "the least"},
	{"max", "the most"},
	{"p99", "what 99% of the flows do not exceed; likewise p50, p90, p99.9"},
	{"mean", "the sum, shared equally"},
	{"sum", "of all flows together"},
	{"count", "of how many flows it was measured"},
}

func parseWhich(s string) (which, error) {
	switch s {
	case "min":
		return which{s, func(v []int64) int64 { return v[0] }, true}, nil
	case "max":
		return which{s, func(v []int64) int64 { return v[len(v)-1] }, true}, nil
	case "mean":
		return which{s, func(v []int64) int64 { return int64(math.Round(float64(sum(v)) / float64(len(v)))) }, false}, nil
	case "sum":
		return which{s, sum, false}, nil
	case "count":
		return which{s, func(v []int64) int64 { return int64(len(v)) }, false}, nil
	}
	if rest, ok := strings.CutPrefix(s, "p"); ok {
		p, err := strconv.ParseFloat(rest, 64)
		if err == nil && p > 0 && p < 100 {
			return which{s, func(v []int64) int64 { return percentile(v, p) }, true}, nil
		}
	}
	names := make([]string, len(Statistics))
	for i, s := range Statistics {
		names[i] = s.Name
	}
	return which{}, fmt.Errorf("there is no statistic %s%s", s, nearest(s, names, " ("+strings.Join(names, " ")+")"))
}

func sum(values []int64) (n int64) {
	for _, v := range values {
		n += v
	}
	return n
}

// percentile is the smallest value that p percent of all do not exceed.
func percentile(sorted []int64, p float64) int64 {
	const rounding = 1e-9 // what 99.9 is short of, or beyond
	at := int(math.Ceil(p*float64(len(sorted))/100 - rounding))
	return sorted[max(at, 1)-1]
}

// sample are the values of one measure, 8 bytes for each flow: a limit is judged to the nanosecond.
type sample []int64

func (s sample) statistic(w which) int64 {
	slices.Sort(s)
	return w.of(s)
}
