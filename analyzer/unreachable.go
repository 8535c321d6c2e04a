package analyzer

import (
	"fmt"

	"tcpwhy/analyzer/icmp"
	"tcpwhy/flows"
)

// An ICMP error that quotes the SYN ended the attempt: a router has no way to the server or gets no
// answer from it on the last link, or a firewall rejects with a message. The program on Linux gets the
// error that stands for it; other systems go on trying, as RFC 1122 §4.2.3.9 allows.
//
// Errors about a connection that is open, and "fragmentation needed", end nothing and are not meant.
var unreachable = &Rule{
	Name:     "unreachable",
	Title:    "an ICMP error ended the attempt to connect",
	RFC:      "RFC 1122 §3.2.2.1, §4.2.3.9; RFC 4443 §3.1; RFC 5461 §3",
	Severity: Notice,
	signs:    opening(flows.OpeningUnreachable),
	ongoing:  never,
	Flow:     judgeUnreachable,
}

func judgeUnreachable(p *Pass) {
	// It may be a system that tries on.
	if !p.Over || p.Opening.Outcome != flows.OpeningUnreachable {
		return
	}
	syns, at := p.SYNs()
	ended := p.Entered(flows.Client, flows.Closed)
	for _, e := range p.EventsOf(flows.NoteUnreachable) {
		if ended == nil || e.At != ended.Packet || len(at) == 0 {
			continue
		}
		words, errno, from := string(icmp.AppendWords(nil, &e.Quote)), icmp.Errno(&e.Quote), e.Quote.From.Netip()
		server := p.Server().Addr
		f := Finding{Confidence: Certain, Endpoint: flows.NoOne, Packets: inOrder(append(syns, e.At)...)}
		f.Summary = fmt.Sprintf("%s, says %s after %s", words, from, between(at[0], e.Time))
		if errno != "" {
			f.Summary += ": " + errno
		}
		f.Why = fmt.Sprintf("the ICMP error in packet %d quotes the SYN by its sequence number, so %s saw it; Linux ends connect() with it", e.At, from)
		if from == server.Addr() {
			f.Next = fmt.Sprintf("the server itself says so: its firewall rejects (on it: nft list ruleset; iptables -nvL), or it does not forward to where port %d is served", server.Port())
		} else {
			f.Next = fmt.Sprintf("on %s, or whoever runs it: its route and its neighbour for %s (ip route get %s; ip neigh), and what it rejects (nft list ruleset)", from, server.Addr(), server.Addr())
		}
		p.Report(f)
		return
	}
}
