package analyzer

import (
	"fmt"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// One end has closed, the other knows it (it acknowledged the FIN) and does not close: it sits in
// CLOSE_WAIT, for as long as its program does not call close(). No time limit of the kernel ends that. A
// program that forgets to leaks a socket with each connection, until it has no descriptors left.
//
//   - idle: it has sent nothing for as long, either. At a server that is a warning; a client that keeps
//     connections for later notices the FIN only when it takes one of them: a notice.
//   - sending: it goes on sending, as is its right (the other end called shutdown()).
//   - late: it closed in the end, after more than the limit without a word.
//
// tcp_fin_timeout is about FIN_WAIT_2 and tcp_tw_reuse about TIME_WAIT: neither helps here.
var closeWait = &Rule{
	Name:     "close-wait",
	Title:    "one end closed, the other does not: CLOSE_WAIT",
	RFC:      "RFC 9293 §3.3.2, §3.6; RFC 1122 §4.2.2.13",
	Severity: Warning,
	Limit:    time.Minute,
	signs:    closeWaited,
	Flow:     judgeCloseWait,
}

func judgeCloseWait(p *Pass) {
	if c := &p.Closing; c.Outcome == flows.ClosingOrderly && c.FINToACK.OK && c.FINToFIN.OK && c.FINToFIN.D < p.Limit() {
		return // who closed second was not as long in CLOSE_WAIT: most flows, and they need not be looked through
	}
	for _, side := range []flows.Side{flows.Client, flows.Server} {
		entered, fin := p.Entered(side, flows.CloseWait), p.fin(side.Peer())
		// Only its ACK of the FIN proves CLOSE_WAIT.
		if entered == nil || fin == nil || entered.Certainty != flows.Proved || p.Since(entered.Time) < p.Limit() {
			continue
		}
		if closed := p.fin(side); closed != nil {
			p.closedLate(side, fin, entered, closed)
		} else if p.Over && p.Ends[side].State() == flows.CloseWait {
			p.notClosed(side, fin, entered)
		}
	}
}

// closedLate judges an end that was in CLOSE_WAIT and closed.
func (p *Pass) closedLate(side flows.Side, fin, entered, closed *flows.Transition) {
	waited := time.Duration(closed.Time - entered.Time)
	if waited < p.Limit() || p.Ends[side].AfterPeerFIN > 0 {
		return
	}
	other := side.Peer()
	p.Report(Finding{
		Severity: Notice, Confidence: Certain, Variant: "late", Endpoint: by(side), Lasted: waited,
		Packets: inOrder(fin.Packet, p.ackOfFIN(other), closed.Packet),
		Summary: fmt.Sprintf("the %s closed only %s after the %s had", side, span.String(waited), other),
		Why:     fmt.Sprintf("the FIN of the %s is in packet %d, that of the %s in packet %d, and in between it sent nothing", other, fin.Packet, side, closed.Packet),
		Next:    "a program that notices late that the other end has closed: does it read, or poll for it, while it waits?",
	})
}

// notClosed judges an end that is in CLOSE_WAIT.
func (p *Pass) notClosed(side flows.Side, fin, entered *flows.Transition) {
	end, other := &p.Ends[side], side.Peer()
	idle, waited := p.Since(max(end.Last, entered.Time)), p.Since(entered.Time)
	f := Finding{Variant: "idle", Confidence: p.Absent(), Endpoint: by(side), Lasted: waited,
		Packets: inOrder(fin.Packet, p.ackOfFIN(other)),
		Summary: fmt.Sprintf("the %s closed, the %s has not for %s: it sits in CLOSE_WAIT, idle for %s", other, side, span.String(waited), span.String(idle)),
		Why:     fmt.Sprintf("the FIN of the %s in packet %d was acknowledged, so the %s knows; no FIN of it followed until the end of the capture", other, fin.Packet, side),
		Next:    fmt.Sprintf("on %s: ss -tnp state close-wait 'sport = :%d' (which program holds it)", end.Addr.Addr(), end.Addr.Port()),
	}
	switch {
	case end.AfterPeerFIN > 0 && idle < p.Limit():
		f.Severity, f.Variant = Notice, "sending"
		f.Summary = fmt.Sprintf("the %s has not closed for %s after the %s did, and goes on sending: %s", side, span.String(waited), other, bytes(end.AfterPeerFIN))
		f.Why = fmt.Sprintf("the FIN in packet %d is acknowledged; the %s may go on, where the other end only called shutdown()", fin.Packet, side)
	case side == flows.Client:
		f.Severity = Notice
		f.Next += "; a client that keeps connections for later closes when it takes this one; else its program does not call close()"
	case p.Flow.Capture.MissingSegments > 0:
		f.Confidence = Possible
		f.Why += ", which lacks other segments of this flow, and may lack that one"
	default:
		f.Next += "; its program does not call close(); no sysctl ends it (tcp_fin_timeout does not)"
	}
	p.Report(f)
}
