package flows

import (
	"net/netip"
	"time"
)

// Limits of what may be judged by absence.
const (
	notYetOpen   = int64(3 * time.Second)  // a handshake is not called failed sooner
	notYetClosed = int64(60 * time.Second) // nor a close, or an end silent
)

// describe fills f with what is known of a record, but for its transitions. What follows from the shape of what is
// kept briefly, and from little else, is made once for many.
func (t *Tracker) describe(rec ref, f *Flow) {
	r := t.show(rec)
	if rec.form() == formRecord {
		t.outline(r, f)
	} else {
		circumstances := t.circumstancesOf(r)
		o := t.outlines.of(r.key.shape &^ finished)
		if !o.known || o.in != circumstances {
			o.known, o.in, o.standing = true, circumstances, [3]uint16{}
			t.outline(r, &o.flow)
		}
		*f = o.flow
	}
	t.figures(r, f)
}

// show is what rec is as a record, of which nothing changes.
func (t *Tracker) show(rec ref) *record {
	s := &t.shards[rec.shard()]
	r := &t.whole
	switch i := rec.index(); rec.form() {
	case formRecord:
		r = s.records.ptr(i)
	case formLone:
		t.unpack(rec, r)
	case formBrief:
		r.unset()
		t.unpackBrief(s.briefs.ptr(i), nil, r)
		t.unpackOrigin(r)
	case formLong:
		l := s.longs.ptr(i)
		r.unset()
		t.unpackBrief(&l.brief, l.more[:], r)
		t.unpackOrigin(r)
	}
	t.shown = r
	return r
}

// unset clears what unpackBrief sets only where a flow has it. The rest of a record that was unpacked before is zero,
// or is overwritten: to clear all of it took as long as to unpack.
func (r *record) unset() {
	r.at = [numMoments]int64{}
	for i := range r.ends {
		h := &r.ends[i]
		h.last, h.fin, h.asked, h.probes, h.resent = 0, 0, 0, 0, 0
	}
}

// list fills in the transitions of f, which was described last.
func (t *Tracker) list(f *Flow) {
	if t.keep {
		f.Transitions = t.kept.of(t.shown)
	}
}

// outlines are those of flows described before, by shape: of each the last.
type outlines struct {
	list   []outline
	number []uint16 // by shape: index + 1 in list, 0: none
	spare  outline  // of shapes beyond maxOutlines
}

type outline struct {
	in    circumstances
	known bool
	flow  Flow
	// standing is how such flows stand when they are given up, by how many packets the client sent, 2 being more; 0: not known so far.
	standing [3]uint16
}

// maxOutlines of some 600 bytes each: what goes as it should comes to its end in a few hundred shapes.
const maxOutlines = 4096

// of is the outline of a shape. It is valid until the next call.
func (o *outlines) of(shape uint16) *outline {
	for len(o.number) <= int(shape) {
		o.number = append(o.number, 0)
	}
	n := &o.number[shape]
	if *n == 0 {
		if len(o.list) == maxOutlines {
			o.spare.known = false
			return &o.spare
		}
		o.list = append(o.list, outline{})
		*n = uint16(len(o.list))
	}
	return &o.list[*n-1]
}

// circumstances are what the outline of a flow depends on beside its shape, a bit each. Those of an end have the next
// bit for the other one.
type circumstances uint16

const (
	circEnded      circumstances = 1 << iota // so has the capture
	circPayload                              // there was some
	circUnanswered                           // a SYN may be called so
	circHalfOpen                             // a SYN-ACK may be called unanswered
	circQuiet                                // since the first FIN
	circQuiet2                               // since the other
	circPackets                              // by end of the record: it sent some
	_
	circAcked // the other end acknowledged its FIN
	_
	circSilent // it did not answer what it was sent long ago
	_
)

func (t *Tracker) circumstancesOf(r *record) (c circumstances) {
	set := func(bit circumstances, is bool) {
		if is {
			c |= bit
		}
	}
	set(circEnded, t.ended)
	set(circPayload, r.ends[0].bytes+r.ends[1].bytes > 0)
	set(circUnanswered, t.now-r.at[atFirstSYN] >= notYetOpen)
	set(circHalfOpen, t.now-r.at[atSYNACK] >= notYetOpen)
	set(circQuiet, t.quiet(r.at[atFIN]))
	set(circQuiet2, t.quiet(r.at[atFIN2]))
	for i := range r.ends {
		h, peer := &r.ends[i], &r.ends[1-i]
		set(circPackets<<i, h.packets > 0)
		set(circAcked<<i, h.finAcked(peer))
		set(circSilent<<i, h.silent(peer) && t.quiet(r.askedAt(peer)))
	}
	return c
}

// outline fills f with what is discrete.
func (t *Tracker) outline(r *record, f *Flow) {
	*f = Flow{Roles: r.roles, Completeness: uint8(r.kinds),
		ConnState: r.zeek.connState(r.ends[0].bytes+r.ends[1].bytes > 0, &t.mores),
	}
	t.letters = r.zeek.appendHistory(t.letters[:0], &t.mores)
	f.History = t.intern(t.letters)
	for i := range r.ends {
		r.ends[i].outline(&f.Ends[r.side(uint8(i))])
	}
	f.Opening = t.opening(r)
	f.Closing = t.closing(r, f.Opening.Outcome)
	f.Capture = Capture{
		Midstream: r.is(midstream),
		OneWay:    r.oneWay(),
		Truncated: r.is(truncated),
		EndedOpen: t.ended && !r.over(),
	}
	if b := t.before(r); b != nil {
		f.outlineRest(r, b)
	}
}

// outlineRest adds what was known before the flow was given up.
func (f *Flow) outlineRest(r *record, b *Standing) {
	c := &f.Capture
	c.Resumed, c.Before = true, *b
	c.Midstream = b.Midstream
	c.OneWay = (c.OneWay || b.OneWay) && !((b.Spoke[Client] || r.clientEnd().packets > 0) && (b.Spoke[Server] || r.serverEnd().packets > 0))
	f.Opening.SYNs += uint32(b.SYNs)
	f.Opening.SYNACKs += uint32(b.SYNACKs)
	if b.SYNs > 0 {
		f.Client().Retransmissions.SYN = f.Client().Counts.SYN
	}
	if b.SYNACKs > 0 {
		f.Server().Retransmissions.SYNACK = f.Server().Counts.SYNACK
	}
	for side := range f.Ends {
		if b.closed[side] {
			f.Ends[side].Retransmissions.FIN = f.Ends[side].Counts.FIN
		}
	}
}

// figures fills f, which has its outline, with what was counted and measured.
func (t *Tracker) figures(r *record, f *Flow) {
	f.Number, f.File, f.Space, f.Via = r.number, r.file, r.space&^v6, r.via
	f.First, f.Last = r.first, r.last()
	f.Capture.MissingSegments = r.missing
	f.Capture.Duplicates = r.ends[0].copies + r.ends[1].copies
	a, b := &f.Ends[r.side(0)], &f.Ends[r.side(1)]
	if r.space&v6 == 0 {
		a.Addr = netip.AddrPortFrom(netip.AddrFrom4(bytesOf(r.key.a)), r.key.pa)
		b.Addr = netip.AddrPortFrom(netip.AddrFrom4(bytesOf(r.key.b)), r.key.pb)
	} else {
		ends := t.addrs.ptr(r.key.a)
		a.Addr, b.Addr = netip.AddrPortFrom(ends[0].Netip(), r.key.pa), netip.AddrPortFrom(ends[1].Netip(), r.key.pb)
	}
	for i := range r.ends {
		h, peer := &r.ends[i], &r.ends[1-i]
		e := &f.Ends[r.side(uint8(i))]
		h.figures(e)
		if h.asked > 0 {
			e.Asked = r.askedAt(h)
		}
		e.Unacknowledged = peer.is(hasAck) && h.is(hasNxt) && peer.ack.Before(h.nxt)
	}
	r.times(&f.Opening)
	if !r.ends[0].is(lowFIN) && !r.ends[1].is(lowFIN) { // of that the time is not known
		f.Closing.FINToACK = r.elapsed(atFIN, atFINACK)
		f.Closing.FINToFIN = r.elapsed(atFIN, atFIN2)
		f.Closing.Close = r.elapsed(atFIN, atClose)
	}
	if r.events != 0 {
		f.Events = *t.events.ptr(r.events)
	}
}

func (h *half) outline(e *Endpoint) {
	less := func(n uint32) uint32 { return n - min(n, 1) }
	e.Counts = Counts{SYN: h.syn, SYNACK: h.synack, FIN: h.finN, RST: h.rst}
	e.Retransmissions = Retransmissions{SYN: less(h.syn), SYNACK: less(h.synack), FIN: less(h.finN)}
	e.NumStates = h.path.n
	for i := range h.path.n {
		e.StateList[i] = h.path.at(i)
		if h.path.isProved(i) {
			e.Certain[i] = Proved
		}
	}
}

func (h *half) figures(e *Endpoint) {
	e.Packets, e.PayloadBytes, e.AfterPeerFIN = uint64(h.packets), h.bytes, h.late
	e.Last, e.TTL, e.Probes, e.Resent = h.last, h.ttl, uint32(h.probes), uint32(h.resent)
	e.Retransmissions.Data = h.again
}

// intern makes a string of a history: most flows share a few, so that a row costs no memory.
func (t *Tracker) intern(history []byte) string {
	if s, ok := t.histories[string(history)]; ok {
		return s
	}
	s := string(history)
	if len(t.histories) < 4096 {
		if t.histories == nil {
			t.histories = map[string]string{}
		}
		t.histories[s] = s
	}
	return s
}

// elapsed is the time from one moment to another; absent where the clock stepped back.
func (r *record) elapsed(from, to moment) Elapsed {
	if !r.has(to) {
		return Elapsed{}
	}
	return since(r, from, r.at[to])
}

func (r *record) clientEnd() *half { return &r.ends[r.client] }
func (r *record) serverEnd() *half {
	if r.is(selfConnect) {
		return r.clientEnd()
	}
	return &r.ends[1-r.client]
}

// oneWay reports whether only one direction was captured of what must have been two.
func (r *record) oneWay() bool {
	a, b := &r.ends[0], &r.ends[1]
	return !r.is(selfConnect) && (a.packets == 0 && b.is(ackMoved) || b.packets == 0 && a.is(ackMoved))
}

func (t *Tracker) opening(r *record) Handshake {
	c, s := r.clientEnd(), r.serverEnd()
	h := Handshake{Kind: r.kind, Outcome: t.openingOutcome(r, c, s),
		Ambiguous: r.is(ambiguous), SYNs: c.syn, SYNACKs: s.synack}
	if r.kind == KindSimultaneous && c != s {
		h.SYNs += s.syn
		h.SYNACKs += c.synack
		if c.synack > 0 && s.synack == 0 {
			h.Kind = KindSplit
		}
	}
	if h.Kind == KindNotCaptured && c.is(hasISS) {
		h.Kind = KindThreeWay
	}
	return h
}

// times fills h, whose outcome is known, with how long it took.
func (r *record) times(h *Handshake) {
	h.SYNToSYNACK = r.elapsed(atSYN, atSYNACK)
	h.SYNACKToACK = r.elapsed(atSYNACKEnd, atACK)
	h.Handshake = r.elapsed(atSYN, atACK)
	if whole := h.Handshake; whole.OK { // a part is longer than the whole where the clock stepped back
		h.SYNToSYNACK.OK = h.SYNToSYNACK.OK && h.SYNToSYNACK.D <= whole.D
		h.SYNACKToACK.OK = h.SYNACKToACK.OK && h.SYNACKToACK.D <= whole.D
	}
	h.Connect = r.elapsed(atFirstSYN, atACK)
	if h.Outcome == OpeningComplete {
		h.ServerReady = r.elapsed(atFirstSYN, atReady)
	}
}

func (t *Tracker) openingOutcome(r *record, c, s *half) OpeningOutcome {
	before := t.before(r)
	switch {
	case before == nil:
		before = &Standing{}
	case !before.Opening.undecided():
		return before.Opening
	}
	if !r.has(atFirstSYN) && before.SYNs == 0 {
		switch {
		case s.is(hasSYNACK) && (s.path.proves(Established) || c.path.proves(Established)):
			return OpeningComplete
		case r.is(badFlags) && c.path.n == 0 && s.path.n == 0:
			return OpeningInvalid
		}
		return OpeningNotCaptured
	}
	serverOpen := s.path.has(Established) || s.path.find(FinWait1) >= 0
	clientOpen := c.path.proves(Established) || s.path.proves(Established)
	selfOpen := c.is(hasSYNACK) && c.path.has(Established) && s.packets == 0
	switch {
	case c.path.proves(Established) && !s.is(hasSYNACK) && before.SYNACKs == 0: // only the capture lacks the SYN-ACK
		return OpeningComplete
	case serverOpen && clientOpen, serverOpen && r.roles == RolesSimultaneous && c.path.has(Established),
		clientOpen && s.path.n == 0, selfOpen:
		return OpeningComplete
	case r.is(unreachable) && c.path.top() == Closed:
		return OpeningUnreachable
	case r.is(refused) && c.path.top() == Closed:
		return OpeningRefused
	case s.is(hasSYNACK), before.SYNACKs > 0:
		switch {
		case r.resetBy == ByServer:
			return OpeningReset
		case r.is(clientReset), uint32(before.SYNACKs)+s.synack > 1, t.now-r.at[atSYNACK] >= notYetOpen:
			return OpeningHalfOpen
		}
		return OpeningInProgress
	case r.is(clientReset):
		return OpeningReset
	case r.is(badNumbers):
		return OpeningInvalid
	case uint32(before.SYNs)+c.syn > 1, t.now-r.at[atFirstSYN] >= notYetOpen:
		return OpeningUnanswered
	}
	return OpeningInProgress
}

func (t *Tracker) closing(r *record, opened OpeningOutcome) Teardown {
	c, s := r.clientEnd(), r.serverEnd()
	d := Teardown{First: r.firstFIN}
	if r.is(crossed) {
		d.First = ByBoth
	}
	if b := t.before(r); b != nil && b.Shed == NotShed && (b.closed != [2]bool{true, true} || b.ResetBy != NoOne) {
		return Teardown{Outcome: b.Closing, First: b.First, ResetBy: b.ResetBy}
	}
	d.Outcome = t.closingOutcome(r, c, s, opened)
	if d.Outcome == ClosingReset || d.Outcome == ClosingRSTAfterFIN {
		d.ResetBy = r.resetBy
	}
	return d
}

func (t *Tracker) closingOutcome(r *record, c, s *half, opened OpeningOutcome) ClosingOutcome {
	switch opened {
	case OpeningComplete:
	case OpeningNotCaptured:
		if !r.is(sawOpen) && !c.is(hasFIN|lowFIN) && !s.is(hasFIN|lowFIN) {
			if r.resetBy != NoOne {
				return ClosingNotCaptured
			}
			return ClosingNever
		}
	default:
		if !c.path.proves(Established) {
			return ClosingNever
		}
	}
	switch {
	case c.is(byRST) || s.is(byRST):
		if r.is(resetAfter) {
			return ClosingRSTAfterFIN
		}
		return ClosingReset
	case r.oneWay():
		return ClosingOpen // all else rests on what the other end did not send
	case c.is(hasFIN|lowFIN) && s.is(hasFIN|lowFIN):
		ca, sa := c.finAcked(s), s.finAcked(c)
		if ca && sa && r.over() {
			return ClosingOrderly
		}
		again := !ca && c.finRepeated() || !sa && s.finRepeated() || ca && sa
		switch {
		case !again && !t.quiet(r.at[atFIN2]):
			return ClosingOpen
		case ca || sa:
			return ClosingMissingFinalACK
		}
		return ClosingFINUnanswered
	case t.mayLackFIN(r):
		return ClosingOpen
	case c.is(hasFIN) && s.path.jump > 0, s.is(hasFIN) && c.path.jump > 0:
		return ClosingOpen // the number that the capture lacks may be the other FIN
	case c.is(hasFIN | lowFIN):
		return t.halfClosed(r, c, c.finAcked(s), t.quiet(r.at[atFIN]))
	case s.is(hasFIN | lowFIN):
		return t.halfClosed(r, s, s.finAcked(c), t.quiet(r.at[atFIN]))
	case c.silent(s) && t.quiet(r.askedAt(s)), s.silent(c) && t.quiet(r.askedAt(c)):
		return ClosingSilent
	}
	return ClosingOpen
}

func (t *Tracker) quiet(since int64) bool { return t.now-since >= notYetClosed }

// finAcked reports whether h has sent a FIN, and the other end acknowledged it.
func (h *half) finAcked(by *half) bool {
	return h.is(ackedFIN) || h.is(hasFIN) && by.is(hasAck) && !by.ack.Before(h.fin)
}

// finRepeated reports whether h has sent its FIN more than once.
func (h *half) finRepeated() bool { return h.finN > 1 || h.finN > 0 && h.is(lowFIN) }

// mayLackFIN reports whether an end's last word acknowledges one number more than was captured: that
// may be the other FIN, and the capture ends before anybody goes on from there.
func (t *Tracker) mayLackFIN(r *record) bool {
	if r.aside == 0 {
		return false
	}
	for i := range r.ends {
		o := &t.asideOf(r).odd[i]
		if peer := &r.ends[1-i]; o.held && !o.flags.Any(SYN|RST) && !peer.is(hasFIN) && o.ack == peer.nxt+1 {
			return true
		}
	}
	return false
}

func (t *Tracker) halfClosed(r *record, h *half, acked, quiet bool) ClosingOutcome {
	switch {
	case acked && quiet:
		return ClosingHalfClosed
	case !acked && (h.finRepeated() || quiet):
		return ClosingFINUnanswered
	}
	return ClosingOpen
}

// askedAt is when h sent its first data or probe since the other end last spoke.
func (r *record) askedAt(h *half) int64 { return r.first + (int64(h.asked)-1)*int64(time.Millisecond) }

// silent reports whether h has not answered data that was sent again, or probes.
func (h *half) silent(peer *half) bool {
	return peer.resent >= 3 && (!h.is(hasAck) || h.ack.Before(peer.nxt)) || peer.probes >= 3
}
