package diff

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// Kind is what a Snapshot was made of.
type Kind uint8

const (
	Packets     Kind = iota // a capture
	SavedFlows              // rows of flows: nothing in it is of the whole capture
	SavedReport             // a report: no flow in it, but counts of each server
)

func (k Kind) String() string { return [...]string{"capture", "saved flows", "saved report"}[k] }

// Snapshot is what is kept of one side. Of each of the first million flows that is 48 bytes, and some 110 more
// while they are matched; of each of the first 65,536 servers some 500, and of the first 4,096 of these up to
// 20 kB of how long openings took. Flows beyond are counted for their server, servers beyond are counted.
type Snapshot struct {
	Name  string // as it was given
	Kind  Kind
	Flows uint64
	First int64 // time of the first flow, ns since 1970 UTC; 0: not known
	// Packets that were read; 0: not known.
	Packets uint64
	// Shed flows are those that nothing is known of: given up at the ceiling while the capture was read.
	Shed uint64
	// Partial flows are compared as far as they are known: they were given up there, and went on or, in a report, are counted.
	Partial uint64
	// Limits are what bound there, as who set it knows it; none: nothing, or that is not known.
	Limits []string
	// Network names what a flow of a capture came through, by flows.Flow.Via, as the function Network does.
	Network func(via uint32) string

	servers   map[server]*tally
	forgotten uint64 // flows of servers that are not kept
	counted   bool   // flows are not kept, but counted
	kept      int    // flows
	summed    bool   // flows that were given up are counted too, for their servers
	limits    limits
	outcomes  *outcomes
	found     map[whole]analyzer.Severity
}

type limits struct{ flows, servers, timed int }

// server is where flows go to: an address and port in one network.
type server struct {
	addr    netip.AddrPort
	network string // VLAN tags and tunnel, or ""
}

func (s server) String() string {
	if s.network == "" {
		return s.addr.String()
	}
	return s.addr.String() + " in " + s.network
}

func (s server) compare(t server) int {
	return cmp.Or(s.addr.Compare(t.addr), cmp.Compare(s.network, t.network))
}

// tally is what is known of the flows to one server.
type tally struct {
	flows    uint64
	opening  [flows.NumOpenings]uint64 // by flows.OpeningOutcome
	closing  [flows.NumClosings]uint64 // by flows.ClosingOutcome
	shed     uint64                    // flows that are counted as they stood when they were given up
	absent   uint64                    // flows that are not counted, and may be among those given up
	unasked  uint64                    // flows at most that went on after they were given up: no rule was asked of them
	early    uint64                    // flows at most whose row was written early, as orderly closed: see outcome.endsEarly
	findings map[string]uint64         // flows, by the finding's name
	times    [len(timeNames)]times
	rows     []row
}

// row is one flow.
type row struct {
	client  netip.AddrPort
	number  uint64
	outcome int32 // of outcomes
	partial bool  // its beginning was given up at the ceiling
	early   bool  // it was written early there: what came after its end is not known
}

// whole names a finding of the whole capture.
type whole struct{ finding, subject string }

// Comparison is what two snapshots that are to be compared have in common.
type Comparison struct {
	outcomes outcomes
	limits   limits
}

// NewComparison is one of two sides that are yet to be read, by a program that may take so many bytes: of a gigabyte a third is for these.
func NewComparison(bytes uint64) *Comparison {
	share := func(most uint64) int {
		const gigabyte = 1_000_000_000
		return int(max(1, most*min(bytes, gigabyte)/gigabyte))
	}
	return &Comparison{limits: limits{flows: share(1 << 20), servers: share(1 << 16), timed: share(1 << 12)}}
}

// Snapshot is an empty one of a capture, to be filled as an output of an analyzer.Run.
func (c *Comparison) Snapshot(name string) *Snapshot {
	return &Snapshot{Name: name, servers: map[server]*tally{}, limits: c.limits, outcomes: &c.outcomes,
		found: map[whole]analyzer.Severity{}}
}

// Flow takes a flow that is finished.
func (s *Snapshot) Flow(f *flows.Flow, found []*analyzer.Finding) error {
	var names []string
	for _, n := range found {
		if n.Severity > analyzer.Info {
			names = append(names, n.Rule.Name)
		}
	}
	network := ""
	if f.Via != 0 {
		network = s.Network(f.Via)
	}
	s.add(f, network, names)
	return nil
}

// Finding takes a finding of the whole capture; those of flows come with these.
func (s *Snapshot) Finding(n *analyzer.Finding) error {
	if n.Flow == 0 && n.Severity > analyzer.Info {
		s.foundWhole(n.Rule.Name, subject(n.Client, n.Server), n.Severity)
	}
	return nil
}

func (s *Snapshot) foundWhole(finding, subject string, severity analyzer.Severity) {
	key := whole{finding, subject}
	s.found[key] = max(s.found[key], severity)
}

// subject is whom a finding is of. A host has no port.
func subject(client, server netip.AddrPort) string {
	for _, ap := range []netip.AddrPort{server, client} {
		switch {
		case ap.IsValid() && ap.Port() == 0:
			return ap.Addr().String()
		case ap.IsValid():
			return ap.String()
		}
	}
	return ""
}

// add takes a flow with the names of what was found of it, in any order.
func (s *Snapshot) add(f *flows.Flow, network string, found []string) {
	s.Flows++
	if f.Capture.Resumed {
		s.Partial++
	}
	if s.First == 0 || f.First != 0 && f.First < s.First {
		s.First = f.First
	}
	of := s.server(server{f.Server().Addr, network})
	if of == nil {
		s.forgotten++
		return
	}
	of.flows++
	of.opening[f.Opening.Outcome]++
	of.closing[f.Closing.Outcome]++
	if f.Capture.Resumed {
		of.unasked++
	}
	if f.Capture.Early && f.Closing.Outcome == flows.ClosingOrderly {
		of.early++
	}
	for _, name := range found {
		of.findings[name]++
	}
	slices.Sort(found)
	found = slices.Compact(found)
	for i, e := range timesOf(&f.Opening) {
		of.times[i].add(e)
	}
	if s.kept == s.limits.flows {
		s.counted = true
		return
	}
	s.kept++
	of.rows = append(of.rows, row{f.Client().Addr, f.Number, s.outcomes.number(outcomeOf(f, strings.Join(found, ", "))), f.Capture.Resumed, f.Capture.Early})
}

// Sum takes how many flows there were to each server, and how they stood, with those that were given up at the ceiling.
func (s *Snapshot) Sum(of *analyzer.Summary) {
	s.Flows, s.summed = of.Totals.Flows, true
	for _, v := range of.Servers {
		network := ""
		if v.Space != 0 {
			network = s.Network(v.Space)
		}
		if t := s.server(server{v.Addr, network}); t != nil {
			t.flows, t.opening, t.closing, t.shed = v.Flows, v.Opening, v.Closing, v.Shed.N()
		}
	}
}

// server is the tally of a server; nil where there are too many.
func (s *Snapshot) server(key server) *tally {
	t := s.servers[key]
	if t == nil && len(s.servers) < s.limits.servers {
		t = &tally{findings: map[string]uint64{}}
		if len(s.servers) < s.limits.timed {
			for i := range t.times {
				t.times[i].measured = &analyzer.Timing{}
			}
		}
		s.servers[key] = t
	}
	return t
}

// atCeiling tells, of side OLD or NEW, what was done with n flows that were given up at the ceiling, or written early there: one clause, or none.
func (s *Snapshot) atCeiling(side string, n uint64, what, where string) []string {
	if n == 0 {
		return nil
	}
	if len(s.Limits) > 0 {
		where += " (" + strings.Join(s.Limits, ", ") + ")"
	}
	return []string{fmt.Sprintf("%s: %s of %s, %s", what, of(n, "flow"), side, where)}
}

// rows reports whether each flow of s is kept.
func (s *Snapshot) rows() bool { return s.Kind != SavedReport && !s.counted }

// whole reports whether s knows what was found of the whole capture.
func (s *Snapshot) whole() bool { return s.Kind != SavedFlows }

// String tells what s is: "capture, 12 flows to 2 servers".
func (s *Snapshot) String() string {
	return fmt.Sprintf("%s, %s to %s", s.Kind, of(s.Flows, "flow"), of(uint64(len(s.servers)), "server"))
}
