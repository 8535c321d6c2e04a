package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// joinWords: "a, b or c".
func joinWords(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

func parseNumber(s string) (uint64, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 10, 64)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no number of a flow, they start at 1", s)
	}
	return n, nil
}

// What is held if nobody says otherwise suits a laptop: a million flows take some 130 MB where most go as they should.
const (
	defaultFlows  = 1 << 20
	defaultMemory = 1e9
)

// parseSize reads so many bytes: a number, and a unit by the thousand (kB, MB, GB) or by 1024 (KiB, MiB, GiB).
func parseSize(s string) (uint64, error) {
	digits := strings.TrimRight(s, "kKMGTiB")
	unit, base := strings.TrimSuffix(s[len(digits):], "B"), uint64(1000)
	if by, ok := strings.CutSuffix(unit, "i"); ok {
		unit, base = by, 1024
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	power := strings.Index("KMGT", strings.ToUpper(unit)) + 1
	if err != nil || n == 0 || len(unit) > 1 || unit == "" && base == 1024 || unit != "" && power == 0 {
		return 0, fmt.Errorf("%q is no size, such as 200MB or 4GiB", s)
	}
	if unit == "" {
		power = 0
	}
	for range power {
		if n > math.MaxUint64/base {
			return 0, fmt.Errorf("%q is more than there is", s)
		}
		n *= base
	}
	return n, nil
}
