package netlab

import "slices"

// Scenarios is all of them.
func Scenarios() []Scenario {
	return slices.Concat(openings(), refusals(), closings(), resets(), lastings(), reuses(), fastOpens(), captures())
}
