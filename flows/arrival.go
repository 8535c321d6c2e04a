package flows

import "math/bits"

// arrival is what of a segment is found out before those before it are observed: which flow it is of, mostly.
type arrival struct {
	lookup
	header uint64  // a fingerprint of it: see copies
	slot   slot    // loaded for the cache's sake alone: where its four-tuple is in the table if nothing is in its way,
	gone   uint32  // and the beginning of its set of those that were given up, if it is not in the table
	latest *lookup // its place among those of the latest
}

// lookup is what there is to know of a four-tuple.
type lookup struct {
	tuple
	shard *shard
	head  ref    // what the table has for it, 0: nothing,
	as    uint32 // when the shard had changed so many times
}

// lookups are those of the four-tuples that came last, each in the place that a few of its bits give it. Few flows that move much are asked
// for again and again: eight bulk transfers took 5 % less.
type lookups [64]lookup

func (l *lookups) of(k *tuple) *lookup {
	return &l[(k.a^bits.ReverseBytes32(k.b)^uint32(k.plo)<<16^uint32(k.phi))*0x9e3779b1>>(32-6)]
}

// is reports whether l is of a four-tuple, whose hashes need not be known.
func (l *lookup) is(k *tuple) bool {
	return l.plo == k.plo && l.phi == k.phi && l.a == k.a && l.b == k.b && l.space == k.space && l.shard != nil &&
		(k.space&v6 == 0 || l.lo == k.lo && l.hi == k.hi)
}

// atOnce is how many segments are looked up together: of 32 a bulk transfer took 3 % longer, of 128 half a million connections did.
const atOnce = 64

// arrivals are those of segments that come one after the other. What is in no cache, as a million flows and their places in the
// table are, is asked for all of them before it is needed for one: ten such are waited for no longer than one.
type arrivals struct {
	all    [atOnce]arrival
	latest lookups
}

// fill finds out what segments tell by themselves, and asks for the slots of those whose place is not known.
func (as *arrivals) fill(segments []Segment, t *tables) {
	for i := range segments {
		as.set(&as.all[i], &segments[i], t)
	}
	for i := range segments {
		if a := &as.all[i]; a.as != a.shard.changes && len(a.shard.slots) > 0 {
			a.slot = a.shard.slots[a.hash&uint32(len(a.shard.slots)-1)]
		}
	}
}

// one is that of a segment that comes by itself.
func (as *arrivals) one(s *Segment, t *tables) *arrival {
	a := &as.all[0]
	as.set(a, s, t)
	return a
}

// set finds out what a segment tells by itself.
func (as *arrivals) set(a *arrival, s *Segment, t *tables) {
	a.tuple.of(s)
	l := as.latest.of(&a.tuple)
	if a.latest = l; l.is(&a.tuple) {
		a.hash, a.unseeded, a.check = l.hash, l.unseeded, l.check
		a.shard, a.head, a.as = l.shard, l.head, l.as
	} else {
		t.digest(&a.tuple)
		_, a.shard = t.shardOf(&a.tuple)
		a.as = a.shard.changes - 1
		*l = a.lookup
	}
	a.header = a.fingerprint(s)
}

// lookUp finds out what the table has for a segment, unless it is known and the shard is as it was then.
func (t *Tracker) lookUp(a *arrival) {
	if a.as == a.shard.changes {
		return
	}
	a.head, a.as = t.find(&a.tuple), a.shard.changes
	if l := a.latest; l.is(&a.tuple) {
		l.head, l.as = a.head, a.as
	}
	if a.head == 0 {
		if set := t.gone.setOf(&a.tuple); set != nil {
			a.gone = set.checks[0]
		}
	}
}
