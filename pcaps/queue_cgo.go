//go:build cgo

package pcaps

import (
	"io"
	"sync"
	"time"
)

// queue holds what was read of one device ahead of the others. Several devices are each read by a goroutine of their
// own, which waits for nothing but its device; a packet is copied once, and changes hands with all
// that came with it.
type queue struct {
	device device
	ready  chan<- struct{} // told that there is something, if nobody has been yet

	mu     sync.Mutex
	room   sync.Cond // the batch was taken
	filled batch
	err    error // that ended the device
	left   bool  // nobody will take anything any more
	ended  chan struct{}

	// What follows is the taker's.
	taken batch
	at    int  // next frame in taken
	over  bool // err has been seen behind the last frame
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

// fill reads the device to its end.
func (q *queue) fill(c *capture) {
	defer close(q.ended)
	var f Frame
	for {
		ok, err := c.read(q.device, &f)
		if err == nil && !ok {
			continue
		}
		q.mu.Lock()
		for len(q.filled.bytes) > maxQueue && !q.left {
			q.room.Wait()
		}
		if q.left {
			err = io.EOF
		}
		q.err = err
		if err == nil {
			b := &q.filled
			b.bytes = append(b.bytes, f.Data...)
			f.Data = nil
			b.frames, b.ends = append(b.frames, f), append(b.ends, len(b.bytes))
		}
		q.mu.Unlock()
		select {
		case q.ready <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// peek reports whether a frame is there. Over is set once there will be no more.
func (q *queue) peek() bool {
	if q.at < len(q.taken.frames) {
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.taken.clear()
	q.at = 0
	if len(q.filled.frames) == 0 {
		q.over = q.err != nil
		return false
	}
	q.taken, q.filled = q.filled, q.taken
	q.room.Signal()
	return true
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

// abandon ends the reading of the device.
func (q *queue) abandon() {
	q.mu.Lock()
	q.left = true
	q.room.Signal()
	q.mu.Unlock()
	<-q.ended
}

// merge sets f to the earliest frame of all queues. A device that is silent is waited for until nothing earlier can
// come from it.
func (c *capture) merge(f *Frame) (bool, error) {
	if c.queues == nil {
		c.startQueues()
	}
	for waited := false; ; waited = true {
		first, silent, over := -1, false, 0
		for i, q := range c.queues {
			switch {
			case q.peek():
				if first < 0 || q.head() < c.queues[first].head() {
					first = i
				}
			case q.over:
				over++
				if q.err != io.EOF {
					c.fail(q.err)
				}
			default:
				silent = true
			}
		}
		var wait time.Duration
		switch {
		case over == len(c.queues):
			return false, io.EOF
		case first < 0:
			wait = blockTime
		case silent:
			wait = time.Duration(c.queues[first].head() + int64(settleTime) - time.Now().UnixNano())
		}
		if wait <= 0 {
			c.queues[first].take(f)
			f.Interface = int32(first)
			return true, nil
		}
		if waited && first < 0 {
			return false, nil
		}
		c.timer.Reset(min(wait, settleTime))
		select {
		case <-c.ready:
		case <-c.timer.C:
		}
	}
}

// head is the time of the frame that is there.
func (q *queue) head() int64 { return q.taken.frames[q.at].Time }

func (c *capture) startQueues() {
	ready := make(chan struct{}, 1)
	c.ready, c.timer = ready, time.NewTimer(0)
	for _, d := range c.devices {
		q := &queue{device: d, ready: ready, ended: make(chan struct{})}
		q.room.L = &q.mu
		c.queues = append(c.queues, q)
		go q.fill(c)
	}
}
