package analyzer

import (
	"time"
)

// Facts are what only the reader of a capture knows of it as a whole. The zero value knows of nothing amiss.
type Facts struct {
	Drops []Drop
	Cut   []Cut
	// Interrupted: the reader was told to end before it had seen all of the files.
	Interrupted bool
	Ceiling     Ceiling // what was given up there
}

// Drop is how many packets were lost on an interface before they could be captured.
type Drop struct {
	File      string // "" where it is a live capture
	Interface string // "" where the capture does not name it
	Packets   uint64 // for want of room: by the interface and by the operating system
}

// Cut is a file that could not be read to its end.
type Cut struct {
	File    string
	Packets uint64 // that were read of it
	Why     string // one clause, no capital, no period
}

// Summary is what is known of a whole capture beside the findings.
type Summary struct {
	Facts     Facts
	Totals    Totals
	Servers   []*Server // most flows first
	Hosts     []*Host   // clients, most flows first
	Forgotten *Forgotten
	Vantage   Vantage
	Back      Back
	Invalid   []InvalidFlags // most first
}

// CapturePass is what a rule is given of the whole capture.
type CapturePass struct {
	*Summary
	Now    int64 // time of the last packet, ns since 1970 UTC
	Lossy  bool  // the capture lost packets, so that absence proves less
	rule   *Rule
	limit  time.Duration
	report func(*Finding)
}

// Limit is the rule's limit in time, as the user has it.
func (p *CapturePass) Limit() time.Duration { return p.limit }

// Report tells of a finding. The rule and its severity (where f has none) are filled in.
func (p *CapturePass) Report(f Finding) {
	f.Rule = p.rule
	if f.Severity == Info {
		f.Severity = p.rule.Severity
	}
	if f.Time == 0 {
		f.Time = p.Now
	}
	p.report(&f)
}

// Parts are the findings of flows to s that a finding of the rule at hand would explain, the gravest first.
func (p *CapturePass) Parts(s *Server) []*Group { return s.parts(p.rule.Name) }
