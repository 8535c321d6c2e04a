package flows

import (
	"math"
	"math/bits"
)

// slab hands out numbered places for T, index 0 never among them. Places do not move, so a
// pointer stays good until the place is freed. The zero value is ready.
type slab[T any] struct {
	chunks [][]T    // of chunk places; a pointer to an array would be asked for its first byte at each look-up, another miss
	due    []uint32 // by group: nothing in it is due in an earlier second
	free   []uint32 // by chunk: which of its places were given back, a bit each
	ready  []uint32 // chunks in which some were
	n      uint32
	freed  int
	from   *blocks[T] // nil: each chunk is allocated by itself
}

const (
	chunk = 32 // places: as many as free has bits
	group = 8  // places that are looked through together
	never = math.MaxUint32
)

// blocks is memory for the chunks of many slabs.
type blocks[T any] struct{ rest []T }

func (b *blocks[T]) take() []T {
	if len(b.rest) == 0 {
		b.rest = make([]T, 32*chunk)
	}
	c := b.rest[:chunk:chunk]
	b.rest = b.rest[chunk:]
	return c
}

func (s *slab[T]) ptr(i uint32) *T { return &s.chunks[i/chunk][i%chunk] }

func (s *slab[T]) take() uint32 {
	if n := len(s.ready); n > 0 {
		c := s.ready[n-1]
		i := c*chunk + uint32(bits.TrailingZeros32(s.free[c]))
		if s.free[c] &= s.free[c] - 1; s.free[c] == 0 {
			s.ready = s.ready[:n-1]
		}
		s.freed--
		return i
	}
	if s.n%chunk == 0 {
		if s.from != nil {
			s.chunks = append(s.chunks, s.from.take())
		} else {
			s.chunks = append(s.chunks, make([]T, chunk))
		}
		s.free = append(s.free, 0)
		for range chunk / group {
			s.due = append(s.due, never)
		}
		if s.n == 0 {
			s.n = 1
		}
	}
	i := s.n
	s.n++
	return i
}

func (s *slab[T]) give(i uint32) {
	var zero T
	*s.ptr(i) = zero
	c := i / chunk
	if s.free[c] == 0 {
		s.ready = append(s.ready, c)
	}
	s.free[c] |= 1 << (i % chunk)
	s.freed++
}

// held is how many places are in use.
func (s *slab[T]) held() int { return max(0, int(s.n)-1) - s.freed }
