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
	if c.Bound&flows.BoundFlows != 0 {
		of = append(of, c.MaxFlows)
	}
	if c.Bound&flows.BoundBytes != 0 {
		of = append(of, c.MaxBytes)
	}
	return of
}

// N is how many flows were given up.
func (c *Ceiling) N() uint64 { return c.Shed.N() + c.Rests }

// add counts a flow that is finished or was given up, and reports whether it has a row.
func (c *Ceiling) add(f *flows.Flow) bool {
	c.Bound |= f.Capture.Bound
	if f.Capture.Resumed {
		if f.Capture.Before.Shed == flows.NotShed {
			return false // it has had it
		}
		c.Shed[f.Capture.Before.Shed]--
	}
	c.Shed[f.Shed]++
	if f.Shed == flows.NotShed && f.Capture.Resumed {
		c.Rests++
	}
	return f.Shed == flows.NotShed
}

// counts are of flows by how they stand, once each.
type counts interface {
	// stands counts one more that stands so.
	stands(s *flows.Standing)
	// stood takes one back that stood so, and reports whether there was one.
	stood(s *flows.Standing) bool
}

// count counts f, which stands so now. Where it goes on after it was given up, it was counted then, and what is known of it
// now takes the place of what was: but in what was forgotten in between, or had not chosen it, it is counted anew; again tells so.
func count(t counts, f *flows.Flow, now *flows.Standing) (again bool) {
	again = f.Capture.Resumed && !t.stood(&f.Capture.Before)
	t.stands(now)
	return again
}

// counters are those that a flow counts in.
type counters []*uint64

func (c counters) add() {
	for _, n := range c {
		*n++
	}
}

// takeBack takes one off each, and reports whether there was one: else nothing changes.
func (c counters) takeBack() bool {
	for i, n := range c {
		if *n == 0 {
			c[:i].add()
			return false
		}
		*n--
	}
	return true
}

// shed counts a flow that was given up. What its server held half open, that goes on holding for as long as such
// a flow is waited for. And whose client was silent, that is so only if it stays so for as long as without the ceiling: of
// a busy server all are, for a moment.
func (p *peers) shed(f *flows.Flow) {
	s, _ := p.finished(f)
	now := f.Standing()
	if !heldHalfOpen(&now) {
		return
	}
	due := f.Last + int64(flows.Patience)
	*p.leaving.of(due, s)++
	if young(&now) {
		p.young.of(due, s).add(hashAddr(f.Client().Addr.Addr()))
	}
}

// heldHalfOpen reports whether a flow was shed that its server holds in SYN_RCVD.
func heldHalfOpen(f *flows.Standing) bool {
	return f.Shed == flows.ShedHalfOpen && f.States[flows.Server] == flows.SynReceived
}

// young reports whether such a flow would be silent if it had been there for longer.
func young(f *flows.Standing) bool {
	return f.Opening == flows.OpeningInProgress && f.Alone && !f.ClientReset
}

// goesOn counts a half-open connection no more as one that was shed. What comes of it is counted when it has finished.
func (p *peers) goesOn(s *Server, e *serverEvent) {
	if n := p.leaving.find(e.until, s); n != nil && *n > 0 {
		*n--
		p.totals.HalfOpen.leave()
		s.HalfOpen.leave()
	}
	if !e.young {
		return
	}
	if waits := p.young.find(e.until, s); waits != nil && waits.all > 0 {
		waits.remove(e.client)
	} else if h := &s.HalfOpens; h.Young > 0 {
		h.Silent--
		h.Young--
		h.Sources.remove(e.client)
	}
}

// comeTo counts what was shed and has not gone on until now.
func (p *peers) comeTo(now int64) {
	p.leaving.until(now, func(s *Server, n *uint64) {
		all := &p.totals.HalfOpen
		all.Now -= min(*n, all.Now)
		s.HalfOpen.Now -= min(*n, s.HalfOpen.Now)
	})
	p.young.until(now+int64(flows.Patience-answerTime), func(s *Server, sources *Present) {
		h := &s.HalfOpens
		h.Silent += sources.all
		h.Young += sources.all
		h.Sources.merge(sources)
	})
}

// waiting are half-open connections that were shed, by the second in which they would have been given up, and server.
type waiting[T any] struct {
	by   map[int64]map[*Server]*T
	next int64 // no second before it has any
}

// of are those that would be given up then.
func (w *waiting[T]) of(due int64, s *Server) *T {
	second := due / int64(time.Second)
	switch {
	case w.by == nil:
		w.by, w.next = map[int64]map[*Server]*T{}, second
	case len(w.by) == 0:
		w.next = second
	default:
		w.next = min(w.next, second)
	}
	if w.by[second] == nil {
		w.by[second] = map[*Server]*T{}
	}
	if w.by[second][s] == nil {
		w.by[second][s] = new(T)
	}
	return w.by[second][s]
}

// find are those of a second, nil: there are none.
func (w *waiting[T]) find(second int64, s *Server) *T { return w.by[second][s] }

// until hands out those of the seconds before that of now, and has them wait no more.
func (w *waiting[T]) until(now int64, out func(*Server, *T)) {
	for ; len(w.by) > 0 && w.next < now/int64(time.Second); w.next++ {
		for s, of := range w.by[w.next] {
			out(s, of)
		}
		delete(w.by, w.next)
	}
}
