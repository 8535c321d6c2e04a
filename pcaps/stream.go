package pcaps

import (
	"io"
)

// maxRecord bounds what a packet, or a pcapng block that is looked into, may claim to take: twice the largest
// packet that Linux builds (GSO_MAX_SIZE, BIG TCP). Snap lengths in files lie, so
// the bound is ours: a file that claims more is damaged, and costs no memory.
const maxRecord = 1 << 20

// stream is a window on an input that only moves forward. Its bytes are handed out in place, and
// it never waits for more of them than were asked for: a packet that has arrived in a pipe
// is there to be had, whatever comes after it.
type stream struct {
	r        io.Reader
	buf      []byte
	pos, end int   // what is unread is buf[pos:end]
	base     int64 // offset of buf[0] in the input
	err      error // what r ended with

	packets uint64 // records of packets that were taken whole
	record  int64  // offset of the last of them
}

// offset is where the next byte of peek lies in the input.
func (s *stream) offset() int64 { return s.base + int64(s.pos) }

// peek returns the next n bytes without taking them; they are valid until the next call. Where the input
// ends before, it returns what there is and the error that ended it.
func (s *stream) peek(n int) ([]byte, error) {
	if s.end-s.pos < n {
		return s.fill(n)
	}
	return s.buf[s.pos : s.pos+n], nil
}

func (s *stream) fill(n int) ([]byte, error) {
	if len(s.buf)-s.pos < n {
		s.base += int64(s.pos)
		s.end = copy(s.buf, s.buf[s.pos:s.end])
		s.pos = 0
	}
	for idle := 0; s.end-s.pos < n; {
		if s.err != nil {
			return s.buf[s.pos:s.end], s.err
		}
		if s.end == len(s.buf) {
			// Doubled only when full: a claimed size costs no more than twice what arrived of it.
			s.buf = append(s.buf, make([]byte, len(s.buf))...)
		}
		var k int
		k, s.err = s.r.Read(s.buf[s.end:])
		s.end += k
		if k > 0 {
			idle = 0
		} else if idle++; idle == 100 && s.err == nil {
			s.err = io.ErrNoProgress
		}
	}
	return s.buf[s.pos : s.pos+n], nil
}

// take moves on by n bytes that were peeked at.
func (s *stream) take(n int) { s.pos += n }

// skip moves on by n bytes, however many, and returns how many there were when the input ends before.
func (s *stream) skip(n int64) (int64, error) {
	left := n
	for {
		k := min(left, int64(s.end-s.pos))
		s.pos += int(k)
		left -= k
		if left == 0 {
			return n, nil
		}
		if _, err := s.peek(1); err != nil {
			return n - left, err
		}
	}
}

// attach starts reading r, which begins at offset of the input.
func (s *stream) attach(r io.Reader, buf []byte, offset int64) {
	s.r, s.buf, s.err = r, buf, nil
	s.pos, s.end, s.base = 0, 0, offset
}

// detach gives up the reader and returns the buffer.
func (s *stream) detach() []byte {
	buf := s.buf
	s.base = s.offset()
	s.r, s.buf, s.pos, s.end = nil, nil, 0, 0
	return buf
}
