// Package tcpdump writes a TCP packet as `tcpdump -nn -r FILE` (version 4.99) writes it: byte
// for byte, up to and including "length N", the odd spellings of broken packets included.
// What tcpdump goes on to say of an application protocol is left out, and so is
// the interface that it names before "IP" on cooked captures.
//
// A packet is printed as one that stands alone: of a tunnelled one, the inner packet.
package tcpdump

import (
	"strconv"
	"time"

	"tcpwhy/flows"
)

// Printer writes packets, one line each, and remembers what a later line depends on: the
// first sequence numbers of each conversation and the time of the packet before. The
// zero value prints as tcpdump does without options. A Printer is not safe for concurrent use,
// and its options are not to be changed after the first packet.
type Printer struct {
	Time     TimeMode
	Nano     bool           // nine digits of the second (--nano), not six
	Location *time.Location // of the clock; nil: time.Local
	Number   bool           // the packet's number comes first (-#)
	Absolute bool           // sequence numbers as they are on the wire (-S)

	// Limit is how many conversations are remembered, of IPv4 and of IPv6 each; 0 is
	// DefaultLimit. Those not seen for longest are forgotten first, at the latest when Limit others
	// were seen since; their numbers start anew. (tcpdump itself never forgets one.)
	Limit int

	clock   clock
	written *written4 // nil: nothing so far
	four    sequences[conversation4]
	six     sequences[conversation6]
}

// DefaultLimit costs 45 MB where all conversations are IPv4, 100 MB where all are IPv6 (measured).
const DefaultLimit = 1 << 20

// Append appends the packet's line, without a newline. It takes from the segment only Time,
// Packet, IP and IPLen. Besides dst it allocates only to remember more conversations.
func (p *Printer) Append(dst []byte, seg *flows.Segment) []byte {
	if p.Number {
		dst = appendNumber(dst, seg.Packet)
	}
	dst = p.appendTime(dst, seg.Time)
	if len(seg.IP) > 0 && seg.IP[0]>>4 == 6 {
		return p.appendIP6(dst, seg.IP, uint32(seg.IPLen))
	}
	return p.appendIP4(dst, seg.IP, uint32(seg.IPLen))
}

// appendNumber writes "%5u  ".
func appendNumber(dst []byte, n uint64) []byte {
	for floor := uint64(10000); floor > 1 && n < floor; floor /= 10 {
		dst = append(dst, ' ')
	}
	dst = strconv.AppendUint(dst, n, 10)
	return append(dst, "  "...)
}

// from is what was captured from offset on: nothing, where that lies beyond the end.
func from(b []byte, offset int) []byte { return b[min(offset, len(b)):] }
