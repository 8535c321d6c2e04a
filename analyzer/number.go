package analyzer

import "strconv"

// commas is n in groups of three digits.
func commas(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// of is how many of what: "1 client", "1,963 clients".
func of(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return commas(n) + " " + many
}

// of is how many of what, "about" where that is an estimate, to three digits.
func (d *Distinct) of(one, many string) string {
	n := d.N()
	if d.Exact() {
		return of(n, one, many)
	}
	step := uint64(1)
	for n/step >= 1000 {
		step *= 10
	}
	return "about " + of((n+step/2)/step*step, one, many)
}

// percent is the share of n in all, with one decimal below ten.
func percent(n, all uint64) string {
	if all == 0 {
		return "0%"
	}
	p := 100 * float64(n) / float64(all)
	if p < 10 {
		return strconv.FormatFloat(p, 'f', 1, 64) + "%"
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + "%"
}
