package analyzer

import (
	"net/netip"
	"time"

	"tcpwhy/flows"
)

// Server is what is known of one server, an address and port in one network: counts over all of
// its flows.
type Server struct {
	Addr        netip.AddrPort
	Space       uint32
	Flows       uint64
	Opening     [9]uint64        // by flows.OpeningOutcome
	Closing     [10]uint64       // by flows.ClosingOutcome
	Found       map[*Rule]uint64 // flows with each finding
	First, Last int64

	HalfOpen, PeakHalfOpen uint64 // SYN-ACKs out and not acknowledged: now, and at the most
	PeakAt                 int64
}

// Host is what is known of one client address.
type Host struct {
	Addr  netip.Addr
	Flows uint64
}

// CapturePass is what a rule is given of the whole capture.
type CapturePass struct {
	Now     int64
	Lossy   bool
	Servers []*Server // most flows first
	Hosts   []*Host
	rule    *Rule
	limit   time.Duration
	report  func(*Finding)
}

// Limit is the rule's limit in time, as the user has it.
func (p *CapturePass) Limit() time.Duration { return p.limit }

// Report tells of a finding.
func (p *CapturePass) Report(f Finding) {
	f.Rule = p.rule
	if f.Severity == Info {
		f.Severity = p.rule.Severity
	}
	p.report(&f)
}

// peers is the one bounded table of servers and hosts.
type peers struct{}

func (*peers) step(*flows.Segment, *flows.Step) {}
func (*peers) finished(*flows.Flow, []*Rule)    {}
func (*peers) servers() []*Server               { return nil }
func (*peers) hosts() []*Host                   { return nil }
