package tcpdump

import (
	"bytes"
	"encoding/binary"
)

// A conversation is addresses and ports and nothing else, in either direction; the end with
// the lower port comes first, of equal ports the lower address.
type conversation4 struct {
	low, high [4]byte
	ports     [4]byte
}

type conversation6 struct {
	low, high [16]byte
	ports     [4]byte
}

// start is the sequence number that each end's relative numbers are counted from: that of the
// segment recorded, and for its peer the one before what that segment acknowledged.
type start struct{ low, high uint32 }

// swapped returns s as seen by the sender: its own number first.
func (s start) swapped(reverse bool) (own, peer uint32) {
	if reverse {
		return s.high, s.low
	}
	return s.low, s.high
}

// appearance says how a segment's numbers are to be printed.
type appearance struct {
	own, peer uint32 // subtracted from sequence and acknowledgment number
	sack      uint32 // subtracted from SACK blocks
}

// relative looks the segment's conversation up. The first segment with ACK is recorded, and
// every SYN-ACK anew; these, and segments without ACK, show their numbers as they are.
func (p *Printer) relative(ip, tcp []byte, flags uint8) appearance {
	if p.Absolute || flags&flagACK == 0 {
		return appearance{}
	}
	seq, ack := binary.BigEndian.Uint32(tcp[4:]), binary.BigEndian.Uint32(tcp[8:])
	reverse := fromHigher(ip, tcp)
	fresh := start{seq, ack - 1}
	if reverse {
		fresh = start{ack - 1, seq}
	}
	limit := p.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	var found start
	var known bool
	if is6(ip) {
		found, known = p.six.find(key6(ip, tcp, reverse), fresh, flags&flagSYN != 0, limit)
	} else {
		found, known = p.four.find(key4(ip, tcp, reverse), fresh, flags&flagSYN != 0, limit)
	}
	own, peer := found.swapped(reverse)
	if !known {
		return appearance{sack: peer}
	}
	return appearance{own: own, peer: peer, sack: peer}
}

// fromHigher reports whether the sender is the end that a conversation names second.
func fromHigher(ip, tcp []byte) bool {
	if c := bytes.Compare(tcp[0:2], tcp[2:4]); c != 0 {
		return c > 0
	}
	if is6(ip) {
		return bytes.Compare(ip[source6:source6+16], ip[destination6:destination6+16]) > 0
	}
	return bytes.Compare(ip[source4:source4+4], ip[destination4:destination4+4]) > 0
}

func key4(ip, tcp []byte, reverse bool) conversation4 {
	source, destination := [4]byte(ip[source4:]), [4]byte(ip[destination4:])
	if reverse {
		return conversation4{destination, source, [4]byte{tcp[2], tcp[3], tcp[0], tcp[1]}}
	}
	return conversation4{source, destination, [4]byte(tcp)}
}

func key6(ip, tcp []byte, reverse bool) conversation6 {
	source, destination := [16]byte(ip[source6:]), [16]byte(ip[destination6:])
	if reverse {
		return conversation6{destination, source, [4]byte{tcp[2], tcp[3], tcp[0], tcp[1]}}
	}
	return conversation6{source, destination, [4]byte(tcp)}
}

// sequences remembers a bounded number of conversations in two generations: a conversation
// seen moves to the young one, and when that is full the old one is dropped whole. So nothing needs
// to be linked or marked by age, and what is dropped has not been seen while limit/2 others were.
// A table of our own, open addressing and all, was no faster among 500,000 conversations in
// random order than Go's map: either takes 0.2 us, which memory decides.
type sequences[K comparable] struct {
	young, old map[K]start
	last       K     // found last, and in young
	start      start // of it
}

// find returns what is remembered of a conversation, and whether it was known before. What is
// new is recorded as fresh, and what is known too, where the segment starts it anew.
func (s *sequences[K]) find(k K, fresh start, anew bool, limit int) (found start, known bool) {
	if k == s.last && !anew && s.young != nil {
		return s.start, true
	}
	found, known = s.look(k, fresh, anew, limit)
	s.last, s.start = k, found
	return found, known
}

func (s *sequences[K]) look(k K, fresh start, anew bool, limit int) (found start, known bool) {
	found, known = s.young[k]
	if known && !anew {
		return found, true
	}
	young := known
	if !known {
		found, known = s.old[k]
	}
	if !known || anew {
		found, known = fresh, false
	}
	if !young && len(s.young) >= max(limit/2, 1) {
		s.turn()
	}
	if s.young == nil {
		s.young = make(map[K]start)
	}
	s.young[k] = found
	return found, known
}

// turn begins a new generation in the memory of the one it drops.
func (s *sequences[K]) turn() {
	dropped := s.old
	clear(dropped)
	s.old, s.young = s.young, dropped
}
