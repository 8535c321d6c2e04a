package analyzer

import (
	"fmt"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// The other side of close-wait: an end has closed, its FIN is acknowledged, and it waits for that of the other
// end. What becomes of it, no packet tells: after close(), Linux forgets it after net.ipv4.tcp_fin_timeout (60 s),
// and answers what comes later with RST; after shutdown() it waits for ever. So the fault, if there is
// one, is at the other end, and close-wait is its cause where that end has proved that it got the FIN.
var finWait2 = &Rule{
	Name:     "fin-wait-2",
	Title:    "closed, and waiting for the other end's FIN: FIN_WAIT_2",
	RFC:      "RFC 9293 §3.3.2, §3.6; RFC 1122 §4.2.2.13",
	Severity: Notice,
	Limit:    time.Minute,
	signs:    leftInFinWait2,
	ongoing:  never,
	Flow:     judgeFINWait2,
}

func judgeFINWait2(p *Pass) {
	for _, side := range []flows.Side{flows.Client, flows.Server} {
		entered, fin := p.Entered(side, flows.FinWait2), p.fin(side)
		if entered == nil || fin == nil || p.Ends[side].State() != flows.FinWait2 || !p.Over || p.Since(entered.Time) < p.Limit() {
			continue
		}
		end, other := &p.Ends[side], side.Peer()
		f := Finding{Confidence: p.Absent(), Endpoint: by(side), Packets: inOrder(fin.Packet, entered.Packet), Lasted: p.Since(entered.Time)}
		f.Summary = fmt.Sprintf("the %s closed %s ago and got no FIN of the %s: it is in FIN_WAIT_2, or forgot the connection", side, span.String(p.Since(fin.Time)), other)
		f.Why = fmt.Sprintf("its FIN in packet %d was acknowledged in packet %d; where its program called close(), Linux drops the socket after tcp_fin_timeout, without a packet", fin.Packet, entered.Packet)
		f.Next = fmt.Sprintf("on %s: ss -tano state fin-wait-2 'sport = :%d' (timer:(timewait,…): closed; none: shutdown() only); why the %s does not close, see close-wait", end.Addr.Addr(), end.Addr.Port(), other)
		if p.told(closeWait, other) {
			f.Cause = closeWait.Name
		}
		p.Report(f)
	}
}
