package analyzer

import (
	"fmt"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// A RST ended the connection, and no FIN went before it. The other end's program gets ECONNRESET (EPIPE, when
// it writes once more), and data on its way is lost. The two kinds tell different tales: RST with ACK is
// sent by a socket that aborts (data unread at close(), also where the program ended, or SO_LINGER of 0);
// without ACK, by a host that has no such socket, or by a firewall.
//
// In SYN_RCVD it is the server that takes the request back: the accept queue is full and
// net.ipv4.tcp_abort_on_overflow is set, the listener closed, or the request was too old.
//
// Not meant: a RST to a SYN (refused), to a SYN-ACK (half-open), after a FIN (rst-after-fin), from a host
// that had lost the connection (peer-lost-state), or that gave up on a dead one (dead-peer).
var reset = &Rule{
	Name:     "reset",
	Title:    "ended by RST, without a FIN",
	RFC:      "RFC 9293 §3.5.2, §3.10.5, §3.10.7.4; RFC 1122 §4.2.2.13",
	Severity: Notice,
	signs:    closing(flows.ClosingReset) | opening(flows.OpeningReset),
	Flow:     judgeReset,
}

func judgeReset(p *Pass) {
	if p.Closing.Outcome != flows.ClosingReset && p.Opening.Outcome != flows.OpeningReset {
		return
	}
	if _, lost := p.lostState(); lost || p.deadPeer() {
		return
	}
	e, ok := p.rst()
	if refusals := p.EventsOf(flows.NoteRefused); !ok || len(refusals) > 0 && refusals[0].At == e.At {
		return
	}
	r, side, other := &e.Reset, e.Side, e.Side.Peer()
	if r.Bare && !p.answersData(e) && !r.AnswersProbe && p.Opening.Outcome == flows.OpeningComplete && !p.Over {
		return // a host without a socket answers; one that answers nothing may be forged, and the flow go on
	}
	f := Finding{Confidence: Certain, Endpoint: by(side), Packets: []uint64{e.At}}
	forged, foreign := p.forged(e), foreign(r)
	if forged || foreign {
		f.Confidence, f.Endpoint = Likely, flows.NoOne
	}
	tookBack := !forged && !foreign && p.Opening.Outcome == flows.OpeningReset && side == flows.Server
	gaveUp := tookBack && p.Client().Packets <= uint64(p.Client().Counts.SYN)
	if gaveUp {
		synacks, _ := p.SYNACKs()
		f.Packets = inOrder(append(synacks, e.At)...)
	}
	if p.wordless {
		p.Report(f)
		return
	}
	end := p.Ends[side].Addr
	kind := "the RST in packet %d has the ACK flag: a socket that aborts"
	if r.Bare {
		kind = "the RST in packet %d has no ACK flag: a host that has no such socket, or a firewall"
	}
	f.Why = fmt.Sprintf(kind, e.At)
	switch {
	case forged:
		f.Summary = fmt.Sprintf("ended by a RST in the name of the %s, which went on itself: forged", side)
		f.Next = "who can send packets in its name: intrusion prevention, a censor, a host on the same segment"
	case foreign:
		f.Summary = fmt.Sprintf("RST in the name of the %s with TTL %d, where the %s sends %d: something on the way reset the connection", side, r.TTL, side, r.UsualTTL)
		f.Next = "a firewall, load balancer or intrusion prevention on the way: its log of this connection, its idle limits"
	case gaveUp:
		f.Summary = fmt.Sprintf("the server gave up: SYN-ACK sent %s, no answer, and RST %s after the SYN", times(p.Opening.SYNACKs), span.String(p.lastedUntil(e.Time)))
		f.Why += ", which Linux does not send for a request that ran out"
		f.Next = "as half-open: the SYN-ACK does not reach the client, or its ACK comes another way"
	case tookBack:
		f.Summary = fmt.Sprintf("the server took its SYN-ACK back: RST %s after the SYN", span.String(p.lastedUntil(e.Time)))
		if r.Bare {
			f.Why += fmt.Sprintf("; it answers the client's %s: the request was gone by then, or is refused", p.provoked(e))
		}
		f.Next = fmt.Sprintf("on %s: sysctl net.ipv4.tcp_abort_on_overflow (1: a full accept queue resets), ss -ltn 'sport = :%d' (Recv-Q above Send-Q: full), nstat -az TcpExtListenOverflows TcpExtTCPReqQFullDrop; else the listener closed", end.Addr(), end.Port())
	case p.Opening.Outcome == flows.OpeningReset:
		f.Summary = fmt.Sprintf("the client took its SYN back: RST %s after it, before any answer", span.String(p.lastedUntil(e.Time)))
		f.Why = fmt.Sprintf("nothing had answered the SYN before the RST in packet %d", e.At)
		f.Next = "a time limit of the client's below that, or a scan"
	default:
		f.Summary = fmt.Sprintf("reset by the %s in %s, %s after it began", side, word(r.State), span.String(p.lastedUntil(e.Time)))
		switch {
		case r.Bare && p.answersData(e):
			f.Why += "; its number is the ack of the data before it, so that is what it answers, and that data is lost"
			f.Next = fmt.Sprintf("a firewall that rejects by content, or %s lost the connection (a restart, a container that ended): its log at that time", end.Addr())
		case r.PeerData:
			f.Why += fmt.Sprintf("; data of the %s had come since it last sent some: close() with data unread does this, also where the program ended, and SO_LINGER of 0", other)
			f.Next = fmt.Sprintf("does the %s's program close before it has read all? on %s: nstat -az TcpExtTCPAbortOnClose (unread data) TcpExtTCPAbortOnData", side, end.Addr())
		default:
			f.Why += fmt.Sprintf("; nothing of the %s had come since it last sent something, so none of it was unread", other)
			f.Next = fmt.Sprintf("SO_LINGER of 0 (nstat -az TcpExtTCPAbortOnData on %s), or ss -K; on Windows also a program that ended", end.Addr())
		}
	}
	p.Report(f)
}

// provoked names what a RST without ACK answers.
func (p *Pass) provoked(e flows.Event) string {
	if p.answersData(e) {
		return "data"
	}
	return "ACK"
}
