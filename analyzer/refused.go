package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// The SYN was answered with RST: the host is up and reached, and nothing listens on the port. The
// program gets ECONNREFUSED at once. A firewall may answer in the server's name (nft: reject with
// tcp reset).
//
// A RST without ACK, or with one that does not acknowledge the SYN, refuses nothing (RFC 9293
// §3.10.7.3). Windows takes a refusal as lost, and tries again after half a second, twice.
var refused = &Rule{
	Name:     "refused",
	Title:    "SYN answered with RST: nothing listens there",
	RFC:      "RFC 9293 §3.5.2, §3.10.7.1, §3.10.7.3",
	Severity: Notice,
	signs:    on(flows.NoteRefused),
	Flow:     judgeRefused,
}

func judgeRefused(p *Pass) {
	refusals := p.EventsOf(flows.NoteRefused)
	if len(refusals) == 0 {
		return
	}
	syns, at := p.SYNs()
	last := refusals[len(refusals)-1]
	var rsts []uint64
	for _, e := range refusals {
		rsts = append(rsts, e.At)
	}
	f := Finding{Confidence: Certain, Endpoint: flows.ByServer, Packets: inOrder(append(syns, rsts...)...)}
	if p.wordless {
		p.Report(f)
		return
	}
	f.Summary = fmt.Sprintf("SYN answered with RST in %s: ECONNREFUSED", took(last.D))
	if len(rsts) > 1 {
		f.Summary = fmt.Sprintf("SYN answered with RST %s, the last time in %s: ECONNREFUSED", times(len(rsts)), took(last.D))
	} else if len(at) > 1 {
		f.Summary = fmt.Sprintf("SYN answered with RST after %s and %d tries: ECONNREFUSED", between(at[0], last.Time), len(at))
	}
	server := p.Server().Addr
	f.Why = fmt.Sprintf("the RST in %s acknowledges the SYN: the host was reached, and has no socket for port %d", packets(rsts...), server.Port())
	f.Next = fmt.Sprintf("on %s: ss -ltn 'sport = :%d' (no line: nothing listens; 127.0.0.1 or [::1]: it listens for its own host only); where it does listen, a firewall answers in its name (nft list ruleset: reject with tcp reset)",
		server.Addr(), server.Port())
	if p.Opening.Outcome == flows.OpeningComplete {
		f.Summary = fmt.Sprintf("SYN answered with RST %s, and with SYN-ACK when it was sent again: connect() took %s", times(len(rsts)), took(p.Opening.Connect))
		f.Why = fmt.Sprintf("the RST in %s acknowledges the SYN: the host was reached, and had no socket for port %d yet; most systems give up at the first", packets(rsts...), server.Port())
		f.Next = fmt.Sprintf("when the service on %s was started, or started anew: its clients come sooner", server.Addr())
	}
	p.Report(f)
}
