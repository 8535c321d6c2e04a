package flows

// move takes the end along the edge that ev names, and reports whether there is one.
func (t *Tracker) move(r *record, h *half, ev event, c Certainty) bool {
	from := h.path.top()
	to := machine[from][ev]
	if to == Unknown || h.path.n == MaxStates {
		return false
	}
	h.path.push(to, c)
	if to == Established {
		r.marks |= sawOpen
	}
	t.changed(r, h, from, to, c, ev)
	return true
}

// begin starts the list of an end. With from Unknown it was met in state to; else the
// list opens with from, the state that to was entered from.
func (t *Tracker) begin(r *record, h *half, from, to State, c Certainty, why event) {
	if from != Unknown {
		h.path.push(from, Proved)
	}
	h.path.push(to, c)
	if to == Established {
		r.marks |= sawOpen
	}
	t.changed(r, h, from, to, c, why)
}

// changed tells of a transition, and keeps it where they are kept.
func (t *Tracker) changed(r *record, h *half, from, to State, c Certainty, why event) {
	tr := Transition{Packet: t.seg.Packet, File: t.seg.File, Time: t.seg.Time,
		Side: r.sideOf(h), From: from, To: to, Certainty: c, Why: why.String()}
	if h == t.replay {
		tr.Packet, tr.File, tr.Time = t.was.packet, t.was.file, t.was.time
	}
	t.step.Changes = append(t.step.Changes, tr)
	t.keepTransition(r, &tr, why)
}

// sideOf is the role of one of r's ends.
func (r *record) sideOf(h *half) Side {
	if h == &r.ends[r.client] {
		return Client
	}
	return Server
}

// prove marks the last entry of the list that is state s as shown by the end itself, with
// all that led to it but what no segment can prove.
func (t *Tracker) prove(r *record, h *half, s State) {
	i := h.path.find(s)
	if h.path.top() == s {
		i = int(h.path.n) - 1 // CLOSED can be first and last
	}
	if i < 0 || h.path.isProved(uint8(i)) {
		return
	}
	h.path.proved |= 1 << i
	t.step.Changes = append(t.step.Changes, Transition{Packet: t.seg.Packet, File: t.seg.File,
		Time: t.seg.Time, Side: r.sideOf(h), From: s, To: s, Certainty: Proved})
}

// takeBack shortens the list of an end to n states, and reports whether it could: what is
// proved stands.
func (t *Tracker) takeBack(r *record, h *half, n uint8, why string) bool {
	if n >= h.path.n {
		return false
	}
	if h.path.floor() > n && !(h.is(ownRST) && n == h.path.n-1) {
		return false
	}
	side := r.sideOf(h)
	top := h.path.top()
	tr := Transition{File: t.seg.File, Time: t.seg.Time, Side: side, From: top,
		Certainty: Revised, Why: why, RevisedBy: t.seg.Packet}
	t.setApart(r)
	if t.keep {
		for i := h.path.n; i > n; i-- {
			if was := t.kept.standing(r, side, h.path.at(i-1)); was != nil {
				was.revised, was.revisedBy = true, t.seg.Packet
				tr.Packet, tr.File = was.packet, was.file
			}
		}
	}
	h.path.cut(n)
	if top == Closed {
		h.has &^= ownRST | byRST
	}
	tr.To = h.path.top()
	t.step.Changes = append(t.step.Changes, tr)
	return true
}

// aside is what the record keeps beside, made when first asked for.
func (t *Tracker) asideOf(r *record) *aside {
	if r.aside == 0 {
		r.aside = t.asides.take()
	}
	return t.asides.ptr(r.aside)
}

// passed adds [from, to) to what an end was seen to send, and reports whether any of it had
// not passed before. edge moves over all that is without a hole.
func (t *Tracker) passed(r *record, h *half, from, to Seq) (news bool) {
	if !h.edge.Before(from) {
		if !h.edge.Before(to) {
			return false
		}
		h.edge = to
		if r.aside != 0 {
			t.close(r, h)
		}
		return true
	}
	hs := &t.asideOf(r).holes[r.index(h)]
	for i := range hs.spans[:hs.n] {
		s := &hs.spans[i]
		if to.Before(s.from) || s.to.Before(from) {
			continue
		}
		news = from.Before(s.from) || s.to.Before(to)
		if from.Before(s.from) {
			s.from = from
		}
		s.to = s.to.Max(to)
		return news
	}
	if int(hs.n) < len(hs.spans) {
		hs.spans[hs.n] = span{from, to}
		hs.n++
	} else {
		hs.over = true
	}
	return true
}

// close moves edge over the spans that have become contiguous.
func (t *Tracker) close(r *record, h *half) {
	hs := &t.asideOf(r).holes[r.index(h)]
	for again := true; again; {
		again = false
		for i := uint8(0); i < hs.n; i++ {
			s := hs.spans[i]
			if h.edge.Before(s.from) {
				continue
			}
			h.edge = h.edge.Max(s.to)
			hs.n--
			hs.spans[i] = hs.spans[hs.n]
			again = true
			break
		}
	}
}

func (r *record) index(h *half) int {
	if h == &r.ends[0] {
		return 0
	}
	return 1
}
