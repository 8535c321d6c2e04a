package flows

// arrival is what of a segment is found out before those before it are observed: which flow it is of, mostly.
type arrival struct {
	tuple
	header uint64 // a fingerprint of it: see copies
	shard  *shard // of its four-tuple
	slot   slot   // where that is in the table if nothing is in its way
	head   ref    // what the table has for it, 0: nothing, when the shard had changed so many times
	as     uint32
}

// near is how many segments are approached together: of 32 a bulk transfer took 3 % longer, of 128 half a million connections did.
const near = 64

// arrivals are those of segments that come one after the other. What is in no cache, as a million flows and their places in the
// table are, is asked for all of them before it is needed for one: ten such are waited for no longer than one.
type arrivals [near]arrival

func (as *arrivals) of(segments []Segment, t *tables) {
	for i := range segments {
		as[i].of(&segments[i], t)
	}
	for i := range segments {
		if a := &as[i]; len(a.shard.slots) > 0 {
			a.slot = a.shard.slots[a.hash&uint32(len(a.shard.slots)-1)]
		}
	}
}

// of finds out what a segment tells by itself.
func (a *arrival) of(s *Segment, t *tables) {
	a.tuple.of(s)
	t.digest(&a.tuple)
	a.header = a.fingerprint(s)
	_, a.shard = t.shardOf(&a.tuple)
}

// approach looks a segment up.
func (t *Tracker) approach(a *arrival) { a.head, a.as = t.find(&a.tuple), a.shard.changes }

// arrived is what the table has for a segment, now that it is its turn.
func (t *Tracker) arrived(a *arrival) ref {
	if a.shard.changes != a.as {
		t.approach(a)
	}
	return a.head
}
