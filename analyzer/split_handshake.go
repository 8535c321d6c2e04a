package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// The server answered the SYN with a SYN of its own, without ACK, and the client sent the SYN-ACK: a
// simultaneous open from one end only. Clients accept it. A server that listens does not do so: it turns
// the direction of the handshake around for firewalls and intrusion detection, which then take the
// client for the server. Where both ends connect to each other, and the first SYN is lost beyond the point of
// capture, the packets are the same.
var splitHandshake = &Rule{
	Name:     "split-handshake",
	Title:    "the server answered SYN with a SYN of its own",
	RFC:      "RFC 9293 §3.5 figure 7, §3.10.7.3",
	Severity: Notice,
	signs:    splitOpening,
	Flow:     judgeSplitHandshake,
}

func judgeSplitHandshake(p *Pass) {
	if p.Opening.Kind != flows.KindSplit || p.Opening.Outcome != flows.OpeningComplete || p.Client().Addr == p.Server().Addr {
		return
	}
	syn, answer, synack := p.Entered(flows.Client, flows.SynSent), p.Entered(flows.Server, flows.SynSent), p.Entered(flows.Client, flows.SynReceived)
	if syn == nil || answer == nil || synack == nil {
		return
	}
	f := Finding{Confidence: Certain, Endpoint: flows.ByServer, Packets: []uint64{syn.Packet, answer.Packet, synack.Packet}}
	f.Summary = "the server answered the SYN with a SYN, and the client sent the SYN-ACK"
	f.Why = fmt.Sprintf("packet %d has SYN and no ACK, %s after the client's SYN; the SYN-ACK in packet %d is the client's, and the server sent none; where the server's program connects by itself, and the client's SYN did not reach it, it looks the same", answer.Packet, between(syn.Time, answer.Time), synack.Packet)
	f.Next = fmt.Sprintf("what runs on %s: no TCP that listens does this; does the firewall take the client for the server?", p.Server().Addr.Addr())
	p.Report(f)
}
