package analyzer

import (
	"fmt"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// One end closed, and its FIN was not acknowledged, however often it was sent: it stays in FIN_WAIT_1. Either
// the FINs do not arrive, or the ACKs of them do not come back: packets cannot tell which, but where the
// other end goes on sending and acknowledges less, the FIN has not arrived, or data before it is missing.
// Linux gives up after net.ipv4.tcp_orphan_retries (8 by default, a minute and a half on a short path).
var finUnanswered = &Rule{
	Name:     "fin-unanswered",
	Title:    "FIN never acknowledged: FIN_WAIT_1",
	RFC:      "RFC 9293 §3.6, §3.8.3; RFC 1122 §4.2.3.5",
	Severity: Notice,
	signs:    closing(flows.ClosingFINUnanswered),
	ongoing:  never,
	Flow:     judgeFINUnanswered,
}

func judgeFINUnanswered(p *Pass) {
	if !p.Over || p.Closing.Outcome != flows.ClosingFINUnanswered {
		return
	}
	side := flows.Client
	if p.fin(side) == nil || p.fin(side.Peer()) != nil && p.Closing.First == flows.ByServer {
		side = flows.Server
	}
	fins, at := p.FINs(side)
	if len(fins) == 0 {
		return
	}
	other := side.Peer()
	silence := span.String(p.Since(at[0]))
	f := Finding{Confidence: p.Missing(), Endpoint: by(other), Packets: fins, Lasted: p.Since(at[0])}
	f.Summary = fmt.Sprintf("the %s sent its FIN %s, not acknowledged for %s: it was last seen in %s", side, times(len(fins)), silence, p.Ends[side].State())
	switch last := p.Ends[other].Last; {
	case len(fins) == 1:
		f.Confidence = Possible
		f.Why = fmt.Sprintf("no ACK of the FIN in packet %d is in the capture, and it was not sent again, as it would be", fins[0])
	case last > at[len(at)-1]:
		f.Why = fmt.Sprintf("the %s sent segments after the FIN in %s that do not acknowledge it: it has not arrived, or waits for data before it", other, packets(fins...))
	default:
		f.Why = fmt.Sprintf("nothing came from the %s after the FIN in %s: whether the FINs do not arrive, or their ACKs do not come back, cannot be told", other, packets(fins...))
	}
	f.Next = fmt.Sprintf("is %s still up and reachable (ping; traceroute -T)? on %s: ss -tano state %s 'sport = :%d' (timer:(on,…): it tries again)", p.Ends[other].Addr.Addr(), p.Ends[side].Addr.Addr(), ssState(p.Ends[side].State()), p.Ends[side].Addr.Port())
	p.Report(f)
}
