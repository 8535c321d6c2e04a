package analyzer

import "math/bits"

// histogram counts values up to 2^32, to one part in a hundred. Of each power of two from 256 on the upper 7 bits
// below the first tell values apart, as in an HDR histogram of two digits. What is counted lies in pages, made when
// they are first wanted: 0.5 to 4 kB, where the array of all has 26, and a value still takes two cache lines and
// 9 ns, where a packed one of the HdrHistogram library takes 57. The zero value is empty.
type histogram struct {
	number [buckets / onPage]uint8 // by page: 1 + index in pages, 0: none
	pages  [][onPage]uint64
	n      uint64
}

const (
	buckets = 26 * 128 // of them the first two times 128 are one value each
	onPage  = 16
)

// bucketOf is the bucket of a value.
func bucketOf(v uint32) int {
	power := bits.Len32(v|255) - 8
	return power<<7 + int(v>>power)
}

// bucket is the lowest value of a bucket, and the highest.
func bucket(i int) (lowest, highest uint32) {
	power := max(i>>7-1, 0)
	lowest = uint32(i-power<<7) << power
	return lowest, lowest + (1<<power - 1)
}

func (h *histogram) add(v uint32) { h.addTo(bucketOf(v), 1) }

func (h *histogram) addTo(i int, n uint64) {
	number := &h.number[i/onPage]
	if *number == 0 {
		h.pages = append(h.pages, [onPage]uint64{})
		*number = uint8(len(h.pages))
	}
	h.pages[*number-1][i%onPage] += n
	h.n += n
}

func (h *histogram) merge(o *histogram) {
	o.each(func(i int, n uint64) bool {
		h.addTo(i, n)
		return true
	})
}

// each calls f with the buckets that hold something and how much, rising, until it returns false.
func (h *histogram) each(f func(i int, n uint64) bool) {
	for page, number := range h.number {
		if number == 0 {
			continue
		}
		for i, n := range h.pages[number-1] {
			if n > 0 && !f(page*onPage+i, n) {
				return
			}
		}
	}
}

// quantile is the highest value in the bucket of the value that a share q, 0 to 1, does not exceed; of q 0 the lowest
// in the first.
func (h *histogram) quantile(q float64) (v uint32) {
	rank := uint64(min(max(q*float64(h.n)+0.5, 1), float64(h.n)))
	var below uint64
	h.each(func(i int, n uint64) bool {
		below += n
		lowest, highest := bucket(i)
		if v = highest; q == 0 {
			v = lowest
		}
		return below < rank
	})
	return v
}
