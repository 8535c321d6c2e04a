package pcaps

import "tcpwhy/flows"

// Segments gives the segments of a Source alone, without a verdict of each: what analyzer.Run reads.
type Segments struct{ source *Source }

// Segments are those that s has yet to read.
func (s *Source) Segments() Segments { return Segments{s} }

// Next is the source's Next, but that it returns io.ErrNoProgress when interfaces have nothing to read yet: time to write out
// what is in buffers.
func (s Segments) Next(seg *flows.Segment) error {
	_, err := s.source.nextSoFar(seg)
	return err
}

// Now is the source's Now.
func (s Segments) Now() int64 { return s.source.Now() }
