package metric

// Truth is what is known of a condition.
type Truth uint8

const (
	Unknown Truth = iota // there is nothing to tell it by
	No
	Yes
)

func truth(b bool) Truth {
	if b {
		return Yes
	}
	return No
}

// not, and, or are Kleene's: unknown is what could be either.
func not(t Truth) Truth { return [...]Truth{Unknown, Yes, No}[t] }

func and(a, b Truth) Truth {
	switch {
	case a == No || b == No:
		return No
	case a == Yes && b == Yes:
		return Yes
	}
	return Unknown
}

func or(a, b Truth) Truth { return not(and(not(a), not(b))) }
