package report

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Plain is s with everything that could be an order escaped as in a Go string, to a terminal's cursor and colours or to
// what runs the job that s is in the log of: names of files are the business of whoever made them.
func Plain(s string) string {
	for i, r := range s {
		if !unicode.IsPrint(r) || r == utf8.RuneError || isOrder(s, i) {
			return string(appendPlain(nil, s))
		}
	}
	return s
}

// PlainLines is the same of several lines, which stay lines.
func PlainLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = Plain(l)
	}
	return strings.Join(lines, "\n")
}

func appendPlain(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case isOrder(s, i):
			dst = append(dst, '\\', 'x', hex[s[i]>>4], hex[s[i]&15])
		case unicode.IsPrint(r) && (r != utf8.RuneError || n > 1):
			dst = append(dst, s[i:i+n]...)
		default:
			q := strconv.Quote(s[i : i+n])
			dst = append(dst, q[1:len(q)-1]...)
		}
		i += n
	}
	return dst
}

// isOrder reports whether s[i] begins a command to a runner of jobs, as these take it out of their logs: ##[error] of GitHub,
// ##vso[task] of Azure Pipelines and ##teamcity[status] anywhere, GitHub's ::error:: where a line begins, which it may at any
// space that it is wrapped at. An IPv6 address that begins so, as ::1, is none.
func isOrder(s string, i int) bool {
	switch s[i] {
	case '#':
		return strings.HasPrefix(s[i:], "##")
	case ':':
		name, ok := strings.CutPrefix(s[i:], "::")
		if !ok || i > 0 && s[i-1] != ' ' {
			return false
		}
		name = strings.TrimLeft(name, "0123456789abcdefABCDEF")
		return name != "" && (name[0]|' ' >= 'g' && name[0]|' ' <= 'z' || strings.ContainsRune("-_", rune(name[0])))
	}
	return false
}

const hex = "0123456789abcdef"

// appendJSONString appends s as a JSON string (RFC 8259 §7). What is not printable is escaped beyond what JSON
// demands, since people print JSON on terminals and in the logs of jobs: controls, marks that turn the direction of a line, #
// before another one (isOrder; no line of JSON begins with ::); bytes that are not UTF-8 become U+FFFD.
func appendJSONString[T ~string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	from := 0 // what is not written yet
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < 0x7f && c != '"' && c != '\\' && (c != '#' || i+1 == len(s) || s[i+1] != '#') {
			i++
			continue
		}
		dst = append(dst, s[from:i]...)
		n := 1
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < utf8.RuneSelf:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			var r rune
			r, n = utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
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
		}
		i += n
		from = i
	}
	return append(append(dst, s[from:]...), '"')
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
