package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// A connection was opened on addresses and ports of which the connection before was still in TIME_WAIT. That
// is allowed where nothing old can be taken for new: the SYN has a larger number or time stamp
// (RFC 6191), or the end in TIME_WAIT opens itself (net.ipv4.tcp_tw_reuse, with time stamps). It
// tells of a client that runs short of ports, or that binds its own.
//
// net.ipv4.tcp_tw_recycle is gone since Linux 4.12, and broke clients behind NAT.
var timeWaitReuse = &Rule{
	Name:     "time-wait-reuse",
	Title:    "ports used again while in TIME_WAIT",
	RFC:      "RFC 6191; RFC 9293 §3.6.1; RFC 1122 §4.2.2.13",
	Severity: Info,
	signs:    on(flows.NoteReuse),
	Flow:     judgeTimeWaitReuse,
}

func judgeTimeWaitReuse(p *Pass) {
	for _, e := range p.EventsOf(flows.NoteReuse) {
		var side flows.Side
		switch flows.TimeWait {
		case e.Prior[flows.Client]:
			side = flows.Client
		case e.Prior[flows.Server]:
			side = flows.Server
		default:
			continue
		}
		syns, _ := p.SYNs()
		f := Finding{Confidence: Certain, Endpoint: flows.ByClient, Packets: inOrder(append(syns, e.At)...)}
		f.Summary = fmt.Sprintf("the client's port was used again %s after the connection before, with the %s in TIME_WAIT", took(e.D), side)
		f.Why = fmt.Sprintf("the SYN in packet %d opens a connection between the same addresses and ports, on which the %s had closed first", f.Packets[0], side)
		f.Next = "many of them: the client runs short of ports for this server (sysctl net.ipv4.ip_local_port_range; ss -tan state time-wait | wc -l); longer connections, or more addresses, help"
		p.Report(f)
		return
	}
}
