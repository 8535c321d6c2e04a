package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// The SYN carried data, for Fast Open to save a round trip, and the SYN-ACK acknowledged the SYN only:
// the client has to send the data again. The server does not do Fast Open, or not on this listener, it
// does not know the cookie (another server behind the same address, a new key), its queue of such
// requests is full; or a middlebox took the option off. Nothing is lost but the round trip that was to be saved.
var fastOpenIgnored = &Rule{
	Name:     "fast-open-ignored",
	Title:    "data on the SYN was not accepted",
	RFC:      "RFC 7413 §3, §4.2.2, §7.1; RFC 9293 §3.4",
	Severity: Notice,
	signs:    on(flows.NoteFastOpenIgnored),
	Flow:     judgeFastOpenIgnored,
}

func judgeFastOpenIgnored(p *Pass) {
	ignored := p.EventsOf(flows.NoteFastOpenIgnored)
	if len(ignored) == 0 {
		return
	}
	e := ignored[0]
	syns, _ := p.SYNs()
	f := Finding{Confidence: Certain, Endpoint: flows.ByServer, Packets: inOrder(append(syns, e.At)...)}
	f.Summary = fmt.Sprintf("%s on the SYN were not taken: they have to be sent again after the handshake", bytes(e.N))
	f.Why = fmt.Sprintf("the SYN-ACK in packet %d acknowledges the SYN alone", e.At)
	if len(syns) > 1 {
		f.Summary = fmt.Sprintf("the SYN with %s was not answered, one without data was", bytes(e.N))
		f.Why = fmt.Sprintf("the SYN-ACK in packet %d, which acknowledges the SYN alone, came only after the SYN had been sent again in %s: Linux does that without data, and leaves Fast Open off towards an address where it happens often", e.At, packets(syns[1:]...))
		f.Next = "a middlebox that drops SYNs with data or with the option (RFC 7413 §7.1); "
	}
	f.Next += fmt.Sprintf("on %s: sysctl net.ipv4.tcp_fastopen (2 is the server's bit), nstat -az TcpExtTCPFastOpenPassiveFail TcpExtTCPFastOpenListenOverflow, one net.ipv4.tcp_fastopen_key for all servers behind an address", p.Server().Addr.Addr())
	p.Report(f)
}
