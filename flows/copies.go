package flows

import (
	"encoding/binary"
	"time"
)

// copies recognises a packet that the capture holds twice, as a mirror port or several
// interfaces deliver it: the same TCP header, options and all, and the same IP id within a
// millisecond. What was seen is kept by fingerprint in a table of fixed size, one for
// all flows: a copy comes soon or never.
type copies struct {
	prints [4096]print
}

type print struct {
	hash uint64
	at   int64
}

const soon = int64(time.Millisecond)

// repeated reports whether s is a copy. Where there is no id to tell (IPv6, and id 0, which
// Linux gives a SYN-ACK and a bare RST), a SYN or FIN is one, as no TCP repeats it that soon. Data,
// pure ACKs and RSTs may be real ones, a RST as a host without the socket answers each segment that
// comes; they are copies only in a flow of which nearly every packet comes twice.
func (c *copies) repeated(rec uint32, from uint8, s *Segment, r *record) bool {
	h := mix(uint64(s.Seq)<<32|uint64(s.Ack), uint64(rec)<<32|uint64(s.Flags)<<16|uint64(s.Window)|1<<63)
	h = mix(h^uint64(s.Len)<<32^uint64(s.Checksum)<<16^uint64(s.IPID), 0x9e3779b97f4a7c15+uint64(from))
	if opts := s.TCP + 20; opts < len(s.IP) {
		end := min(len(s.IP), s.TCP+int(s.IP[s.TCP+12]>>4)*4)
		for i := opts; i+4 <= end; i += 4 {
			h = mix(h^uint64(binary.LittleEndian.Uint32(s.IP[i:])), 0x9e3779b97f4a7c15)
		}
	}
	p := &c.prints[h>>52]
	if p.hash != h || s.Time-p.at > soon || p.at-s.Time > soon {
		*p = print{h, s.Time}
		return false
	}
	return s.IPID != 0 || s.Flags.Any(SYN|FIN) || 5*(r.copies+1) >= 4*r.originals
}
