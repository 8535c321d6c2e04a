package analyzer

import (
	"errors"
	"io"
	"slices"

	"tcpwhy/flows"
)

// Source gives segments in the order of their time. At its end it returns io.EOF, or what kept it from
// reading every input to its end.
type Source interface {
	Next(*flows.Segment) error
	// Now is the time that the capture has come to, in packets that are no TCP, too.
	Now() int64
}

// PacketOutput is told of every packet with the findings that it brought: by Skip, of those that were not
// chosen. Late are the findings that no packet brings: what is wrong shows only when the flow is over. What
// it is given is valid until it returns, but findings stay.
type PacketOutput interface {
	Packet(*flows.Segment, *flows.Step, []*Finding) error
	Late(*Finding) error
	Skip(*flows.Segment)
}

// FlowOutput is told of every flow that was chosen, once it is finished, with all that was found of it. The
// flow and the list are valid until it returns.
type FlowOutput interface {
	Flow(*flows.Flow, []*Finding) error
}

// FindingOutput is told of every finding of the flows that were chosen, and of the whole capture, once each.
type FindingOutput interface {
	Finding(*Finding) error
}

// Run is one reading of a capture. All of its outputs share the one loop.
type Run struct {
	Source   Source
	Tracker  flows.Config // what the Judge needs is added
	Choice   Choice
	Scan     *Scan  // of an earlier Run over the same capture; nil where Choice.NeedsEnd is false
	Judge    *Judge // nil: nothing is judged
	Packets  []PacketOutput
	Flows    []FlowOutput
	Findings []FindingOutput

	// Early has flows judged after each packet that changed something, so that findings are told when they
	// are certain; else when their flow is finished.
	Early bool
	// Facts, if set, is asked for what is known of the capture as a whole, when the source has ended: with what
	// kept it from its end, or nil.
	Facts func(error) Facts
	// Pause, if set, is called every few thousand segments. Reading stops well where it returns false.
	Pause func() bool

	// Shed counts the flows that were given up, where Tracker has a ceiling, and Rests those that are the rest of one
	// of them, or of one that had its row early; they are complete when Read returns.
	Shed  Sheds
	Rests uint64

	tracker  *flows.Tracker
	choice   chooser
	now      int64 // time of the capture
	started  bool
	found    []*Finding
	snapshot flows.Flow
}

// pauseInterval is that of Pause, in segments: below a millisecond.
const pauseInterval = 1 << 11

// Read reads the source to its end, and returns the number of its last flow, chosen or not. Where an
// input could not be read to its end, everything else is done before its error is returned; an
// output's error ends the reading.
func (r *Run) Read() (uint64, error) {
	if r.Judge != nil {
		r.Judge.prepare()
		r.Tracker.Events, r.Tracker.Transitions = true, true
		if wanted := r.Tracker.Lists; wanted != nil {
			r.Tracker.Lists = func(f *flows.Flow) bool { return r.Judge.asks(f) || wanted(f) }
		}
	}
	r.tracker = flows.NewTracker(r.Tracker)
	r.choice = chooser{Choice: r.Choice, scan: r.Scan}
	var (
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
		if err := r.observe(&seg, &flow); err != nil {
			return r.tracker.Flows(), err
		}
	}
	if r.Facts != nil && r.Judge != nil {
		r.Judge.Facts = r.Facts(readErr)
		r.Judge.Lossy = r.Judge.Lossy || len(r.Judge.Facts.Drops) > 0
	}
	r.now = max(r.now, r.Source.Now())
	r.tracker.Advance(r.now)
	r.tracker.End()
	err := r.finished(&flow)
	if err == nil && r.Judge != nil {
		err = r.end()
	}
	return r.tracker.Flows(), errors.Join(readErr, err)
}

func (r *Run) observe(seg *flows.Segment, flow *flows.Flow) error {
	if !r.started {
		r.started, r.now = true, seg.Time
		r.choice.start(seg.Time)
	}
	r.now = max(r.now, seg.Time)
	step := r.tracker.Observe(seg)
	if r.Judge != nil && !r.Judge.FlowsOnly && (r.choice.all || r.choice.counts(seg, step)) {
		r.Judge.Step(seg, step)
	}
	if len(r.Packets) > 0 || r.Early {
		if err := r.packet(seg, step); err != nil {
			return err
		}
	}
	return r.finished(flow)
}

// packet tells the outputs of a packet, and of what it brought to light.
func (r *Run) packet(seg *flows.Segment, step *flows.Step) error {
	chosen := r.choice.packet(seg, step)
	r.found = r.found[:0]
	if chosen && r.Early && len(step.Changes)+len(step.Notes) > 0 && r.tracker.Snapshot(&r.snapshot) {
		r.Judge.Sofar(&r.snapshot, r.now, r.find)
	}
	for _, out := range r.Packets {
		if !chosen {
			out.Skip(seg)
		} else if err := out.Packet(seg, step, r.found); err != nil {
			return err
		}
	}
	return r.tell(r.found)
}

func (r *Run) find(n *Finding) { r.found = append(r.found, n) }

func (r *Run) tell(found []*Finding) error {
	for _, n := range found {
		for _, out := range r.Findings {
			if err := out.Finding(n); err != nil {
				return err
			}
		}
	}
	return nil
}

// finished judges the flows that are, and tells the outputs.
func (r *Run) finished(f *flows.Flow) error {
	for r.tracker.Finished(f) {
		if f.Capture.Evicted {
			r.Rests++
		}
		if f.Shed != flows.NotShed {
			r.Shed.add(f)
			if r.Judge != nil && r.choice.flow(f) {
				r.Judge.Shed(f)
			}
			continue
		}
		if len(r.Flows) == 0 && r.Judge == nil || !r.choice.flow(f) {
			continue
		}
		r.found = r.found[:0]
		var said []*Rule
		if r.Judge != nil {
			said = r.Judge.said[f.Number]
			r.Judge.Finished(f, r.now, r.find)
		}
		if !r.choice.found(f, r.found) {
			continue
		}
		for _, out := range r.Flows {
			if err := out.Flow(f, r.found); err != nil {
				return err
			}
		}
		if err := r.late(r.found, said); err != nil {
			return err
		}
	}
	return nil
}

// late tells of what was found of a flow that is finished, but what was told before.
func (r *Run) late(found []*Finding, said []*Rule) error {
	for i, n := range found {
		if slices.Contains(said, n.Rule) {
			continue
		}
		if r.Early {
			for _, out := range r.Packets {
				if err := out.Late(n); err != nil {
					return err
				}
			}
		}
		if err := r.tell(found[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}

// end judges the capture as a whole.
func (r *Run) end() error {
	r.found = r.found[:0]
	r.Judge.End(r.now, r.find)
	return r.tell(r.found)
}
