package metric

// comparison is an operator of the language.
type comparison uint8

const (
	less comparison = iota
	atMost
	greater
	atLeast
	equal
	unequal
)

var comparisons = map[string]comparison{"<": less, "<=": atMost, ">": greater, ">=": atLeast, "=": equal, "==": equal, "!=": unequal}

func compare[N int64 | uint64 | float64](c comparison, a, b N) bool {
	return [...]bool{a < b, a <= b, a > b, a >= b, a == b, a != b}[c]
}
