package tcpdump

import "slices"

// text is a short text that is written often: always all of its bytes, as to copy no more than it has takes a call.
type text struct {
	bytes [16]byte
	size  uint8
}

func textOf(s string) (t text) {
	t.size = uint8(copy(t.bytes[:], s))
	if int(t.size) < len(s) {
		panic(s + " is too long")
	}
	return t
}

func (t *text) append(dst []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, len(t.bytes))
	*(*[len(t.bytes)]byte)(dst[n : n+len(t.bytes)]) = t.bytes
	return dst[:n+int(t.size)]
}
