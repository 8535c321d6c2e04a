package flows

import (
	"encoding/binary"
	"time"
)

// copies recognises a packet that the capture holds twice, as a mirror port or several
// interfaces deliver it: the same TCP header, options and all, and the same IP id, at nearly the
// same time. What was seen is kept by fingerprint in a table of fixed size, one for
// all flows: a copy comes soon or never.
type copies struct {
	prints [1 << copyBits]print
}

const (
	copyBits   = 13
	copyGroups = 4 // bits of the four-tuple's: what is a copy does not depend on the flows of other groups
)

type print struct {
	hash     uint64
	at       int64
	where    place
	checksum uint16
}

// place is an interface of a file.
type place struct{ file, number int32 }

// How far copies lie apart at the most. With an id of its own a packet cannot be taken for another
// one: in real captures copies came up to 2 ms later (on either side of a router), and no
// retransmission had the old id. Nor can one that was seen on another interface.
const (
	withID    = int64(10 * time.Millisecond)
	withoutID = int64(time.Millisecond)
)

// fingerprint is one of the header of s, but for its checksum.
func (k *tuple) fingerprint(s *Segment) uint64 {
	const k1, k2 = 0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f // so that no field that is 0 hides another
	h := mix(uint64(s.Seq)<<32|uint64(s.Ack)^k1, uint64(k.plain)<<32|uint64(s.Flags)<<16|uint64(s.Window)^k2)
	h = mix(h^uint64(s.Len)<<32^uint64(s.IPID), k1+uint64(k.from))
	if opts := s.TCP + 20; opts < len(s.IP) {
		o := s.IP[opts:max(opts, min(len(s.IP), s.TCP+int(s.IP[s.TCP+12]>>4)*4))]
		h ^= uint64(len(o))
		for ; len(o) > 16; o = o[16:] {
			h = mix(h^binary.LittleEndian.Uint64(o), k1^binary.LittleEndian.Uint64(o[8:]))
		}
		switch {
		case len(o) >= 8: // as a time stamp takes
			h = mix(h^binary.LittleEndian.Uint64(o), k1^binary.LittleEndian.Uint64(o[len(o)-8:]))
		case len(o) >= 4:
			h = mix(h^uint64(binary.LittleEndian.Uint32(o)), k1)
		}
	}
	return h
}

// printed is where the fingerprint h is kept, until one of another packet takes the place: of two packets in a group one in 512.
func (k *tuple) printed(h uint64) uint32 {
	return k.plain>>(32-copyGroups)<<(copyBits-copyGroups) | uint32(h>>(64-copyBits+copyGroups))
}

// like notes s, whose fingerprint is h, and reports whether one like it has passed shortly before, and whether that was on
// another interface.
func (c *copies) like(k *tuple, s *Segment, h uint64) (like, elsewhere bool) {
	p := &c.prints[k.printed(h)]
	where := place{s.File, s.Interface}
	elsewhere = p.where != where
	apart := max(s.Time-p.at, p.at-s.Time)
	if p.hash != h || p.checksum != s.Checksum && !elsewhere || apart > withID || apart > withoutID && s.IPID == 0 && !elsewhere {
		*p = print{h, s.Time, where, s.Checksum}
		return false, false
	}
	return true, elsewhere
}

// copied reports whether s, of which one like it has just passed, is a copy that the capture made.
// Where there is no id to tell (IPv6, and id 0, which
// Linux gives a SYN-ACK and a bare RST), a SYN or FIN is one, as no TCP repeats it that soon. Data,
// pure ACKs and RSTs may be real ones, a RST as a host without the socket answers each segment that
// comes; they are copies only in a flow of which nearly every packet comes twice, in that direction: a mirror may double one only.
//
// What was seen on one interface (veth) and then on another (bridge, NIC) is a copy whatever it is: a packet that is
// sent again passes the first one again. Its checksum may have been filled in on the way.
func (end *half) copied(s *Segment, elsewhere bool) bool {
	if elsewhere {
		end.has |= seenElsewhere // what its copies are is clear: they say nothing of a mirror
		return true
	}
	end.twins++
	return s.IPID != 0 || s.Flags.Any(SYN|FIN) || !end.is(seenElsewhere) && end.twins > 1 &&
		5*end.twins >= 4*(end.packets+end.copies-(end.twins-1))
}
