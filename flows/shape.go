package flows

// shape is all that is discrete of a flow: what it went through, and nothing that is counted or measured
// beyond a few. At any time most flows are in one of some hundred shapes, so that a flow as it should be needs
// its numbers kept, and a shape's. It has no padding: it is compared and hashed as bytes.
type shape struct {
	ends [2]stance
	common
	letters uint64 // of the zeek
	zeek    [2]zeekEnd
	number  [2]uint16 // which of its end's numbers the zeek's is: see zeekNumber
	at      [16]uint8 // by moment: which step it is the time of
}

// shapes are all that a Tracker has met.
type shapes struct {
	of     []knownShape // by number; the first is none
	number map[shape]uint16
	most   int
}

type knownShape struct {
	shape
	next uint16 // the one that a flow in this shape came to the last time
	end  end
	fate fate

	teachable, opens bool // of the shape
}

// form is in which a flow in this shape is kept, unless it is a lone.
func (s *shape) form() form {
	if s.nsteps > 2 {
		return formLong
	}
	return formBrief
}

// end is whether time finishes a flow.
type end uint8

const (
	endOpen    end = iota // only at the end of the capture
	endWaiting            // when patience is over
	endOver               // after the linger
)

// maxShapes bounds the memory of those who send what no TCP does. Flows of other shapes are kept as records.
const maxShapes = 1 << 15

// finished, in a key's shape: the flow is no more in the table.
const finished = 1 << 15

// numberOf is the number of a shape that comes after another one, 0: it has none.
func (s *shapes) numberOf(after uint16, what *shape, r *record) uint16 {
	if after != 0 && s.of[after].shape == *what {
		return after
	}
	if next := s.of[after].next; next != 0 && s.of[next].shape == *what {
		return next
	}
	n, ok := s.number[*what]
	if !ok {
		if len(s.of) >= s.most {
			return 0
		}
		n = uint16(len(s.of))
		k := knownShape{shape: *what, fate: r.fate(), teachable: what.teachable(), opens: what.opens()}
		switch {
		case r.has(atOver):
			k.end = endOver
		case r.waiting():
			k.end = endWaiting
		}
		s.of = append(s.of, k)
		s.number[*what] = n
	}
	s.of[after].next = n
	return n
}

// origin is what flows have in common by where they come from.
type origin struct {
	space, via   uint32 // as in record
	file         int32
	number, from uint32 // the high halves of a record's number and packet
}

// origins are all that a Tracker has met.
type origins struct {
	of     []origin
	number map[origin]uint16
	last   uint16
	most   int
}

const maxOrigins = 1 << 16

// numberOf is the number of an origin, and false if there are too many.
func (s *origins) numberOf(what origin) (n uint16, ok bool) {
	if len(s.of) > 0 && s.of[s.last] == what {
		return s.last, true
	}
	if n, ok = s.number[what]; !ok {
		if len(s.of) >= s.most {
			return 0, false
		}
		if s.number == nil {
			s.number = map[origin]uint16{}
		}
		n = uint16(len(s.of))
		s.of = append(s.of, what)
		s.number[what] = n
	}
	s.last = n
	return n, true
}
