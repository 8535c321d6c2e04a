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
	sets [1 << copyBits]headerSet
}

const copyBits = 12

// headerSet are the four headers of a set that came last, the latest first, in a cache line. A mirror of 1,127,562 packets whose copies
// come 0.5 ms later lost 1.4 % of them in a table of single places that was as large.
type headerSet [4]header

// header is one that has passed.
type header struct {
	hash     uint32 // that of the set aside
	at       uint32 // 1.024 us, modulo 73 minutes
	where    uint32
	checksum uint16
	ttl      uint8
	doubled  bool // one like it has come
}

// How far copies lie apart at the most. In real captures it was up to 2 ms (on either side of a router). What has an id of its own and
// comes again with it was not sent again (RFC 6864 §4.2; of who sends everything with the same id nothing is known). Without
// an id, no TCP repeats a SYN that soon; a lost FIN it may repeat after two round trips (RFC 8985 §7.2).
const (
	copyWithin = uint32(10 * time.Millisecond >> 10)
	soonWithin = uint32(time.Millisecond >> 10)
)

// fingerprint is one of the header of s, but for its checksum.
func (k *tuple) fingerprint(s *Segment) uint64 {
	const k1, k2 = 0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f // so that no field that is 0 hides another
	h := mix(uint64(s.Seq)<<32|uint64(s.Ack)^k1, uint64(k.unseeded)<<32|uint64(s.Flags)<<16|uint64(s.Window)^k2)
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

// setOf is the set that keeps the fingerprint h. Each lane has its own: what is a copy does not depend on the flows of
// others.
func (k *tuple) setOf(h uint64) uint32 {
	return uint32(k.lane())<<(copyBits-laneBits) | uint32(h>>(64-copyBits+laneBits))
}

// likeness is what is known of the segment that came shortly before another, and has the same header.
type likeness uint8

const (
	likeNone   likeness = 0
	likeAny    likeness = 1 << (iota - 1)
	likeSurely          // it can be none that was sent again: it has an id, or passed elsewhere
	likeOther           // it passed another interface
	likeSoon            // so soon before that no TCP has sent a FIN again
	likeTwice           // others like it have come between
)

// like notes s, whose fingerprint is h, and reports what is known of one like it that has passed shortly before.
func (c *copies) like(k *tuple, s *Segment, h uint64) likeness {
	set := &c.sets[k.setOf(h)]
	switch uint32(h) {
	case set[0].hash:
		return set.again(0, s)
	case set[1].hash:
		return set.again(1, s)
	case set[2].hash:
		return set.again(2, s)
	case set[3].hash:
		return set.again(3, s)
	}
	set[3] = set[2]
	set[2] = set[1]
	set[1] = set[0]
	set[0].hash = uint32(h)
	set[0].note(s)
	return likeNone
}

// again is what is known of the segment of the header i, which has the hash of s; where it is none like s, s takes its place.
func (set *headerSet) again(i int, s *Segment) likeness {
	l := set[i].compare(s)
	if l == likeNone {
		h := set[i]
		copy(set[1:i+1], set[:i])
		set[0] = h
		set[0].note(s)
	}
	return l
}

// note sets all of h but the hash.
func (h *header) note(s *Segment) {
	h.at, h.where, h.checksum, h.ttl, h.doubled = headerTime(s), headerPlace(s), s.Checksum, s.TTL, false
}

func headerTime(s *Segment) uint32  { return uint32(s.Time >> 10) }
func headerPlace(s *Segment) uint32 { return uint32(s.File)<<16 + uint32(s.Interface) }

// compare is how s, which has the hash of h, is like it.
func (h *header) compare(s *Segment) likeness {
	at := headerTime(s)
	apart, elsewhere := min(at-h.at, h.at-at), h.where != headerPlace(s)
	if apart > copyWithin || !elsewhere && h.checksum != s.Checksum {
		return likeNone
	}
	l := likeAny
	switch {
	case elsewhere:
		l |= likeSurely | likeOther
	case s.IPID != 0, h.routed(s):
		l |= likeSurely
	}
	if apart <= soonWithin {
		l |= likeSoon
	}
	if h.doubled {
		l |= likeTwice
	}
	h.doubled = true
	return l
}

// routed reports whether h and s are as before and behind a router, or two. What comes with quite another TTL somebody else has
// sent.
func (h *header) routed(s *Segment) bool {
	d := int(h.ttl) - int(s.TTL)
	return d != 0 && -2 <= d && d <= 2
}

// copied reports whether s, which end sent, and which is like one that has just passed, is a copy that the capture made.
//
// What was seen on one interface (veth) and then on another (bridge, NIC) is a copy whatever it is: a packet that is
// sent again passes the first one again. Its checksum may have been filled in on the way. So is what has an id.
// Where there is none to tell (IPv6, and id 0, which Linux gives a SYN-ACK and a bare RST), the kind of segment tells, or that of this end all
// comes twice, as its SYN did, or, where that was not captured, nearly every packet: a mirror may double one direction only.
func (end *half) copied(s *Segment, like likeness, peer *half) bool {
	if like&likeOther != 0 {
		end.has |= seenElsewhere // what its copies are is clear: they say nothing of a mirror
		return true
	}
	originals := end.packets + end.copies - end.twins
	end.twins++
	if like&likeTwice == 0 {
		end.doubled++
	}
	const underWay = 16 // as an initial window is, and a SYN: their copies come after the last of them
	switch {
	case like&likeSurely != 0, sentOnce(s, like, peer):
	case end.is(seenElsewhere):
		return false
	case end.is(mirrored) && originals <= 2*end.doubled+underWay:
	case end.doubled > 1 && 5*end.doubled >= 4*originals:
	default:
		return false
	}
	if s.Flags.Any(SYN) {
		end.has |= mirrored
	}
	return true
}

// sentOnce reports whether s, sent to peer, is of a kind that no TCP sends twice so shortly.
func sentOnce(s *Segment, like likeness, peer *half) bool {
	switch soon := like&likeSoon != 0; {
	case s.Flags.Has(SYN | ACK):
		// One was sent 5.4 ms after another that was alike, by its timer, as the other was for a repeated SYN. With a time stamp the two differ.
		return soon || peer.syn == 1 || s.HasTS
	case s.Flags.Any(SYN):
		return true
	case s.Flags.Any(FIN):
		return soon
	case s.Flags.Any(RST):
		return peer.is(mirrored) && peer.packets == 1 // the answer to a SYN that was sent once
	}
	return false
}
