// Package amount writes how many there are as people read it, and reads how many bytes as they write it.
package amount

import "strconv"

// Commas is n in groups of three digits.
func Commas(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Of is how many of what: "1 client", "1,963 clients".
func Of(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Commas(n) + " " + many
}

// Percent is the share of n in all, with one decimal below ten.
func Percent(n, all uint64) string {
	if all == 0 {
		return "0%"
	}
	p := 100 * float64(n) / float64(all)
	if p < 10 {
		return strconv.FormatFloat(p, 'f', 1, 64) + "%"
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + "%"
}
