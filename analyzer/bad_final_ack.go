package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// The client answers the SYN-ACK with an ACK whose numbers do not fit it, so the server does not take it
// (it answers with RST, RFC 9293 §3.10.7.4). A middlebox has rewritten the numbers in one direction
// only, two servers answered the same SYN, or the sender is no TCP. Where the right ACK follows, the
// odd one was an old duplicate from another connection of the same ports.
var badFinalACK = &Rule{
	Name:     "bad-final-ack",
	Title:    "ACK of the handshake with numbers that do not fit",
	RFC:      "RFC 9293 §3.4, §3.10.7.4",
	Severity: Notice,
	signs:    on(flows.NoteBadACK),
	ongoing:  never,
	Flow:     judgeBadFinalACK,
}

func judgeBadFinalACK(p *Pass) {
	synack := p.Entered(flows.Server, flows.SynReceived)
	if synack == nil || p.Roles != flows.RolesSYN {
		return
	}
	var bad []uint64
	for _, e := range p.EventsOf(flows.NoteBadACK) {
		if e.Side == flows.Client && e.Time >= synack.Time {
			bad = append(bad, e.At)
		}
	}
	complete := p.Opening.Outcome == flows.OpeningComplete
	if len(bad) == 0 || !p.Over {
		return
	}
	if complete && (p.Lossy || p.Capture.MissingSegments > 0) {
		return // an ACK of what the capture missed looks the same
	}
	f := Finding{Confidence: Certain, Endpoint: flows.ByClient, Packets: inOrder(append(bad, synack.Packet)...)}
	f.Why = fmt.Sprintf("%s: seq or ack is not what follows from the SYN and the SYN-ACK in packet %d", packets(bad...), synack.Packet)
	if complete {
		f.Confidence = Likely
		f.Summary = fmt.Sprintf("%s with other numbers before the handshake's ACK: an old duplicate", ackCount(len(bad)))
		f.Next = "nothing, where it happens once: a segment of an earlier connection of the same ports came late"
		p.Report(f)
		return
	}
	f.Severity, f.Confidence = Warning, p.Missing()
	if p.Server().Counts.RST > 0 {
		f.Why += "; the server answered with RST"
	}
	f.Summary = fmt.Sprintf("%s with wrong numbers, and none that fits: the connection did not open", ackCount(len(bad)))
	f.Next = "a firewall or load balancer that rewrites sequence numbers in one direction only, or two hosts that answer for one address; captures on either side of it show different numbers"
	p.Report(f)
}

func ackCount(n int) string {
	if n == 1 {
		return "an ACK"
	}
	return fmt.Sprintf("%d ACKs", n)
}
