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
// Linux drops a SYN where the accept queue is full, as much as a path does that loses it. A SYN-ACK that
// had passed before the SYN came again was lost on its way to the client, unless the ACK answers that
// very one: then the round trip is longer than the client waits. A time stamp that tells of the first
// SYN says that this one arrived: Linux goes on to echo it when it answers the same SYN again.
var synRetransmitted = &Rule{
	Name:     "syn-retransmitted",
	Title:    "the connection opened only after a SYN was sent again",
	RFC:      "RFC 6298 §2.1, §5; RFC 9293 §3.8.1; RFC 7323 §3.2",
	Severity: Warning,
	signs:    on(flows.NoteSYNAgain),
	Flow:     judgeSYNRetransmitted,
}

func judgeSYNRetransmitted(p *Pass) {
	o := p.Opening
	if o.SYNs < 2 || o.Outcome != flows.OpeningComplete || !o.Connect.OK {
		return
	}
	syns, at := p.SYNs()
	synacks, answers := p.SYNACKs()
	last := p.lastSYN(at)
	if len(syns) < 2 || len(synacks) == 0 || last-at[0] < int64(soonestRepeat) {
		return
	}
	if len(p.EventsOf(flows.NoteRefused)) >= len(syns)-1 {
		return // each was answered: refused has it
	}
	server, client := p.Server(), p.Client()
	ack := at[0] + int64(o.Connect.D)
	cost := between(at[0], last)
	if o.Ambiguous {
		cost = "up to " + cost
	}
	f := Finding{Confidence: Certain, Endpoint: flows.ByServer, Packets: inOrder(append(syns, synacks...)...),
		Lasted: time.Duration(last - at[0])}
	f.Summary = fmt.Sprintf("SYN sent %s: connect() took %s, %s of it spent waiting to send it again", times(client.Counts.SYN), span.String(o.Connect.D), cost)
	listen := fmt.Sprintf("on %s: ss -ltn 'sport = :%d' (Recv-Q above Send-Q: the accept queue is full, and SYNs are dropped); nstat -az TcpExtListenOverflows TcpExtListenDrops", server.Addr.Addr(), server.Addr.Port())
	path := fmt.Sprintf("loss on the way from here to %s: ip -s link (errors, drops) on both ends of it; at the client nstat -az TcpExtTCPSynRetrans", client.Addr.Addr())
	unanswered := packets(syns[:len(syns)-1]...)
	switch {
	case answers[0] < last && !o.Ambiguous && o.SYNACKToACK.OK && ack-int64(o.SYNACKToACK.D) == answers[0]:
		f.Severity, f.Endpoint = Notice, flows.ByClient
		f.Summary = fmt.Sprintf("SYN sent %s, for nothing: connect() took %s, as the client's round trip is longer than it waits", times(client.Counts.SYN), span.String(o.Connect.D))
		f.Why = fmt.Sprintf("the ACK answers a SYN-ACK that had passed %s before it, and before the SYN was sent again in %s: nothing was lost", span.String(o.SYNACKToACK.D), packets(syns[1:]...))
		f.Next = fmt.Sprintf("why the way to %s and back takes that long: a queue on it (ping -c 20)", client.Addr.Addr())
	case answers[0] < last:
		f.Endpoint = flows.ByClient
		f.Why = fmt.Sprintf("the SYN-ACK in packet %d had passed when the client sent its SYN again in %s: it was lost on its way to the client, or dropped there", synacks[0], packets(syns[1:]...))
		f.Next = path
	case !o.Ambiguous && o.SYNToSYNACK.D > time.Duration(answers[0]-last):
		f.Confidence, f.Endpoint = Likely, flows.NoOne
		f.Summary = fmt.Sprintf("SYN sent %s: connect() took %s", times(client.Counts.SYN), span.String(o.Connect.D))
		f.Why = fmt.Sprintf("the SYN-ACK in packet %d echoes the time stamp of an earlier SYN than the last, so that one had arrived: the first answer to it was lost before it came here, or the round trip is longer than the client waits", synacks[0])
		f.Next = fmt.Sprintf("ping -c 20 %s from here: long round trips, or loss on the way back", server.Addr.Addr())
	case initialTTL(server.TTL) && !initialTTL(client.TTL):
		f.Why = fmt.Sprintf("the SYN in %s passed this point and was not answered; no router lies between it and the server (its TTL is an initial one), so the server dropped it, or its last link", unanswered)
		f.Next = listen
	default:
		f.Why = fmt.Sprintf("the SYN in %s was not answered: it was lost beyond this point, its answer was, or the server dropped it", unanswered)
		f.Next = "many clients at once, and one server: " + listen + "; one client, or many servers: loss on the way that they share"
	}
	if o.Ambiguous {
		f.Confidence = Likely
	}
	p.Report(f)
}

// lastSYN is the last of the client's SYNs, sent at these times, that went before its ACK.
func (p *Pass) lastSYN(at []int64) (last int64) {
	for _, t := range at {
		if t <= at[0]+int64(p.Opening.Connect.D) {
			last = max(last, t)
		}
	}
	return last
}
