package analyzer

import "tcpwhy/flows"

// lane is a lane of the tracker, and what is on its way from there to the outputs.
type lane struct {
	flows.Lane
	run        *Run
	index      int
	unnumbered []int // events of the batch observed last whose flow may have no number yet
	ended      bool
	through    bool // with what was to be done in this round

	waiting []*result // to be told of, those of a batch in their turn
	told    int       // how many of them were
	// judgedAll: nothing of the batch that is judged is still to come, as of the last round.
	judgedAll bool
	out       []*result // that go there when the round is over
	free      []*result
}

// result is a flow that is finished, or was given up, and what was found of it.
type result struct {
	flow        flows.Flow
	transitions []flows.Transition
	events      []flows.Event
	turn        flows.Turn
	pass        Pass
	found       []*Finding
}

// mostJudged is how many flows of a lane may wait to be told of: the time of a million can be over at once.
const mostJudged = 512

// work judges the flows that were finished by one batch, and observes its segments of the next. Where the former are
// too many for one round, the latter is left for another.
func (l *lane) work(finished, observed *batch) {
	if l.through || finished != nil && !l.judge(finished) {
		return
	}
	if observed != nil {
		l.observe(observed)
	}
	l.through = true
}

func (l *lane) observe(b *batch) {
	l.Begin(b.first)
	p := &b.parts[l.index]
	if !l.run.gauges() {
		l.Observe(p.segments, p.places, p.now, nil)
		return
	}
	l.Observe(p.segments, p.places, p.now, func(i int, step *flows.Step) {
		if len(step.Changes)+len(step.Notes) == 0 {
			return
		}
		n := len(p.events)
		p.events = serverEvents(p.events, &p.segments[i], step)
		for ; n < len(p.events); n++ {
			p.events[n].place = p.places[i]
			if p.events[n].flow != 0 {
				l.unnumbered = append(l.unnumbered, n)
			}
		}
	})
}

// number puts the numbers of flows into the events that name them, once all are known.
func (l *lane) number(b *batch) {
	for _, i := range l.unnumbered {
		e := &b.parts[l.index].events[i]
		e.flow = l.NumberOf(e.flow)
	}
	l.unnumbered = l.unnumbered[:0]
}

// judge judges the flows that were finished by a batch, and reports whether these are all.
func (l *lane) judge(b *batch) bool {
	if b.last && !l.ended {
		l.ended = true
		l.End()
	}
	for len(l.waiting)+len(l.out) < mostJudged {
		if len(l.free) == 0 {
			l.free = append(l.free, &result{})
		}
		r := l.free[len(l.free)-1]
		var more bool
		if r.turn, more = l.Finished(&r.flow); !more {
			return true
		}
		l.free = l.free[:len(l.free)-1]
		f := &r.flow
		r.transitions = append(r.transitions[:0], f.Transitions...)
		r.events = append(r.events[:0], f.Events...)
		f.Transitions, f.Events, r.found = r.transitions, r.events, nil
		if l.run.judges(f) {
			r.found = l.run.Judge.judgeOn(&r.pass, f, r.turn.Now, true, nil)
		}
		l.out = append(l.out, r)
	}
	return false
}

// handOver ends a round.
func (l *lane) handOver() {
	l.free = append(l.free, l.waiting[:l.told]...)
	l.waiting = append(l.waiting[:0], l.waiting[l.told:]...)
	l.waiting = append(l.waiting, l.out...)
	l.told, l.out, l.judgedAll = 0, l.out[:0], l.through
}
