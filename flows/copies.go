package flows

import (
	"encoding/binary"
	"math"
	"time"
)

// copies recognises a packet that the capture holds twice, as a mirror port or several
// interfaces deliver it: the same TCP header, options and all, and the same IP id, at nearly the
// same time. What was seen is kept by fingerprint in a table of fixed size, one for
// all flows: a copy comes soon or never.
type copies struct {
	sets [1 << copyBits]prints
}

const copyBits = 12

// prints are the four that came last of a set, the latest first, in a cache line. A mirror of 1,127,562 packets whose copies come 0.5 ms
// later lost 1.4 % of them in a table of single places that was as large.
type prints [4]print

type print struct {
	hash     uint32 // that of the set aside
	at       uint32 // 1.024 us, modulo 73 minutes
	where    uint32
	checksum uint16
	ttl      uint8
	doubled  bool // one like it has come
}

// How far copies lie apart at the most. With an id of its own a packet cannot be taken for another
// one: in real captures copies came up to 2 ms later (on either side of a router), and no
// retransmission had the old id. Nor can one that was seen on another interface, or on the other side of a router. Only a SYN no
// TCP repeats before that: a SYN-ACK was sent 5.4 ms after another one, for a repeated SYN and by its own timer, a
// lost FIN may be repeated after two round trips (RFC 8985 §7.2).
const (
	copyWithin  = uint32(10 * time.Millisecond >> 10)
	aloneWithin = uint32(time.Millisecond >> 10)
)

// fingerprint is one of the header of s, but for its checksum.
func (k *tuple) fingerprint(s *Segment) uint64 {
	const k1, k2 = 0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f // so that no field that is 0 hides another
	h := mix(uint64(s.Seq)<<32|uint64(s.Ack)^k1, uint64(k.plain)<<32|uint64(s.Flags)<<16|uint64(s.Window)^k2)
	h = mix(h^uint64(s.Len)<<32^uint64(s.IPID), k1+uint64(k.from))
	if at := s.TCP + 20; at < len(s.IP) {
		o := s.IP[at:]
		o = o[:max(0, min(int(s.IP[s.TCP+12]>>4)*4-20, len(o)))]
		h ^= uint64(len(o))
		if len(o) == 12 { // as a time stamp takes
			return mix(h^binary.LittleEndian.Uint64(o), k1^binary.LittleEndian.Uint64(o[4:]))
		}
		for ; len(o) > 16; o = o[16:] {
			h = mix(h^binary.LittleEndian.Uint64(o), k1^binary.LittleEndian.Uint64(o[8:]))
		}
		switch {
		case len(o) >= 8:
			h = mix(h^binary.LittleEndian.Uint64(o), k1^binary.LittleEndian.Uint64(o[len(o)-8:]))
		case len(o) >= 4:
			h = mix(h^uint64(binary.LittleEndian.Uint32(o)), k1)
		}
	}
	return h
}

// prints is the number of the set that keeps the fingerprint h. Each lane has its own: what is a copy does not depend on
// the flows of others.
func (k *tuple) prints(h uint64) uint32 {
	return uint32(k.lane())<<(copyBits-laneBits) | uint32(h>>(64-copyBits+laneBits))
}

// likeness is what is known of the segment that came shortly before another, and has the same header.
type likeness uint8

const (
	likeNone   likeness = 0
	likeAny    likeness = 1 << (iota - 1)
	likeSurely          // it can be none that was sent again: it has an id, or passed elsewhere
	likeOther           // it passed another interface
	likeAlone           // so soon before that no TCP has sent a SYN-ACK or FIN again
	likeTwice           // others like it have come between
)

// like notes s, whose fingerprint is h, and reports what is known of one like it that has passed shortly before.
func (c *copies) like(k *tuple, s *Segment, h uint64) likeness {
	set := &c.sets[k.prints(h)]
	switch uint32(h) {
	case set[0].hash:
		return set[0].like(s)
	case set[1].hash:
		return set[1].like(s)
	case set[2].hash:
		return set[2].like(s)
	case set[3].hash:
		return set[3].like(s)
	}
	set[3] = set[2]
	set[2] = set[1]
	set[1] = set[0]
	set[0].hash = uint32(h)
	set[0].note(s)
	return likeNone
}

// note sets all of p but the hash.
func (p *print) note(s *Segment) {
	p.at, p.where, p.checksum, p.ttl, p.doubled = printTime(s), printPlace(s), s.Checksum, s.TTL, false
}

func printTime(s *Segment) uint32  { return uint32(s.Time >> 10) }
func printPlace(s *Segment) uint32 { return uint32(s.File)<<16 + uint32(s.Interface) }

// like is what is known of the segment of p, which has the hash of s; where it is none like s, s takes its place.
func (p *print) like(s *Segment) likeness {
	at := printTime(s)
	apart, elsewhere := min(at-p.at, p.at-at), p.where != printPlace(s)
	if apart > copyWithin || !elsewhere && p.checksum != s.Checksum {
		p.note(s)
		return likeNone
	}
	l := likeAny
	switch {
	case elsewhere:
		l |= likeSurely | likeOther
	case p.ttl != s.TTL || s.IPID != 0:
		l |= likeSurely
	case apart <= aloneWithin:
		l |= likeAlone
	}
	if p.doubled {
		l |= likeTwice
	}
	p.doubled = true
	return l
}

// copied reports whether s, which end sent, and which is like one that has just passed, is a copy that the capture made.
// Where there is no id to tell (IPv6, and id 0, which
// Linux gives a SYN-ACK and a bare RST), a SYN is one, as no TCP repeats it that soon, and a SYN-ACK or FIN, at once. Data,
// pure ACKs and RSTs may be real ones; they are copies where the SYN of that end came twice, or, where it was not captured, nearly every packet:
// a mirror may double one direction only. A SYN that came once is answered once, as is all else by a host without the socket.
//
// What was seen on one interface (veth) and then on another (bridge, NIC) is a copy whatever it is: a packet that is
// sent again passes the first one again. Its checksum may have been filled in on the way.
func (end *half) copied(s *Segment, like likeness, peer *half) bool {
	if like&likeOther != 0 {
		end.has |= seenElsewhere // what its copies are is clear: they say nothing of a mirror
		return true
	}
	originals := end.packets + end.copies - end.twins
	end.twins++
	if like&likeTwice != 0 && end.triplets < math.MaxUint16 {
		end.triplets++
	}
	doubled := end.twins - uint32(end.triplets)
	const underWay = 16 // as an initial window is, and a SYN: their copies come after the last of them
	switch {
	case like&likeSurely != 0, s.Flags&(SYN|ACK) == SYN, like&likeAlone != 0 && s.Flags.Any(SYN|FIN):
	case end.is(seenElsewhere):
		return false
	case end.is(mirrored) && originals <= 2*doubled+underWay:
	case peer.is(mirrored) && s.Flags.Any(SYN|RST):
	case doubled > 1 && 5*doubled >= 4*originals:
	default:
		return false
	}
	if s.Flags.Any(SYN) {
		end.has |= mirrored
	}
	return true
}
