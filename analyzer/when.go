package analyzer

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// When is a time that a user gave: absolute, or told from the capture's own. The zero value is none.
type When struct {
	from from
	at   time.Duration // what it is counted from is told by from
}

type from uint8

const (
	fromNowhere  from = iota
	fromEpoch         // RFC 3339
	fromStart         // +10s
	fromEnd           // -10m
	fromMidnight      // 15:04:05, in UTC
)

// ParseWhen reads RFC 3339, local time as -tttt prints it, HH:MM:SS in UTC, +10s from the start or -10m from the end.
func ParseWhen(s string) (When, error) {
	if strings.HasPrefix(s, "+") || strings.HasPrefix(s, "-") {
		d, err := time.ParseDuration(s)
		switch {
		case err != nil:
		case s[0] == '+':
			return When{fromStart, d}, nil
		default:
			return When{fromEnd, d}, nil
		}
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return When{fromEpoch, time.Duration(nanoseconds(t))}, nil
	}
	if t, err := time.ParseInLocation(time.DateTime, s, time.Local); err == nil {
		return When{fromEpoch, time.Duration(nanoseconds(t))}, nil
	}
	if t, err := time.Parse(time.TimeOnly, strings.TrimSuffix(s, "Z")); err == nil {
		return When{fromMidnight, t.Sub(t.Truncate(24 * time.Hour))}, nil
	}
	return When{}, fmt.Errorf("%q is no time (2026-11-20T03:05:41Z, 2026-11-20 03:05:41 in local time, 03:05:41 in UTC, +10s from the start, -10m from the end)", s)
}

// nanoseconds since 1970, the nearest that there are: captures are of 1970 to 2255.
func nanoseconds(t time.Time) int64 {
	switch {
	case t.Before(time.Unix(0, math.MinInt64)):
		return math.MinInt64
	case t.After(time.Unix(0, math.MaxInt64)):
		return math.MaxInt64
	}
	return t.UnixNano()
}

// later is a time of a capture and so much more, or the latest there is.
func later(than int64, by time.Duration) int64 {
	if int64(by) > math.MaxInt64-than {
		return math.MaxInt64
	}
	return than + int64(by)
}

// IsZero reports whether w is no time at all.
func (w When) IsZero() bool { return w.from == fromNowhere }

// NeedsEnd reports whether w can be told only by who knows the end of the capture.
func (w When) NeedsEnd() bool { return w.from == fromEnd }

// In is w, in ns since 1970 UTC, in a capture from first to last. A time of day is the first
// such time from an hour before the capture on: rotated files begin a little late, and
// captures run past midnight.
func (w When) In(first, last int64) int64 {
	const hour, day = int64(time.Hour), int64(24 * time.Hour)
	switch w.from {
	case fromEpoch:
		return int64(w.at)
	case fromStart:
		return later(first, w.at)
	case fromEnd:
		return later(last, w.at)
	}
	t := first - first%day + int64(w.at)
	if t < first-hour {
		t += day
	}
	return t
}
