package analyzer

import (
	"fmt"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// The handshake took long, though its SYN was sent but once (else that is syn-retransmitted). Either
// the path is long, or one end is slow to answer; which, the two halves of the time tell. Where the
// SYN-ACK was acknowledged only when it came again, and the SYN was not sent again, the first ACK was
// lost: the client was connected all the time.
//
// What one capture calls slow depends on the server: beside the limit of one second, ten times the
// median of the same server is judged at the end of the capture.
var slowHandshake = &Rule{
	Name:     "slow-handshake",
	Title:    "SYN, SYN-ACK and ACK took long by themselves",
	RFC:      "RFC 9293 §3.5; RFC 6298 §2.1",
	Severity: Warning,
	Limit:    time.Second,
	Timed:    true,
	signs:    longOpening,
	Flow:     judgeSlowHandshake,
	Capture:  judgeSlowHandshakes,
}

func judgeSlowHandshake(p *Pass) {
	o := p.Opening
	if o.Outcome != flows.OpeningComplete || !o.Handshake.OK || !o.SYNToSYNACK.OK || !o.SYNACKToACK.OK ||
		o.Handshake.D < p.Limit() {
		return
	}
	syns, _ := p.SYNs()
	synacks, _ := p.SYNACKs()
	if len(syns) > 1 {
		return // that is syn-retransmitted
	}
	ack := p.finalACK()
	f := Finding{Confidence: Certain, Lasted: o.Handshake.D, Packets: inOrder(append(append(syns, synacks...), ack)...)}
	if o.Ambiguous {
		f.Confidence = Likely
	}
	f.Summary = fmt.Sprintf("handshake took %s: SYN-ACK after %s, ACK %s later", span.String(o.Handshake.D), span.String(o.SYNToSYNACK.D), span.String(o.Handshake.D-o.SYNToSYNACK.D))
	client, server := p.Client().Addr.Addr(), p.Server().Addr.Addr()
	switch {
	case o.Kind == flows.KindSimultaneous:
		f.Confidence = Likely
		f.Summary = fmt.Sprintf("handshake took %s, in which both ends sent a SYN", span.String(o.Handshake.D))
		f.Why = "each end waited for the other's SYN-ACK"
		if again := p.Client().Retransmissions.SYNACK + p.Server().Retransmissions.SYNACK; again > 0 {
			f.Why += fmt.Sprintf(", and sent its own again, %s in all: what went before was lost", times(again))
		}
		f.Next = fmt.Sprintf("loss between %s and %s: ip -s link (errors, drops) on both ends of the way", client, server)
	case o.SYNToSYNACK.D >= o.Handshake.D/2:
		f.Endpoint = flows.ByServer
		f.Why = fmt.Sprintf("most of it passed before the SYN-ACK: on the way from here to %s and back, or in it", server)
		f.Next = fmt.Sprintf("ping -c 20 %s from here: as long, and it is the path; shorter, and it is the host (a proxy that connects onward before it answers, a host short of CPU)", server)
	case o.SYNACKs > 1:
		// A client without it would have sent its SYN again.
		f.Endpoint, f.Severity, f.Confidence = flows.ByClient, Notice, min(f.Confidence, Likely)
		f.Why = fmt.Sprintf("no ACK of the SYN-ACK in packet %d came here, but one of the SYN-ACK sent again; the client did not send its SYN again, so it had the first one, and the ACK was lost", synacks[0])
		f.Next = fmt.Sprintf("loss between here and %s: ip -s link (errors, drops) on both ends of it", client)
	default:
		// A server repeats a SYN-ACK after a second (RFC 6298 §2.1): this one did not have to.
		f.Endpoint, f.Severity, f.Confidence = flows.ByClient, Notice, min(f.Confidence, Likely)
		f.Why = fmt.Sprintf("most of it passed before the first ACK, and the server did not send its SYN-ACK again: on the way from here to %s and back, or in it, or an ACK that came sooner is not in the capture", client)
		f.Next = fmt.Sprintf("ping -c 20 %s from here: as long, and it is the path", client)
	}
	p.Report(f)
}

// finalACK is the packet that let the server leave SYN_RCVD, if only it seemed so.
func (p *Pass) finalACK() uint64 {
	for i := range p.Transitions {
		if t := &p.Transitions[i]; t.Side == flows.Server && t.To == flows.Established {
			return t.Packet
		}
	}
	return 0
}
