package flows

import (
	"encoding/binary"
	"math/bits"
)

// key is a four-tuple in a canonical order, the lower end first. An IPv6 key keeps its
// addresses apart (Tracker.addrs), so that an IPv4 flow does not pay for them.
type key struct {
	a, b   uint32 // IPv4 addresses; IPv6: index of the addresses, and 0
	pa, pb uint16
	space  uint32 // highest bit: IPv6
}

const v6 = 1 << 31

// tuple is what a segment is looked up by.
type tuple struct {
	lo, hi   Addr
	plo, phi uint16
	space    uint32
	from     uint8 // 0: the sender is the lower end
	v4       bool
	hash     uint32
	plain    uint32 // hash without the secret: what depends on it may show in the output
	loopback bool   // both ends are the same
}

// mix folds a 128-bit product; with a secret factor, chosen four-tuples cannot be made to
// share a chain.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// compare orders the ends of a segment: -1, 0, 1.
func compare(a, b *Addr, pa, pb uint16) int {
	for i := 0; i < 16; i += 8 {
		x, y := binary.BigEndian.Uint64(a[i:]), binary.BigEndian.Uint64(b[i:])
		if x != y {
			if x < y {
				return -1
			}
			return 1
		}
	}
	switch {
	case pa < pb:
		return -1
	case pa > pb:
		return 1
	}
	return 0
}

func (t *Tracker) tupleOf(s *Segment) (k tuple) {
	c := compare(&s.Src, &s.Dst, s.SrcPort, s.DstPort)
	if c <= 0 {
		k.lo, k.hi, k.plo, k.phi = s.Src, s.Dst, s.SrcPort, s.DstPort
	} else {
		k.lo, k.hi, k.plo, k.phi, k.from = s.Dst, s.Src, s.DstPort, s.SrcPort, 1
	}
	k.loopback = c == 0
	k.space = s.Space &^ v6
	k.v4 = s.Src.Is4() && s.Dst.Is4()
	ports := uint64(k.plo)<<48 | uint64(k.phi)<<32 | uint64(k.space)
	h := mix(binary.LittleEndian.Uint64(k.lo[8:])^t.seed[0], binary.LittleEndian.Uint64(k.hi[8:])^t.seed[1])
	if !k.v4 {
		h ^= mix(binary.LittleEndian.Uint64(k.lo[:])^t.seed[2], binary.LittleEndian.Uint64(k.hi[:])^t.seed[3])
	}
	h = mix(h^ports, t.seed[0]^t.seed[3])
	k.hash = uint32(h ^ h>>32)
	p := mix(binary.LittleEndian.Uint64(k.lo[8:])^0x9e3779b97f4a7c15, binary.LittleEndian.Uint64(k.hi[8:])^ports^0xc2b2ae3d27d4eb4f)
	k.plain = uint32(p ^ p>>32)
	return k
}

func (t *Tracker) matches(r *record, k *tuple) bool {
	if r.key.pa != k.plo || r.key.pb != k.phi {
		return false
	}
	if k.v4 {
		return r.key.space == k.space && r.key.a == word(&k.lo) && r.key.b == word(&k.hi)
	}
	return r.key.space == k.space|v6 && *t.addrs.ptr(r.key.a) == [2]Addr{k.lo, k.hi}
}

func word(a *Addr) uint32 { return binary.BigEndian.Uint32(a[12:]) }

func addrOf(w uint32) Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], w)
	return Addr4(b)
}

// ends are the addresses of a record, the lower first.
func (t *Tracker) endsOf(r *record) (lo, hi Addr) {
	if r.key.space&v6 != 0 {
		p := t.addrs.ptr(r.key.a)
		return p[0], p[1]
	}
	return addrOf(r.key.a), addrOf(r.key.b)
}

// slot is one place of the hash table: 0 in rec is empty.
type slot struct{ hash, rec uint32 }

// shards is how many tables the flows are spread over. Each grows by itself, so that doubling
// one of them never takes longer than rehashing 1/256 of the flows.
const shards = 256

// shard is an open-addressing table with linear probing: one cache line is looked at for most
// packets, where Go's map takes three to four times as long at a million flows.
type shard struct {
	slots []slot // a power of two
	used  int
}

func (s *shard) find(t *Tracker, k *tuple) uint32 {
	if len(s.slots) == 0 {
		return 0
	}
	mask := uint32(len(s.slots) - 1)
	for i := k.hash & mask; ; i = (i + 1) & mask {
		e := s.slots[i]
		if e.rec == 0 {
			return 0
		}
		if e.hash == k.hash && t.matches(t.records.ptr(e.rec), k) {
			return e.rec
		}
	}
}

func (s *shard) insert(hash, rec uint32) {
	if 4*(s.used+1) > 3*len(s.slots) {
		s.grow()
	}
	mask := uint32(len(s.slots) - 1)
	i := hash & mask
	for s.slots[i].rec != 0 {
		i = (i + 1) & mask
	}
	s.slots[i] = slot{hash, rec}
	s.used++
}

func (s *shard) grow() {
	old := s.slots
	s.slots = make([]slot, max(8, 2*len(old)))
	mask := uint32(len(s.slots) - 1)
	for _, e := range old {
		if e.rec == 0 {
			continue
		}
		i := e.hash & mask
		for s.slots[i].rec != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = e
	}
}

// replace puts rec in the place of old, or, where rec is 0, takes old out and shifts back what
// had been pushed on (no tombstones).
func (s *shard) replace(hash, old, rec uint32) {
	mask := uint32(len(s.slots) - 1)
	i := hash & mask
	for s.slots[i].rec != old {
		i = (i + 1) & mask
	}
	if rec != 0 {
		s.slots[i].rec = rec
		return
	}
	s.used--
	for j := (i + 1) & mask; s.slots[j].rec != 0; j = (j + 1) & mask {
		home := s.slots[j].hash & mask
		if (j-home)&mask >= (j-i)&mask {
			s.slots[i] = s.slots[j]
			i = j
		}
	}
	s.slots[i] = slot{}
}

// slab hands out numbered places for T, index 0 never among them. Chunks do not move, so a
// pointer stays good until the place is freed.
type slab[T any] struct {
	chunks [][]T
	free   []uint32
	n      uint32
}

const chunk = 1 << 10

func (s *slab[T]) ptr(i uint32) *T { return &s.chunks[i/chunk][i%chunk] }

func (s *slab[T]) take() uint32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		return i
	}
	if s.n%chunk == 0 {
		s.chunks = append(s.chunks, make([]T, chunk))
		if s.n == 0 {
			s.n = 1
		}
	}
	i := s.n
	s.n++
	return i
}

func (s *slab[T]) give(i uint32) {
	var zero T
	*s.ptr(i) = zero
	s.free = append(s.free, i)
}
