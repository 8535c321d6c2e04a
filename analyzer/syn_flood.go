package analyzer

import (
	"fmt"
	"time"

	"tcpwhy/flows"
)

// Many connections to one server stay half open: it answers SYNs whose senders are never heard of again, as their
// addresses are forged or as they mean to say no more. Each takes a place in its queue of requests for a minute
// (Linux: five repetitions of the SYN-ACK, 63 s), and when that is full, it answers nobody, or with SYN cookies
// (RFC 4987 §2, §3.6), which keep nothing.
//
// It is half-open connections that count, and those held at a time, not SYNs: a busy server gets more of these than
// many a flood, and a scan spreads its own over ports. A way back on which the SYN-ACKs are lost looks otherwise:
// there the clients send their SYNs again.
var synFlood = &Rule{
	Name:     "syn-flood",
	Title:    "many half-open connections at a time: SYN flood",
	RFC:      "RFC 4987 §2, §3.6; RFC 9293 §3.10.7.4",
	Severity: Warning,
	Capture:  judgeSYNFlood,
	Explains: &Explains{
		Findings: []string{"half-open", "syn-unanswered"},
		Part:     partOfFlood,
		Stands:   (*Server).flooded,
	},
}

// floodAt is how many connections a server holds half open at a time before one speaks of a flood: as many as
// the shortest queue of requests that is in use (net.ipv4.tcp_max_syn_backlog was 128 on small hosts).
const floodAt = 100

// requestLife is how long Linux keeps a request whose SYN-ACK is not acknowledged (net.ipv4.tcp_synack_retries=5).
const requestLife = 63 * time.Second

// flooded reports whether the half-open connections of s are a flood: many at a time, and of senders that are silent,
// while what opened well is not far more.
func (s *Server) flooded() bool {
	silent := s.HalfOpens.Silent
	return s.HalfOpen.Peak >= floodAt && silent >= floodAt && 100*silent >= s.Judged()
}

func partOfFlood(f *flows.Flow, n *Finding, s *Server) bool {
	if f.Opening.SYNs > 1 || n.Variant == "ack-lost-or-ignored" {
		return false // a client that means it
	}
	return s.flood.touches(f.First, f.First+int64(requestLife))
}

func judgeSYNFlood(p *CapturePass) {
	for _, s := range p.Servers {
		if s.flooded() {
			p.Report(p.synFlood(s))
		}
	}
}

func (p *CapturePass) synFlood(s *Server) Finding {
	h := &s.HalfOpens
	ip, port := s.Addr.Addr(), s.Addr.Port()
	f := Finding{Confidence: Likely, Server: s.Addr, Space: s.Space, Endpoint: flows.ByClient,
		Since: s.flood.first(), Until: s.flood.last()}
	p.explain(&f, s)
	unanswered := s.unanswered()
	if unanswered > 0 {
		f.Severity = Error
	}
	f.Summary = fmt.Sprintf("up to %s half-open connections at a time, from %s; %s in the busiest second",
		commas(s.HalfOpen.Peak), h.Sources.Words("address", "addresses"), of(s.Attempts.Peak, "new SYN", "new SYNs"))
	f.Why = fmt.Sprintf("to %s of %s answered attempts nothing more came after the SYN, and no SYN came again", commas(h.Silent), commas(s.Open()+s.Opening[flows.OpeningHalfOpen]+h.Young))
	switch n := h.Sources.N(); {
	case 2*n >= h.Silent:
		f.Why += fmt.Sprintf("; the addresses are forged, or of very many hosts: hardly one comes twice (%s for %s)", h.Sources.Words("address", "addresses"), of(h.Silent, "attempt", "attempts"))
	case n <= 16:
		f.Why += fmt.Sprintf("; the sources are few: %s", h.Sources.Words("address", "addresses"))
	}
	shed := s.ShedOnce + s.InVain
	f.Flows += shed
	if shed > 0 {
		f.Clients = 0 // those of the findings alone
		f.Why += fmt.Sprintf("; %s of these flows were given up at the ceiling, and count as far as they are known", commas(shed))
	}
	switch {
	case p.Facts.Ceiling.Forgotten > 0 && 10*h.Repeated < 9*h.Silent:
		f.Why += fmt.Sprintf("; %s of these SYN-ACKs were repeated, or more: of the others it is not known, nor whether there were SYN cookies and real clients were kept out, as flows were given up and are not remembered", commas(h.Repeated))
	case h.Repeated == 0:
		f.Why += "; no SYN-ACK was repeated, so the server keeps nothing of them: SYN cookies (likely)"
	case 10*h.Repeated >= 9*h.Silent:
		f.Why += "; nearly every SYN-ACK was repeated, so each takes its place in the queue of requests: no SYN cookies"
	default:
		f.Why += fmt.Sprintf("; %s of these SYN-ACKs were repeated, the others not: SYN cookies when the queue of requests was full (likely)", commas(h.Repeated))
	}
	if n := unanswered; n > 0 {
		f.Why += fmt.Sprintf("; %s with SYNs that came again got no answer at all, and %s: some real clients are kept out", of(n, "attempt", "attempts"), of(s.Open(), "connection opened", "connections opened"))
	}
	f.RuledOut = []string{"SYN-ACKs lost on the way back (the clients would send their SYNs again)"}
	if h.Silent > s.Open() {
		f.RuledOut = append(f.RuledOut, "a busy server (its connections would open)")
	}
	f.Next = fmt.Sprintf("on %s: ss -tn state syn-recv 'sport = :%d' | wc -l; nstat -az TcpExtSyncookiesSent TcpExtSyncookiesRecv TcpExtTCPReqQFullDoCookies TcpExtTCPReqQFullDrop; sysctl net.ipv4.tcp_syncookies (1: cookies when the queue is full)", ip, port)
	f.Mend = "SYN cookies (net.ipv4.tcp_syncookies=1), and forged addresses dropped before the host; a longer net.ipv4.tcp_max_syn_backlog only puts it off"
	return f
}

// unanswered is how many attempts with more than one SYN, so of clients that meant it, never got an answer.
func (s *Server) unanswered() (n uint64) {
	if s.Shed.N() > 0 {
		return s.Insisted // of given-up flows no finding is made
	}
	for _, g := range s.Groups {
		if g.Rule.Name == "syn-unanswered" {
			n += g.Retries.Again()
		}
	}
	return n
}
