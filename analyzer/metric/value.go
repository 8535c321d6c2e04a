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

// examples are what a measure may be compared with.
var examples = [...]string{analyzer.Count: "5", analyzer.Bytes: "10kB", analyzer.Time: "1s"}

// parseAmount reads what a measure is compared with.
func parseAmount(unit analyzer.Unit, s string) (int64, error) {
	switch unit {
	case analyzer.Time:
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, fmt.Errorf("%s is no time (50ms, 1.5s, 2m)", s)
		}
		return int64(d), nil
	case analyzer.Bytes:
		n, err := amount.ParseBytes(s)
		return int64(n), err
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is no whole number", s)
	}
	return n, nil
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
