package analyzer

import (
	"errors"
	"io"

	"tcpwhy/flows"
)

// Source gives segments in the order of their time. At its end it returns io.EOF, or what kept it from
// reading every input to its end.
type Source interface {
	Next(*flows.Segment) error
	// Now is the time that the capture has come to, in packets that are no TCP, too.
	Now() int64
}

// PacketOutput is told of every packet: by Skip, of those that were not chosen. What it is given is
// valid until it returns.
type PacketOutput interface {
	Packet(*flows.Segment, *flows.Step) error
	Skip(*flows.Segment)
}

// FlowOutput is told of every flow that was chosen, once it is finished. The flow is valid until it
// returns.
type FlowOutput interface {
	Flow(*flows.Flow) error
}

// Run is one reading of a capture. All of its outputs share the one loop.
type Run struct {
	Source  Source
	Tracker flows.Config
	Choice  Choice
	Scan    *Scan // of an earlier Run over the same capture; nil where Choice.NeedsEnd is false
	Packets []PacketOutput
	Flows   []FlowOutput

	// Pause, if set, is called every few thousand segments. Reading stops well where it returns false.
	Pause func() bool
}

// interval of Pause, in segments: below a millisecond.
const pauseInterval = 1 << 11

// Read reads the source to its end, and returns how many flows there were, chosen or not. Where an
// input could not be read to its end, everything else is done before its error is returned; an
// output's error ends the reading.
func (r *Run) Read() (uint64, error) {
	var (
		tracker = flows.NewTracker(r.Tracker)
		choice  = chooser{Choice: r.Choice, scan: r.Scan}
		seg     flows.Segment
		flow    flows.Flow
		readErr error
	)
	for n := uint64(0); ; n++ {
		if n%pauseInterval == 0 && r.Pause != nil && !r.Pause() {
			break
		}
		if err := r.Source.Next(&seg); err != nil {
			if err != io.EOF {
				readErr = err
			}
			break
		}
		choice.start(seg.Time)
		step := tracker.Observe(&seg)
		if err := r.packet(&choice, &seg, step); err != nil {
			return tracker.Flows(), err
		}
		if err := r.finished(tracker, &choice, &flow); err != nil {
			return tracker.Flows(), err
		}
	}
	tracker.Advance(r.Source.Now())
	tracker.End()
	return tracker.Flows(), errors.Join(readErr, r.finished(tracker, &choice, &flow))
}

func (r *Run) packet(c *chooser, seg *flows.Segment, step *flows.Step) error {
	if len(r.Packets) == 0 {
		return nil
	}
	chosen := c.packet(seg, step)
	for _, out := range r.Packets {
		if !chosen {
			out.Skip(seg)
		} else if err := out.Packet(seg, step); err != nil {
			return err
		}
	}
	return nil
}

func (r *Run) finished(t *flows.Tracker, c *chooser, f *flows.Flow) error {
	for t.Finished(f) {
		if len(r.Flows) == 0 || !c.flow(f) {
			continue
		}
		for _, out := range r.Flows {
			if err := out.Flow(f); err != nil {
				return err
			}
		}
	}
	return nil
}
