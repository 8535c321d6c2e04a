package flows

// Kind says which others are like the flow of the latest segment: they went through the same, nothing out of the ordinary, and what
// a Flow says of them differs in addresses, counts and times alone, and in what was left undone for too long. 0: no other is. None
// of its times is before the one at which it began.
func (l *Lanes) Kind() (kind int, began int64) {
	t := l.latest
	if t.step.Flow == 0 || t.rec.form() == formRecord {
		return 0, 0
	}
	s, i := &t.shards[t.rec.shard()], t.rec.index()
	switch t.rec.form() {
	case formLone:
		began = s.lones.ptr(i).at()
	case formBrief:
		began = s.briefs.ptr(i).first
	case formLong:
		began = s.longs.ptr(i).first
	}
	return int(s.keyOf(t.rec).shape)*lanes + t.from*lanes/shards, began
}
