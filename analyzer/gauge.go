package analyzer

import "time"

// Gauge is how many there are at a time.
type Gauge struct {
	Now    uint64
	Peak   uint64 // most at a time
	PeakAt int64  // when that was first so, ns since 1970 UTC
}

func (g *Gauge) enter(at int64) {
	g.Now++
	if g.Now > g.Peak {
		g.Peak, g.PeakAt = g.Now, at
	}
}

// leave ignores what it was not told the beginning of: of a server that was forgotten in between.
func (g *Gauge) leave() {
	if g.Now > 0 {
		g.Now--
	}
}

// Rate is how many there were, and in which second most.
type Rate struct {
	N      uint64
	Peak   uint64 // most in one second of the clock
	PeakAt int64  // its beginning, ns since 1970 UTC

	second int64
	now    uint64
}

func (r *Rate) add(at int64) {
	r.N++
	if second := at / int64(time.Second); second != r.second {
		r.second, r.now = second, 0
	}
	r.now++
	if r.now > r.Peak {
		r.Peak, r.PeakAt = r.now, r.second*int64(time.Second)
	}
}

// Window is how many there were within any minute: as many as Linux holds in TIME_WAIT, which lasts
// one minute there whatever the MSL, if these are entries to TIME_WAIT. They may come up to a minute out of order.
type Window struct {
	N      uint64
	Peak   uint64 // most in 60 seconds of the clock; of the first few, more
	PeakAt int64  // end of those, ns since 1970 UTC

	ring   *[60]uint32
	second int64 // of the latest
	now    uint64
}

// windowFrom is how many there must be before they are counted by the second: most have a few. Until then they
// are taken to be of one second, the latest.
const windowFrom = 16

func (w *Window) add(at int64) {
	w.N++
	second := at / int64(time.Second)
	const n = 60
	if w.N < windowFrom {
		if w.N == 1 || second-w.second >= n {
			w.second, w.now = second, 0
		}
		w.second = max(w.second, second)
		w.now++
		if w.now > w.Peak {
			w.Peak, w.PeakAt = w.now, at
		}
		return
	}
	if w.ring == nil {
		w.ring = new([n]uint32)
		w.ring[(w.second%n+n)%n] = uint32(w.now)
	}
	switch {
	case second-w.second >= n:
		*w.ring, w.now, w.second = [n]uint32{}, 0, second
	case second <= w.second-n: // a clock that stepped far back
		return
	}
	for w.second < second {
		w.second++
		i := (w.second%n + n) % n
		w.now -= uint64(w.ring[i])
		w.ring[i] = 0
	}
	w.ring[(second%n+n)%n]++
	w.now++
	if w.now > w.Peak {
		w.Peak, w.PeakAt = w.now, at
	}
}
