package analyzer

import (
	"fmt"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// The program does not call accept() fast enough, and the queue of finished handshakes before it is full. Linux then
// shows two faces, in the same seconds. A client whose SYN-ACK was still sent sees its handshake complete, and
// waits: the kernel ignores its ACK and its request, and repeats the SYN-ACK after one second, three, seven. A client
// that comes later sees its SYN ignored, and sends it again, as if it were lost. Neither network nor CPU need be busy.
//
// Other causes look alike: loss on the last stretch (not where the capture was taken at the host: then all that was
// ignored had reached it), TCP_DEFER_ACCEPT (that takes a request), a SYN flood (that shows in half-open connections).
// That the queue is full, only the host can prove.
var acceptQueueFull = &Rule{
	Name:     "accept-queue-full",
	Title:    "connections wait as the server's accept queue is full",
	RFC:      "RFC 9293 §3.10.7.4; RFC 6298 §5",
	Severity: Warning,
	Capture:  judgeAcceptQueueFull,
	Explains: &Explains{
		Findings: []string{"syn-ack-after-ack", "syn-retransmitted", "syn-unanswered", "half-open"},
		Part:     partOfFullQueue,
		Stands:   func(s *Server) bool { _, full := s.fullQueue(); return full },
	},
}

func partOfFullQueue(f *flows.Flow, n *Finding, s *Server) bool {
	switch n.Rule.Name {
	case "syn-ack-after-ack":
		return n.Variant != "deferred"
	case "half-open":
		return n.Variant == "ack-lost-or-ignored"
	}
	// Its SYNs were sent while valid ACKs were ignored, or with those of several others that got no answer either.
	if n.Endpoint != flows.ByServer || f.Opening.SYNs < 2 {
		return false
	}
	const near = int64(time.Second)
	return s.pressure.touches(f.First-near, f.First+int64(connectWait(f))+near) || s.unheard.touches(f.First, f.First)
}

// unheardTogether is how many SYNs that go without an answer in one second are no accident.
const unheardTogether = 3

// queueFaces are the two faces of a full queue, in flows.
type queueFaces struct {
	acks    uint64 // a valid ACK was not taken
	data    uint64 // of these, with what followed: requests, or one ACK after another
	syns    uint64 // SYN not answered at first, at the same time
	clients uint64 // of these
}

// fullQueue reports whether what is known of s speaks for a full accept queue: one flow alone does not. On a fast network
// the first face may be missing: an ACK that comes at once finds room, or its SYN had not been answered. SYNs alone say
// so only where nothing can have been lost on the way, and some were answered later.
func (s *Server) fullQueue() (faces queueFaces, full bool) {
	var clients Distinct
	for _, g := range s.parts("accept-queue-full") {
		switch g.Rule.Name {
		case "syn-ack-after-ack", "half-open":
			faces.acks += g.Flows
			if g.Variant == "ignored" && g.Severity >= Warning {
				faces.data += g.Flows
			}
		default:
			faces.syns += g.Flows
			clients.merge(&g.Clients)
		}
	}
	faces.clients = clients.N()
	place, _ := s.place()
	near := place.atServer() || place == PlaceNetwork
	if faces.acks == 0 {
		return faces, near && !s.flooded() && s.Open() > 0 && faces.syns >= unheardTogether && faces.clients >= unheardTogether
	}
	return faces, (faces.data > 0 || near) && faces.acks+faces.syns >= 2
}

func judgeAcceptQueueFull(p *CapturePass) {
	for _, s := range p.Servers {
		if faces, full := s.fullQueue(); full {
			p.Report(p.acceptQueueFull(s, faces))
		}
	}
}

func (p *CapturePass) acceptQueueFull(s *Server, faces queueFaces) Finding {
	ip, port := s.Addr.Addr(), s.Addr.Port()
	place, sure := s.place()
	f := Finding{Confidence: Possible, Server: s.Addr, Space: s.Space, Endpoint: flows.ByServer}
	p.explain(&f, s)
	switch {
	case !s.pressure.none():
		f.Since, f.Until = s.pressure.first(), s.pressure.last()
	case !s.unheard.none():
		f.Since, f.Until = s.unheard.first(), s.unheard.last()
	}
	atServer := place.atServer() && sure == Likely
	if atServer && faces.data > 0 && !s.flooded() {
		f.Confidence = Likely
		if f.Flows >= 10 || 100*f.Flows >= s.Judged() {
			f.Severity = Error
		}
	}
	if faces.data == 0 && faces.syns == 0 {
		f.Severity = Notice // TCP_DEFER_ACCEPT may be all there is to it
	}
	reason := "its accept queue was full"
	switch {
	case faces.acks == 0:
		reason = "it took no SYNs, maybe as " + reason
	case f.Confidence == Possible:
		reason += ", or they were lost on the way to it"
	}
	f.Summary = fmt.Sprintf("%s of %s (%s) had to wait for the server to take them: %s",
		commas(f.Flows), of(s.Flows, "connection", "connections"), percent(f.Flows, s.Flows), reason)
	switch {
	case faces.acks == 0:
		f.Why = fmt.Sprintf("SYNs of %s by %s went without an answer in the same seconds", of(faces.syns, "connection", "connections"), of(faces.clients, "client", "clients"))
	case faces.syns == 0:
		f.Why = fmt.Sprintf("of %s a valid ACK was not taken, and the SYN-ACK repeated", of(faces.acks, "connection", "connections"))
	default:
		f.Why = fmt.Sprintf("of %s a valid ACK was not taken, and the SYN-ACK repeated; of %s in the same seconds no SYN was answered until it came again", of(faces.acks, "connection", "connections"), commas(faces.syns))
	}
	if atServer {
		f.Why += "; all of that is in this capture, which was taken at the host, so it had reached it"
		f.RuledOut = append(f.RuledOut, "loss or firewall before the host (what was ignored had passed here)")
	} else if place == PlaceNetwork || place.atServer() {
		f.Why += "; no router lies between this point and the server, so that it was lost is less likely"
	}
	if !s.flooded() {
		f.RuledOut = append(f.RuledOut, fmt.Sprintf("SYN flood (at most %s half-open)", commas(s.HalfOpen.Peak)))
	}
	if faces.data > 0 {
		f.RuledOut = append(f.RuledOut, "TCP_DEFER_ACCEPT (requests were sent, and ignored too)")
	}
	if wait := p.longestWait(s); wait > 0 {
		f.Lasted = wait
		f.Why += fmt.Sprintf("; the longest wait was %s", span.String(wait))
	}
	f.Next = fmt.Sprintf("on %s: ss -ltn 'sport = :%d' (Recv-Q above Send-Q: full now); nstat -az TcpExtListenOverflows (rises during a wait: proved)", ip, port)
	if faces.acks == 0 {
		f.Next += "; TcpExtTCPReqQFullDrop (the queue of requests, where net.ipv4.tcp_syncookies is 0); nft list ruleset (a limit on new connections)"
	}
	if !atServer {
		f.Next += "; a capture there tells loss on the way from a full queue"
	}
	f.Mend = "accept() sooner, or a longer queue: listen(backlog) and net.core.somaxconn, the smaller counts; more SYN retries or a larger tcp_max_syn_backlog do not help"
	return f
}

// longestWait is the longest that any part of the finding at hand lasted, by the steps of what was sent again.
func (p *CapturePass) longestWait(s *Server) (longest time.Duration) {
	for _, g := range p.Parts(s) {
		longest = max(longest, g.Lasted.Max)
		for _, steps := range []*Steps{&g.Retries, &g.SYNACKs} {
			for _, step := range steps[1:] {
				longest = max(longest, step.Wait)
			}
		}
	}
	return longest
}
