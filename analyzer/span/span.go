// Package span writes lengths of time as people read them.
package span

import (
	"math"
	"strconv"
	"time"
)

// Append appends d as people read it, to three or four digits: 450ns, 31us, 2.20ms,
// 1.002s, 9m12s, 2h03m.
func Append(dst []byte, d time.Duration) []byte {
	if d < 0 {
		dst, d = append(dst, '-'), -max(d, -math.MaxInt64)
	}
	switch {
	case d < time.Microsecond:
		return append(strconv.AppendInt(dst, int64(d), 10), "ns"...)
	case d < 999_500*time.Nanosecond:
		return append(appendFixed(dst, d, time.Microsecond, 0), "us"...)
	case d < 9_995*time.Microsecond:
		return append(appendFixed(dst, d, time.Millisecond, 2), "ms"...)
	case d < 99_950*time.Microsecond:
		return append(appendFixed(dst, d, time.Millisecond, 1), "ms"...)
	case d < 999_500*time.Microsecond:
		return append(appendFixed(dst, d, time.Millisecond, 0), "ms"...)
	case d < 59_999_500*time.Microsecond:
		return append(appendFixed(dst, d, time.Second, 3), 's')
	case d < time.Hour-500*time.Millisecond:
		s := int64((d + 500*time.Millisecond) / time.Second)
		dst = append(strconv.AppendInt(dst, s/60, 10), 'm')
		return append(AppendPadded(dst, uint64(s%60), 2), 's')
	default:
		m := int64(d.Round(time.Minute) / time.Minute) // Round, as the sum would overflow
		dst = append(strconv.AppendInt(dst, m/60, 10), 'h')
		return append(AppendPadded(dst, uint64(m%60), 2), 'm')
	}
}

// appendFixed appends d in units with so many decimals, rounded.
func appendFixed(dst []byte, d, unit time.Duration, decimals int) []byte {
	step := unit
	for range decimals {
		step /= 10
	}
	n, whole := int64((d+step/2)/step), int64(unit/step)
	dst = strconv.AppendInt(dst, n/whole, 10)
	if decimals > 0 {
		dst = AppendPadded(append(dst, '.'), uint64(n%whole), decimals)
	}
	return dst
}

// AppendPadded appends n, less than 10^width, as width digits.
func AppendPadded(dst []byte, n uint64, width int) []byte {
	for range width {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; n > 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

// String is d as Append writes it.
func String(d time.Duration) string { return string(Append(nil, d)) }
