package flows

import "slices"

// Shed says what a flow was that was given up at the ceiling, for want of room, before it had finished. At the
// ceiling those go first that are over: their rows are written early, and nothing is lost. The others go without
// a row, in the order of these constants, and of each kind the longest silent first. But as long as a flow may
// have its answer on the way, three seconds or until its server sends its SYN-ACK again, it goes only where no other
// is left but open ones: else a flood would push out what is just being opened, or closed, beside it.
type Shed uint8

const (
	NotShed      Shed = iota
	ShedAttempt       // no end is known to be open, and the SYN has no answer
	ShedHalfOpen      // answered, and not open at both ends
	ShedOpen          // open, or met in mid-connection
	NumSheds
)

func (s Shed) String() string {
	return [...]string{"", "unanswered", "half-open", "open"}[s]
}

// Bound is what had a flow go at the ceiling: either, or both.
type Bound uint8

const (
	BoundFlows Bound = 1 << iota // Config.MaxFlows
	BoundBytes                   // Config.MaxBytes
)

// share is what one shard may hold. What is shed follows from the four-tuples alone that way, whatever the hash's
// seed, and however many Trackers the shards are spread over.
type share struct {
	flows int    // 0: as many as there are
	bytes uint64 // 0: as many
}

// weights are what is kept of a flow, in bytes: with its place in the table, the addresses that every third
// has apart, and of a record with what lies aside.
var weights = [...]uint64{formRecord: 1600, formLone: 64, formBrief: 140, formLong: 180}

// held is how many flows are in the table, by form.
func (s *shard) held() (n [formLong + 1]int) {
	n = [...]int{s.records.held(), s.lones.held(), s.briefs.held(), s.longs.held()}
	for as := range n {
		n[as] -= s.departed[as]
	}
	return n
}

func (s *shard) bytes() uint64 {
	sum := s.beside
	for as, n := range s.held() {
		sum += uint64(n) * weights[as]
	}
	return sum
}

// usual is how many bytes of lists a record's weight allows for. Of what it has more, each counts.
const usual = 500

// excess is what the lists of r take beyond that.
func (r *record) excess() uint64 { return uint64(max(r.lists, usual) - usual) }

// lengthen notes that lists of r, a flow of the four-tuple at hand, take so many bytes more.
func (t *Tracker) lengthen(r *record, bytes int) {
	_, s := t.shardOf(t.k)
	before := r.excess()
	r.lists += uint32(bytes)
	if more := r.excess() - before; more > 0 {
		s.beside += more
		t.grew = true
	}
}

// lighten has the shard count the lists of a record no more.
func (s *shard) lighten(r *record) {
	s.beside -= r.excess()
	r.lists = 0
}

// weight is what a flow of a shard is counted for.
func (s *shard) weight(f ref) uint64 {
	if f.form() == formRecord {
		return weights[formRecord] + s.records.ptr(f.index()).excess()
	}
	return weights[f.form()]
}

func (s *shard) flows() (sum int) {
	for _, n := range s.held() {
		sum += n
	}
	return sum
}

// over says of what the shard holds more than its share, 0: of nothing.
func (h share) over(s *shard) (of Bound) {
	if h.flows > 0 && s.flows() > h.flows {
		of = BoundFlows
	}
	if h.bytes > 0 && s.bytes() > h.bytes {
		of |= BoundBytes
	}
	return of
}

// sheddable is a flow that could go.
type sheddable struct {
	shed   Shed  // NotShed: it is over
	rank   uint8 // the lower the sooner
	ref    ref
	last   int64
	number uint64
}

// rank is the lower the sooner such a flow goes. Young is one whose last packet may still be answered.
func (f fate) rank(young bool) uint8 {
	switch {
	case f.shed == ShedOpen:
		return uint8(2 * ShedOpen)
	case young && !f.overdue:
		return uint8(ShedOpen + f.shed)
	}
	return uint8(f.shed)
}

func (a *sheddable) before(b *sheddable) bool {
	switch {
	case a.rank != b.rank:
		return a.rank < b.rank
	case a.last != b.last:
		return a.last < b.last
	}
	return a.number < b.number
}

// shed makes room in a shard for a quarter of its share, so that looking for what can go costs little of each
// flow. The flow of the segment at hand stays.
func (t *Tracker) shed(i int) {
	s := &t.shards[i]
	bound := t.share.over(s)
	t.ceiling.Bound |= bound
	room := share{t.share.flows - t.share.flows/4, t.share.bytes - t.share.bytes/4}
	all := t.sheddables(i)
	flows, bytes := s.flows(), s.bytes()
	fits := func() bool {
		return (room.flows == 0 || flows <= room.flows) && (room.bytes == 0 || bytes <= room.bytes)
	}
	for len(all) > 0 && !fits() {
		n := len(all)/4 + 1
		leastFirst(all, n)
		slices.SortFunc(all[:n], func(a, b sheddable) int {
			if a.before(&b) {
				return -1
			}
			return 1
		})
		for _, c := range all[:n] {
			if fits() {
				break
			}
			flows--
			bytes -= min(bytes, s.weight(c.ref))
			t.evict(&c, bound)
		}
		all = all[n:]
	}
}

// sheddables are the flows of a shard that could go, in no order. What waits to be one goes with the flow that it
// waits beside.
func (t *Tracker) sheddables(i int) []sheddable {
	s := &t.shards[i]
	all := t.candidates[:0]
	for as := formRecord; as <= formLong; as++ {
		for j := range uint32(len(s.duesOf(as)) * group) {
			f := refTo(i, as, j)
			if f == t.rec || !s.live(f) {
				continue
			}
			var fate fate
			var last int64
			switch as {
			case formRecord:
				r := s.records.ptr(j)
				if r.is(tentative) {
					continue
				}
				fate, last = r.fate(), r.last()
			case formLone:
				fate.shed, last = ShedAttempt, s.lones.ptr(j).at()
			case formBrief:
				fate, last = t.shapes.of[s.briefs.ptr(j).shape].fate, s.briefs.ptr(j).lastAt()
			case formLong:
				fate, last = t.shapes.of[s.longs.ptr(j).shape].fate, s.longs.ptr(j).lastAt()
			}
			c := sheddable{fate.shed, fate.rank(t.seg.Time-last < notYetOpen), f, last, t.numberOf(s, f)}
			all = append(all, c)
		}
	}
	t.candidates = all
	return all
}

// fate is what would become of a flow at the ceiling.
type fate struct {
	shed    Shed // NotShed: it is over
	overdue bool // its SYN-ACK was sent again
}

func (r *record) fate() fate {
	a, b := &r.ends[0].path, &r.ends[1].path
	switch {
	case r.over():
		return fate{}
	case a.n == 0 && b.n == 0, a.n == 0 && b.top() == SynSent, b.n == 0 && a.top() == SynSent:
		return fate{shed: ShedAttempt}
	case r.waiting() && !(r.ends[0].is(hasFIN|lowFIN) && r.ends[1].is(hasFIN|lowFIN)):
		return fate{ShedHalfOpen, r.serverEnd().synack > 1}
	}
	return fate{shed: ShedOpen}
}

// leastFirst puts the n least of the list first, in no order.
func leastFirst(list []sheddable, n int) {
	for len(list) > 1 && n > 0 && n < len(list) {
		pivot := list[len(list)/2]
		i, j := 0, len(list)-1
		for i <= j {
			for list[i].before(&pivot) {
				i++
			}
			for pivot.before(&list[j]) {
				j--
			}
			if i <= j {
				list[i], list[j] = list[j], list[i]
				i++
				j--
			}
		}
		switch {
		case n <= j+1:
			list = list[:j+1]
		case n >= i:
			list, n = list[i:], n-i
		default:
			return
		}
	}
}
