package flows

import "slices"

// Leads reports whether the table has an edge from one state to the other.
func Leads(from, to State) bool {
	for ev := range numEvents {
		if machine[from][ev] == to {
			return true
		}
	}
	return false
}

// Starts reports whether a list of states can begin with s: with the state that an open
// begins in, or with one that an end was met in.
func Starts(s State) bool {
	switch s {
	case Closed, Listen, Established, FinWait1, CloseWait, LastAck:
		return true
	}
	return false
}

// Whole has t keep all flows as records, whatever shape they are in, and learn nothing.
func (t *Tracker) Whole() { t.shapes.most, t.unlearned = 0, true }

// Brief is how many flows t keeps otherwise.
func (t *Tracker) Brief() (n int) {
	for i := range t.shards {
		n += t.shards[i].lones.held() + t.shards[i].briefs.held() + t.shards[i].longs.held()
	}
	return n
}

// Brief is how many flows l keeps otherwise.
func (l *Lanes) Brief() int { return l.latest.Brief() } // the tables are shared

// Shard is the shard of a segment's four-tuple.
func (t *Tracker) Shard(s *Segment) int {
	var k tuple
	k.of(s)
	t.digest(&k)
	i, _ := t.shardOf(&k)
	return i
}

// Forgets reports whether, of segs, the fingerprint of a packet that comes again gives its place to others' between: whether
// it is then known for a copy hangs on the very numbers.
func (t *Tracker) Forgets(segs []Segment) bool {
	sets, met := map[uint32][]uint64{}, map[uint64]uint32{} // when
	for i := range segs {
		var k tuple
		k.of(&segs[i])
		t.digest(&k)
		h, now := k.fingerprint(&segs[i]), headerTime(&segs[i])
		set := sets[k.setOf(h)]
		at, again := met[h]
		known := slices.Index(set, h)
		switch {
		case known >= 0 && min(now-at, at-now) <= copyWithin:
			continue
		case known >= 0:
			set = slices.Delete(set, known, known+1)
		case again:
			return true
		}
		met[h] = now
		sets[k.setOf(h)] = append([]uint64{h}, set[:min(len(set), len(headerSet{})-1)]...)
	}
	return false
}

// Excess is by how many flows and bytes t holds more of a shard than its share of the ceiling.
func (t *Tracker) Excess(shard int) (flows, bytes int) {
	s := &t.shards[shard]
	return s.flows() - t.share.flows, int(s.bytes()) - int(t.share.bytes)
}

// After has t number flows as after so many.
func (t *Tracker) After(flows uint64) { t.flows = flows }

// After has l number flows as after so many.
func (l *Lanes) After(flows uint64) { l.flows = flows }
