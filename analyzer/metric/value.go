package metric

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/span"
)

// scales are the units of bytes.
var scales = []struct {
	unit string
	n    float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}

// parseAmount reads what a measure is compared with.
func parseAmount(unit analyzer.Unit, s string) (int64, error) {
	if unit == analyzer.Time {
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, fmt.Errorf("%s is no time (50ms, 1.5s, 2m)", s)
		}
		return int64(d), nil
	}
	number, scale := s, 1.0
	for _, u := range scales {
		if rest, ok := strings.CutSuffix(s, u.unit); ok && unit == analyzer.Bytes {
			number, scale = rest, u.n
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	n *= scale
	switch {
	case err != nil && unit == analyzer.Bytes:
		return 0, fmt.Errorf("%s is no number of bytes (512, 10kB, 1.5MiB)", s)
	case err != nil, n != math.Trunc(n), math.Abs(n) > 1<<53:
		return 0, fmt.Errorf("%s is no whole number", s)
	}
	return int64(n), nil
}

// parsePercent reads the number before a percent sign.
func parsePercent(s string) (float64, error) {
	p, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
	if err != nil || math.IsNaN(p) || p < 0 || p > 100 {
		return 0, errors.New(s + " is no percentage from 0% to 100%")
	}
	return p, nil
}

// Format is a number of a measure as people read it.
func Format(unit analyzer.Unit, n int64) string {
	switch {
	case unit == analyzer.Time:
		return span.String(time.Duration(n))
	case n < 0:
		return strconv.FormatInt(n, 10)
	case unit == analyzer.Bytes:
		return amount.Of(uint64(n), "byte", "bytes")
	}
	return amount.Commas(uint64(n))
}
