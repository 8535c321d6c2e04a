package report

import (
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Plain is s with everything that could move a terminal's cursor or colours escaped as in a
// Go string: names of files are the business of whoever made them.
func Plain(s string) string {
	for i, r := range s {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return string(appendPlain([]byte(s[:i]), s[i:]))
		}
	}
	return s
}

func appendPlain(dst []byte, s string) []byte {
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if unicode.IsPrint(r) && (r != utf8.RuneError || n > 1) {
			dst = append(dst, s[:n]...)
		} else {
			q := strconv.Quote(s[:n])
			dst = append(dst, q[1:len(q)-1]...)
		}
		s = s[n:]
	}
	return dst
}

const hex = "0123456789abcdef"

// appendJSONString appends s as a JSON string (RFC 8259 §7). What is not printable is escaped beyond what JSON
// demands, since people print JSON on terminals: controls, marks that turn the direction of a line; bytes that are
// not UTF-8 become U+FFFD.
func appendJSONString[T ~string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			switch {
			case c == '"' || c == '\\':
				dst = append(dst, '\\', c)
			case c < ' ' || c == 0x7f:
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			default:
				dst = append(dst, c)
			}
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		switch {
		case r == utf8.RuneError && n == 1:
			dst = append(dst, `\ufffd`...)
		case !unicode.IsPrint(r):
			for _, u := range utf16.AppendRune(nil, r) {
				dst = append(dst, '\\', 'u', hex[u>>12], hex[u>>8&15], hex[u>>4&15], hex[u&15])
			}
		default:
			dst = append(dst, s[i:i+n]...)
		}
		i += n
	}
	return append(dst, '"')
}

// Text is a string as all our JSON has it: nothing in it moves a terminal's cursor.
type Text string

// MarshalJSON is t as appendJSONString has it.
func (t Text) MarshalJSON() ([]byte, error) { return appendJSONString(nil, t), nil }

// OrNull is v for JSON: null where it is the zero value, and there is none.
func OrNull[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}
