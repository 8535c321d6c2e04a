package analyzer

import "tcpwhy/analyzer/amount"

func commas(n uint64) string               { return amount.Commas(n) }
func of(n uint64, one, many string) string { return amount.Of(n, one, many) }
func percent(n, all uint64) string         { return amount.Percent(n, all) }

// Words is how many of what, "about" where that is an estimate, to three digits.
func (d *Distinct) Words(one, many string) string {
	n := d.N()
	if d.Exact() {
		return of(n, one, many)
	}
	step := uint64(1)
	for n/step >= 1000 {
		step *= 10
	}
	about := (n + step/2) / step * step
	if about > d.all {
		about -= step
	}
	return "about " + of(about, one, many)
}
