package analyzer

import (
	"fmt"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// Keep-alive probes were not answered, and the end that sent them gave the connection up with a RST: its
// program gets ETIMEDOUT. The other end's host is off or cut off, or a NAT or firewall on the way has forgotten the
// connection and drops what belongs to it. Linux probes after net.ipv4.tcp_keepalive_time (two
// hours) of silence, tcp_keepalive_probes times, and only where SO_KEEPALIVE is set.
var deadPeer = &Rule{
	Name:     "dead-peer",
	Title:    "keep-alive probes unanswered, then given up",
	RFC:      "RFC 9293 §3.8.4; RFC 1122 §4.2.3.6; RFC 5382 §5",
	Severity: Warning,
	signs:    on(flows.NoteRST),
	Flow:     judgeDeadPeer,
}

func judgeDeadPeer(p *Pass) {
	if !p.deadPeer() {
		return
	}
	e, _ := p.rst()
	prober, other := &p.Ends[e.Side], &p.Ends[e.Side.Peer()]
	silence := e.Time - max(other.Last, p.First)
	f := Finding{Confidence: p.Absent(), Endpoint: by(e.Side.Peer()), Packets: []uint64{e.At}}
	f.Summary = fmt.Sprintf("the %s gave up: %d keep-alive probes unanswered, no word of the %s for %s", e.Side, prober.Probes, e.Side.Peer(), span.String(time.Duration(silence)))
	f.Why = fmt.Sprintf("the RST in packet %d follows %d probes, one number below the next, with no answer", e.At, prober.Probes)
	f.Next = fmt.Sprintf("is %s up? else a NAT or firewall on the way that forgets connections which are idle for long: probes must come sooner than it forgets (sysctl net.ipv4.tcp_keepalive_time, TCP_KEEPIDLE)", other.Addr.Addr())
	f.Lasted = time.Duration(silence)
	p.Report(f)
}

// deadPeer reports whether a RST ended the flow after probes of its sender that nobody answered.
func (p *Pass) deadPeer() bool {
	e, ok := p.rst()
	return ok && !e.Reset.Bare && p.Ends[e.Side].Probes >= 2 && !p.Flow.Capture.OneWay && p.Ends[e.Side.Peer()].Last < e.Time
}
