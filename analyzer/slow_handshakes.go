package analyzer

import (
	"fmt"
	"slices"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// Ten times the median of a server is slow there, if somebody can feel it, and if there is a median to speak of.
const (
	slowFactor = 10
	slowFloor  = 100 * time.Millisecond
	slowSample = 20 // handshakes
)

// judgeSlowHandshakes is slow-handshake's part at the end of the capture: of each server, the handshakes below the limit
// that took ten times as long as half of them did.
func judgeSlowHandshakes(p *CapturePass) {
	for _, s := range p.Servers {
		t := &s.Handshake
		median := t.Median()
		if t.N < slowSample || median <= 0 {
			continue
		}
		slow := max(slowFactor*median, slowFloor)
		n := t.Between(slow, p.Limit())
		if n == 0 || 4*n > t.N || len(s.Slowest) == 0 || s.Slowest[0].Handshake < slow {
			continue
		}
		worst := &s.Slowest[0]
		f := Finding{Severity: Notice, Confidence: Certain, Variant: "median", Server: s.Addr, Space: s.Space, Flows: n,
			Lasted: worst.Handshake, Example: worst.Example,
			Summary: fmt.Sprintf("%s of %s took %s or more, where half of them took %s: the slowest %s", commas(n), of(t.N, "handshake", "handshakes"),
				span.String(slow), span.String(median), span.String(worst.Handshake))}
		rest := worst.Handshake - worst.SYNToSYNACK
		f.Why = fmt.Sprintf("of the slowest, #%d from %s, SYN-ACK came after %s, the ACK %s later", worst.Flow, worst.Client, span.String(worst.SYNToSYNACK), span.String(rest))
		if worst.SYNToSYNACK >= rest {
			f.Endpoint = flows.ByServer
			f.Next = fmt.Sprintf("what %s does at these times (vmstat 1, a proxy that connects onward before it answers), and the way to it", s.Addr.Addr())
		} else {
			f.Endpoint = flows.ByClient
			f.Next = fmt.Sprintf("the clients of these: far away, or on a way of their own (ping -c 20 %s)", worst.Client.Addr())
		}
		p.Report(f)
	}
}

// Slow is a flow whose handshake took long.
type Slow struct {
	Example
	Handshake, SYNToSYNACK time.Duration
}

// slowestKept is how many of these a server keeps.
const slowestKept = 3

// slow keeps the slowest handshakes that are not findings by themselves, the slowest first.
func (s *Server) slow(f *flows.Flow) {
	o := &f.Opening
	if o.Outcome != flows.OpeningComplete || !o.Handshake.OK || !o.SYNToSYNACK.OK || o.Handshake.D < slowFloor {
		return
	}
	i := len(s.Slowest)
	for i > 0 && s.Slowest[i-1].Handshake < o.Handshake.D {
		i--
	}
	if i == slowestKept {
		return
	}
	s.Slowest = slices.Insert(s.Slowest, i, Slow{exampleOf(f), o.Handshake.D, o.SYNToSYNACK.D})
	s.Slowest = s.Slowest[:min(len(s.Slowest), slowestKept)]
}
