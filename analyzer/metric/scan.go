package metric

import "strings"

// token is a word, an operator, or a bracket.
type token struct {
	kind   kind
	text   string
	column int // from 1, in characters
}

type kind uint8

const (
	end      kind = iota
	word          // a name, a value, or and, or, not
	quoted        // a value
	operator      // < <= > >= = == !=
	opening
	closing
)

const (
	space   = " \t\r\n"
	notWord = space + "()<>=!\"'"
)

// scan splits an expression.
func scan(expr string) ([]token, error) {
	var tokens []token
	runes := []rune(expr)
	for i := 0; i < len(runes); {
		c, start := runes[i], i
		t := token{column: i + 1}
		switch {
		case strings.ContainsRune(space, c):
			i++
			continue
		case c == '(':
			t.kind = opening
			i++
		case c == ')':
			t.kind = closing
			i++
		case strings.ContainsRune("<>=!", c):
			t.kind = operator
			for i++; i < len(runes) && runes[i] == '=' && i-start < 2; i++ {
			}
			if i-start == 1 && c == '!' {
				return nil, &Error{expr, t.column, "! alone is no operator (!=, or not)"}
			}
		case c == '"' || c == '\'':
			t.kind = quoted
			for i++; i < len(runes) && runes[i] != c; i++ {
			}
			if i == len(runes) {
				return nil, &Error{expr, t.column, "the quote does not end"}
			}
			i++
			t.text = string(runes[start+1 : i-1])
		default:
			t.kind = word
			for ; i < len(runes) && !strings.ContainsRune(notWord, runes[i]); i++ {
			}
		}
		if t.kind != quoted {
			t.text = string(runes[start:i])
		}
		tokens = append(tokens, t)
	}
	return append(tokens, token{kind: end, column: len(runes) + 1}), nil
}
