package main

import (
	"fmt"
	"strconv"
	"strings"

	"tcpwhy/analyzer/amount"
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

// parseSize reads so many bytes, one at least.
func parseSize(s string) (uint64, error) {
	n, err := amount.ParseBytes(s)
	if n == 0 || err != nil {
		return 0, fmt.Errorf("%s is no size: 1 to 8PiB, by kB, MB, GB, TB, KiB, MiB, GiB or TiB", s)
	}
	return n, nil
}
