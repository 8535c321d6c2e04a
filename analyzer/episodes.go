package analyzer

import "slices"

// episodes are the stretches of time in which something went on, in order of time.
type episodes struct{ spans []episode }

// episode is a stretch of time, ns since 1970 UTC, both ends included.
type episode struct{ from, to int64 }

// maxEpisodes bounds what is kept of one server: the nearest two become one.
const maxEpisodes = 16

// mark adds from..to; what is nearer than gap is one episode.
func (e *episodes) mark(from, to, gap int64) {
	i, _ := slices.BinarySearchFunc(e.spans, from, func(s episode, at int64) int {
		if s.to+gap < at {
			return -1
		}
		return 1
	})
	if i == len(e.spans) || to+gap < e.spans[i].from {
		e.spans = slices.Insert(e.spans, i, episode{from, to})
	} else {
		s := &e.spans[i]
		s.from, s.to = min(s.from, from), max(s.to, to)
		for i+1 < len(e.spans) && e.spans[i+1].from <= s.to+gap {
			s.to = max(s.to, e.spans[i+1].to)
			e.spans = slices.Delete(e.spans, i+1, i+2)
			s = &e.spans[i]
		}
	}
	if len(e.spans) > maxEpisodes {
		e.join()
	}
}

func (e *episodes) join() {
	nearest := 1
	for i := range e.spans[1:] {
		if e.spans[i+1].from-e.spans[i].to < e.spans[nearest].from-e.spans[nearest-1].to {
			nearest = i + 1
		}
	}
	e.spans[nearest-1].to = e.spans[nearest].to
	e.spans = slices.Delete(e.spans, nearest, nearest+1)
}

// touches reports whether any episode has a moment in from..to.
func (e *episodes) touches(from, to int64) bool {
	return slices.ContainsFunc(e.spans, func(s episode) bool { return s.from <= to && from <= s.to })
}

func (e *episodes) none() bool { return len(e.spans) == 0 }

// first and last bound all episodes; not of none.
func (e *episodes) first() int64 { return e.spans[0].from }
func (e *episodes) last() int64  { return e.spans[len(e.spans)-1].to }
