package pcaps

import "tcpwhy/flows"

// ahead holds frames that were read before their turn, for the length of a segment sent in fragments:
// it stands in the last one. Fragments follow each other at once but where a busy link has other packets in
// between, so that looking a little ahead finds it, and the segment is handed out with its own time,
// its own number and its right length.
type ahead struct {
	waiting []*Frame // in order; each has a buffer of its own
	taken   *Frame   // whose turn it was last
	spare   []*Frame
	bytes   int           // that wait
	err     error         // what ended the reading, to be told after those that wait
	seg     flows.Segment // of a frame whose turn has not come
}

// How far a Source looks ahead for one segment, at the most: on a link of a million packets a second two
// fragments in a row are some ten packets apart.
const (
	aheadFrames = 1 << 10
	aheadBytes  = 2 << 20
	aheadTime   = int64(100e6) // packet time, ns
)

// push adds a copy of f.
func (a *ahead) push(f *Frame) {
	var held *Frame
	if n := len(a.spare); n > 0 {
		held, a.spare = a.spare[n-1], a.spare[:n-1]
	} else {
		held = new(Frame)
	}
	buf := append(held.Data[:0], f.Data...)
	*held = *f
	held.Data = buf
	a.bytes += len(buf)
	a.waiting = append(a.waiting, held)
}

// take removes the frame whose turn it is, valid until the next one is taken.
func (a *ahead) take() *Frame {
	if a.taken != nil {
		a.spare = append(a.spare, a.taken)
	}
	a.taken, a.waiting = a.waiting[0], a.waiting[1:]
	a.bytes -= len(a.taken.Data)
	return a.taken
}

// fragmented decodes the frame in turn, a first fragment, again when the length of its segment is known.
func (s *Source) fragmented(seg *flows.Segment, v Verdict) Verdict {
	if v == TCP && s.decoder.whole == endUnknown {
		s.lookAhead()
		v = s.decoder.Decode(s.frame, seg)
	}
	s.decoder.whole = unfragmented
	return v
}

// lookAhead reads on from the frame in turn, the first fragment of a segment, until the last one has been seen.
func (s *Source) lookAhead() {
	a, of := &s.ahead, s.decoder.datagram
	if s.frame != a.taken {
		a.push(s.frame) // it is valid only until the next one is read
		s.frame = a.take()
	}
	for range aheadFrames - len(a.waiting) {
		next, passes, err := s.fetch()
		if next == nil {
			a.err = err // or there is none yet: who waits for packets gets those that there are
			break
		}
		v := s.decoder.Decode(next, &a.seg) // held back by the filter or not: later fragments have no ports
		if passes {
			a.push(next)
		}
		apart := next.Time - s.frame.Time
		if max(apart, -apart) > aheadTime || a.bytes > aheadBytes ||
			v == LaterFragment && s.decoder.fragments.length(&of, s.frame.Time) > 0 {
			break
		}
	}
}
