package flows

// lesson is what observe made of a segment of a class in a flow of a shape.
type lesson struct {
	class   class // 0: no lesson
	shape   uint16
	after   uint16 // the shape that the flow came to
	n       uint8  // of changes
	quiet   Quiet
	notes   [2]NoteKind // of those that tell the time since the SYN that was answered
	timed   bool        // the time of the segment is one that is kept
	changes [4]change
}

// change is a Transition of the segment at hand.
type change struct {
	side      Side
	from, to  State
	certainty Certainty
	why       event // beyond met: none
}

// lessons has a place for each, where the last one stays.
type lessons [1 << 11]lesson

func (a *lessons) of(shape uint16, c class) *lesson {
	return &a[(uint32(shape)<<16|uint32(c))*0x9e3779b1>>(32-11)]
}

// teachable reports whether observe asks nothing of a flow in a shape that a class does not answer.
func (s *shape) teachable() bool {
	const out = distrust | ownRST | byRST | provoked | hasAlt | lowFIN
	for i := range s.ends {
		if h := &s.ends[i]; h.has&out != 0 || h.has&hasNxt == 0 || h.path.jump != 0 {
			return false
		}
	}
	return true
}

// opens reports whether an end is yet to prove that its SYN or SYN-ACK was answered.
func (s *shape) opens() bool {
	a, b := half{stance: s.ends[0]}, half{stance: s.ends[1]}
	return a.opening() || a.accepting() || b.opening() || b.accepting()
}

// learn compares what observe made of a segment of a class with what goOn would have, and keeps it where they are
// the same. was is the flow as it was.
func (t *Tracker) learn(was *long, c class) {
	s, f := t.seg, t.rec
	if f.form() == formRecord || t.step.Flow == 0 || len(t.step.Changes) > len(lesson{}.changes) || len(t.step.Notes) > len(lesson{}.notes) {
		return
	}
	shard, shape := &t.shards[f.shard()], was.shape
	l := lesson{class: c, shape: shape, after: shard.keyOf(f).shape, quiet: t.step.Quiet, n: uint8(len(t.step.Changes))}
	k, after := &t.shapes.of[shape], &t.shapes.of[l.after]
	for i := range t.step.Changes {
		tr := &t.step.Changes[i]
		if tr.Packet != s.Packet || tr.File != s.File || tr.Time != s.Time || tr.Certainty == Revised {
			return
		}
		l.changes[i] = change{tr.Side, tr.From, tr.To, tr.Certainty, eventOf(tr.Why)}
	}
	for i, n := range t.step.Notes {
		if n.Kind != NoteAnswered && n.Kind != NoteHandshake || !n.D.OK {
			return
		}
		l.notes[i] = n.Kind
	}
	var is long
	switch i := f.index(); f.form() {
	case formLone:
		if c&opensFlow != 0 && *shard.lones.ptr(i) == loneOf(shard.lones.ptr(i).key, s, t.step.Flow) {
			*t.lessons.of(shape, c) = l
		}
		return
	case formBrief:
		is.brief = *shard.briefs.ptr(i)
	case formLong:
		is = *shard.longs.ptr(i)
	}
	if l.timed = k.set != after.set || k.at != after.at || k.nsteps != after.nsteps; l.timed {
		// Which step a moment is, is told by its time.
		if s.Time != t.now || s.Time <= was.at(k.nsteps, was.more[:]) {
			return
		}
		for i := range after.nsteps {
			if is.step(i, is.more[:]).after() <= 0 {
				return
			}
		}
	}
	if was.goOn(s, c, k, after, uint64(t.origins.of[is.origin].from)<<32, was.more[:]) {
		if was.shape = l.after; *was == is {
			*t.lessons.of(shape, c) = l
		}
	}
}

// copyOf is a flow as it is kept briefly.
func (t *Tracker) copyOf(f ref) (is long) {
	s := &t.shards[f.shard()]
	switch i := f.index(); f.form() {
	case formLone:
		l := s.lones.ptr(i)
		l.grow(&is.brief, t.shapes.of[l.shape].client)
	case formBrief:
		is.brief = *s.briefs.ptr(i)
	case formLong:
		is = *s.longs.ptr(i)
	}
	return is
}

// repeat tells of the segment at hand what the lesson says.
func (t *Tracker) repeat(l *lesson, flow uint64, client uint8, answered int64) {
	s := t.seg
	t.step.Flow, t.step.Side, t.step.Quiet = flow, Client, l.quiet
	if t.k.from != client {
		t.step.Side = Server
	}
	for i := range l.changes[:l.n] {
		c := &l.changes[i]
		t.step.Changes = append(t.step.Changes, Transition{})
		tr := &t.step.Changes[i] // to write it elsewhere and copy it took twice as long as all else here
		tr.Packet, tr.File, tr.Time, tr.Side = s.Packet, s.File, s.Time, c.side
		tr.From, tr.To, tr.Certainty = c.from, c.to, c.certainty
		if c.why <= met {
			tr.Why = c.why.String()
		}
	}
	for _, kind := range l.notes {
		if kind != NoteNone {
			t.step.Notes = append(t.step.Notes, Note{Kind: kind, D: between(answered, s.Time)})
		}
	}
}
