package flows

import "math"

// slab hands out numbered places for T, index 0 never among them. Places do not move, so a
// pointer stays good until the place is freed. The zero value is ready.
type slab[T any] struct {
	chunks []*[chunk]T
	due    []int64 // by chunk: nothing in it is due in an earlier second; never is the largest
	free   []uint32
	n      uint32
	from   *blocks[T] // nil: each chunk is allocated by itself
}

const (
	chunk = 32
	never = math.MaxInt64
)

// blocks is memory for the chunks of many slabs.
type blocks[T any] struct{ rest []T }

func (b *blocks[T]) take() *[chunk]T {
	if len(b.rest) == 0 {
		b.rest = make([]T, 32*chunk)
	}
	c := (*[chunk]T)(b.rest)
	b.rest = b.rest[chunk:]
	return c
}

func (s *slab[T]) ptr(i uint32) *T { return &s.chunks[i/chunk][i%chunk] }

func (s *slab[T]) take() uint32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	if s.n%chunk == 0 {
		if s.from != nil {
			s.chunks = append(s.chunks, s.from.take())
		} else {
			s.chunks = append(s.chunks, new([chunk]T))
		}
		s.due = append(s.due, never)
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
	s.free = append(s.free, i)
}

// held is how many places are in use.
func (s *slab[T]) held() int { return max(0, int(s.n)-1) - len(s.free) }
