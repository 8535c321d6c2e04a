// Package phrase writes short texts that are written often.
package phrase

import "slices"

// Text is up to 32 bytes. Always all of them are copied: to copy no more than it has takes a call, and a guess at how many these are.
type Text struct {
	bytes [32]byte
	size  uint8
}

// Of is s, which is not longer than a Text can be.
func Of[S string | []byte](s S) (t Text) {
	t.size = uint8(copy(t.bytes[:], s))
	if int(t.size) < len(s) {
		panic(string(s) + " is too long")
	}
	return t
}

// IsZero reports whether there is nothing to write.
func (t *Text) IsZero() bool { return t.size == 0 }

// Append appends the text.
func (t *Text) Append(dst []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(t.bytes))
	*(*[len(t.bytes)]byte)(dst[n : n+len(t.bytes)]) = t.bytes
	return dst[:n+int(t.size)]
}
