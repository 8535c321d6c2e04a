package analyzer

import (
	"time"

	"tcpwhy/flows"
)

// clock watches the capture's.
type clock struct {
	started     bool
	first, last int64 // of all packets
	before      int64 // time of the packet before
	back        Back
}

// Back is what is known of a clock that went back.
type Back struct {
	Times   uint64
	Longest time.Duration // the longest step
	File    int32         // of the packet that shows that one
	Packet  uint64
	Time    int64 // of that packet
}

// stepsBack is what a clock must go back by to have been set: NTP slews less than 128 ms (RFC 5905 §11.3);
// and packets of several queues, or merged files, are some milliseconds out of order.
const stepsBack = int64(100 * time.Millisecond)

func (c *clock) tick(seg *flows.Segment) {
	if !c.started {
		c.started, c.first, c.last, c.before = true, seg.Time, seg.Time, seg.Time
	}
	if step := c.before - seg.Time; step >= stepsBack {
		c.back.Times++
		if time.Duration(step) > c.back.Longest {
			c.back.Longest, c.back.File, c.back.Packet, c.back.Time = time.Duration(step), seg.File, seg.Packet, seg.Time
		}
	}
	c.before = seg.Time
	c.first, c.last = min(c.first, seg.Time), max(c.last, seg.Time)
}
