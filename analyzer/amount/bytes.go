package amount

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// mostBytes is how far a float64 counts one by one: 8 PiB.
const mostBytes = 1 << 53

// powers are what a unit is called before its B, by the power of its base.
var powers = []string{"", "K", "M", "G", "T"}

// ParseBytes reads a whole number of bytes: a number, and a unit by the thousand (kB, MB, GB, TB) or by 1024 (KiB, MiB, GiB, TiB), of
// which the B can be left out.
func ParseBytes(s string) (uint64, error) {
	number := strings.TrimRight(s, "kKMGTiB")
	unit, base := strings.TrimSuffix(s[len(number):], "B"), 1000.0
	if by, ok := strings.CutSuffix(unit, "i"); ok {
		unit, base = by, 1024
	}
	power := slices.Index(powers, strings.ToUpper(unit))
	n, err := strconv.ParseFloat(number, 64)
	n *= math.Pow(base, float64(power))
	switch {
	case err != nil, power < 0, power == 0 && base == 1024, !(n >= 0), n != math.Trunc(n):
		return 0, fmt.Errorf("%s is no number of bytes (512, 10kB, 1.5MiB)", s)
	case n > mostBytes:
		return 0, fmt.Errorf("%s is more bytes than there are", s)
	}
	return uint64(n), nil
}
