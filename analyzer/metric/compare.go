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

// settled reports whether what c says of a number, against a limit, stays so however much the number grows.
func settled[N int | int64 | uint64](c comparison, n, limit N) bool {
	return n > limit || n == limit && (c == less || c == atLeast)
}

// mirrored is c as it compares numbers turned round: of -n and -limit.
func (c comparison) mirrored() comparison {
	return [...]comparison{greater, atLeast, less, atMost, equal, unequal}[c]
}

func compare[N int64 | uint64 | float64](c comparison, a, b N) bool {
	return [...]bool{a < b, a <= b, a > b, a >= b, a == b, a != b}[c]
}
