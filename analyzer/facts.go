package analyzer

import (
	"slices"
	"time"

	"tcpwhy/flows"
)

// answerTime is how long an answer may take before its absence says something: what is lost is
// sent again after one second, and then after two (RFC 6298 §2.1, §5.5).
const answerTime = 3 * time.Second

// Missing is the confidence that an answer to the flow's last packet does not come: Absent, but
// Possible where the capture ended too soon to tell.
func (p *Pass) Missing() Confidence {
	if p.Capture.EndedOpen && p.Since(p.Last) < answerTime {
		return Possible
	}
	return p.Absent()
}

// SYNs are the packets of the client's SYN, the first and those sent again, and their times.
func (p *Pass) SYNs() (packets []uint64, at []int64) {
	if t := p.Entered(flows.Client, flows.SynSent); t != nil {
		packets, at = append(packets, t.Packet), append(at, t.Time)
	}
	return p.again(packets, at, flows.NoteSYNAgain, flows.Client)
}

// SYNACKs are the packets of the server's SYN-ACK, the first and those sent again, and their times.
func (p *Pass) SYNACKs() (packets []uint64, at []int64) {
	if t := p.Entered(flows.Server, flows.SynReceived); t != nil {
		packets, at = append(packets, t.Packet), append(at, t.Time)
	}
	return p.again(packets, at, flows.NoteSYNACKAgain, flows.Server)
}

func (p *Pass) again(packets []uint64, at []int64, kind flows.NoteKind, from flows.Side) ([]uint64, []int64) {
	for _, e := range p.Events {
		if e.Kind != kind || e.Side != from {
			continue
		}
		// What comes sooner, no timer sent again: the capture or the network has made it two.
		if n := len(at); n > 0 && e.Time-at[n-1] < int64(time.Millisecond) {
			continue
		}
		packets, at = append(packets, e.At), append(at, e.Time)
	}
	return packets, at
}

// inOrder are packet numbers as a finding gives them: sorted, each once, without 0.
func inOrder(packets ...uint64) []uint64 {
	slices.Sort(packets)
	packets = slices.Compact(packets)
	if len(packets) > 0 && packets[0] == 0 {
		packets = packets[1:]
	}
	return packets
}

// fin is the transition with which an end sent its FIN, or nil.
func (p *Pass) fin(side flows.Side) *flows.Transition {
	for i := range p.Transitions {
		t := &p.Transitions[i]
		if t.Side == side && t.Certainty != flows.Revised && (t.To == flows.FinWait1 || t.To == flows.LastAck) {
			return t
		}
	}
	return nil
}

// ackOfFIN is the packet that acknowledged an end's FIN, if only it seemed so; 0: none.
func (p *Pass) ackOfFIN(side flows.Side) uint64 {
	for _, s := range []flows.State{flows.FinWait2, flows.TimeWait} {
		if t := p.Entered(side, s); t != nil && (s == flows.FinWait2 || t.From == flows.Closing) {
			return t.Packet
		}
	}
	if t := p.Entered(side, flows.Closed); t != nil && t.From == flows.LastAck {
		return t.Packet
	}
	return 0
}

// FINs are the packets of an end's FIN, the first and those sent again, and their times.
func (p *Pass) FINs(side flows.Side) (packets []uint64, at []int64) {
	if t := p.fin(side); t != nil {
		packets, at = append(packets, t.Packet), append(at, t.Time)
	}
	return p.again(packets, at, flows.NoteFINAgain, side)
}

// rst is the RST that closed the flow: the first one where what it did still stands.
func (p *Pass) rst() (first flows.Event, ok bool) {
	for _, e := range p.EventsOf(flows.NoteRST) {
		if !ok {
			first, ok = e, true
		}
		for i := range p.Transitions {
			if t := &p.Transitions[i]; t.To == flows.Closed && t.Certainty != flows.Revised && t.Packet == e.At {
				return e, true
			}
		}
	}
	return first, ok
}

// answersData reports whether the RST answers data that its sender has not taken: what it had acknowledged before, a
// socket had got.
func (p *Pass) answersData(e flows.Event) bool {
	sent := &p.Ends[e.Side.Peer()]
	return e.Reset.AnswersData && (sent.Unacknowledged || sent.Resent > 0 || !e.Reset.Idle.OK)
}

// foreign reports whether the RST came with another TTL than its sender's other packets, by more
// than a change of route explains: something else on the way sent it.
func foreign(r *flows.Reset) bool {
	d := int(r.TTL) - int(r.UsualTTL)
	return r.UsualTTL != 0 && (d > 2 || d < -2)
}

// lastedUntil is how old the flow was at a time.
func (p *Pass) lastedUntil(t int64) time.Duration { return time.Duration(max(t-p.First, 0)) }
