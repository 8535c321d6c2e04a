package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// A challenge ACK: an end with an open connection answers a SYN on it, or a RST that is not exact, with a
// plain ACK of where it stands, and goes on (RFC 5961). A sender that has no such connection answers with a
// RST that is exact; one that has it does not. So it is how TCP keeps forged and old segments from doing
// harm, and seen only where such come. Linux sends a limited number in a second
// (net.ipv4.tcp_challenge_ack_limit).
var challengeACK = &Rule{
	Name:     "challenge-ack",
	Title:    "a SYN or RST on an open connection was challenged",
	RFC:      "RFC 5961 §3.2, §4.2; RFC 9293 §3.10.7.4",
	Severity: Info,
	signs:    on(flows.NoteChallengeACK),
	Flow:     judgeChallengeACK,
}

func judgeChallengeACK(p *Pass) {
	for i, e := range p.Events {
		if e.Kind != flows.NoteChallengeACK {
			continue
		}
		drawn, what := flows.Event{}, ""
		for _, d := range p.Events[:i] {
			if d.Side == e.Side {
				continue
			}
			switch d.Kind {
			case flows.NoteSYNWaits, flows.NoteSYNAgain:
				drawn, what = d, "a SYN"
			case flows.NoteRSTNotBelieved:
				drawn, what = d, "a RST that is not exact"
			}
		}
		if what == "" || p.stateAt(e.Side, e.Time) < flows.Established {
			continue
		}
		f := Finding{Confidence: Likely, Endpoint: by(e.Side), Packets: inOrder(drawn.At, e.At)}
		f.Summary = fmt.Sprintf("the %s answered %s on a connection that it has with a challenge ACK", e.Side, what)
		f.Why = fmt.Sprintf("packet %d says again where the %s stands, %s after the segment in packet %d", e.At, e.Side, between(drawn.Time, e.Time), drawn.At)
		f.Next = fmt.Sprintf("who sends %s in the name of %s: the host itself after a restart (see peer-lost-state), another one behind the same NAT, or a forger", what, p.Ends[e.Side.Peer()].Addr.Addr())
		if drawn.Kind == flows.NoteRSTNotBelieved {
			f.Next = fmt.Sprintf("an old RST, or a forged one: does its TTL fit the other packets of %s? its true sender would send it again, exact", p.Ends[e.Side.Peer()].Addr.Addr())
		}
		p.Report(f)
		return
	}
}
