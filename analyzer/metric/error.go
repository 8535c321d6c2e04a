package metric

import "fmt"

// Error says what is wrong with an expression, and where.
type Error struct {
	Expr   string
	Column int // from 1, in characters
	Text   string
}

func (e *Error) Error() string { return fmt.Sprintf("'%s', column %d: %s", e.Expr, e.Column, e.Text) }
