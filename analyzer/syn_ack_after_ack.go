package analyzer

import (
	"fmt"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// The server repeats its SYN-ACK although a valid ACK of it had passed: it did not take the ACK.
// connect() has returned, the client sends, and waits one, three, seven seconds for nothing. Linux
// ignores the ACK where the accept queue is full (listen(2) backlog), and where TCP_DEFER_ACCEPT waits
// for data; or the ACK was lost beyond the point of capture. Which is likelier:
//
//   - ignored: data was sent after the ACK, again and again, and not taken either, or more than one ACK was
//     not taken, or the SYN-ACK echoes the time stamp of the ACK: a full accept queue.
//   - deferred: no data had come, and the first repetition was held back beyond the first
//     retransmission timeout, as Linux does for TCP_DEFER_ACCEPT alone: no fault.
//   - lost-or-ignored: one ACK, and nothing that tells more; or the server had sent other segments meanwhile, as
//     one whose queue is full does not.
//
// It is a warning where data had to wait, or several ACKs.
//
// A SYN-ACK that follows the ACK within the round trip to the server was on its way when the ACK
// passed, and one within 200 ms of the first is no retransmission: those are not meant.
var synAckAfterACK = &Rule{
	Name:     "syn-ack-after-ack",
	Title:    "SYN-ACK repeated although a valid ACK had passed",
	RFC:      "RFC 9293 §3.10.7.4; RFC 6298 §5",
	Severity: Warning,
	signs:    on(flows.NoteACKIgnored),
	Flow:     judgeSYNACKAfterACK,
}

// deferred is when Linux repeats a SYN-ACK at the earliest where TCP_DEFER_ACCEPT holds it back: not
// at the first timeout, after one second, but at a later one.
const deferred = 2500 * time.Millisecond

func judgeSYNACKAfterACK(p *Pass) {
	var first flows.Event
	var ignored []uint64 // the SYN-ACKs
	for _, e := range p.Events {
		switch {
		case e.Kind == flows.NoteACKIgnored && first.Kind == flows.NoteNone:
			first = e
			ignored = append(ignored, e.At)
		case e.Kind == flows.NoteSYNACKAgain && first.Kind != flows.NoteNone && e.At > first.At:
			ignored = append(ignored, e.At)
		}
	}
	if first.Kind == flows.NoteNone || !first.D.OK || first.D.D <= p.roundTrip() {
		return
	}
	synacks, at := p.SYNACKs()
	if len(synacks) == 0 || first.Time-at[0] < int64(soonestRepeat) {
		return
	}
	data := uint64(first.N)
	if len(p.EventsOf(flows.NoteFastOpenIgnored)) > 0 {
		data = 0 // it counts what was on the SYN
	}
	client, server := p.Client(), p.Server()
	ack := p.tookBack(flows.Server, flows.Established, first.At)
	f := Finding{Confidence: Certain, Endpoint: flows.ByServer, Packets: inOrder(append(ignored, synacks[0], ack)...)}
	f.Why = fmt.Sprintf("the ACK in %s acknowledges the SYN-ACK and fits; %s later the server sent its SYN-ACK again in %s", packets(ack), span.String(first.D.D), packets(ignored...))
	queue := fmt.Sprintf("on %s: ss -ltn 'sport = :%d' (Recv-Q above Send-Q: full now); nstat -az TcpExtListenOverflows (rises during a wait: proved); a longer queue is listen(backlog) and net.core.somaxconn, the smaller counts", server.Addr.Addr(), server.Addr.Port())
	less := func(loss string) string { // what speaks against a loss
		if first.Arrived {
			return "; it echoes a time stamp that the client sent with that ACK or later, so nothing was lost"
		}
		return loss
	}
	likely := "accept queue full (likely)"
	if !initialTTL(server.TTL) && !first.Arrived {
		likely = "accept queue full, or all of it lost beyond this point"
	}
	switch {
	case first.Spoke:
		// A full queue is silent.
		f.Variant = "lost-or-ignored"
		if len(ignored) == 1 && !first.Resent {
			f.Severity = Notice
		}
		f.Summary = "a valid ACK was not taken, though the server speaks: lost beyond this point, or refused for its time stamp"
		f.Why += "; it had sent other segments before, which a server with a full accept queue does not"
		f.Next = fmt.Sprintf("loss on the way from here to %[1]s (ip -s link on both ends of it); else on %[1]s: nstat -az TcpExtPAWSEstab TcpExtTCPChallengeACK", server.Addr.Addr())
	case data > 0 && first.Resent:
		f.Variant = "ignored"
		f.Summary = fmt.Sprintf("a valid ACK and %s were ignored: %s", bytes(data), likely)
		f.Why += less("; that all of it was lost beyond this point, also what was sent again, is less likely")
		f.Next = queue
	case first.Time-at[0] >= int64(deferred):
		f.Variant, f.Severity = "deferred", Notice
		f.Summary = "a valid ACK without data was ignored: TCP_DEFER_ACCEPT (likely)"
		f.Why += less("") + fmt.Sprintf("; not after one second, but %s after the first: so Linux waits for data where the listener has set TCP_DEFER_ACCEPT", between(at[0], first.Time))
		f.Next = "nothing, where the client is to speak first; a client that waits for the server to speak waits that long"
	case len(ignored) > 1 && p.answered(ignored):
		f.Variant = "ignored"
		f.Summary = fmt.Sprintf("valid ACKs were ignored %s: %s", times(len(ignored)), likely)
		f.Why += less("; each was acknowledged, and that every ACK was lost beyond this point is less likely")
		f.Next = queue
	case first.Arrived:
		f.Variant, f.Severity = "ignored", Notice
		f.Summary = "a valid ACK arrived and was ignored: accept queue full, or TCP_DEFER_ACCEPT"
		f.Why += less("")
		f.Next = queue
	default:
		f.Variant, f.Severity = "lost-or-ignored", Notice
		f.Summary = "a valid ACK was not taken: lost beyond this point, accept queue full, or TCP_DEFER_ACCEPT"
		if initialTTL(server.TTL) && !initialTTL(client.TTL) {
			f.Summary = "a valid ACK was not taken: accept queue full or TCP_DEFER_ACCEPT (likely), or lost in the last hop"
			f.Why += "; no router lies between this point and the server (its TTL is an initial one), so a loss is less likely"
		}
		f.Next = queue
	}
	_, f.Lasted = ignoredACK(p.Flow)
	if o := p.Opening; o.Outcome == flows.OpeningComplete && o.ServerReady.OK && o.Connect.OK {
		f.Lasted = o.ServerReady.D - o.Connect.D
		f.Summary += fmt.Sprintf("; connect() took %s, the server was ready after %s", span.String(o.Connect.D), span.String(o.ServerReady.D))
	}
	p.Report(f)
}

// roundTrip is the time from the point of capture to the server and back, at the most: where it
// cannot be told which SYN was answered, it was the first.
func (p *Pass) roundTrip() time.Duration {
	_, syns := p.SYNs()
	_, synacks := p.SYNACKs()
	if (p.Opening.Ambiguous || !p.Opening.SYNToSYNACK.OK) && len(syns) > 0 && len(synacks) > 0 {
		return time.Duration(synacks[0] - syns[0])
	}
	return p.Opening.SYNToSYNACK.D
}

// tookBack is the packet that had shown the state which another packet took back; 0: none.
func (p *Pass) tookBack(side flows.Side, s flows.State, by uint64) uint64 {
	for i := range p.Transitions {
		if t := &p.Transitions[i]; t.Side == side && t.To == s && t.RevisedBy == by {
			return t.Packet
		}
	}
	return 0
}

// answered reports whether the client sent enough to have acknowledged all of these SYN-ACKs but
// the last, beside the first of all.
func (p *Pass) answered(again []uint64) bool {
	c := p.Client()
	return c.Packets >= uint64(c.Counts.SYN)+uint64(len(again))
}
