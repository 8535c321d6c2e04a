package analyzer

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"tcpwhy/flows"
)

// Choice says which flows are wanted: those that each of its fields admits. A field that is empty
// admits all, one with several values those that any of them fits.
type Choice struct {
	Flows          []uint64 // numbers
	Client, Server []Endpoint
	States         []LastState
	Findings       []*Rule // also those of the whole capture that a flow is part of
	Where          Condition
	// Flows that were alive between; where packets are printed, the packets between.
	Since, Until When
}

// Condition is what a flow has to be like when it is finished. The zero value admits all. With several Workers, Holds is
// called by several goroutines at once.
type Condition struct {
	Holds    func(f *flows.Flow, found []*Finding) bool
	Findings bool // it asks what was found of the flow
}

// IsZero reports whether c admits all.
func (c *Condition) IsZero() bool { return c.Holds == nil }

// LastState is a state that an end was last seen in.
type LastState struct {
	state flows.State
	side  flows.Side
	both  bool // either end
}

// ParseLastState reads [client:|server:]STATE.
func ParseLastState(s string) (LastState, error) {
	var l LastState
	name := s
	if side, rest, ok := strings.Cut(s, ":"); ok {
		name = rest
		switch strings.ToLower(side) {
		case "client":
			l.side = flows.Client
		case "server":
			l.side = flows.Server
		default:
			return l, fmt.Errorf("%q: an end is client or server", side)
		}
	} else {
		l.both = true
	}
	var ok bool
	if l.state, ok = flows.ParseState(name); !ok {
		return l, fmt.Errorf("%q is no state (%s)", name, stateNames())
	}
	return l, nil
}

func stateNames() string {
	var names []string
	for s := flows.Closed; s < flows.NumStates; s++ {
		names = append(names, s.String())
	}
	return strings.Join(names, " ")
}

func (l LastState) match(f *flows.Flow) bool {
	if l.both {
		return f.Client().State() == l.state || f.Server().State() == l.state
	}
	return f.Ends[l.side].State() == l.state
}

// IsZero reports whether c admits everything.
func (c *Choice) IsZero() bool {
	return len(c.Flows) == 0 && len(c.Client) == 0 && len(c.Server) == 0 && len(c.States) == 0 &&
		len(c.Findings) == 0 && c.Where.IsZero() && c.Since.IsZero() && c.Until.IsZero()
}

// byEnd reports whether it depends on what a flow has come to in the end.
func (c *Choice) byEnd() bool { return len(c.States) > 0 || c.NeedsFindings() || !c.Where.IsZero() }

// NeedsFindings reports whether flows have to be judged to be chosen.
func (c *Choice) NeedsFindings() bool { return len(c.Findings) > 0 || c.Where.Findings }

// NeedsEnd reports whether c can be told only by who has seen the end of the capture, which where anything is told
// before a flow's end (of packets, of servers) is all that is asked of the state a flow ends in, of what is found of it, and Where.
func (c *Choice) NeedsEnd(early bool) bool {
	return c.Since.NeedsEnd() || c.Until.NeedsEnd() || early && c.byEnd()
}

// NeedsCauses reports whether c asks for flows that are part of a finding of the whole capture: only who has
// judged all of it knows them.
func (c *Choice) NeedsCauses() bool {
	return slices.ContainsFunc(c.Findings, func(r *Rule) bool { return r.Flow == nil })
}

// A chooser is a Choice at work in one capture.
type chooser struct {
	Choice
	all          bool // everything is wanted
	since, until int64
	scan         *Scan
}

// start resolves the times, at the first segment.
func (c *chooser) start(first int64) {
	c.all = c.IsZero()
	c.since, c.until = math.MinInt64, math.MaxInt64
	var last int64
	if c.scan != nil {
		first, last = c.scan.first, c.scan.last
	}
	if !c.Since.IsZero() {
		c.since = c.Since.In(first, last)
	}
	if !c.Until.IsZero() {
		c.until = c.Until.In(first, last)
	}
}

func (c *chooser) number(n uint64) bool { return len(c.Flows) == 0 || slices.Contains(c.Flows, n) }

// picked reports whether an earlier reading, where there was one, wants flow n for its end.
func (c *chooser) picked(n uint64) bool { return c.scan == nil || !c.byEnd() || c.scan.has(n) }

func (c *chooser) ends(client, server netip.AddrPort) bool {
	return anyEndpoint(c.Client, client) && anyEndpoint(c.Server, server)
}

func anyEndpoint(es []Endpoint, ap netip.AddrPort) bool {
	return len(es) == 0 || slices.ContainsFunc(es, func(e Endpoint) bool { return e.Match(ap) })
}

// flow reports whether f, which is finished, is wanted.
func (c *chooser) flow(f *flows.Flow) bool {
	return c.number(f.Number) && c.picked(f.Number) && c.ends(f.Client().Addr, f.Server().Addr) && c.lastState(f) &&
		f.First <= c.until && f.Last >= c.since && (c.Where.IsZero() || c.Where.Findings || c.Where.Holds(f, nil))
}

// found reports whether a flow of which this was found is wanted for it.
func (c *chooser) found(f *flows.Flow, found []*Finding) bool {
	if !c.Where.IsZero() && !c.Where.Holds(f, found) {
		return false
	}
	return len(c.Findings) == 0 || slices.ContainsFunc(found, func(n *Finding) bool {
		return slices.ContainsFunc(c.Findings, func(r *Rule) bool { return n.Rule == r || n.Cause == r.Name })
	})
}

func (c *chooser) lastState(f *flows.Flow) bool {
	return len(c.States) == 0 || slices.ContainsFunc(c.States, func(l LastState) bool { return l.match(f) })
}

// packet reports whether a packet is wanted. One that belongs to no flow can be wanted only for
// its time.
func (c *chooser) packet(seg *flows.Segment, step *flows.Step) bool {
	if seg.Time < c.since || seg.Time > c.until {
		return false
	}
	if len(c.Flows) == 0 && len(c.Client) == 0 && len(c.Server) == 0 && !c.byEnd() {
		return true
	}
	if step.Flow == 0 || !c.number(step.Flow) {
		return false
	}
	return c.picked(step.Flow) && c.of(seg, step)
}

// counts reports whether a packet counts for what is known of servers.
func (c *chooser) counts(seg *flows.Segment, step *flows.Step) bool {
	return seg.Time >= c.since && seg.Time <= c.until && c.number(step.Flow) && c.picked(step.Flow) && c.of(seg, step)
}

// of reports whether the ends of a packet's flow are wanted.
func (c *chooser) of(seg *flows.Segment, step *flows.Step) bool {
	if len(c.Client) == 0 && len(c.Server) == 0 {
		return true
	}
	client := netip.AddrPortFrom(seg.Src.Netip(), seg.SrcPort)
	server := netip.AddrPortFrom(seg.Dst.Netip(), seg.DstPort)
	if step.Side == flows.Server {
		client, server = server, client
	}
	return c.ends(client, server)
}
