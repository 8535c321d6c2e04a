package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// A SYN-ACK to a host that sent no SYN here: somebody sent SYNs in its name, and these are the answers
// (backscatter of a flood, or a reflection aimed at this host). A host that knows of no such SYN
// answers with RST. A SYN that went another way, or passed before the capture began, leaves
// the same trace; then the client acknowledges, and nothing is told.
var unsolicitedSYNACK = &Rule{
	Name:     "unsolicited-syn-ack",
	Title:    "SYN-ACK without a SYN before it",
	RFC:      "RFC 9293 §3.10.7.1, §3.10.7.3; RFC 4987 §2",
	Severity: Notice,
	signs:    openedBySYNACK,
	Flow:     judgeUnsolicitedSYNACK,
}

func judgeUnsolicitedSYNACK(p *Pass) {
	client, server := p.Client(), p.Server()
	if p.Roles != flows.RolesSYNACK || server.Packets != uint64(server.Counts.SYNACK) {
		return // whoever goes on after its SYN-ACK was answered
	}
	synacks, at := p.SYNACKs()
	if len(synacks) == 0 {
		return
	}
	f := Finding{Endpoint: flows.ByServer, Packets: synacks}
	sent := fmt.Sprintf("SYN-ACK sent %s", times(p.Server().Counts.SYNACK))
	rst, reset := p.resetBy(flows.Client)
	switch {
	case reset && rst.Reset.Bare && client.Packets == uint64(client.Counts.RST):
		f.Confidence = Likely
		f.Packets = inOrder(append(f.Packets, rst.At)...)
		f.Summary = fmt.Sprintf("%s to a host that sent no SYN: it answered with RST after %s", sent, between(at[0], rst.Time))
		f.Why = fmt.Sprintf("no SYN passed before the SYN-ACK in packet %d, and the RST in packet %d says that its receiver has no socket for it; a client that gave up, its SYN older than the capture, looks the same", synacks[0], rst.At)
	case client.Packets == 0 && p.Over && p.Missing() != Possible:
		f.Confidence = Possible
		f.Summary = fmt.Sprintf("%s to a host that sent no SYN, and did not answer", sent)
		f.Why = fmt.Sprintf("no SYN passed before the SYN-ACK in packet %d, and nothing of its receiver at all; where the capture has one direction only, it looks the same", synacks[0])
	default:
		return
	}
	if len(p.EventsOf(flows.NoteReuse)) > 0 {
		f.Why += "; the ports were used before: an old SYN of theirs may have reached the server late"
	}
	f.Next = fmt.Sprintf("many servers at once, one receiver: SYNs are sent in the name of %s, ask its upstream to trace them; on it: nstat -az TcpOutRsts", client.Addr.Addr())
	p.Report(f)
}
