package analyzer

import (
	"time"

	"tcpwhy/flows"
)

// Sheds counts flows by flows.Shed: those that were given up at the ceiling and have no row. They have no finding either,
// but are in all counts, each with what was known of it then. NotShed are those that have their row.
type Sheds [flows.NumSheds]uint64

// N is how many were given up.
func (s *Sheds) N() (n uint64) {
	for _, of := range s[flows.ShedAttempt:] {
		n += of
	}
	return n
}

// Ceiling is what was given up for want of room.
type Ceiling struct {
	flows.Ceiling
	Shed               Sheds  // without a row
	Rests              uint64 // with a row of what came of them later
	MaxFlows, MaxBytes string // what they were, as who set them knows them
}

// Limits are those that bound.
func (c *Ceiling) Limits() (of []string) {
	if c.Flows {
		of = append(of, c.MaxFlows)
	}
	if c.Bytes {
		of = append(of, c.MaxBytes)
	}
	return of
}

// N is how many flows were given up.
func (c *Ceiling) N() uint64 { return c.Shed.N() + c.Rests }

// add counts a flow that is finished or was given up, and reports whether it has a row.
func (c *Ceiling) add(f *flows.Flow) bool {
	if f.Capture.Evicted {
		if f.Capture.Before.Shed == flows.NotShed {
			return false // it has had it
		}
		c.Shed[f.Capture.Before.Shed]--
	}
	c.Shed[f.Shed]++
	if f.Shed == flows.NotShed && f.Capture.Evicted {
		c.Rests++
	}
	return f.Shed == flows.NotShed
}

// counts are of flows by how they stand, once each.
type counts interface {
	// stands counts n more that stand so; one less where n is ^0.
	stands(s *flows.Standing, n uint64)
	// has reports whether such a flow is counted.
	has(s *flows.Standing) bool
}

// count counts f, which stands so now. Where it goes on after it was given up, it was counted then, and what is known of it
// now takes the place of what was: but in what was forgotten in between it is counted anew; again tells so.
func count(t counts, f *flows.Flow, now *flows.Standing) (again bool) {
	if f.Capture.Evicted {
		before := &f.Capture.Before
		again = !t.has(before)
		switch {
		case before.Shed == flows.NotShed && !again:
			return false // it was over
		case !again:
			t.stands(before, ^uint64(0))
		}
	}
	t.stands(now, 1)
	return again
}

// shed counts a flow that was given up. What its server held half open, that goes on holding for as long as such
// a flow is waited for.
func (p *peers) shed(f *flows.Flow) {
	s, _ := p.finished(f)
	if f.Shed == flows.ShedHalfOpen && f.Server().State() == flows.SynReceived {
		p.leaving.add(f.Last+int64(flows.Patience), s)
	}
}

// leaving are half-open connections that were shed, by the second in which they would have been given up.
type leaving struct {
	of   map[int64]map[*Server]uint64
	next int64 // no second before it has any
}

func (l *leaving) add(at int64, s *Server) {
	second := at / int64(time.Second)
	switch {
	case l.of == nil:
		l.of, l.next = map[int64]map[*Server]uint64{}, second
	case len(l.of) == 0:
		l.next = second
	default:
		l.next = min(l.next, second)
	}
	if l.of[second] == nil {
		l.of[second] = map[*Server]uint64{}
	}
	l.of[second][s]++
}

// stay has one not leave that goes on; second is when it would have left.
func (l *leaving) stay(second int64, s *Server, all *Gauge) {
	if l.of[second][s] > 0 {
		l.of[second][s]--
		all.leave()
		s.HalfOpen.leave()
	}
}

// until has those leave that were to be given up by then.
func (l *leaving) until(now int64, all *Gauge) {
	for ; len(l.of) > 0 && l.next < now/int64(time.Second); l.next++ {
		for s, n := range l.of[l.next] {
			all.Now -= min(n, all.Now)
			s.HalfOpen.Now -= min(n, s.HalfOpen.Now)
		}
		delete(l.of, l.next)
	}
}
