package pcaps

import "tcpwhy/flows"

// Segments gives the segments of a Source alone, without a verdict of each: what analyzer.Run reads.
type Segments struct{ source *Source }

// Segments are those that s has yet to read.
func (s *Source) Segments() Segments { return Segments{s} }

// Read fills segs, which is not empty, with the next segment as Next does, and with as many of those after it as can be had
// without waiting for them. It returns how many these are; all are valid until the next call. The source's Frame is of the first.
// When interfaces have nothing to read yet, it returns io.ErrNoProgress: time to write out what is in buffers.
func (s Segments) Read(segs []flows.Segment) (int, error) {
	if _, err := s.source.nextSoFar(&segs[0]); err != nil {
		return 0, err
	}
	return 1 + s.source.readOn(segs[1:]), nil
}

// Now is the source's Now.
func (s Segments) Now() int64 { return s.source.Now() }

// readOn fills segs from the frames of a file that are in its buffer already, so that all of them stay valid, and returns how many
// these are. It does for them what Next does, but for what asks for each frame by itself.
func (s *Source) readOn(segs []flows.Segment) (n int) {
	in := s.frames.alone()
	if in == nil || s.filter != nil || s.config.Tap != nil || s.config.Count > 0 || len(s.ahead.waiting) > 0 || s.ahead.err != nil {
		return 0
	}
	f := &in.frame
	file, _ := in.format.(*pcapFile)
	for n < len(segs) {
		if file != nil && !s.config.CheckSums {
			k := file.decodePlain(s.decoder, segs[n:], in.index)
			s.countPlain(segs[n : n+k])
			n += k
		}
		if n == len(segs) || !in.format.ready(f) {
			break
		}
		s.passed++
		seg := &segs[n]
		v := s.decoder.Decode(f, seg)
		part := s.decoder.whole
		s.decoder.whole = unfragmented
		switch {
		case v != TCP:
		case part == endUnknown:
			s.ahead.push(f) // how long its segment is stands in frames behind it, which need not be in the buffer
			return n
		case part == unfragmented && s.config.CheckSums:
			v = s.verify(seg)
		}
		if s.count(f, v); v.told() {
			n++
		}
	}
	return n
}

// countPlain counts segments that were decoded without a Frame of each.
func (s *Source) countPlain(segs []flows.Segment) {
	s.passed += uint64(len(segs))
	s.stats.Read += uint64(len(segs))
	s.stats.TCP += uint64(len(segs))
	for i := range segs {
		s.came(segs[i].Time)
	}
}
