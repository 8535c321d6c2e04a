package analyzer

import (
	"errors"
	"io"

	"tcpwhy/flows"
)

// Source gives segments in the order of their time. Read sets one or more of those that it is given, as many as there are at once,
// and returns how many; they are valid until the next call. At its end it returns io.EOF, or what kept it from
// reading every input to its end; where there is none yet, io.ErrNoProgress, soon enough for whoever waits for what was read
// before. With several Workers, Read is called while outputs are told, by one goroutine at a time.
type Source interface {
	Read([]flows.Segment) (int, error)
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
// flow and the list are valid until it returns. With several Workers it is told by one goroutine at a time, not always the same.
type FlowOutput interface {
	Flow(*flows.Flow, []*Finding) error
}

// FindingOutput is told of every finding of the flows that were chosen, and of the whole capture, once each.
type FindingOutput interface {
	Finding(*Finding) error
}

// Run is one reading of a capture, for all of its outputs.
type Run struct {
	Source   Source
	Tracker  flows.Config // what the Judge needs is added
	Choice   Choice
	Scan     *Scan  // of an earlier Run over the same capture; nil where Choice.NeedsEnd is false
	Judge    *Judge // nil: nothing is judged
	Packets  []PacketOutput
	Frames   bool // Packets ask the Source for what it has read last: it is to read one segment at a time
	Flows    []FlowOutput
	Findings []FindingOutput

	// Early has flows judged after each packet that changed something, so that findings are told when they
	// are certain; else when their flow is finished.
	Early bool
	// Facts, if set, is asked for what is known of the capture as a whole, when the source has ended: with what
	// kept it from its end, or nil.
	Facts func(error) Facts
	// Workers is how many goroutines share the work; 0 and 1: the caller's alone does it. What comes out is the same.
	// One works on each segment as it comes; several wait for some thousand, which an interface or a pipe may be slow to give.
	Workers int
	// Rowless, if set, is told of what goes without a row: flows that are given up at the ceiling, and the rest of one that had its
	// row early. Of one that goes on, Changes begin anew.
	Rowless func(*flows.Flow)
	// Pause, if set, is called every few thousand segments. Reading stops well where it returns false.
	Pause func() bool
	// Idle, if set, is called when the Source has nothing yet, and all that it had was told. Its error ends the reading.
	Idle func() error

	// Ceiling is what was given up, where Tracker has one, and Resumed how many of the numbered flows are the rest of one that
	// was given up, or had its row early; they are complete when Read returns.
	Ceiling Ceiling
	Resumed uint64

	tracker  *flows.Lanes
	choice   chooser
	now      int64 // time of the capture
	started  bool
	unread   error // what kept the source from its end
	batch    int   // segments shared out at a time, 0: batchSize
	few      int   // fewer are not worth waking others for, 0: fewSegments
	found    []*Finding
	snapshot flows.Flow
	kinds    quietKinds
}

// pauseInterval is that of Pause, in segments: below a millisecond.
const pauseInterval = 1 << 11

// Read reads the source to its end, and returns the number of its last flow, chosen or not. Where an
// input could not be read to its end, everything else is done before its error is returned; an
// output's error ends the reading.
func (r *Run) Read() (uint64, error) {
	if r.Judge != nil {
		r.Judge.prepare()
		r.Judge.once = r.Judge.FlowsOnly && len(r.Flows) == 0 && !r.Choice.NeedsFindings()
		r.Tracker.Events, r.Tracker.Transitions = true, true
		if wanted := r.Tracker.Lists; wanted != nil {
			r.Tracker.Lists = func(f *flows.Flow) bool { return r.Judge.asks(f) || wanted(f) }
		}
	}
	r.tracker = flows.NewLanes(r.Tracker)
	r.choice = chooser{Choice: r.Choice, scan: r.Scan}
	var err error
	if n := r.workers(); n > 1 {
		err = newPipeline(r, n).readAll()
	} else {
		err = r.oneByOne()
	}
	r.Ceiling.Ceiling = r.tracker.Ceiling()
	if err == nil && r.Judge != nil {
		r.Judge.facts.Ceiling = r.Ceiling
		err = r.end()
	}
	return r.tracker.Flows(), errors.Join(r.unread, err)
}

// workers is how many goroutines this reading is for: one where outputs are told of packets, or these count only if they are chosen.
func (r *Run) workers() int {
	if len(r.Packets) > 0 || r.Early || r.gauges() && !r.Choice.IsZero() {
		return 1
	}
	return max(1, r.Workers)
}

// gauges reports whether it is followed what servers hold as packets pass.
func (r *Run) gauges() bool { return r.Judge != nil && !r.Judge.FlowsOnly }

// readAtOnce is how many segments are read at a time: they, and what is known of their flows, fit into a processor's first cache.
const readAtOnce = 128

// oneByOne reads one segment after the other.
func (r *Run) oneByOne() error {
	var flow flows.Flow
	segs := make([]flows.Segment, readAtOnce)
	if r.Frames {
		segs = segs[:1]
	}
	for left := 0; ; {
		if left <= 0 {
			if r.Pause != nil && !r.Pause() {
				break
			}
			left = pauseInterval
		}
		n, ended := r.read(segs)
		if ended {
			break
		}
		if n == 0 {
			if err := r.idle(); err != nil {
				return err
			}
		}
		left -= n
		seen := 0
		for i, step := range r.tracker.ObserveAll(segs[:n], r.looksAtSteps()) {
			r.comeTo(segs[seen : i+1])
			seen = i + 1
			if err := r.observed(&segs[i], step, &flow); err != nil {
				return err
			}
		}
		r.comeTo(segs[seen:n])
	}
	r.ended()
	r.tracker.Advance(r.now)
	r.tracker.End()
	return r.finished(&flow)
}

// read reads the next segments: none where there are none yet, or the source has ended.
func (r *Run) read(segs []flows.Segment) (n int, ended bool) {
	n, err := r.Source.Read(segs)
	switch err {
	case nil:
	case io.ErrNoProgress:
		return 0, false
	case io.EOF:
		return 0, true
	default:
		r.unread = err
		return 0, true
	}
	if !r.started {
		r.started, r.now = true, segs[0].Time
		r.choice.start(r.now)
	}
	return n, false
}

func (r *Run) idle() error {
	if r.Idle == nil {
		return nil
	}
	return r.Idle()
}

// ended takes note of what is known when the source has ended.
func (r *Run) ended() {
	if r.Facts != nil && r.Judge != nil {
		r.Judge.facts = r.Facts(r.unread)
	}
	r.now = max(r.now, r.Source.Now())
}

// looksAtSteps reports whether it matters of each segment what it did.
func (r *Run) looksAtSteps() bool { return r.gauges() || len(r.Packets) > 0 || r.Early }

// comeTo has the time of the capture come to that of the last of segs.
func (r *Run) comeTo(segs []flows.Segment) {
	for i := range segs {
		r.now = max(r.now, segs[i].Time)
	}
}

func (r *Run) observed(seg *flows.Segment, step *flows.Step, flow *flows.Flow) error {
	if r.gauges() && (r.choice.all || r.choice.counts(seg, step)) {
		r.Judge.peers.step(seg, step)
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
	if chosen && r.Early && len(step.Changes)+len(step.Notes) > 0 {
		r.sofar(step)
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
		var found []*Finding
		if r.judges(f) {
			found = r.Judge.judge(f, r.now, true)
		}
		if err := r.tellFlow(f, found); err != nil {
			return err
		}
	}
	return nil
}

// judges reports whether f, which is finished or was given up, is to be judged.
func (r *Run) judges(f *flows.Flow) bool {
	return r.Judge != nil && f.Shed == flows.NotShed && r.choice.flow(f)
}

// tellFlow tells the outputs of a flow that is finished, of which this was found, or counts one that was given up.
func (r *Run) tellFlow(f *flows.Flow, found []*Finding) error {
	if f.Capture.Resumed {
		r.Resumed++
	}
	row := r.Ceiling.add(f)
	if f.Shed != flows.NotShed {
		if r.choice.flow(f) {
			if r.Judge != nil {
				r.Judge.shed(f)
			}
			r.rowless(f)
		}
		return nil
	}
	if len(r.Flows) == 0 && r.Judge == nil || !r.choice.flow(f) {
		return nil
	}
	r.found = r.found[:0]
	var said []telling
	if r.Judge != nil {
		said = r.Judge.said[f.Number]
		r.Judge.count(f, found, r.find)
	}
	if !row {
		r.rowless(f)
		return nil
	}
	if !r.choice.found(f, r.found) {
		return nil
	}
	for _, out := range r.Flows {
		if err := out.Flow(f, r.found); err != nil {
			return err
		}
	}
	return r.late(r.found, said)
}

func (r *Run) rowless(f *flows.Flow) {
	if r.Rowless != nil {
		r.Rowless(f)
	}
}

// GivenUp is what was given up so far, where no others share the work.
func (r *Run) GivenUp() *Ceiling {
	r.Ceiling.Ceiling = r.tracker.Ceiling()
	return &r.Ceiling
}

// late tells of what was found of a flow that is finished, but what was told before.
func (r *Run) late(found []*Finding, said []telling) error {
	for i, n := range found {
		if hasSaid(said, n.Rule) {
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
	r.Judge.end(r.now, r.find)
	return r.tell(r.found)
}
