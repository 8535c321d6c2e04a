package analyzer

import (
	"fmt"
	"net/netip"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// One program leaves many connections open that the other end has closed: each is a socket in CLOSE_WAIT, and a file
// descriptor, for as long as the program runs. It forgets to close, or its threads hang somewhere else. When it has no
// descriptors left, it accepts nobody any more.
var closeWaitPileUp = &Rule{
	Name:     "close-wait-pile-up",
	Title:    "many sockets at a time in CLOSE_WAIT: not closed",
	RFC:      "RFC 9293 §3.3.2, §3.6",
	Severity: Warning,
	Capture:  judgeCloseWaitPileUp,
	Explains: &Explains{
		Findings: []string{"close-wait", "fin-wait-2"}, // its two ends
		Part: func(_ *flows.Flow, n *Finding, _ *Server) bool {
			return n.Rule.Name == "close-wait" && n.Endpoint == flows.ByServer && n.Variant == "idle" ||
				n.Rule.Name == "fin-wait-2" && n.Endpoint == flows.ByClient
		},
		Stands: func(s *Server) bool {
			return s.CloseWait.Peak >= closeWaitPile && s.leaked() >= closeWaitPile
		},
		Host: func(h *Host) bool { return h.leaked() >= closeWaitPile },
		HostPart: func(finding string, at flows.Closer) bool {
			return finding == "close-wait" && at == flows.ByClient || finding == "fin-wait-2" && at == flows.ByServer
		},
	},
}

// closeWaitPile is how many sockets in CLOSE_WAIT at a time are a pile: a single one may be an accident.
const closeWaitPile = 20

// leaked is how many of its connections h did not close when its servers had.
func (h *Host) leaked() (n uint64) {
	for _, t := range h.Found {
		if t.Rule.Name == "close-wait" && t.Variant == "idle" && t.Endpoint == flows.ByClient {
			n += t.Flows
		}
	}
	return n
}

func judgeCloseWaitPileUp(p *CapturePass) {
	lossy := p.Lossy || p.Totals.Missing > 0 // the FINs may be among what it lacks
	for _, s := range p.Servers {
		if !p.rule.Explains.Stands(s) {
			continue
		}
		f := Finding{Server: s.Addr, Space: s.Space, Endpoint: flows.ByServer}
		p.explain(&f, s)
		f.Flows, f.Since, f.Until = s.leaked(), f.Example.Time, p.Now
		var lasted Timing
		for _, g := range p.Parts(s) {
			if g.Rule.Name == "close-wait" {
				lasted.merge(&g.Lasted)
			}
		}
		p.Report(pileUp(f, lossy, s.CloseWait, &lasted, "the clients", s.Addr.Addr(), fmt.Sprintf("sport = :%d", s.Addr.Port())))
	}
	for _, h := range p.Hosts {
		if p.rule.Explains.Host(h) {
			f := Finding{Severity: Notice, Flows: h.leaked()} // it may keep them for later
			p.explainHost(&f, h)
			f.Until = p.Now
			p.Report(pileUp(f, lossy, Gauge{Now: h.CloseWait, Peak: max(h.CloseWait, f.Flows)}, &Timing{}, "the servers", h.Addr, ""))
		}
	}
}

func pileUp(f Finding, lossy bool, g Gauge, lasted *Timing, closed string, host netip.Addr, filter string) Finding {
	f.Confidence = Certain
	if f.Flows > 0 && g.Now < f.Flows || lossy {
		f.Confidence = Likely
	}
	f.Summary = fmt.Sprintf("up to %s sockets at a time in CLOSE_WAIT, %s of them for good", commas(g.Peak), commas(f.Flows))
	f.Why = fmt.Sprintf("%s closed %s, and %s has not", closed, of(f.Flows, "connection", "connections"), host)
	if lasted.N > 0 {
		f.Lasted = lasted.Max
		f.Why += fmt.Sprintf(" for %s", span.String(lasted.Min))
		if lasted.Max > lasted.Min+time.Second {
			f.Why += " to " + span.String(lasted.Max)
		}
	}
	if g.Now > 0 {
		f.Why += fmt.Sprintf("; %s were still so when the capture ended", commas(g.Now))
	}
	if filter != "" {
		filter = " '" + filter + "'"
	}
	f.Next = fmt.Sprintf("on %s: ss -tnp state close-wait%s (which program); ls /proc/PID/fd | wc -l against ulimit -n; a stack dump of its threads", host, filter)
	f.Mend = "the program must close what its peer has closed (read returns 0); no sysctl ends CLOSE_WAIT, tcp_fin_timeout and keep-alive do not either"
	return f
}

// leaked is how many connections s has not closed, though its clients had.
func (s *Server) leaked() (n uint64) {
	for _, g := range s.parts("close-wait-pile-up") {
		if g.Rule.Name == "close-wait" {
			n += g.Flows
		}
	}
	return n
}
