package analyzer

import (
	"fmt"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// One end stopped answering in the middle of an open connection: data was sent to it again and again, or
// keep-alive probes, and nothing came back until the end of the capture. Its host is off or cut off, or
// something on the way drops what belongs to this connection. The program at the other end learns of it
// only when its kernel gives up: after net.ipv4.tcp_retries2 (15 tries, some 15 minutes), or
// TCP_USER_TIMEOUT.
var goneSilent = &Rule{
	Name:     "gone-silent",
	Title:    "one end of an open connection stopped answering",
	RFC:      "RFC 9293 §3.8.3, §3.8.4; RFC 1122 §4.2.3.5; RFC 5482",
	Severity: Warning,
	Limit:    time.Minute,
	signs:    closing(flows.ClosingSilent, flows.ClosingOpen),
	ongoing:  never,
	Flow:     judgeGoneSilent,
}

func judgeGoneSilent(p *Pass) {
	end := p.silent()
	if !p.Over || end == nil || p.Closing.Outcome != flows.ClosingSilent && p.Closing.Outcome != flows.ClosingOpen {
		return
	}
	side := flows.Client
	if end == p.Server() {
		side = flows.Server
	}
	other := &p.Ends[side.Peer()]
	silence := p.Since(other.Asked)
	if other.Asked == 0 || silence < p.Limit() {
		return
	}
	f := Finding{Confidence: p.Absent(), Endpoint: by(side), Lasted: silence}
	f.Packets = []uint64{p.lastShown()}
	tries := fmt.Sprintf("data was sent again %s", times(other.Resent))
	if other.Resent == 0 {
		tries = fmt.Sprintf("%d keep-alive probes went to it", other.Probes)
	}
	f.Summary = fmt.Sprintf("the %s has not answered for %s: %s", side, span.String(silence), tries)
	f.Why = fmt.Sprintf("what the %s sent %s before the end of the capture, and since, got no answer at all", side.Peer(), span.String(silence))
	f.Next = fmt.Sprintf("is %s up and reachable (ping), and does a firewall or NAT on the way still know the connection? on %s: ss -tno 'dport = :%d' (timer:(on,…,N): tries so far); TCP_USER_TIMEOUT makes it give up sooner", end.Addr.Addr(), other.Addr.Addr(), end.Addr.Port())
	p.Report(f)
}

// silent is the end that does not answer data that was sent again, or three probes and more, or nil.
func (p *Pass) silent() *flows.Endpoint {
	if p.Flow.Capture.OneWay {
		return nil
	}
	for _, side := range []flows.Side{flows.Client, flows.Server} {
		if other := &p.Ends[side.Peer()]; other.Resent > 0 && other.Unacknowledged || other.Probes >= 3 {
			return &p.Ends[side]
		}
	}
	return nil
}

// lastShown is the packet of the last change of state that stands.
func (p *Pass) lastShown() (packet uint64) {
	for i := range p.Transitions {
		if t := &p.Transitions[i]; t.Certainty != flows.Revised {
			packet = max(packet, t.Packet)
		}
	}
	return packet
}
