package analyzer

import (
	"fmt"
	"net/netip"
	"time"

	"tcpwhy/flows"
)

// Who closes first keeps the connection in TIME_WAIT (RFC 9293 §3.6.1), on Linux for one minute. Thousands at a time are no
// fault: at a server they cost some memory. At a client each keeps a source port from being used again to the same
// server, and there are 28,232 of these (net.ipv4.ip_local_port_range).
var timeWaitPileUp = &Rule{
	Name:     "time-wait-pile-up",
	Title:    "thousands of connections at a time in TIME_WAIT",
	RFC:      "RFC 9293 §3.3.2, §3.6.1; RFC 6191 §2",
	Severity: Notice,
	Capture:  judgeTimeWaitPileUp,
}

// timeWaitPile is how many within a minute are a pile: a good sixth of Linux's source ports.
const timeWaitPile = 5000

func judgeTimeWaitPileUp(p *CapturePass) {
	const mend = "fewer and longer connections (keep-alive of HTTP, a pool); tcp_tw_recycle is gone since Linux 4.12, and tcp_fin_timeout does not shorten TIME_WAIT"
	for _, h := range p.Hosts {
		w := &h.TimeWait
		if w.Peak < timeWaitPile {
			continue
		}
		p.Report(Finding{Confidence: Likely, Client: netip.AddrPortFrom(h.Addr, 0), Space: h.Space, Endpoint: flows.ByClient, Flows: w.N, Clients: 1,
			Since: w.PeakAt - int64(time.Minute), Until: w.PeakAt, Example: h.Example,
			Summary: fmt.Sprintf("up to %s connections at a time in TIME_WAIT at the client: it closes first", commas(w.Peak)),
			Why:     fmt.Sprintf("%s of its %s ended with its own FIN first, %s of them within one minute, as long as Linux keeps them; it sent from %s", commas(w.N), of(h.Flows, "connection", "connections"), commas(w.Peak), h.Ports.Words("port", "ports")),
			Next:    fmt.Sprintf("on %s: ss -tan state time-wait | wc -l; ss -s; sysctl net.ipv4.ip_local_port_range net.ipv4.tcp_tw_reuse net.ipv4.tcp_max_tw_buckets", h.Addr),
			Mend:    mend + "; net.ipv4.tcp_tw_reuse=1 lets a client take a port again after one second, where both ends send time stamps"})
	}
	for _, s := range p.Servers {
		w := &s.TimeWait
		if w.Peak < timeWaitPile {
			continue
		}
		p.Report(Finding{Confidence: Likely, Server: s.Addr, Space: s.Space, Endpoint: flows.ByServer, Flows: w.N, Clients: s.Clients.N(),
			Since: w.PeakAt - int64(time.Minute), Until: w.PeakAt,
			Summary: fmt.Sprintf("up to %s connections at a time in TIME_WAIT at the server: it closes first", commas(w.Peak)),
			Why:     fmt.Sprintf("%s of its %s ended with its own FIN first, %s of them within one minute, as long as Linux keeps them", commas(w.N), of(s.Flows, "connection", "connections"), commas(w.Peak)),
			Next:    fmt.Sprintf("on %s: ss -tan state time-wait 'sport = :%d' | wc -l; nstat -az TcpExtTCPTimeWaitOverflow (above net.ipv4.tcp_max_tw_buckets); at a server they take memory, no ports", s.Addr.Addr(), s.Addr.Port()),
			Mend:    mend + "; let the clients close first"})
	}
}
