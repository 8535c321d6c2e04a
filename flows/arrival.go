package flows

// arrival is what of a segment is found out before those before it are observed: which flow it is of, mostly.
type arrival struct {
	tuple
	header uint64 // a fingerprint of it: see copies
	shard  *shard // of its four-tuple
	slot   slot   // where that is in the table if nothing is in its way; 0: not looked at
	warm   uint32 // some of what is kept of the flow
	head   ref    // what the table has for it, 0: nothing, when the shard had changed so many times
	as     uint32
}

// near is how many segments are approached together: of 32 a bulk transfer took 3 % longer, of 128 half a million connections did.
const near = 64

// arrivals are those of segments that come one after the other. What is in no cache, as a million flows and their places in the
// table are, is asked for all of them before it is needed for one: ten such are waited for no longer than one, as long as nothing
// else is done between. Half a million connections take 8 % less for what touch does, and no more is of use.
type arrivals [near]arrival

func (as *arrivals) of(segments []Segment, t *tables) {
	list := as[:len(segments)]
	for i := range list {
		list[i].of(&segments[i], t)
	}
	for i := range list {
		list[i].look()
	}
	for i := range list {
		list[i].touch()
	}
}

// look reads the slot, unless the flows are so few that a processor's own cache holds them.
func (a *arrival) look() {
	const large = 64 // of all shards together 12,000 flows, 1.5 MB
	if slots := a.shard.slots; len(slots) >= large {
		a.slot = slots[a.hash&uint32(len(slots)-1)]
	} else {
		a.slot = 0
	}
}

// touch reads of each cache line of what is kept of the flow, where the slot seems to be its own.
func (a *arrival) touch() {
	if a.slot == 0 || (uint32(a.slot)^a.hash)&tagMask != 0 {
		return
	}
	switch f := a.slot.ref(0); f.form() {
	case formLone:
		a.warm = a.shard.lones.ptr(f.index()).packet
	case formBrief:
		b := a.shard.briefs.ptr(f.index())
		a.warm = b.a + uint32(b.ends[0].nxt) + b.asked
	case formLong:
		l := a.shard.longs.ptr(f.index())
		a.warm = l.a + uint32(l.ends[0].nxt) + uint32(l.more[0]) + uint32(l.more[len(l.more)-1])
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
