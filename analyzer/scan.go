package analyzer

import "tcpwhy/flows"

// Scan is what a first reading finds out for a Choice that cannot be made in one: an output of
// that Run, which itself chooses nothing.
type Scan struct {
	choice      chooser
	started     bool
	first, last int64
	found       map[uint64]struct{} // numbers of the flows that are wanted for their end
}

// NewScan is a Scan for c.
func NewScan(c Choice) *Scan {
	return &Scan{choice: chooser{Choice: c}, found: make(map[uint64]struct{})}
}

// Packet takes note of the span of the capture.
func (s *Scan) Packet(seg *flows.Segment, _ *flows.Step, _ []*Finding) error {
	if !s.started {
		s.started, s.first, s.last = true, seg.Time, seg.Time
	}
	s.last = max(s.last, seg.Time)
	return nil
}

// Flow takes note of a flow that is wanted for its end.
func (s *Scan) Flow(f *flows.Flow, found []*Finding) error {
	if s.choice.lastState(f) && s.choice.found(f, found) {
		s.found[f.Number] = struct{}{}
	}
	return nil
}

func (s *Scan) has(flow uint64) bool {
	_, ok := s.found[flow]
	return ok
}

// Skip and Late are never called: the Run of a Scan chooses nothing, and is in no hurry.
func (s *Scan) Skip(*flows.Segment) {}
func (s *Scan) Late(*Finding) error { return nil }
