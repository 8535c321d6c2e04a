package analyzer

import (
	"fmt"
	"slices"

	"tcpwhy/flows"
)

// Both ends sent a FIN, and the last one was not acknowledged: its sender stays in LAST_ACK (or CLOSING, where
// the FINs crossed) and repeats it, until it gives up after a minute or so. The other end has
// gone, or its ACKs do not arrive: one in TIME_WAIT acknowledges every copy. Nothing is lost by it, as each end
// had said that it has nothing more to send.
//
// A FIN that is not acknowledged is sent again within a second. Where it was not, and the capture goes
// on, the ACK was probably there and is not in the capture: then it is only possible.
var missingFinalACK = &Rule{
	Name:     "missing-final-ack",
	Title:    "the last FIN was not acknowledged: LAST_ACK",
	RFC:      "RFC 9293 §3.6, §3.10.7.4; RFC 6298 §2",
	Severity: Notice,
	signs:    closing(flows.ClosingMissingFinalACK),
	ongoing:  never,
	Flow:     judgeMissingFinalACK,
}

func judgeMissingFinalACK(p *Pass) {
	if !p.Over || p.Closing.Outcome != flows.ClosingMissingFinalACK {
		return
	}
	side := flows.Server
	if s := p.Client().State(); s == flows.LastAck || s == flows.Closing || s == flows.FinWait1 {
		side = flows.Client
	}
	fins, at := p.FINs(side)
	if len(fins) == 0 {
		return
	}
	end, other := &p.Ends[side], side.Peer()
	f := Finding{Confidence: p.Missing(), Endpoint: by(other), Packets: fins, Lasted: p.Since(at[0])}
	if len(fins) == 1 {
		f.Confidence = Possible
	}
	if p.wordless {
		p.Report(f)
		return
	}
	f.Next = fmt.Sprintf("on %s: ss -tan state %s 'sport = :%d' (it goes by itself); a capture at %s tells whether the FIN arrives there", end.Addr.Addr(), ssState(end.State()), end.Addr.Port(), p.Ends[other].Addr.Addr())
	if len(fins) == 1 {
		f.Summary = fmt.Sprintf("the %s's FIN was not acknowledged, and not sent again: it was last seen in %s", side, end.State())
		f.Why = fmt.Sprintf("no ACK of the FIN in packet %d is in the capture; its sender would have sent it again, so there was one, most likely", fins[0])
		p.Report(f)
		return
	}
	f.Summary = fmt.Sprintf("the %s sent its FIN %s over %s, and was last seen in %s", side, times(len(fins)), between(at[0], at[len(at)-1]), end.State())
	if p.tookBackFrom(side, flows.LastAck) {
		f.Why = fmt.Sprintf("the FIN in packet %d was acknowledged, and sent again in %s all the same: the ACKs are lost beyond this point", fins[0], packets(fins[1:]...))
	} else {
		f.Why = fmt.Sprintf("no ACK of the FIN in %s passed: the %s has gone, or its ACKs are lost before this point", packets(fins...), other)
	}
	p.Report(f)
}

// tookBackFrom reports whether a packet had seemed to take an end out of one of these states, but had not.
func (p *Pass) tookBackFrom(side flows.Side, from ...flows.State) bool {
	for i := range p.Transitions {
		if t := &p.Transitions[i]; t.Side == side && t.Certainty == flows.Revised && slices.Contains(from, t.From) {
			return true
		}
	}
	return false
}
