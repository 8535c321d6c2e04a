package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// Both ends closed before either had the other's FIN: each goes through CLOSING to TIME_WAIT (RFC 9293
// figure 13). It is how TCP works, and both ports stay in TIME_WAIT for a while.
var simultaneousClose = &Rule{
	Name:     "simultaneous-close",
	Title:    "both ends closed: their FINs crossed",
	RFC:      "RFC 9293 §3.6 figure 13",
	Severity: Info,
	signs:    crossedFINs,
	Flow:     judgeSimultaneousClose,
}

func judgeSimultaneousClose(p *Pass) {
	a, b := p.fin(flows.Client), p.fin(flows.Server)
	if p.Closing.Outcome != flows.ClosingOrderly || p.Closing.First != flows.ByBoth || a == nil || b == nil {
		return
	}
	apart := between(min(a.Time, b.Time), max(a.Time, b.Time))
	p.Report(Finding{
		Confidence: Certain, Endpoint: flows.ByBoth, Packets: inOrder(a.Packet, b.Packet),
		Summary: fmt.Sprintf("both ends closed within %s, and both go to TIME_WAIT", apart),
		Why:     fmt.Sprintf("neither the FIN in packet %d nor that in packet %d acknowledges the other", min(a.Packet, b.Packet), max(a.Packet, b.Packet)),
		Next:    "nothing; a protocol in which the client closes keeps TIME_WAIT away from the server",
	})
}
