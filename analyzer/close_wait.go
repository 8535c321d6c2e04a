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
	Flow:     judgeCloseWait,
}

func judgeCloseWait(p *Pass) {
	for _, side := range []flows.Side{flows.Client, flows.Server} {
		entered, fin := p.Entered(side, flows.CloseWait), p.fin(side.Peer())
		if entered == nil || fin == nil || entered.Certainty != flows.Proved {
			continue // it has not acknowledged the FIN
		}
		end, other := &p.Ends[side], side.Peer()
		f := Finding{Confidence: p.Absent(), Endpoint: by(side), Packets: inOrder(fin.Packet, p.ackOfFIN(side.Peer())), Lasted: p.Since(entered.Time)}
		look := fmt.Sprintf("on %s: ss -tnp state close-wait 'sport = :%d' (which program holds it)", end.Addr.Addr(), end.Addr.Port())
		if closed := p.fin(side); closed != nil {
			waited := time.Duration(closed.Time - entered.Time)
			if waited < p.Limit() || end.AfterPeerFIN > 0 || p.Closing.Outcome == flows.ClosingRSTAfterFIN && !p.Over {
				continue
			}
			f.Severity, f.Variant, f.Confidence, f.Lasted = Notice, "late", Certain, waited
			f.Packets = inOrder(append(f.Packets, closed.Packet)...)
			f.Summary = fmt.Sprintf("the %s closed only %s after the %s had", side, span.String(waited), other)
			f.Why = fmt.Sprintf("the FIN of the %s is in packet %d, that of the %s in packet %d, and in between it sent nothing", other, fin.Packet, side, closed.Packet)
			f.Next = "a program that notices late that the other end has closed: does it read, or poll for it, while it waits?"
			p.Report(f)
			continue
		}
		if end.State() != flows.CloseWait || !p.Over || p.Since(entered.Time) < p.Limit() {
			continue
		}
		idle := p.Since(max(end.Last, entered.Time))
		waited := span.String(p.Since(entered.Time))
		if end.AfterPeerFIN > 0 && idle < p.Limit() {
			f.Severity, f.Variant = Notice, "sending"
			f.Summary = fmt.Sprintf("the %s has not closed for %s after the %s did, and goes on sending: %s", side, waited, other, bytes(end.AfterPeerFIN))
			f.Why = fmt.Sprintf("the FIN in packet %d is acknowledged; the %s may go on, where the other end only called shutdown()", fin.Packet, side)
			f.Next = look
			p.Report(f)
			continue
		}
		f.Variant = "idle"
		f.Summary = fmt.Sprintf("the %s closed, the %s has not for %s: it sits in CLOSE_WAIT, idle for %s", other, side, waited, span.String(idle))
		f.Why = fmt.Sprintf("the FIN of the %s in packet %d was acknowledged, so the %s knows; no FIN of it followed until the end of the capture", other, fin.Packet, side)
		f.Next = look + "; its program does not call close(); no sysctl ends it (tcp_fin_timeout does not)"
		if side == flows.Client {
			f.Severity = Notice
			f.Next = look + "; a client that keeps connections for later closes when it takes this one; else its program does not call close()"
		}
		p.Report(f)
	}
}
