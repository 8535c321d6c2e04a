package diff

import (
	"fmt"
	"strings"
)

// FailOn says which differences count. The zero value counts none.
type FailOn struct {
	matters [NumMatters]bool
	better  bool
}

// DefaultFailOn counts all but what is better than it was.
func DefaultFailOn() FailOn {
	var f FailOn
	for m := range f.matters {
		f.matters[m] = true
	}
	return f
}

const (
	anyBetter = "better"
	nothing   = "none"
)

// FailOnNames are the words that ParseFailOn takes.
func FailOnNames() []string { return append(names(), nothing) }

// names are those that can be listed.
func names() []string {
	var names []string
	for m := range NumMatters {
		names = append(names, m.String())
	}
	return append(names, anyBetter)
}

// ParseFailOn reads a list of matters, "better" among them, or "none" alone.
func ParseFailOn(s string) (FailOn, error) {
	var f FailOn
	if s == nothing {
		return f, nil
	}
	for word := range strings.SplitSeq(s, ",") {
		known := word == anyBetter
		f.better = f.better || word == anyBetter
		for m := range NumMatters {
			if m.String() == word {
				known, f.matters[m] = true, true
			}
		}
		if !known {
			return f, fmt.Errorf("%q is no difference (%s; or none alone)", word, strings.Join(names(), ", "))
		}
	}
	return f, nil
}

// String is what ParseFailOn reads.
func (f FailOn) String() string {
	var words []string
	for m := range NumMatters {
		if f.matters[m] {
			words = append(words, m.String())
		}
	}
	if f.better {
		words = append(words, anyBetter)
	}
	if len(words) == 0 {
		return nothing
	}
	return strings.Join(words, ",")
}

// counts reports whether a difference does. One that is better does only by that.
func (f FailOn) counts(d *Difference) bool {
	if d.Better {
		return f.better
	}
	return f.matters[d.Matter]
}
