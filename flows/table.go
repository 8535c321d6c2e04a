package flows

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
)

// key is a four-tuple in a canonical order, the lower end first. An IPv6 key keeps its
// addresses apart (Tracker.addrs), so that an IPv4 flow does not pay for them.
type key struct {
	a, b   uint32 // IPv4 addresses; IPv6: index of the addresses, and 0
	pa, pb uint16
	origin uint16 // index of the rest: see origins
	shape  uint16 // of what is kept briefly: see shapes
}

const v6 = 1 << 31

// tuple is what a segment is looked up by.
type tuple struct {
	lo, hi   Addr // IPv6
	plo, phi uint16
	space    uint32 // highest bit: IPv6
	a, b     uint32 // IPv4 addresses
	from     uint8  // 0: the sender is the lower end
	hash     uint32
	unseeded uint32 // hash without the secret: what depends on it may show in the output
	check    uint32 // another one
	loopback bool   // both ends are the same
}

// mix folds a 128-bit product; with a secret factor, chosen four-tuples cannot be made to
// share a chain.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// of sets k to the four-tuple of a segment, but for its hashes.
func (k *tuple) of(s *Segment) {
	x, y := binary.LittleEndian.Uint64(s.Src[8:]), binary.LittleEndian.Uint64(s.Dst[8:])
	if binary.LittleEndian.Uint64(s.Src[:])|binary.LittleEndian.Uint64(s.Dst[:]) != 0 || uint32(x) != mapped4 || uint32(y) != mapped4 {
		k.of6(s)
		return
	}
	// Both ends as numbers: which is the lower one no branch has to guess.
	src, dst := uint64(bits.ReverseBytes32(uint32(x>>32)))<<16|uint64(s.SrcPort), uint64(bits.ReverseBytes32(uint32(y>>32)))<<16|uint64(s.DstPort)
	from := uint8(0)
	if src > dst {
		from = 1
	}
	lo, hi := min(src, dst), max(src, dst)
	k.a, k.plo, k.b, k.phi = uint32(lo>>16), uint16(lo), uint32(hi>>16), uint16(hi)
	k.from, k.loopback = from, lo == hi
	k.space = s.Space &^ v6
}

func (k *tuple) of6(s *Segment) {
	k.a, k.b, k.from, k.loopback = 0, 0, 0, false
	k.lo, k.hi, k.plo, k.phi = s.Src, s.Dst, s.SrcPort, s.DstPort
	k.space = s.Space | v6
	switch c := cmp.Or(bytes.Compare(k.lo[:], k.hi[:]), cmp.Compare(k.plo, k.phi)); {
	case c > 0:
		k.lo, k.hi, k.plo, k.phi, k.from = k.hi, k.lo, k.phi, k.plo, 1
	case c == 0:
		k.loopback = true
	}
}

// digest makes the hashes of a four-tuple, with the secret and without.
func (t *tables) digest(k *tuple) {
	const k1, k2 = 0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f
	lo, hi := k.words()
	ports := uint64(k.plo)<<48 | uint64(k.phi)<<32 | uint64(k.space)
	h, p := mix(lo^t.seed[0], hi^t.seed[1]), mix(lo^ports>>32^k1, hi^uint64(k.space)^k2) // of IPv4 both words are constant there
	if k.space&v6 != 0 {
		lo, hi = binary.LittleEndian.Uint64(k.lo[:]), binary.LittleEndian.Uint64(k.hi[:])
		h ^= mix(lo^t.seed[2], hi^t.seed[3])
		p = mix(p^mix(lo^k2, hi^k1)^ports, k2)
	}
	h = mix(h^ports, t.seed[0]^t.seed[3])
	k.hash, k.unseeded, k.check = uint32(h^h>>32), uint32(p^p>>32), uint32(p)
}

// words are the second halves of the addresses, the first byte lowest.
func (k *tuple) words() (lo, hi uint64) {
	if k.space&v6 != 0 {
		return binary.LittleEndian.Uint64(k.lo[8:]), binary.LittleEndian.Uint64(k.hi[8:])
	}
	return uint64(bits.ReverseBytes32(k.a))<<32 | mapped4, uint64(bits.ReverseBytes32(k.b))<<32 | mapped4
}

// tupleOfRef is the four-tuple of what is kept as f, without its hashes.
func (t *Tracker) tupleOfRef(f ref) (k tuple) {
	s := &t.shards[f.shard()]
	c := s.keyOf(f)
	k.space = t.spaceOf(s, f, c)
	if k.plo, k.phi, k.a, k.b = c.pa, c.pb, c.a, c.b; k.space&v6 != 0 {
		ends := t.addrs.ptr(c.a)
		k.lo, k.hi = ends[0], ends[1]
	}
	return k
}

func bytesOf(w uint32) (b [4]byte) {
	binary.BigEndian.PutUint32(b[:], w)
	return b
}

// ref names what is kept of a flow: which shard (8 bits), in which form (2), and which of those there (22).
// 0 names none.
type ref uint32

// form is how much of a flow is kept: as little as will do.
type form uint8

const (
	formRecord form = iota // whatever it is
	formLone               // one SYN and nothing more
	formBrief              // all is as usual so far, in at most two steps after the first packet
	formLong               // all is as usual
)

const (
	formShift, shardShift = 22, 24
	indexMask             = 1<<formShift - 1
)

func refTo(shard int, f form, i uint32) ref {
	return ref(uint32(shard)<<shardShift | uint32(f)<<formShift | i)
}

func (f ref) form() form    { return form(f >> formShift & 3) }
func (f ref) index() uint32 { return uint32(f) & indexMask }
func (f ref) shard() int    { return int(f >> shardShift) }

// shards is how many tables the flows are spread over, by the four-tuple alone, so that what depends on the
// number of flows in one is the same in every run. Each grows by itself, so that doubling one of them never
// takes longer than rehashing 1/256 of the flows.
const (
	shardBits = 8
	shards    = 1 << shardBits
)

// LeastFlows is the least that Config.MaxFlows can keep: one for each shard.
const LeastFlows = shards

// shard is an open-addressing table with linear probing: one cache line is looked at for most
// packets, where Go's map takes three to four times as long at a million flows.
type shard struct {
	slots   []slot  // a power of two
	away    []uint8 // by slot: how far it is from where the hash has it, or far
	used    int
	changes uint32 // of what find returns
	due     uint32 // nothing of it is due in an earlier second
	records slab[record]
	lones   slab[lone]
	briefs  slab[brief]
	longs   slab[long]
	// departed are those in each form that are no more in the table, and take their place until they are handed out.
	departed [formLong + 1]int
	beside   uint64 // bytes that the lists of its records take, beyond what is usual
}

// far is that far or farther. What is behind a slot that is emptied may be moved back; whether it may would else be
// asked of its four-tuple, which of a million flows is in no cache.
const far = 255

// slot is one place of the hash table: 8 bits of the hash, and a ref without the shard. 0 is empty.
type slot uint32

const tagMask = 0xff << shardShift

func slotOf(hash uint32, f ref) slot { return slot(hash&tagMask | uint32(f)&^tagMask) }

// ref is what the slot holds, of that shard.
func (e slot) ref(shard int) ref { return ref(uint32(e)&^tagMask | uint32(shard)<<shardShift) }

// shard is which of the shards the flow is in: by its four-tuple alone.
func (k *tuple) shard() int { return int(k.unseeded >> (32 - shardBits)) }

func (t *tables) shardOf(k *tuple) (int, *shard) {
	i := k.shard()
	return i, &t.shards[i]
}

// find is the ref of the four-tuple, 0: it is not in the table.
func (t *Tracker) find(k *tuple) ref {
	number, s := t.shardOf(k)
	slots := s.slots
	if len(slots) == 0 {
		return 0
	}
	mask := uint32(len(slots) - 1)
	for i := k.hash & mask; ; i = (i + 1) & mask {
		e := slots[i]
		if e == 0 {
			return 0
		}
		if (uint32(e)^k.hash)&tagMask == 0 {
			if f := e.ref(number); t.matches(s, f, k) {
				return f
			}
		}
	}
}

func (t *Tracker) matches(s *shard, f ref, k *tuple) bool {
	var c *key
	switch i := f.index(); f.form() {
	case formLone:
		c = &s.lones.ptr(i).key
	case formBrief:
		c = &s.briefs.ptr(i).key
	case formLong:
		c = &s.longs.ptr(i).key
	default:
		r := s.records.ptr(i)
		return r.space == k.space && t.sameEnds(&r.key, k)
	}
	return t.sameEnds(c, k) && t.origins.of[c.origin].space == k.space
}

// sameEnds compares addresses and ports, where the space is the same.
func (t *Tracker) sameEnds(c *key, k *tuple) bool {
	if c.pa != k.plo || c.pb != k.phi {
		return false
	}
	if k.space&v6 == 0 {
		return c.a == k.a && c.b == k.b
	}
	return *t.addrs.ptr(c.a) == [2]Addr{k.lo, k.hi}
}

func (s *shard) keyOf(f ref) *key {
	switch i := f.index(); f.form() {
	case formLone:
		return &s.lones.ptr(i).key
	case formBrief:
		return &s.briefs.ptr(i).key
	case formLong:
		return &s.longs.ptr(i).key
	default:
		return &s.records.ptr(i).key
	}
}

func (t *Tracker) spaceOf(s *shard, f ref, c *key) uint32 {
	if f.form() == formRecord {
		return s.records.ptr(f.index()).space
	}
	return t.origins.of[c.origin].space
}

// insert puts f into the table, where its four-tuple is not.
func (t *Tracker) insert(k *tuple, f ref) {
	_, s := t.shardOf(k)
	if 4*(s.used+1) > 3*len(s.slots) {
		t.grow(s, f.shard())
	}
	s.put(k.hash, slotOf(k.hash, f))
	s.used++
}

func (s *shard) put(hash uint32, e slot) {
	mask := uint32(len(s.slots) - 1)
	i := hash & mask
	for s.slots[i] != 0 {
		i = (i + 1) & mask
	}
	s.slots[i], s.away[i] = e, uint8(min((i-hash)&mask, far))
	s.changes++
}

func (t *Tracker) grow(s *shard, number int) {
	old := s.slots
	n := max(8, 2*len(old))
	s.slots, s.away = make([]slot, n), make([]uint8, n)
	for _, e := range old {
		if e != 0 {
			s.put(t.hashOf(e.ref(number)), e)
		}
	}
}

// hashOf is the hash of the four-tuple of what is in the table as f.
func (t *Tracker) hashOf(f ref) uint32 {
	if f.form() == formRecord {
		return t.shards[f.shard()].records.ptr(f.index()).hash
	}
	k := t.tupleOfRef(f)
	t.digest(&k)
	return k.hash
}

// replace puts f in the place of old, or, where f is 0, takes old out and shifts back what
// had been pushed on (no tombstones).
func (t *Tracker) replace(hash uint32, old, f ref) {
	number := old.shard()
	s := &t.shards[number]
	mask := uint32(len(s.slots) - 1)
	i := hash & mask
	for was := slotOf(hash, old); s.slots[i] != was; {
		i = (i + 1) & mask
	}
	s.changes++
	if f != 0 {
		s.slots[i] = slotOf(hash, f)
		return
	}
	s.used--
	for j := (i + 1) & mask; s.slots[j] != 0; j = (j + 1) & mask {
		away := uint32(s.away[j])
		if away == far {
			away = (j - t.hashOf(s.slots[j].ref(number))) & mask
		}
		if back := (j - i) & mask; away >= back {
			s.slots[i], s.away[i] = s.slots[j], uint8(min(away-back, far))
			i = j
		}
	}
	s.slots[i] = 0
}
