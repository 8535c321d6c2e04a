//go:build cgo

package pcaps

import (
	"io"
	"slices"
	"sync"
	"time"
)

// queue holds what was read by one reader ahead of the others. Several are each read by a goroutine of their
// own, which waits for nothing but its device; a packet is copied once, and changes hands with all
// that came with it. It is decoded where all come together: that is a twentieth of what it takes to follow its flow, and
// who decodes has to have seen the fragments, networks and tunnels of all.
type queue struct {
	reader reader
	ready  chan<- struct{} // told that there is something, if nobody has been yet

	mu     sync.Mutex
	room   sync.Cond // the batch was taken
	filled batch
	none   time.Time // when the reader last had no frame
	err    error     // that ended the reader
	left   bool      // nobody will take anything any more
	ended  chan struct{}

	// What follows is the taker's.
	taken batch
	at    int       // next frame in taken
	when  time.Time // it was taken
	until time.Time // what passed before that was handed over
	over  bool      // err has been seen behind the last frame
}

// batch is frames with their bytes, one behind the other.
type batch struct {
	frames []Frame
	ends   []int // in bytes
	bytes  []byte
}

// maxQueue bounds the bytes of a batch. What does not fit stays in the kernel's ring.
const maxQueue = 4 << 20

func (b *batch) clear() {
	b.frames, b.ends, b.bytes = b.frames[:0], b.ends[:0], b.bytes[:0]
}

// fill reads to the end.
func (q *queue) fill(c *capture) {
	defer close(q.ended)
	var f Frame
	for {
		ok, err := c.read(q.reader, &f)
		q.mu.Lock()
		if err == nil && !ok {
			q.none = time.Now()
			q.mu.Unlock()
			continue
		}
		for len(q.filled.bytes) > maxQueue && !q.left {
			q.room.Wait()
		}
		if q.left {
			err = io.EOF
		}
		q.err = err
		news := len(q.filled.frames) == 0 || err != nil
		if err == nil {
			b := &q.filled
			b.bytes = append(b.bytes, f.Data...)
			f.Data = nil
			b.frames, b.ends = append(b.frames, f), append(b.ends, len(b.bytes))
		}
		q.mu.Unlock()
		if news {
			select {
			case q.ready <- struct{}{}:
			default:
			}
		}
		if err != nil {
			return
		}
	}
}

// holds reports whether a frame is there.
func (q *queue) holds() bool { return q.at < len(q.taken.frames) }

// refill takes what was filled when there is no frame any more. Over is set once there will be none.
func (q *queue) refill() {
	// Asked before: what comes in the meantime is found in the queue, or later.
	now, silent := time.Now(), q.reader.silent()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken.clear()
	q.at = 0
	switch {
	case len(q.filled.frames) > 0:
		q.taken, q.filled, q.when = q.filled, q.taken, now
		q.room.Signal()
	case q.err != nil:
		q.over = true
	case silent:
		q.until = now.Add(-stampTime)
	default:
		q.until = q.none.Add(-settleTime)
	}
}

// mayPrecede reports whether a frame that is still to come may be before the one that first holds. It is told by the clock that
// stamps frames, and where that is set back, by the other one.
func (q *queue) mayPrecede(first *queue) bool {
	return !q.over && !q.holds() && first.head() >= q.until.UnixNano() && !q.until.After(first.when)
}

// take moves the frame that is there into f.
func (q *queue) take(f *Frame) {
	b, begin := &q.taken, 0
	if q.at > 0 {
		begin = b.ends[q.at-1]
	}
	*f = b.frames[q.at]
	f.Data = b.bytes[begin:b.ends[q.at]]
	q.at++
}

// abandon ends the reading.
func (q *queue) abandon() {
	q.mu.Lock()
	q.left = true
	q.room.Signal()
	q.mu.Unlock()
	<-q.ended
}

// stampTime is after which a packet that was stamped is in its ring.
const stampTime = time.Millisecond

// merge sets f to the earliest frame of all queues. One that is empty is waited for until nothing earlier can
// come from it: that is as soon as its reader has looked once more, which it does every blockTime, or longer if it has to be
// given time to settle.
func (c *capture) merge(f *Frame) (bool, error) {
	if c.queues == nil {
		c.startQueues()
	}
	for waited := false; ; waited = true {
		first, early := c.first()
		wait := stampTime // a reader does not tell when it becomes silent
		switch {
		case first != nil && !early:
			first.take(f)
			c.busy = true
			return true, nil
		case first != nil:
		case !slices.ContainsFunc(c.queues, func(q *queue) bool { return !q.over }):
			return false, io.EOF
		case c.busy || waited:
			c.busy = false // who has the packets before does not wait for more
			return false, nil
		default:
			wait = blockTime
		}
		c.timer.Reset(wait)
		select {
		case <-c.ready:
		case <-c.timer.C:
		}
	}
}

// first is the queue of the earliest frame, nil if there is none. It is early as long as one before it can come from a queue
// that is empty.
func (c *capture) first() (first *queue, early bool) {
	for _, q := range c.queues {
		if q.holds() && (first == nil || q.head() < first.head()) {
			first = q
		}
	}
	for _, q := range c.queues {
		if q.over || q.holds() || first != nil && !q.mayPrecede(first) {
			continue
		}
		q.refill()
		if q.over && q.err != io.EOF {
			c.fail(q.err)
		}
		if q.holds() && (first == nil || q.head() < first.head()) {
			first = q
		}
	}
	return first, first != nil && slices.ContainsFunc(c.queues, func(q *queue) bool { return q.mayPrecede(first) })
}

// head is the time of the frame that is there.
func (q *queue) head() int64 { return q.taken.frames[q.at].Time }

func (c *capture) startQueues() {
	ready := make(chan struct{}, 1)
	c.ready, c.timer = ready, time.NewTimer(0)
	for _, r := range c.readers {
		q := &queue{reader: r, none: time.Unix(0, 0), until: time.Unix(0, 0), ready: ready, ended: make(chan struct{})}
		q.room.L = &q.mu
		c.queues = append(c.queues, q)
		go q.fill(c)
	}
}
