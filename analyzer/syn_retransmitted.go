package analyzer

import (
	"fmt"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// The connection opened, but only after the SYN had been sent again: the first one, or the answer to
// it, was lost or dropped. Senders wait a second before the first retry (RFC 6298 §2.1), and the
// program waits with them in connect(): a path of one millisecond becomes one of a second.
//
// Linux drops a SYN where the accept queue is full, as much as a path does that loses it. If a SYN-ACK had
// passed before the SYN came again, it was lost on its way to the client. If the answer was to the first
// SYN after all (its time stamp says so), nothing was lost: the round trip is longer than the timeout.
var synRetransmitted = &Rule{
	Name:     "syn-retransmitted",
	Title:    "the connection opened only after a SYN was sent again",
	RFC:      "RFC 6298 §2.1, §5; RFC 9293 §3.8.1; RFC 7323 §3.2",
	Severity: Warning,
	Flow:     judgeSYNRetransmitted,
}

// retry is the least that a SYN that is sent again by a timer costs: what comes sooner was
// doubled on the way, or answers a challenge ACK.
const retry = 200 * time.Millisecond

func judgeSYNRetransmitted(p *Pass) {
	o := p.Opening
	if o.Outcome != flows.OpeningComplete || o.SYNs < 2 || !o.Connect.OK || !o.Handshake.OK {
		return
	}
	syns, at := p.SYNs()
	synacks, answers := p.SYNACKs()
	if len(syns) < 2 || len(synacks) == 0 || at[len(at)-1]-at[0] < int64(retry) {
		return
	}
	server := p.Server()
	lost := o.Connect.D - o.Handshake.D
	f := Finding{Confidence: Certain, Endpoint: flows.ByServer, Packets: inOrder(append(syns, synacks...)...)}
	if lost < retry {
		if o.Ambiguous {
			return // which SYN was answered cannot be told, and so not what it cost
		}
		f.Severity, f.Endpoint = Notice, flows.ByClient
		f.Summary = fmt.Sprintf("SYN sent %s, for nothing: the first one was answered, in %s", times(o.SYNs), took(o.SYNToSYNACK))
		f.Why = fmt.Sprintf("the SYN-ACK in packet %d echoes the time stamp of the SYN in packet %d, so neither was lost: the round trip is longer than the client waits", synacks[0], syns[0])
		f.Next = "why the way to the server and back takes that long: a queue on it (ping -c 20), or a server that is slow to answer"
		p.Report(f)
		return
	}
	cost := span.String(lost)
	if o.Ambiguous {
		f.Confidence, cost = Likely, "up to "+cost
	}
	f.Summary = fmt.Sprintf("SYN sent %s: connect() took %s, %s of it spent waiting to send it again", times(o.SYNs), span.String(o.Connect.D), cost)
	listen := fmt.Sprintf("on %s: ss -ltn 'sport = :%d' (Recv-Q above Send-Q: the accept queue is full, and SYNs are dropped); nstat -az TcpExtListenOverflows TcpExtListenDrops", server.Addr.Addr(), server.Addr.Port())
	switch {
	case answers[0] < at[len(at)-1] && len(synacks) > 1:
		f.Endpoint = flows.ByClient
		f.Why = fmt.Sprintf("the SYN-ACK in packet %d had passed when the client sent its SYN again in %s: it was lost on its way to the client, or dropped there", synacks[0], packets(syns[1:]...))
		f.Next = fmt.Sprintf("loss on the way from here to %s: ip -s link (errors, drops) on both ends of it; at the client nstat -az TcpRetransSegs TcpExtTCPSynRetrans", p.Client().Addr.Addr())
	case near(server) && !near(p.Client()):
		f.Why = fmt.Sprintf("the SYN in %s passed this point and was not answered; no router lies between it and the server (its TTL is an initial one), so the server dropped it, or its last link", packets(syns[:len(syns)-1]...))
		f.Next = listen
	default:
		f.Why = fmt.Sprintf("the SYN in %s was not answered: it was lost beyond this point, its answer was, or the server dropped it", packets(syns[:len(syns)-1]...))
		f.Next = "many clients at once, and one server: " + listen + "; one client, and many servers: loss on its way"
	}
	p.Report(f)
}
