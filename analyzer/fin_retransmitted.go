package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// A FIN was sent again, and acknowledged in the end: the first copy, or the ACK of it, was lost, or came later than
// the sender waits. It costs nobody much: the program has closed already.
//
// A FIN that is never acknowledged is fin-unanswered or missing-final-ack.
var finRetransmitted = &Rule{
	Name:     "fin-retransmitted",
	Title:    "FIN sent again before it was acknowledged",
	RFC:      "RFC 9293 §3.6, §3.8.1; RFC 6298 §2",
	Severity: Info,
	signs:    on(flows.NoteFINAgain),
	ongoing:  never,
	Flow:     judgeFINRetransmitted,
}

func judgeFINRetransmitted(p *Pass) {
	if !p.Over || p.Closing.Outcome != flows.ClosingOrderly && p.Closing.Outcome != flows.ClosingHalfClosed {
		return
	}
	for _, side := range []flows.Side{flows.Client, flows.Server} {
		if p.Ends[side].Counts.FIN < 2 {
			continue
		}
		fins, at := p.FINs(side)
		if len(fins) < 2 {
			continue
		}
		f := Finding{Confidence: Certain, Endpoint: by(side), Packets: fins}
		f.Summary = fmt.Sprintf("the %s sent its FIN %s over %s", side, times(len(fins)), between(at[0], at[len(at)-1]))
		if p.tookBackFrom(side, flows.FinWait1, flows.LastAck, flows.Closing) {
			f.Why = fmt.Sprintf("the FIN in packet %d was acknowledged, and sent again in %s all the same: that ACK was lost beyond this point, or came too late", fins[0], packets(fins[1:]...))
		} else {
			f.Why = fmt.Sprintf("no ACK of the FIN in packet %d passed before it was sent again in %s: the FIN was lost beyond this point, or its ACK before it", fins[0], packets(fins[1:]...))
		}
		f.Next = "nothing, where it is rare; often: loss on the way, see which side's segments are sent again"
		p.Report(f)
	}
}
