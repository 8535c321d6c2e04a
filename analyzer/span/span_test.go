package span

import (
	"math"
	"testing"
	"time"
)

// TestAnyLength: a file can tell of any two times.
func TestAnyLength(t *testing.T) {
	for d, want := range map[time.Duration]string{
		math.MaxInt64:                             "2562047h47m",
		math.MinInt64:                             "-2562047h47m",
		math.MaxInt64 - 30*time.Second:            "2562047h47m",
		time.Hour - 500*time.Millisecond:          "1h00m",
		time.Hour + 30*time.Second:                "1h01m",
		time.Hour + 30*time.Second - 1:            "1h00m",
		-(2*time.Hour + 3*time.Minute):            "-2h03m",
		math.MinInt64 + 1:                         "-2562047h47m",
		time.Duration(9_000_000_000 * 1000000000): "2500000h00m",
	} {
		if got := String(d); got != want {
			t.Errorf("%d ns: got %s, want %s", int64(d), got, want)
		}
	}
}
