package analyzer

import (
	"slices"
	"time"

	"tcpwhy/flows"
)

// Pass is what a rule is given of one flow.
type Pass struct {
	*flows.Flow
	Now   int64  // time of the capture, ns since 1970 UTC
	Lossy bool   // the capture lost packets, so that absence proves less
	Over  bool   // nothing more will be known of the flow; false where it is judged as it goes on
	asked *asked // the rule
	found []*Finding
	shown signs     // of those that the rules name
	said  []telling // by rules that are not asked again
	// wordless: nobody has asked for words so far. A rule that many flows come under, as of a flood or a scan, leaves them
	// out then, and has one finding of a flow at the most: making them takes most of the time of such a flow.
	wordless bool
	reuse    bool // findings are valid until the next flow
}

// Limit is the rule's limit in time, as the user has it.
func (p *Pass) Limit() time.Duration { return p.asked.limit }

// Since is the time from t until now.
func (p *Pass) Since(t int64) time.Duration { return time.Duration(p.Now - t) }

// Report tells of a finding of this flow: what is only possible warns nobody. The rule, its severity (where f has none), flow and
// ends are filled in; where f has no packet, the last of Packets is it.
func (p *Pass) Report(f Finding) {
	f.Rule = p.asked.rule
	if f.Severity == Info {
		f.Severity = p.asked.rule.Severity
	}
	if f.Confidence == Possible { // merely unfinished, or the capture's doing
		f.Severity = min(f.Severity, Notice)
	}
	f.Flow, f.Flows, f.File = p.Number, 1, p.File
	f.Client, f.Server = p.Client().Addr, p.Server().Addr
	if n := len(f.Packets); f.Packet == 0 && n > 0 {
		f.Packet = f.Packets[n-1]
	}
	if f.Time == 0 {
		f.Time = p.timeOf(f.Packet)
	}
	f.Space = p.Flow.Space
	if f.Summary == "" {
		f.unsaid = unsaid{p, p.asked}
	}
	*p.room() = f
}

// room is that of another finding. Where none stays, it is what the flow before had: of half a million that were not answered
// a quarter of the time was to make and collect them.
func (p *Pass) room() *Finding {
	n := len(p.found)
	if p.reuse && n < cap(p.found) && p.found[:n+1][n] != nil {
		p.found = p.found[:n+1]
	} else {
		p.found = append(p.found, &Finding{})
	}
	return p.found[n]
}

// told reports whether a rule before this one has found something at that end.
func (p *Pass) told(r *Rule, at flows.Side) bool {
	return slices.Contains(p.said, telling{r, by(at)}) || slices.ContainsFunc(p.found, func(n *Finding) bool { return n.Rule == r && n.Endpoint == by(at) })
}

// timeOf is the time of a packet that changed something, or was out of the ordinary; of another, when the flow
// was last heard of.
func (p *Pass) timeOf(packet uint64) int64 {
	for i := range p.Transitions {
		if t := &p.Transitions[i]; t.Packet == packet {
			return t.Time
		}
	}
	for i := range p.Events {
		if e := &p.Events[i]; e.At == packet {
			return e.Time
		}
	}
	return p.Last
}

// Absent is the confidence of what rests on packets that are not there: the capture must have
// both directions, and have lost nothing.
func (p *Pass) Absent() Confidence {
	switch {
	case p.Flow.Capture.OneWay:
		return Possible
	case p.Lossy || p.Flow.Capture.MissingSegments > 0:
		return Likely
	}
	return Certain
}

// EventsOf are the flow's events of one kind, in order.
func (p *Pass) EventsOf(kind flows.NoteKind) (of []flows.Event) {
	for _, e := range p.Events {
		if e.Kind == kind {
			of = append(of, e)
		}
	}
	return of
}

// Entered is the transition with which an end came to a state that stands, or nil.
func (p *Pass) Entered(side flows.Side, s flows.State) *flows.Transition {
	for i := range p.Transitions {
		if t := &p.Transitions[i]; t.Side == side && t.To == s && t.Certainty != flows.Revised {
			return t
		}
	}
	return nil
}

// by is the end as a finding names it.
func by(s flows.Side) flows.Closer {
	if s == flows.Client {
		return flows.ByClient
	}
	return flows.ByServer
}

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
