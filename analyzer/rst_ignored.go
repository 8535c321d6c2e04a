package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// A RST that changed nothing: its receiver went on. A RST counts only with exactly the number that is
// expected next (RFC 5961 §3.2). One beside that is old or forged; within the window it is answered by a
// challenge ACK, so that a true sender can send it again with the right number. Or the number was right, and the RST
// was lost; or its sender goes on, too, and so has not sent it.
var rstIgnored = &Rule{
	Name:     "rst-ignored",
	Title:    "a RST that changed nothing",
	RFC:      "RFC 9293 §3.10.7.4; RFC 5961 §3.2",
	Severity: Notice,
	signs:    on(flows.NoteRST, flows.NoteRSTNotBelieved),
	Flow:     judgeRSTIgnored,
}

func judgeRSTIgnored(p *Pass) {
	for i := range p.Transitions {
		t := &p.Transitions[i]
		if t.To != flows.Closed || t.Certainty != flows.Revised || t.From < flows.Established {
			continue
		}
		rst, ok := p.rstAt(t.Packet)
		if _, again := p.rstAt(t.RevisedBy); !ok || again {
			continue
		}
		f := Finding{Confidence: Likely, Packets: inOrder(t.Packet, t.RevisedBy)}
		if t.Side == rst.Side {
			f.Summary = fmt.Sprintf("RST in the name of the %s, which went on all the same: forged", rst.Side)
			f.Why = fmt.Sprintf("the %s goes on with the same numbers in packet %d, after the RST in packet %d in its name", rst.Side, t.RevisedBy, t.Packet)
			f.Next = "who can send packets in its name: intrusion prevention, a censor, a host on the same segment; its other packets' TTL beside that of the RST tells how far away"
		} else if p.Ends[t.Side].State() == flows.Closed || !p.Over {
			continue // another one ended it, or what was on its way when it passed is yet to show
		} else {
			f.Endpoint = by(t.Side)
			f.Summary = fmt.Sprintf("the %s went on after a RST with the right number had passed to it", t.Side)
			f.Why = fmt.Sprintf("the %s sends in packet %d as if the RST in packet %d had not been: it was lost beyond this point, or dropped, or what went before it was lost", t.Side, t.RevisedBy, t.Packet)
			f.Next = "loss between here and there, or a firewall that drops RSTs"
		}
		p.Report(f)
		return
	}
	if e, ok := p.disbelieved(); ok && p.Over {
		to := e.Side.Peer()
		f := Finding{Confidence: Certain, Endpoint: by(to), Packets: []uint64{e.At}}
		f.Summary = fmt.Sprintf("a RST in the name of the %s has a number that the %s does not expect, and changed nothing", e.Side, to)
		f.Why = fmt.Sprintf("the sequence number of the RST in packet %d is not the one that the %s expects next, and the %s went on", e.At, to, to)
		if c, ok := p.challenge(e); ok {
			f.Packets = inOrder(e.At, c.At)
			f.Why += fmt.Sprintf(" with a challenge ACK in packet %d", c.At)
		}
		f.Next = fmt.Sprintf("an old RST, or a forged one: does its TTL fit the %s's other packets? on %s: nstat -az TcpExtTCPChallengeACK", e.Side, p.Ends[to].Addr.Addr())
		p.Report(f)
	}
}

// forged reports whether the end in whose name a RST came went on after it.
func (p *Pass) forged(e flows.Event) bool {
	for i := range p.Transitions {
		t := &p.Transitions[i]
		if t.Side == e.Side && t.To == flows.Closed && t.Packet == e.At && t.Certainty == flows.Revised {
			_, again := p.rstAt(t.RevisedBy)
			return !again
		}
	}
	return false
}

// disbelieved is the first RST with a number that its receiver did not take, and after which that went on; not
// meant is one that comes when the flow was reset already, or is about to be.
func (p *Pass) disbelieved() (flows.Event, bool) {
	for _, e := range p.Events {
		switch e.Kind {
		case flows.NoteRST:
			return flows.Event{}, false
		case flows.NoteRSTNotBelieved:
			to := e.Side.Peer()
			if s := p.stateAt(to, e.Time); s < flows.Established || s == flows.TimeWait || s == flows.LastAck || s == flows.Closing {
				continue
			}
			if p.Ends[to].Last > e.Time && p.Closing.Outcome != flows.ClosingReset && p.Closing.Outcome != flows.ClosingRSTAfterFIN {
				return e, true
			}
		}
	}
	return flows.Event{}, false
}

// challenge is the challenge ACK that answers e.
func (p *Pass) challenge(e flows.Event) (flows.Event, bool) {
	for _, c := range p.Events {
		if c.Kind == flows.NoteChallengeACK && c.At > e.At && c.Side != e.Side {
			return c, true
		}
	}
	return flows.Event{}, false
}

// rstAt is the RST in a packet.
func (p *Pass) rstAt(packet uint64) (flows.Event, bool) {
	for _, e := range p.Events {
		if e.Kind == flows.NoteRST && e.At == packet {
			return e, true
		}
	}
	return flows.Event{}, false
}

// stateAt is the state that an end was in before a time, as far as that stands.
func (p *Pass) stateAt(side flows.Side, t int64) (s flows.State) {
	for i := range p.Transitions {
		if tr := &p.Transitions[i]; tr.Side == side && tr.Certainty != flows.Revised && tr.Time < t {
			s = tr.To
		}
	}
	return s
}
