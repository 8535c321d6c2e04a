package analyzer

import (
	"fmt"
	"net/netip"

	"tcpwhy/flows"
)

// A RST ended a connection of which one end had closed already, or both:
//
//   - data-to-closed-socket: data came to an end that had closed for good, and it answered with a RST of that
//     data's ack, without ACK. The data is lost; whoever sent it learns so.
//   - unread-data: an end closed while data of the other end lay unread: RST in place of FIN, or after it
//     (RFC 1122 §4.2.2.13). What it had sent just before may be lost to the other end, too.
//   - abort: an end aborted (SO_LINGER of 0) where nothing new had come for it.
//   - time-wait-assassination: both FINs were acknowledged; the RST ends TIME_WAIT before its time (RFC 1337).
//   - middlebox: the RST has another TTL than all other packets of its sender.
//
// Data that lies unread and an abort look alike, where the last word was the other end's: so unread-data is
// likely at the most, and at a client, which may have read the answer before, possible.
var rstAfterFIN = &Rule{
	Name:     "rst-after-fin",
	Title:    "RST after one end, or both, had sent FIN",
	RFC:      "RFC 9293 §3.6, §3.10.7.1; RFC 1122 §4.2.2.13; RFC 2525 §2.17; RFC 1337",
	Severity: Notice,
	signs:    closing(flows.ClosingRSTAfterFIN),
	Flow:     judgeRSTAfterFIN,
}

func judgeRSTAfterFIN(p *Pass) {
	if p.Closing.Outcome != flows.ClosingRSTAfterFIN {
		return
	}
	e, ok := p.rst()
	if !ok {
		return
	}
	r, side, other := &e.Reset, e.Side, e.Side.Peer()
	f := Finding{Confidence: Certain, Endpoint: by(side)}
	fin := p.fin(side)
	if !r.OwnFIN {
		fin = p.fin(other)
	}
	if fin != nil {
		f.Packets = append(f.Packets, fin.Packet)
	}
	f.Packets = inOrder(append(f.Packets, e.At)...)
	var words func(*lateRST) (summary, why, next string)
	switch {
	case foreign(r):
		f.Variant, f.Confidence, f.Endpoint, words = "middlebox", Likely, flows.NoOne, (*lateRST).middlebox
	case r.BothACKed && p.left(other, e.At) == flows.TimeWait:
		f.Variant, words = "time-wait-assassination", (*lateRST).assassin
	case r.Bare && r.OwnFIN && (p.answersData(e) || r.AnswersProbe):
		f.Variant, words = "data-to-closed-socket", (*lateRST).refusesData
	case r.Bare && r.OwnFIN:
		f.Variant, words = "data-to-closed-socket", (*lateRST).refuses
	case r.Bare:
		f.Variant, f.Confidence, words = "abort", Likely, (*lateRST).knowsNothing
	case r.BothACKed:
		f.Variant, words = "abort", (*lateRST).followsBoth
	case r.PeerData:
		f.Variant, f.Confidence, words = "unread-data", Likely, (*lateRST).leavesUnread
		if side == flows.Client {
			f.Confidence = Possible // it may have read the answer, and aborted
		}
	default:
		f.Variant, f.Confidence, words = "abort", Likely, (*lateRST).aborts
	}
	if !p.wordless {
		f.Summary, f.Why, f.Next = words(&lateRST{p, e, side, other, fin})
	}
	p.Report(f)
}

// lateRST is a RST that is to be put into words.
type lateRST struct {
	*Pass
	flows.Event
	side, other flows.Side        // of who sent it, and of who was sent it
	fin         *flows.Transition // it came after this; nil: that was not captured
}

func (r *lateRST) since() string {
	switch {
	case r.fin == nil:
		return ""
	case r.Reset.OwnFIN:
		return fmt.Sprintf(", %s after its own FIN", between(r.fin.Time, r.Time))
	}
	return fmt.Sprintf(", %s after the %s's FIN", between(r.fin.Time, r.Time), r.other)
}

func (r *lateRST) host() netip.Addr { return r.Ends[r.side].Addr.Addr() }

func (r *lateRST) middlebox() (summary, why, next string) {
	return fmt.Sprintf("RST in the name of the %s with TTL %d, where the %s sends %d", r.side, r.Reset.TTL, r.side, r.Reset.UsualTTL),
		fmt.Sprintf("the RST in packet %d came another way than all other packets of the %s: something in between sent it", r.At, r.side),
		"a firewall, load balancer or intrusion prevention on the way: its log of this connection, its idle limits"
}

func (r *lateRST) assassin() (summary, why, next string) {
	return fmt.Sprintf("RST of the %s after both FINs were acknowledged: it ends the %s's TIME_WAIT early", r.side, r.other),
		fmt.Sprintf("both ends had closed before the RST in packet %d, and nothing was lost; TIME_WAIT is there to keep old duplicates from the next connection on these ports", r.At),
		"nothing, where the four-tuple is not used again at once; sysctl net.ipv4.tcp_rfc1337=1 keeps TIME_WAIT through it"
}

func (r *lateRST) refusesData() (summary, why, next string) {
	return fmt.Sprintf("the %s had closed, and answered data of the %s with RST%s", r.side, r.other, r.since()),
		fmt.Sprintf("the RST in packet %d has no ACK flag, and its number is the ack of the segment before it, which carried data: there was no socket any more to take it", r.At),
		fmt.Sprintf("the %s's program should read until the end before it closes, or the %s's stop sending when it sees the FIN; on %s: nstat -az TcpExtTCPAbortOnData TcpOutRsts", r.side, r.other, r.host())
}

func (r *lateRST) refuses() (summary, why, next string) {
	return fmt.Sprintf("the %s had closed, and answered what came later with RST%s", r.side, r.since()),
		fmt.Sprintf("the RST in packet %d has no ACK flag: there was no socket any more, as after FIN_WAIT_2 has run out (net.ipv4.tcp_fin_timeout)", r.At),
		fmt.Sprintf("nothing is lost but the end of the %s's close; does it close that late for a reason?", r.other)
}

func (r *lateRST) knowsNothing() (summary, why, next string) {
	return fmt.Sprintf("the %s answered the FIN with RST: it has no such connection any more", r.side),
		fmt.Sprintf("the RST in packet %d has no ACK flag, as a host sends it that has no socket, and no FIN of the %s is in the capture", r.At, r.side),
		fmt.Sprintf("what ended the socket on %s without a word: a restart, a time limit (TCP_USER_TIMEOUT, tcp_retries2), an abort whose RST was lost", r.host())
}

func (r *lateRST) followsBoth() (summary, why, next string) {
	return fmt.Sprintf("RST of the %s after both FINs were acknowledged", r.side),
		fmt.Sprintf("both ends had closed before the RST in packet %d, and nothing was lost", r.At),
		"nothing: some systems end a closed connection so"
}

func (r *lateRST) leavesUnread() (summary, why, next string) {
	return fmt.Sprintf("the %s closed with data unread, or aborted%s", r.side, r.since()),
		fmt.Sprintf("the RST in packet %d has the ACK flag, so its socket was there; data of the %s had come since it last sent some, and close() with data unread sends RST in place of FIN", r.At, r.other),
		fmt.Sprintf("does the %s's program close before it has read all, or set SO_LINGER to 0? on %s: nstat -az TcpExtTCPAbortOnClose TcpExtTCPAbortOnData", r.side, r.host())
}

func (r *lateRST) aborts() (summary, why, next string) {
	return fmt.Sprintf("the %s aborted%s", r.side, r.since()),
		fmt.Sprintf("the RST in packet %d has the ACK flag, so its socket was there; nothing of the %s had come since it last sent something", r.At, r.other),
		fmt.Sprintf("SO_LINGER of 0 (nstat -az TcpExtTCPAbortOnData on %s), or ss -K; on Windows also a program that ended", r.host())
}

// left is the state that a packet took an end out of, or Unknown.
func (p *Pass) left(side flows.Side, by uint64) flows.State {
	for i := range p.Transitions {
		if t := &p.Transitions[i]; t.Side == side && t.Packet == by && t.Certainty != flows.Revised {
			return t.From
		}
	}
	return flows.Unknown
}
