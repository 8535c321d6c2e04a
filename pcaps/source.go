package pcaps

import (
	"io"
	"sync/atomic"

	"tcpwhy/flows"
)

// Config says what to read of the inputs. The zero value reads everything.
type Config struct {
	Filter string // in libpcap's language, as tcpdump takes it; "" lets everything pass
	Count  uint64 // stop after so many packets that passed the filter; 0 reads all
	// Tap, if set, is given each packet that passed the filter. Its error ends the reading.
	Tap func(*Frame) error
	// Open opens a file, "-" for standard input; nil: as the operating system does. A file that is put aside, so that others can
	// be open, is closed and opened again.
	Open func(path string) (File, error)
	// CheckSums has the checksums of TCP segments verified that were captured whole. Off, as network cards
	// fill them in behind the capture.
	CheckSums bool
}

// Stats counts what has been read so far. Read is the sum of all others.
type Stats struct {
	Read     uint64              // packets
	Filtered uint64              // that the filter held back
	TCP      uint64              // TCP segments
	Quotes   uint64              // ICMP errors that quote a TCP segment
	Skipped  [NumVerdicts]uint64 // all others, by what they were; nothing at TCP and Quote
}

// frames are where a source takes its packets from: files, or interfaces.
type frames interface {
	// next returns the next frame, valid until the next call: nil where there is none yet, but may
	// be later. After the last one it returns what end does.
	next() (*Frame, error)
	// alone is the file that all frames to come are of; nil where there are several, or none.
	alone() *input
	// end is io.EOF, or what kept the frames from being read to their end.
	end() error
	// stop ends the frames, those of interfaces with what has passed so far. It may be called at any time.
	stop()
	// interrupt is stop, but end then tells of each file that was not read to its end.
	interrupt()
	interfaces() []Interface
	// of is the interface of a frame.
	of(*Frame) Interface
	bytes() (read, total int64)
	piped() bool
	close()
}

// Source reads TCP segments out of captures. It is not safe for concurrent use, but for Stop, Interrupt and Do.
type Source struct {
	files   []string
	frames  frames
	frame   *Frame
	filter  *filter // nil: everything passes
	decoder *Decoder
	config  Config
	stats   Stats
	now     int64  // time of the latest packet, TCP or not
	late    uint64 // packets of lastTime
	passed  uint64 // packets that the filter let pass, those read ahead too
	ahead   ahead
	senders senders                // where checksums are verified
	unknown map[uint32]uint64      // packets, by link type
	asked   atomic.Pointer[func()] // by Do
	err     error                  // that ended it

	unshared error
}

// Open opens capture files, merged by packet time: pcap or pcapng, plain or in gzip or zstd, which is found
// out by what they hold; "-" is standard input. It fails with a *ReadError for each file
// that cannot be opened or is no capture, or with a *FilterError.
func Open(paths []string, c Config) (*Source, error) {
	s := &Source{files: paths, decoder: NewDecoder(), config: c}
	if c.Filter != "" {
		var err error
		if s.filter, err = newFilter(c.Filter); err != nil {
			return nil, err
		}
	}
	if c.Open == nil {
		c.Open = openFile
	}
	files, err := openMerge(paths, c.Open)
	if err != nil {
		return nil, err
	}
	s.frames = files
	if s.filter != nil {
		known := s.frames.interfaces()
		if len(known) == 0 && !s.frames.piped() {
			known = []Interface{{LinkType: linkEthernet}} // an empty capture: any link type will do
		}
		if err := s.filter.prepare(known); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// Next reads on to the next TCP segment, or ICMP error that quotes one, and decodes it into seg, whose
// bytes are valid until the next call. The verdict is TCP or Quote, or Damaged where checksums are verified:
// such a segment has its Damage set, and is counted as skipped. At the end the error is
// io.EOF, or the *ReadErrors (errors.Join) of all files that could not be read to their end. It can also be that
// more compressed files overlap in time than can be open at once, or a *FilterError, when
// an interface comes up that the expression cannot be for; these end the reading where they occur.
func (s *Source) Next(seg *flows.Segment) (Verdict, error) {
	for {
		if v, err := s.nextSoFar(seg); err != io.ErrNoProgress {
			return v, err
		}
	}
}

// nextSoFar is Next, but for io.ErrNoProgress where an interface has nothing to read yet.
func (s *Source) nextSoFar(seg *flows.Segment) (Verdict, error) {
	for s.err == nil {
		f, err := s.frameInTurn()
		if f == nil {
			if err == nil {
				return NumVerdicts, io.ErrNoProgress
			}
			s.err = err
			continue
		}
		s.frame = f
		v := s.decoder.Decode(f, seg)
		if s.decoder.whole != unfragmented {
			v = s.fragmented(seg, v)
		} else if v == TCP && s.config.CheckSums {
			v = s.verify(seg)
		}
		if s.count(f, v); v.told() {
			return v, nil
		}
	}
	s.frame = nil
	return NumVerdicts, s.err
}

// told reports whether Next returns the verdict.
func (v Verdict) told() bool { return v == TCP || v == Quote || v == Damaged }

// count counts the frame in turn.
func (s *Source) count(f *Frame, v Verdict) {
	s.came(f.Time)
	s.stats.Read++
	switch v {
	case TCP:
		s.stats.TCP++
	case Quote:
		s.stats.Quotes++
	case UnknownLink:
		s.stats.Skipped[v]++
		if s.unknown == nil {
			s.unknown = make(map[uint32]uint64)
		}
		s.unknown[f.LinkType]++
	default:
		s.stats.Skipped[v]++
	}
}

// came notes the time of a packet.
func (s *Source) came(at int64) {
	s.now = max(s.now, at)
	if at == lastTime {
		s.late++
	}
}

// verify sets the segment's Damage.
func (s *Source) verify(seg *flows.Segment) Verdict {
	seg.Damage = damage(seg)
	if seg.Damage == flows.Undamaged {
		s.senders.count(seg.Src, false)
		return TCP
	}
	s.senders.count(seg.Src, true)
	return Damaged
}

// frameInTurn is the next frame that passed the filter; nil where there is none yet, or none any more.
func (s *Source) frameInTurn() (*Frame, error) {
	if len(s.ahead.waiting) > 0 {
		return s.ahead.take(), nil
	}
	if s.ahead.err != nil {
		return nil, s.ahead.err
	}
	f, passes, err := s.fetch()
	if !passes {
		return nil, err
	}
	return f, nil
}

// fetch reads the next frame, and tells whether it passed the filter; there is none where
// nothing has come in yet.
func (s *Source) fetch() (f *Frame, passes bool, err error) {
	if s.config.Count > 0 && s.passed == s.config.Count {
		return nil, false, s.frames.end()
	}
	if s.asked.Load() != nil {
		(*s.asked.Swap(nil))()
	}
	f, err = s.frames.next()
	if f == nil {
		return nil, false, err
	}
	if s.filter != nil {
		passes, err := s.filter.passes(f)
		if err != nil {
			return nil, false, err
		}
		if !passes {
			s.stats.Read++
			s.stats.Filtered++
			return f, false, nil
		}
	}
	s.passed++
	if s.config.Tap != nil {
		if err := s.config.Tap(f); err != nil {
			return nil, false, err
		}
	}
	return f, true, nil
}

// Stop ends the reading: Next ends with io.EOF, on interfaces only after it has handed out what has passed until now. It
// may be called from any goroutine.
func (s *Source) Stop() { s.frames.stop() }

// Interrupt is Stop for who has not seen all that there was: Next ends with a *ReadError of ErrInterrupted for each file
// that was not read to its end, as it does for one that is cut off. Interfaces and pipes have none.
func (s *Source) Interrupt() { s.frames.interrupt() }

// Do has f called between two packets by the goroutine that is in Next, within 100 ms where none come in a
// capture on interfaces. It may be called from any goroutine; of several requests at once one is heard.
func (s *Source) Do(f func()) { s.asked.Store(&f) }

// Frame is the frame that the latest segment came in, valid as long as that is.
func (s *Source) Frame() *Frame { return s.frame }

// Decoder is what decodes the segments: it knows their spaces' names.
func (s *Source) Decoder() *Decoder { return s.decoder }

// Files are the inputs as they were given; a segment's File is an index of it.
func (s *Source) Files() []string { return s.files }

// Now is the time that the capture has come to, ns since 1970: of its latest packet, whatever
// that was.
func (s *Source) Now() int64 { return s.now }

// Late counts the packets whose time is taken for the last that there is, in the year 2255: theirs is later.
func (s *Source) Late() uint64 { return s.late }

// UnknownLinks counts the packets that were skipped as of an unknown link type, by its LINKTYPE_ number. It is
// the source's own: not to be changed, and valid until the next call of Next.
func (s *Source) UnknownLinks() map[uint32]uint64 { return s.unknown }

// Stats counts what has been read so far.
func (s *Source) Stats() Stats { return s.stats }

// Interfaces are those that the inputs have told of so far, file by file; within a file in the order
// of Frame.Interface.
func (s *Source) Interfaces() []Interface { return s.frames.interfaces() }

// Interface is that of a frame of s.
func (s *Source) Interface(f *Frame) Interface { return s.frames.of(f) }

// Unshared is why the packets of interfaces are not shared among as many Rings as Live asked for: one is read then. It is nil
// where they are.
func (s *Source) Unshared() error { return s.unshared }

// Bytes tells how many bytes of how many have been read, as the files are on disk. Total is 0 where it
// is not known.
func (s *Source) Bytes() (read, total int64) { return s.frames.bytes() }

// Close closes the files. Next returns io.EOF from then on, unless it has ended with another error.
func (s *Source) Close() error {
	s.frames.close()
	if s.filter != nil {
		s.filter.close()
	}
	s.frame = nil
	if s.err == nil {
		s.err = io.EOF
	}
	return nil
}
