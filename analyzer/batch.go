package analyzer

import (
	"time"

	"tcpwhy/flows"
)

// batch is segments that are shared out among the lanes, all of one second of the capture's time.
type batch struct {
	parts       []part  // by lane
	lane        []uint8 // that each segment is of
	first, then int64   // time of the capture with the first and the last of them
	filled      bool    // with all that there was to read
	last        bool    // the source has ended: there are none, and all flows are finished
}

// part is what of a batch is a lane's.
type part struct {
	segments []flows.Segment
	places   []int   // of these in the batch, from 1
	now      []int64 // time of the capture with each
	options  []byte  // of their headers
	events   []serverEvent
}

// batchSize is the most segments of a batch: few enough to be in a processor's own cache until they are observed, enough
// for nobody to wait long for the others.
const batchSize = 4096

const _ = uint(flows.MaxShared - batchSize)

func (b *batch) clear() {
	for i := range b.parts {
		p := &b.parts[i]
		p.segments, p.places, p.now, p.options, p.events = p.segments[:0], p.places[:0], p.now[:0], p.options[:0], p.events[:0]
	}
	b.lane, b.filled, b.last = b.lane[:0], false, false
}

func (b *batch) size() int {
	if b == nil {
		return 0
	}
	return len(b.lane)
}

// takes reports whether a segment may be added with which the capture comes to a time.
func (b *batch) takes(now int64) bool {
	return len(b.lane) == 0 || now/int64(time.Second) == b.first/int64(time.Second)
}

// add copies a segment to its lane's: which that is shows only when it was read. Of its bytes the TCP header stays, of which the
// options are asked for.
func (b *batch) add(s *flows.Segment, lane int, now int64) {
	if len(b.lane) == 0 {
		b.first = now
	}
	b.then = now
	b.lane = append(b.lane, uint8(lane))
	p := &b.parts[lane]
	p.places, p.now, p.segments = append(p.places, len(b.lane)), append(p.now, now), append(p.segments, *s)
	kept := &p.segments[len(p.segments)-1]
	from := len(p.options)
	p.options = append(p.options, tcpHeader(s)...)
	kept.IP, kept.TCP = p.options[from:len(p.options):len(p.options)], 0
}

// tcpHeader is what was captured of the header of s.
func tcpHeader(s *flows.Segment) []byte {
	b := s.IP[min(s.TCP, len(s.IP)):]
	if len(b) < 20 {
		return b
	}
	return b[:min(len(b), int(b[12]>>4)*4)]
}
