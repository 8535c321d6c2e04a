package analyzer

import "fmt"

// A client takes source ports again while their last connections to the same server are in TIME_WAIT: it has used up its
// ports, or is about to. Linux has 28,232 of them to each server and port (net.ipv4.ip_local_port_range), and TIME_WAIT lasts
// a minute: 470 connections a second. Beyond that, connect() fails with EADDRNOTAVAIL without a packet, so what shows here
// is only the brink: a server in TIME_WAIT takes the new SYN if its number or time stamp is larger (RFC 6191), and answers
// by an old ACK if not, which costs the client a second.
var portExhaustion = &Rule{
	Name:     "port-exhaustion",
	Title:    "source ports are taken again while in TIME_WAIT",
	RFC:      "RFC 6191 §2; RFC 6056 §2.1; RFC 9293 §3.6.1",
	Severity: Notice,
	Capture:  judgePortExhaustion,
	Explains: &Explains{
		Findings: []string{"time-wait-reuse"},
		Host:     func(h *Host) bool { return h.Count("time-wait-reuse") >= portsReused },
	},
}

// portsReused is how many ports a client takes again before it has run out: one or two may be its choice.
const portsReused = 10

func judgePortExhaustion(p *CapturePass) {
	for _, h := range p.Hosts {
		if !p.rule.Explains.Host(h) {
			continue
		}
		again := h.Count("time-wait-reuse")
		f := Finding{Confidence: Likely, Flows: again}
		p.explainHost(&f, h)
		ports := h.Ports.N()
		f.Summary = fmt.Sprintf("%s of %s took a source port again that was still in TIME_WAIT; it has %s in use", commas(again), of(h.Flows, "connection", "connections"), h.Ports.Words("port", "ports"))
		f.Why = "each of these SYNs came on a four-tuple whose last connection had ended less than a minute before"
		if ports < 100 {
			f.Confidence = Possible
			f.Why += fmt.Sprintf("; with %s only, the program may choose its ports by itself (bind)", h.Ports.Words("port", "ports"))
		}
		f.Next = fmt.Sprintf("on %[1]s: sysctl net.ipv4.ip_local_port_range; ss -tan state time-wait src %[1]s | wc -l; EADDRNOTAVAIL in the log of the program", h.Addr)
		f.Mend = "fewer and longer connections (a pool, keep-alive of HTTP), more source addresses or server ports, a wider net.ipv4.ip_local_port_range; tcp_tw_recycle is gone since Linux 4.12, and tcp_fin_timeout does not shorten TIME_WAIT"
		p.Report(f)
	}
}
