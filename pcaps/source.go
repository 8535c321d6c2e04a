package pcaps

import (
	"io"

	"tcpwhy/flows"
)

// Config says what to read of the inputs. The zero value reads everything.
type Config struct {
	Filter string // in libpcap's language, as tcpdump takes it; "" lets everything pass
	Count  uint64 // stop after so many packets that passed the filter; 0 reads all
}

// Stats counts what has been read so far. Read is the sum of all others.
type Stats struct {
	Read     uint64              // packets
	Filtered uint64              // that the filter held back
	TCP      uint64              // TCP segments
	Quotes   uint64              // ICMP errors that quote a TCP segment
	Skipped  [NumVerdicts]uint64 // all others, by what they were; nothing at TCP and Quote
}

// Source reads TCP segments out of captures. It is not safe for concurrent use.
type Source struct {
	files   []string
	frames  *merge
	frame   *Frame
	filter  *filter // nil: everything passes
	decoder *Decoder
	count   uint64
	stats   Stats
	err     error // that ended it
}

// Open opens capture files, merged by packet time: pcap or pcapng, plain or in gzip or zstd, which is found
// out by what they hold; "-" is standard input. It fails with a *ReadError for each file
// that cannot be opened or is no capture, or with a *FilterError.
func Open(paths []string, c Config) (*Source, error) {
	s := &Source{files: paths, decoder: NewDecoder(), count: c.Count}
	if c.Filter != "" {
		var err error
		if s.filter, err = newFilter(c.Filter); err != nil {
			return nil, err
		}
	}
	var err error
	if s.frames, err = openMerge(paths); err != nil {
		return nil, err
	}
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
// bytes are valid until the next call. The verdict is TCP or Quote. At the end the error is
// io.EOF, or the *ReadErrors (errors.Join) of all files that could not be read to their end. It can also be that
// more compressed files overlap in time than can be open at once, or a *FilterError, when
// an interface comes up that the expression cannot be for; these end the reading where they occur.
func (s *Source) Next(seg *flows.Segment) (Verdict, error) {
	for s.err == nil {
		if s.count > 0 && s.stats.Read-s.stats.Filtered == s.count {
			s.err = s.frames.end()
			break
		}
		f, err := s.frames.next()
		if err != nil {
			s.err = err
			break
		}
		s.frame = f
		if s.filter != nil {
			passes, err := s.filter.passes(f)
			if err != nil {
				s.err = err
				break
			}
			if !passes {
				s.stats.Read++
				s.stats.Filtered++
				continue
			}
		}
		s.stats.Read++
		switch v := s.decoder.Decode(f, seg); v {
		case TCP:
			s.stats.TCP++
			return v, nil
		case Quote:
			s.stats.Quotes++
			return v, nil
		default:
			s.stats.Skipped[v]++
		}
	}
	s.frame = nil
	return NumVerdicts, s.err
}

// Frame is the frame that the latest segment came in, valid as long as that is.
func (s *Source) Frame() *Frame { return s.frame }

// Decoder is what decodes the segments: it knows their spaces' names.
func (s *Source) Decoder() *Decoder { return s.decoder }

// Files are the inputs as they were given; a segment's File is an index of it.
func (s *Source) Files() []string { return s.files }

// Stats counts what has been read so far.
func (s *Source) Stats() Stats { return s.stats }

// Interfaces are those that the inputs have told of so far, file by file; within a file in the order
// of Frame.Interface.
func (s *Source) Interfaces() []Interface { return s.frames.interfaces() }

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
