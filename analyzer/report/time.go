package report

import (
	"time"

	"tcpwhy/analyzer/span"
)

// appendTime appends t, nanoseconds since 1970 UTC, as RFC 3339 with all nine digits of the
// nanosecond. time.AppendFormat takes five times as long.
func appendTime(dst []byte, t int64) []byte {
	u := time.Unix(0, t).UTC()
	year, month, day := u.Date()
	hour, min, sec := u.Clock()
	dst = append(span.AppendPadded(dst, uint64(year), 4), '-')
	dst = append(span.AppendPadded(dst, uint64(month), 2), '-')
	dst = append(span.AppendPadded(dst, uint64(day), 2), 'T')
	dst = append(appendClock(dst, hour, min, sec), '.')
	return append(span.AppendPadded(dst, uint64(u.Nanosecond()), 9), 'Z')
}

// appendSecond appends the clock of t in UTC, to the second: 03:05:41Z.
func appendSecond(dst []byte, t int64) []byte {
	hour, min, sec := time.Unix(0, t).UTC().Clock()
	return append(appendClock(dst, hour, min, sec), 'Z')
}

func appendClock(dst []byte, hour, min, sec int) []byte {
	dst = append(span.AppendPadded(dst, uint64(hour), 2), ':')
	dst = append(span.AppendPadded(dst, uint64(min), 2), ':')
	return span.AppendPadded(dst, uint64(sec), 2)
}
