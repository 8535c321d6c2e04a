package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// The SYN-ACK came again with another initial sequence number. A TCP that remembers the SYN repeats its own
// number. So either two hosts answer for one address (a load balancer that sent the SYN and the SYN sent
// again to different ones; a conflict of addresses), or the server had forgotten the SYN in
// between (dropped from a full queue, a restart). The client goes by one of the numbers, and the
// other is answered with RST.
var synACKChanged = &Rule{
	Name:     "syn-ack-changed",
	Title:    "SYN-ACK repeated with another sequence number",
	RFC:      "RFC 9293 §3.4.1, §3.10.7.3",
	Severity: Notice,
	signs:    on(flows.NoteSYNACKChanged),
	Flow:     judgeSYNACKChanged,
}

func judgeSYNACKChanged(p *Pass) {
	changed := p.EventsOf(flows.NoteSYNACKChanged)
	complete := p.Opening.Outcome == flows.OpeningComplete
	if len(changed) == 0 || !complete && !p.Over {
		return
	}
	synacks, answers := p.SYNACKs()
	syns, at := p.SYNs()
	first := changed[0]
	if len(synacks) == 0 {
		return
	}
	f := Finding{Confidence: Certain, Endpoint: flows.ByServer, Packets: inOrder(append(synacks, first.At)...)}
	f.Summary = fmt.Sprintf("SYN-ACK answered the same SYN with another sequence number, %s after the first", between(answers[0], first.Time))
	f.Why = fmt.Sprintf("the SYN-ACK in packet %d has another number than the one before it, which acknowledges the same SYN", first.At)
	if n := len(at); n > 1 && at[n-1] < first.Time {
		f.Why += fmt.Sprintf("; the client had sent its SYN again in %s, so two hosts may have answered one each, or the server had forgotten the first", packets(syns[1:]...))
	} else {
		f.Why += "; the client had not sent its SYN again in between"
	}
	f.Next = fmt.Sprintf("does a load balancer send the SYNs of one client to different servers, and are there two hosts with the address %s (ip neigh; arping -D)? else: nstat -az TcpExtTCPReqQFullDrop on it", p.Server().Addr.Addr())
	if !complete {
		f.Severity, f.Confidence = Warning, p.Missing()
		f.Summary += "; the connection did not open"
	}
	p.Report(f)
}
