package analyzer

import (
	"time"

	"tcpwhy/flows"
)

// Sheds counts flows that were given up at the ceiling for what is held, by flows.Shed. They have no row and no
// finding, but are in all counts, each with what was known of it then.
type Sheds [flows.NumSheds]uint64

// N is how many there were.
func (s *Sheds) N() (n uint64) {
	for _, of := range s {
		n += of
	}
	return n
}

// add counts a flow, once.
func (s *Sheds) add(f *flows.Flow) {
	if !f.Capture.Evicted {
		s[f.Shed]++
	}
}

// countOpening counts a flow by how it began, and reports whether its outcomes are new. One that goes on after it was
// given up has been counted then: what is seen of its opening now takes the place of what was known of it, as its SYN
// or its SYN-ACK came again; else all stands.
func countOpening[N uint32 | uint64](f *flows.Flow, all *uint64, by *[flows.NumOpenings]N) bool {
	switch before := f.Capture.Before; {
	case !f.Capture.Evicted, *all == 0: // or of a server that was forgotten in between
		*all++
	case f.Opening.Outcome == flows.OpeningNotCaptured, before == flows.OpeningNotCaptured, by[before] == 0:
		return false
	default:
		by[before]--
	}
	by[f.Opening.Outcome]++
	return true
}

// shed counts a flow that was given up. What its server held half open, that goes on holding for as long as such
// a flow is waited for.
func (p *peers) shed(f *flows.Flow) {
	s, _ := p.finished(f)
	s.Shed.add(f)
	p.totals.Shed.add(f)
	if f.Server().State() == flows.SynReceived {
		p.leaving.add(f.Last+int64(flows.Patience), s)
	}
	if c := f.Client(); f.Opening.Outcome == flows.OpeningInProgress && f.Shed == flows.ShedHalfOpen && c.Packets == 1 {
		s.HalfOpens.Young++
		s.HalfOpens.Silent++
		s.HalfOpens.Sources.add(hashAddr(c.Addr.Addr()))
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
