package pcaps

// Link types that filters need to know of.
const (
	linkNull = 0
	linkLoop = 108
)

// FilterError says what is wrong with a filter expression.
type FilterError struct {
	Expr   string
	Reason string
}

func (e *FilterError) Error() string {
	return "filter '" + printable(e.Expr) + "': " + printable(e.Reason)
}
