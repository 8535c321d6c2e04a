package analyzer

import (
	"net/netip"
	"time"

	"tcpwhy/flows"
)

// serverEvent is what a segment tells of a server beside its flows; or, flagsInvalid, of a sender of flags that no TCP sends together.
type serverEvent struct {
	kind   serverEventKind
	place  int // of the segment in its batch, from 1
	server serverKey
	at     int64          // ns since 1970 UTC
	after  time.Duration  // what was sent before
	seg    *flows.Segment // of flagsInvalid
	flow   uint64         // likewise
	until  int64          // of goesOn: the second in which it would have been over
	young  bool           // likewise, whether it was, when it was given up
	client uint64         // likewise, hash of the address
}

type serverEventKind uint8

const (
	flagsInvalid serverEventKind = iota
	synACKAgain                  // after a valid ACK had passed
	synAgain                     // the first that came again
	attempt
	synReceived      // enters SYN_RCVD again
	firstSYNReceived // enters it from LISTEN
	leftSYNReceived
	closeWaits
	leftCloseWait
	timeWaits
	goesOn // after it was given up half open
)

// serverEvents appends what a segment tells.
func serverEvents(to []serverEvent, seg *flows.Segment, step *flows.Step) []serverEvent {
	add := func(kind serverEventKind, after flows.Elapsed) {
		e := serverEvent{kind: kind, server: serverOf(seg, step), at: seg.Time, after: after.D}
		if kind == flagsInvalid {
			e.seg, e.flow = seg, step.Flow
		}
		to = append(to, e)
	}
	for i := range step.Notes {
		switch n := &step.Notes[i]; {
		case n.Kind == flows.NoteInvalidFlags:
			add(flagsInvalid, n.D)
		case n.Kind == flows.NoteGoesOn && heldHalfOpen(step.Before):
			add(goesOn, flows.Elapsed{})
			e := &to[len(to)-1]
			e.until, e.young, e.client = int64(n.N), young(step.Before), hashAddr(clientOf(seg, step))
		case !n.D.OK || n.D.D < soonestRepeat:
		case n.Kind == flows.NoteSYNACKAgain && step.Side == flows.Server && takesBack(step, flows.SynReceived):
			add(synACKAgain, n.D)
		case n.Kind == flows.NoteSYNAgain && step.Side == flows.Client && n.N == 2:
			add(synAgain, n.D)
		}
	}
	for i := range step.Changes {
		switch c := &step.Changes[i]; {
		case c.From == c.To:
		case c.Side == flows.Client:
			if c.To == flows.SynSent && c.From == flows.Closed {
				add(attempt, flows.Elapsed{})
			}
		case c.From == flows.SynReceived:
			add(leftSYNReceived, flows.Elapsed{})
		case c.To == flows.SynReceived && c.From == flows.Listen:
			add(firstSYNReceived, flows.Elapsed{})
		case c.To == flows.SynReceived:
			add(synReceived, flows.Elapsed{})
		case c.From == flows.CloseWait:
			add(leftCloseWait, flows.Elapsed{})
		case c.To == flows.CloseWait:
			add(closeWaits, flows.Elapsed{})
		case c.To == flows.TimeWait && c.From != flows.Unknown && c.Certainty != flows.Revised: // else it was there when it was given up
			add(timeWaits, flows.Elapsed{})
		}
	}
	return to
}

// takesBack reports whether what the server had gone on to is taken back, and s stands again.
func takesBack(step *flows.Step, s flows.State) bool {
	for i := range step.Changes {
		if c := &step.Changes[i]; c.Side == flows.Server && c.Certainty == flows.Revised && c.To == s {
			return true
		}
	}
	return false
}

// serverOf is the server of the flow that a segment belongs to.
func serverOf(seg *flows.Segment, step *flows.Step) serverKey {
	if step.Side == flows.Server {
		return serverKey{seg.Src, uint32(seg.SrcPort), seg.Space}
	}
	return serverKey{seg.Dst, uint32(seg.DstPort), seg.Space}
}

// clientOf is the address of its client.
func clientOf(seg *flows.Segment, step *flows.Step) netip.Addr {
	if step.Side == flows.Server {
		return seg.Dst.Netip()
	}
	return seg.Src.Netip()
}

func (p *peers) apply(e *serverEvent) {
	if e.kind == flagsInvalid {
		p.invalid.add(e.seg, e.flow)
		return
	}
	s := p.server(e.server)
	switch e.kind {
	case synACKAgain:
		// It took no valid ACK: one that had passed between its SYN-ACKs. Their waits double, so the one before came after half
		// of the time at the latest.
		from := e.at - int64(e.after)
		s.pressure.mark(from, from+int64(e.after)/2, pressureGap)
	case synAgain:
		// It took no SYNs: the first of those that come again tells.
		if sent := e.at - int64(e.after); s.admission.ignore(sent) {
			second := sent - sent%int64(time.Second)
			s.unheard.mark(second, second+int64(time.Second), int64(time.Second))
		}
	case attempt:
		p.totals.Attempts.add(e.at)
		s.Attempts.add(e.at)
	case leftSYNReceived:
		p.totals.HalfOpen.leave()
		s.HalfOpen.leave()
	case synReceived, firstSYNReceived:
		p.comeTo(e.at)
		p.totals.HalfOpen.enter(e.at)
		s.HalfOpen.enter(e.at)
		if e.kind == firstSYNReceived {
			s.admission.take(e.at)
		}
		if s.HalfOpen.Now >= floodAt {
			s.flood.mark(e.at, e.at, int64(time.Minute))
		}
	case closeWaits:
		s.CloseWait.enter(e.at)
	case leftCloseWait:
		s.CloseWait.leave()
	case timeWaits:
		s.TimeWait.add(e.at)
	case goesOn:
		p.goesOn(s, e)
	}
}

// soonestRepeat is when a timer sends a SYN or SYN-ACK again at the soonest (RFC 6298 §2.1: one second; Linux takes 200 ms where it
// measures). What comes sooner was doubled on the way, follows a challenge ACK, or answers a SYN that came again.
const soonestRepeat = 200 * time.Millisecond

// pressureGap joins moments at which a server took no ACK: 10 s.
const pressureGap = int64(10 * time.Second)
