package analyzer

import (
	"cmp"
	"sync"
	"sync/atomic"

	"tcpwhy/flows"
)

// crew are goroutines that read a capture together, in rounds. In each, the source is read into a batch; the lanes of the tracker
// observe the batch before, and judge the flows that were finished by the one before that; and the outputs are told of those that
// were judged before. Nobody needs what another one does in the same round, so that all wait for its end only.
type crew struct {
	*Run
	lanes []*lane
	// The batches on their way, nil: there is none. The one being told is the one being judged, as far as that has come, or the
	// one before, which is then told whole in one round.
	reading, observing, judging, telling *batch

	spare   []*batch
	segs    []flows.Segment // read last
	left    []flows.Segment // of these, what is yet to be shared out
	quiet   bool            // the source has nothing yet: what it had is told before it is asked again
	stopped bool            // no more is read
	over    bool            // the last batch is on its way

	// Where telling has come to.
	moved  int   // turn of the moves told last
	at     []int // by lane: which of them are next
	told   bool  // of all
	failed error // an output

	work  []func() // of a round
	begun []atomic.Bool
	start []chan struct{} // of each goroutine beside the first
	ready sync.WaitGroup
}

// fewSegments take less time than to wake others for them.
const fewSegments = 128

// workers is how many goroutines this reading is for: one where outputs are told of packets, or these count only if they are chosen.
func (r *Run) workers() int {
	if len(r.Packets) > 0 || r.Early || r.gauges() && !r.Choice.IsZero() {
		return 1
	}
	return max(1, r.Workers)
}

// gauges reports whether it is followed what servers hold as packets pass.
func (r *Run) gauges() bool { return r.Judge != nil && !r.Judge.FlowsOnly }

// stages are reading, observing, judging and telling: each may have a batch.
const stages = 4

func newCrew(r *Run, workers int) *crew {
	c := &crew{Run: r, segs: make([]flows.Segment, readAtOnce)}
	c.work = append(c.work, c.tell, c.read)
	for i, of := range r.tracker.All() {
		l := &lane{Lane: of, run: r, number: i}
		c.lanes = append(c.lanes, l)
		c.work = append(c.work, func() { l.work(c.judging, c.observing) })
	}
	c.at = make([]int, len(c.lanes))
	for range stages {
		c.spare = append(c.spare, &batch{parts: make([]part, len(c.lanes))})
	}
	c.begun = make([]atomic.Bool, len(c.work))
	for range min(workers, len(c.work)) - 1 {
		c.start = append(c.start, make(chan struct{}))
	}
	return c
}

// readAll reads the source to its end.
func (c *crew) readAll() error {
	for i, start := range c.start {
		go func() {
			for range start {
				c.help(i + 1)
				c.ready.Done()
			}
		}()
		defer close(start)
	}
	for {
		c.begin()
		if c.failed != nil {
			return c.failed
		}
		c.round()
		if done := c.next(); done || c.failed != nil {
			return c.failed
		}
	}
}

// begin has a batch read in the next round.
func (c *crew) begin() {
	if c.reading != nil || c.over {
		return
	}
	if c.quiet {
		if c.observing != nil || c.judging != nil || c.telling != nil {
			return
		}
		c.quiet, c.failed = false, c.idle()
	}
	n := len(c.spare) - 1
	c.reading, c.spare = c.spare[n], c.spare[:n]
	c.reading.clear()
	if !c.stopped && c.Pause != nil {
		c.stopped = !c.Pause()
	}
	if c.stopped && len(c.left) == 0 {
		c.now = max(c.now, c.Source.Now())
		c.over, c.reading.last = true, true
		c.reading.first, c.reading.then = c.now, c.now
	}
}

// round does all the work there is.
func (c *crew) round() {
	for i := range c.begun {
		c.begun[i].Store(false)
	}
	start := c.start
	if few := cmp.Or(c.few, fewSegments); c.observing.size() < few && c.judging.size() < few && (c.judging == nil || !c.judging.last) {
		start = nil
	}
	c.ready.Add(len(start))
	for _, s := range start {
		s <- struct{}{}
	}
	c.help(0)
	c.ready.Wait()
}

// help does the work that nobody has begun. Each looks first where it did so before: that is in its processor's cache.
func (c *crew) help(worker int) {
	from := worker * len(c.work) / (len(c.start) + 1)
	for i := range c.work {
		i = (from + i) % len(c.work)
		if !c.begun[i].Swap(true) {
			c.work[i]()
		}
	}
}

// next makes of what was done in a round what is to be done in the next one, and reports whether all is done.
func (c *crew) next() bool {
	through := true
	for _, l := range c.lanes {
		l.handOver()
		through = through && l.through
	}
	if c.telling != nil && c.told {
		if c.telling.last {
			return true
		}
		c.spare, c.telling = append(c.spare, c.telling), nil
	}
	if c.telling == nil {
		c.telling, c.told, c.moved = c.judging, false, 0
		clear(c.at)
	}
	if !through {
		return false
	}
	if b := c.observing; b != nil {
		c.tracker.Number(b.then)
	}
	for _, l := range c.lanes {
		l.through = false
		l.numbered(c.observing)
	}
	if b := c.reading; b != nil && !b.last && b.size() == 0 {
		c.spare, c.reading = append(c.spare, b), nil
	}
	c.judging, c.observing, c.reading = c.observing, c.reading, nil
	if c.judging != nil && c.judging.last {
		c.ended()
	}
	return false
}

// read fills the batch that is to be read.
func (c *crew) read() {
	b := c.reading
	if b == nil || b.read || b.last {
		return
	}
	b.read = true
	for len(b.lane) < cmp.Or(c.batch, batchSize) {
		if len(c.left) == 0 {
			if c.stopped {
				return
			}
			n, ended := c.Run.read(c.segs)
			c.quiet, c.stopped = n == 0 && !ended, ended
			if n == 0 {
				return
			}
			c.left = c.segs[:n]
		}
		seg := &c.left[0]
		now := max(c.now, seg.Time)
		if !b.takes(now) {
			return
		}
		c.now, c.left = now, c.left[1:]
		if c.gauges() {
			c.Judge.peers.clock.tick(seg)
		}
		b.add(seg, c.tracker.Of(seg), now)
	}
}

// tell tells what a batch has brought, as far as it is judged: in the order in which it is told when segments are read one by one.
func (c *crew) tell() {
	b := c.telling
	if b == nil || c.told {
		return
	}
	c.move(1)
	for {
		var next *lane
		for _, l := range c.lanes {
			switch {
			case l.told < len(l.waiting):
				if next == nil || l.waiting[l.told].turn.Before(&next.waiting[next.told].turn) {
					next = l
				}
			case b == c.judging && !l.judgedAll:
				return
			}
		}
		if next == nil {
			break
		}
		j := next.waiting[next.told]
		c.move(j.turn.At)
		if c.failed = c.tellFlow(&j.flow, j.found); c.failed != nil {
			return
		}
		next.told++
	}
	c.move(len(b.lane))
	c.told = true
}

// move tells of moves up to a turn.
func (c *crew) move(turn int) {
	b := c.telling
	for ; c.moved < min(turn, len(b.lane)); c.moved++ {
		lane := b.lane[c.moved]
		for moves := b.parts[lane].moves[c.at[lane]:]; len(moves) > 0 && moves[0].turn == c.moved+1; moves = moves[1:] {
			c.Judge.peers.move(&moves[0])
			c.at[lane]++
		}
	}
}
