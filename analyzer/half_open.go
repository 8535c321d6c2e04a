package analyzer

import (
	"fmt"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// The server answered SYN with SYN-ACK, and that was never validly acknowledged, or the
// acknowledgment never accepted: the server holds a request in SYN_RCVD that no program gets to see,
// repeats its SYN-ACK (Linux five times, over a minute), and forgets it without a word. Many at a time
// fill its queue of requests (RFC 4987 §2).
//
//   - client-silent: nothing came from the client. Its address is forged, the SYN-ACK does not reach
//     it, or its ACK does not come this way.
//   - syn-ack-lost: the client repeats its SYN instead, so the SYN-ACKs do not reach it, or it drops them.
//   - ack-lost-or-ignored: the client acknowledged, so it is ESTABLISHED and may send; the server is
//     not, and drops what it gets.
//   - client-reset: the client answered with RST: a SYN scan, the health check of a load balancer, or
//     a client that had given up by then.
//
// A server that went on in silence looks the same after a repeated SYN-ACK was acknowledged, too: only
// what the server sends tells. So a client without unanswered data is a notice.
var halfOpen = &Rule{
	Name:     "half-open",
	Title:    "SYN-ACK never validly acknowledged, or the ACK ignored",
	RFC:      "RFC 9293 §3.5, §3.10.7.4; RFC 4987 §2",
	Severity: Notice,
	signs:    opening(flows.OpeningHalfOpen),
	ongoing:  on(flows.NoteRST),
	Flow:     judgeHalfOpen,
}

func judgeHalfOpen(p *Pass) {
	if p.Opening.Outcome != flows.OpeningHalfOpen {
		return
	}
	client, server := p.Client(), p.Server()
	synacks, at := p.SYNACKs()
	if len(synacks) == 0 {
		return
	}
	syns, synsAt := p.SYNs()
	sent := func() string {
		s := fmt.Sprintf("SYN-ACK sent %s", times(p.Opening.SYNACKs))
		if n := len(at); n > 1 {
			s += " over " + between(at[0], at[n-1])
		}
		return s
	}
	port := server.Addr.Port()
	if rst, ok := p.resetBy(flows.Client); ok && client.State() == flows.Closed {
		f := Finding{Variant: "client-reset", Confidence: Certain, Endpoint: flows.ByClient,
			Packets: inOrder(append(append(syns, synacks...), rst.At)...),
			Summary: fmt.Sprintf("the client answered the SYN-ACK with RST after %s", between(at[len(at)-1], rst.Time))}
		if rst.Reset.Bare {
			f.Why = fmt.Sprintf("the RST in %s has no ACK flag: on the client no socket waits for the SYN-ACK in %s", packets(rst.At), packets(synacks...))
			f.Next = fmt.Sprintf("a SYN scan or a health check where %s does so with many servers or ports; a client that had given up where its SYN is much older; else somebody sends SYNs in its name", client.Addr.Addr())
		} else {
			f.Why = fmt.Sprintf("the RST in %s acknowledges the SYN-ACK in %s: the client was connected, and aborted before it sent anything", packets(rst.At), packets(synacks...))
			f.Next = "the health check of a load balancer often looks like this; else what the client does right after connect()"
		}
		if len(synsAt) > 0 && rst.Time-synsAt[0] > int64(answerTime)/3 {
			f.Why += fmt.Sprintf("; its first SYN was %s old", between(synsAt[0], rst.Time))
		}
		p.Report(f)
		return
	}
	if !p.Over {
		return // the next packet may be the ACK
	}
	f := Finding{Confidence: p.Missing(), Endpoint: flows.ByClient, Lasted: p.Since(at[0]), Packets: inOrder(append(syns, synacks...)...)}
	silence := func() string { return span.String(p.Since(p.Last)) }
	switch {
	case client.State() != flows.SynSent && client.Certain[client.NumStates-1] == flows.Proved && client.State() != flows.Unknown:
		f.Variant, f.Endpoint = "ack-lost-or-ignored", flows.ByServer
		f.Next = fmt.Sprintf("on %s: ss -ltn 'sport = :%d' (Recv-Q above Send-Q: its accept queue is full); nstat -az TcpExtListenOverflows TcpExtListenDrops; a capture there tells whether the ACK arrives", server.Addr.Addr(), port)
		if client.Unacknowledged {
			f.Severity = Warning
			f.Summary = "the client is connected, and what it sent was never acknowledged: " + sent()
			f.Why = fmt.Sprintf("a valid ACK of the SYN-ACK passed, and what the client sent after it was not acknowledged for %s: the ACK was lost beyond this point, or the server ignored it", silence())
			break
		}
		f.Confidence = Possible
		f.Summary = fmt.Sprintf("the server did not take the client's ACK, and has shown nothing since: %s", sent())
		f.Why = fmt.Sprintf("the SYN-ACK in %s came after a valid ACK of it had passed; whether the client's ACK of the last one was taken cannot be told, as neither end has sent anything for %s", packets(synacks[len(synacks)-1]), silence())
	case p.Opening.SYNs > 1 && len(synsAt) > 1 && synsAt[len(synsAt)-1] > at[0]:
		f.Variant = "syn-ack-lost"
		f.Summary = sent() + ", and the client repeats its SYN: no SYN-ACK reaches it"
		f.Why = fmt.Sprintf("the client sent its SYN again in %s, after the SYN-ACK in %s had passed", packets(syns[1:]...), packets(synacks[0]))
		f.Next = fmt.Sprintf("on the way back from %s to %s: a firewall that did not see the SYN, another route, reverse path filtering (nstat -az TcpExtIPReversePathFilter; sysctl net.ipv4.conf.all.rp_filter); a capture at the client tells", server.Addr.Addr(), client.Addr.Addr())
	case len(p.EventsOf(flows.NoteBadACK)) > 0:
		return // that is bad-final-ack
	default:
		f.Variant = "client-silent"
		if p.Opening.SYNACKs == 1 {
			f.Confidence = Possible
		}
		if p.wordless {
			break
		}
		f.Summary = sent() + ", and the client sent neither ACK nor RST"
		f.Why = fmt.Sprintf("nothing came from the client after its SYN, for %s after the last SYN-ACK in %s", silence(), packets(synacks[len(synacks)-1]))
		if p.Opening.SYNACKs == 1 {
			f.Why += "; the server did not repeat its SYN-ACK, as it does where it keeps nothing of the SYN (SYN cookies), or where it got an ACK that is not in the capture"
		}
		f.Next = "many of these at a time are a SYN flood from forged addresses; else the SYN-ACK does not reach the client, or its ACK comes another way; " +
			fmt.Sprintf("on %s: ss -tn state syn-recv 'sport = :%d' (who waits); nstat -az TcpExtTCPReqQFullDrop TcpExtTCPReqQFullDoCookies", server.Addr.Addr(), port)
	}
	p.Report(f)
}

// resetBy is the first RST of an end that its peer would take.
func (p *Pass) resetBy(side flows.Side) (flows.Event, bool) {
	for _, e := range p.Events {
		if e.Kind == flows.NoteRST && e.Side == side {
			return e, true
		}
	}
	return flows.Event{}, false
}
