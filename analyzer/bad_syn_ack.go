package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// A SYN-ACK that does not acknowledge the SYN it seems to answer. It belongs to another SYN of the same
// four-tuple: an old one that came late (RFC 9293 figure 8), or one that a middlebox has rewritten in one
// direction only. The client answers it with RST and goes on waiting. If the right SYN-ACK follows, it
// cost a moment; if not, the connection cannot open.
var badSYNACK = &Rule{
	Name:     "bad-syn-ack",
	Title:    "SYN-ACK that does not acknowledge the SYN",
	RFC:      "RFC 9293 §3.5 figure 8, §3.10.7.3",
	Severity: Notice,
	signs:    on(flows.NoteBadSYNACK),
	Flow:     judgeBadSYNACK,
}

func judgeBadSYNACK(p *Pass) {
	if p.Roles != flows.RolesSYN {
		return
	}
	// One that comes after the right one was answers another SYN: the finding of that, if any.
	good := p.Entered(flows.Server, flows.SynReceived)
	var bad []uint64
	for _, e := range p.EventsOf(flows.NoteBadSYNACK) {
		if e.Side == flows.Server && (good == nil || e.Time < good.Time) {
			bad = append(bad, e.At)
		}
	}
	if len(bad) == 0 || good == nil && !p.Over {
		return
	}
	syns, _ := p.SYNs()
	f := Finding{Confidence: Certain, Endpoint: flows.ByServer, Packets: inOrder(append(syns, bad...)...)}
	f.Why = fmt.Sprintf("the ack of %s is not the number after the SYN in %s", packets(bad...), packets(syns...))
	if rsts := p.EventsOf(flows.NoteRSTStays); len(rsts) > 0 {
		f.Why += fmt.Sprintf("; the client answered with RST in packet %d, and went on waiting", rsts[0].At)
	}
	if good != nil {
		f.Packets = append(f.Packets, good.Packet)
		f.Summary = fmt.Sprintf("the server first answered another SYN, and the right one after %s", between(p.First, good.Time))
		f.Next = "nothing, where it happens once: an old SYN of the same ports came late; often: what sends SYNs from these ports beside the client"
		p.Report(f)
		return
	}
	f.Severity = Warning
	f.Confidence = p.Missing()
	f.Summary = fmt.Sprintf("SYN-ACK sent %s, never for this SYN: the connection cannot open", times(len(bad)))
	f.Next = fmt.Sprintf("a firewall or NAT between here and %s that rewrites sequence numbers in one direction only (asymmetric routing past one that randomizes them); a capture on either side of it shows the SYN with two numbers", p.Server().Addr.Addr())
	p.Report(f)
}
