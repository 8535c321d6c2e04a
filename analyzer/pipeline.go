package analyzer

import (
	"cmp"
	"sync"
	"sync/atomic"

	"tcpwhy/flows"
)

// pipeline reads a capture with several goroutines, in rounds. In each, the source is read into a batch; the lanes of the tracker
// observe the batch before, and judge the flows that were finished by the one before that; and the outputs are told of those that
// were judged before. Nobody needs what another one does in the same round, so that all wait for its end only.
type pipeline struct {
	*Run
	lanes []*lane
	// The batches on their way, nil: there is none. The one being told is the one being judged, as far as that has come, or the
	// one before: that is judged whole, so that one round tells the rest of it.
	reading, observing, judging, telling *batch

	spare   []*batch
	segs    []flows.Segment // read last
	left    []flows.Segment // of these, what is yet to be shared out
	quiet   bool            // the source has nothing yet: what it had is told before it is asked again
	stopped bool            // no more is read
	over    bool            // the last batch is on its way

	// Where telling has come to.
	toldTo  int   // place of the segment whose events were told last
	toldOf  []int // by lane: how many of its events were told
	toldAll bool
	failed  error // an output

	jobs    []func() // of a round
	begun   []atomic.Bool
	start   []chan struct{} // of each goroutine beside the first
	working sync.WaitGroup
}

// fewSegments take less time than to wake others for them.
const fewSegments = 128

// stages are reading, observing, judging and telling: each may have a batch of its own.
const stages = 4

func newPipeline(r *Run, workers int) *pipeline {
	p := &pipeline{Run: r, segs: make([]flows.Segment, readAtOnce)}
	p.jobs = append(p.jobs, p.tell, p.fill)
	for i, of := range r.tracker.All() {
		l := &lane{Lane: of, run: r, index: i}
		p.lanes = append(p.lanes, l)
		p.jobs = append(p.jobs, func() { l.work(p.judging, p.observing) })
	}
	p.toldOf = make([]int, len(p.lanes))
	for range stages {
		p.spare = append(p.spare, &batch{parts: make([]part, len(p.lanes))})
	}
	p.begun = make([]atomic.Bool, len(p.jobs))
	for range min(workers, len(p.jobs)) - 1 {
		p.start = append(p.start, make(chan struct{}))
	}
	return p
}

// readAll reads the source to its end.
func (p *pipeline) readAll() error {
	for i, start := range p.start {
		go func() {
			for range start {
				p.work(i + 1)
				p.working.Done()
			}
		}()
		defer close(start)
	}
	for {
		p.begin()
		if p.failed != nil {
			return p.failed
		}
		p.round()
		if done := p.advance(); done || p.failed != nil {
			return p.failed
		}
	}
}

// begin has a batch read in the next round.
func (p *pipeline) begin() {
	if p.reading != nil || p.over {
		return
	}
	if p.quiet {
		if p.observing != nil || p.judging != nil || p.telling != nil {
			return
		}
		p.quiet, p.failed = false, p.idle()
	}
	n := len(p.spare) - 1
	p.reading, p.spare = p.spare[n], p.spare[:n]
	p.reading.clear()
	if !p.stopped && p.Pause != nil {
		p.stopped = !p.Pause()
	}
	if p.stopped && len(p.left) == 0 {
		p.now = max(p.now, p.Source.Now())
		p.over, p.reading.last = true, true
		p.reading.first, p.reading.then = p.now, p.now
	}
}

// round does all the work there is.
func (p *pipeline) round() {
	for i := range p.begun {
		p.begun[i].Store(false)
	}
	start := p.start
	if few := cmp.Or(p.few, fewSegments); p.observing.size() < few && p.judging.size() < few && (p.judging == nil || !p.judging.last) {
		start = nil
	}
	p.working.Add(len(start))
	for _, s := range start {
		s <- struct{}{}
	}
	p.work(0)
	p.working.Wait()
}

// work does the jobs that nobody has begun. Each worker looks first where it did so before: that is in its processor's cache.
func (p *pipeline) work(worker int) {
	from := worker * len(p.jobs) / (len(p.start) + 1)
	for i := range p.jobs {
		i = (from + i) % len(p.jobs)
		if !p.begun[i].Swap(true) {
			p.jobs[i]()
		}
	}
}

// advance takes the batches to their next stages, as far as the round has come, and reports whether all is done.
func (p *pipeline) advance() bool {
	through := true
	for _, l := range p.lanes {
		l.handOver()
		through = through && l.through
	}
	if p.telling != nil && p.toldAll {
		if p.telling.last {
			return true
		}
		p.spare, p.telling = append(p.spare, p.telling), nil
	}
	if p.telling == nil {
		p.telling, p.toldAll, p.toldTo = p.judging, false, 0
		clear(p.toldOf)
	}
	if !through {
		return false
	}
	if b := p.observing; b != nil {
		p.tracker.Number(b.then)
	}
	for _, l := range p.lanes {
		l.through = false
		l.number(p.observing)
	}
	if b := p.reading; b != nil && !b.last && b.size() == 0 {
		p.spare, p.reading = append(p.spare, b), nil
	}
	p.judging, p.observing, p.reading = p.observing, p.reading, nil
	if p.judging != nil && p.judging.last {
		p.ended()
	}
	return false
}

// fill reads the source into the batch that is being read.
func (p *pipeline) fill() {
	b := p.reading
	if b == nil || b.filled || b.last {
		return
	}
	b.filled = true
	gauges := p.gauges()
	for len(b.lane) < cmp.Or(p.batch, batchSize) {
		if len(p.left) == 0 {
			if p.stopped {
				return
			}
			n, ended := p.read(p.segs)
			p.quiet, p.stopped = n == 0 && !ended, ended
			if n == 0 {
				return
			}
			p.left = p.segs[:n]
		}
		seg := &p.left[0]
		now := max(p.now, seg.Time)
		if !b.takes(now) {
			return
		}
		p.now, p.left = now, p.left[1:]
		if gauges {
			p.Judge.peers.clock.tick(seg)
		}
		b.add(seg, p.tracker.Of(seg), now)
	}
}

// tell tells what a batch has brought, as far as it is judged: in the order in which it is told when segments are read one by one.
// There the events of a segment come before the flows that it finished, and before those whose time was over when it came: of a
// batch, that is its first segment.
func (p *pipeline) tell() {
	b := p.telling
	if b == nil || p.toldAll {
		return
	}
	p.tellEvents(1)
	for {
		var next *lane
		for _, l := range p.lanes {
			switch {
			case l.told < len(l.waiting):
				if next == nil || l.waiting[l.told].turn.Before(&next.waiting[next.told].turn) {
					next = l
				}
			case b == p.judging && !l.judgedAll:
				return
			}
		}
		if next == nil {
			break
		}
		r := next.waiting[next.told]
		p.tellEvents(r.turn.At)
		if p.failed = p.tellFlow(&r.flow, r.found); p.failed != nil {
			return
		}
		next.told++
	}
	p.tellEvents(len(b.lane))
	p.toldAll = true
}

// tellEvents tells of the events of servers, up to those of the segment at a place.
func (p *pipeline) tellEvents(place int) {
	b := p.telling
	for ; p.toldTo < min(place, len(b.lane)); p.toldTo++ {
		l := b.lane[p.toldTo]
		for events := b.parts[l].events[p.toldOf[l]:]; len(events) > 0 && events[0].place == p.toldTo+1; events = events[1:] {
			p.Judge.peers.apply(&events[0])
			p.toldOf[l]++
		}
	}
}
