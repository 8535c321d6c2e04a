package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// Both ends sent a SYN before either had the other's: each answered with a SYN-ACK of the same number,
// and one connection came of it (RFC 9293 figure 7). It is how TCP works, and rare: programs that go through
// NAT do it on purpose (RFC 5128 §3.4), and so does a program that connects within its host to a port of
// the range that the kernel chose its own from. Firewalls that want SYN, SYN-ACK, ACK may drop it.
var simultaneousOpen = &Rule{
	Name:     "simultaneous-open",
	Title:    "both ends opened: their SYNs crossed",
	RFC:      "RFC 9293 §3.5 figure 7; RFC 5128 §3.4",
	Severity: Info,
	signs:    crossedSYNs,
	Flow:     judgeSimultaneousOpen,
}

func judgeSimultaneousOpen(p *Pass) {
	if p.Opening.Kind != flows.KindSimultaneous || p.Opening.Outcome != flows.OpeningComplete {
		return
	}
	f := Finding{Confidence: Certain, Endpoint: flows.ByBoth}
	for _, side := range []flows.Side{flows.Client, flows.Server} {
		for _, s := range []flows.State{flows.SynSent, flows.SynReceived} {
			if t := p.Entered(side, s); t != nil {
				f.Packets = append(f.Packets, t.Packet)
			}
		}
	}
	f.Packets = inOrder(f.Packets...)
	f.Summary = "both ends sent a SYN, and one connection came of it"
	f.Why = fmt.Sprintf("the SYNs passed each other, and each end answered the other's with a SYN-ACK of its own number, in %s", packets(f.Packets...))
	if p.Client().Addr == p.Server().Addr {
		f.Summary = "a socket connected to itself: the kernel had given it the very port it connected to"
		f.Why = fmt.Sprintf("one socket sent the SYN and the SYN-ACK in %s, and took them", packets(f.Packets...))
		f.Next = "nothing listened there; keep the port out of net.ipv4.ip_local_port_range, or reserve it: sysctl net.ipv4.ip_local_reserved_ports"
	} else {
		f.Next = "nothing, where both programs mean to; client is who was first here"
	}
	p.Report(f)
}
