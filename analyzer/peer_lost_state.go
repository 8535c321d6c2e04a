package analyzer

import (
	"fmt"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// A connection that only one end still has, which RFC 9293 §3.5.1 calls half-open (a server in SYN_RCVD is
// another matter, see half-open). The other end lost it without a word: its host restarted, its
// container is gone, an administrator or a time limit ended the socket, or a NAT or load balancer in
// between forgot it. It shows in two ways:
//
//   - it connects anew from the same port: the end that still has the old connection answers the SYN with a
//     plain ACK (a challenge, RFC 5961 §4), and that with RST; then the SYN is sent again.
//   - it is sent data, or a keep-alive probe, after a silence, and answers with a RST without ACK, as a
//     host does that has no socket (RFC 9293 §3.10.7.1). Data that was answered so is lost, and its
//     sender gets ECONNRESET.
var peerLostState = &Rule{
	Name:     "peer-lost-state",
	Title:    "a connection that only one end still has",
	RFC:      "RFC 9293 §3.5.1, §3.10.7.1; RFC 5961 §4",
	Severity: Notice,
	signs:    on(flows.NotePeerLost, flows.NoteChallengeACK, flows.NoteRSTStays, flows.NoteRST),
	Flow:     judgePeerLostState,
}

func judgePeerLostState(p *Pass) {
	e, ok := p.lostState()
	if !ok {
		p.judgeChallenged()
		return
	}
	f := Finding{Confidence: Certain, Endpoint: by(e.Side), Packets: []uint64{e.At}}
	end := p.Ends[e.Side].Addr.Addr()
	other := e.Side.Peer()
	if e.Kind != flows.NoteRST {
		for _, c := range p.Events {
			if (c.Kind == flows.NoteChallengeACK || c.Kind == flows.NoteSYNWaits) && c.At < e.At {
				f.Packets = inOrder(append(f.Packets, c.At)...)
			}
		}
		f.Summary = fmt.Sprintf("the %s connected anew from a port on which the %s still had the old connection", e.Side, other)
		f.Why = fmt.Sprintf("the %s answered the SYN with a plain ACK, as one does for a connection that is open, and the RST in packet %d says that its sender knows of none", other, e.At)
		f.Next = fmt.Sprintf("why %s lost the connection: restarted (uptime), a container that ended, a NAT or load balancer with another idea of which ports are free; keep-alives at the %s find such connections sooner (sysctl net.ipv4.tcp_keepalive_time)", end, other)
		p.Report(f)
		return
	}
	r := e.Reset
	what := "a keep-alive probe"
	data := p.answersData(e)
	if data {
		what = "data"
	}
	f.Confidence = Likely
	if !r.Idle.OK {
		f.Confidence = Possible
		f.Summary = fmt.Sprintf("the %s answered %s with RST: it has no such connection", e.Side, what)
		f.Why = fmt.Sprintf("the RST in packet %d is without ACK, as a host sends it that has no socket; what went before is not in the capture", e.At)
	} else {
		if data {
			f.Severity = Warning
		}
		if p.Lossy || p.Flow.Capture.MissingSegments > 0 {
			f.Confidence = Possible
		}
		f.Summary = fmt.Sprintf("the %s answered %s with RST after a silence of %s: it had lost the connection", e.Side, what, span.String(r.Idle.D))
		f.Why = fmt.Sprintf("the RST in packet %d is without ACK, as a host sends it that has no socket, and neither end had closed", e.At)
	}
	if r.UsualTTL != 0 && r.TTL != r.UsualTTL {
		f.Why += fmt.Sprintf("; its TTL is %d, where the %s sends %d: something on the way has answered", r.TTL, e.Side, r.UsualTTL)
		f.Next = "a firewall, NAT or load balancer on the way that forgot the connection: compare its idle time with the silence, and let keep-alives come sooner (sysctl net.ipv4.tcp_keepalive_time, SO_KEEPALIVE set)"
	} else {
		f.Next = fmt.Sprintf("has %s restarted (uptime), has its process or container ended, was an abort's RST lost, or does a NAT or load balancer on the way forget idle connections sooner? keep-alives that come sooner hold them (sysctl net.ipv4.tcp_keepalive_time, SO_KEEPALIVE set)", end)
	}
	p.Report(f)
}

// judgeChallenged tells of a SYN that is answered with challenge ACKs and nothing else: their RST,
// which would end the old connection, is not sent or does not pass.
func (p *Pass) judgeChallenged() {
	if !p.Over || p.Opening.Outcome != flows.OpeningInvalid && p.Opening.Outcome != flows.OpeningUnanswered {
		return
	}
	syns, _ := p.SYNs()
	var acks []uint64
	for _, e := range p.EventsOf(flows.NoteChallengeACK) {
		if e.Side == flows.Server {
			acks = append(acks, e.At)
		}
	}
	if len(acks) == 0 || len(syns) == 0 {
		return
	}
	server := p.Server().Addr
	p.Report(Finding{Severity: Warning, Confidence: min(p.Missing(), Likely), Endpoint: flows.ByClient, Packets: inOrder(append(syns, acks...)...),
		Summary: fmt.Sprintf("the server answered the SYN with a plain ACK %s, and nothing else: it still has an old connection of this port", times(len(acks))),
		Why:     fmt.Sprintf("the ack of %s is not the SYN's, but of a connection that is open; no RST of the client passed that would end it, so the port stays blocked", packets(acks...)),
		Next:    fmt.Sprintf("a firewall at the client that drops the ACK or the RST as invalid (nft list ruleset; conntrack -S: invalid); on %s the old connection ends with: ss -K dst %s dport = %d", server.Addr(), p.Client().Addr.Addr(), p.Client().Addr.Port()),
	})
}

// lostState is the event that shows that its sender does not have this connection, which it never closed.
func (p *Pass) lostState() (flows.Event, bool) {
	challenged, reset := false, false
	for _, e := range p.Events {
		switch e.Kind {
		case flows.NotePeerLost:
			// In SYN_RCVD it was an old SYN that had opened it, and no connection.
			return e, p.Opening.Outcome == flows.OpeningComplete || p.Opening.Outcome == flows.OpeningNotCaptured
		case flows.NoteChallengeACK:
			challenged = challenged || e.Side == flows.Server
		case flows.NoteRSTStays:
			// A SYN-ACK for another SYN tells of an old SYN (RFC 9293 figure 8), too.
			old := len(p.EventsOf(flows.NoteBadSYNACK)) > 0 || len(p.EventsOf(flows.NoteReuse)) > 0
			if challenged && e.Side == flows.Client && !old && p.Over {
				return e, true
			}
		case flows.NoteRST:
			r := e.Reset
			known := p.Opening.Outcome == flows.OpeningComplete && r.Idle.OK && r.Idle.D >= time.Second
			met := p.Flow.Capture.Midstream && p.Opening.Outcome == flows.OpeningNotCaptured && p.Roles == flows.RolesGuessed &&
				(!r.Idle.OK || r.Idle.D >= time.Second)
			if !reset && r.Bare && (p.answersData(e) || r.AnswersProbe) && !r.PeerFIN && !r.OwnFIN && (known || met) {
				return e, true
			}
			reset = true
		}
	}
	return flows.Event{}, false
}
