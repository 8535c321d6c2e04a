package report

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
)

// Overview is all that a report says of a capture which has been read to its end.
type Overview struct {
	Files    []string // as they were given
	Packets  uint64   // read
	Segments uint64   // of TCP
	Quotes   uint64   // ICMP errors that quote one
	Skipped  []Skipped
	Dropped  Dropped
	Flows    uint64 // in the capture; those reported on are in Summary.Totals
	Chosen   string // what of the capture was chosen, "": all
	// Command is what a user types to have packets of this capture printed: "tcpwhy a.pcap". It is "" where
	// the capture cannot be read again.
	Command string

	Summary  *analyzer.Summary
	Findings []*analyzer.Finding // of the whole capture
	Names    *Names
	Census   *Census // nil: not asked for
}

// read is how many packets were read, and that these are not all.
func (o *Overview) read() string {
	s := amount.Of(o.Packets, "packet", "packets")
	if o.Summary.Facts.Interrupted {
		s += " until it was interrupted"
	}
	return s
}

// Skipped is how many packets were skipped, and why.
type Skipped struct {
	Why    string // in plain words, fit to follow a count
	N      uint64
	Unread bool     // they may be TCP
	Links  []string // their link types, where it is for these
}

// unread is how many packets were skipped that may be TCP, and why, as one sentence; "" of none.
func (o *Overview) unread() (n uint64, sentence string) {
	var why []string
	for _, s := range o.Skipped {
		if !s.Unread {
			continue
		}
		n += s.N
		words := amount.Commas(s.N) + " " + s.Why
		if len(s.Links) > 0 {
			words += " " + strings.Join(s.Links, ", ")
		}
		why = append(why, words)
	}
	if n == 0 {
		return 0, ""
	}
	return n, "Not read as far as TCP: " + amount.Of(n, "packet", "packets") + " (" + strings.Join(why, ", ") + ")"
}

// Dropped is how many packets were lost before they could be captured; Known is false where the capture
// does not tell.
type Dropped struct {
	N     uint64
	Known bool
}

// entry is what stands on one line of a report's findings: a finding of the whole capture, or one that flows to
// the same server, or to many, show in the same way.
type entry struct {
	whole   *analyzer.Finding // or nil
	group   *analyzer.Group   // or nil; of all servers
	server  *analyzer.Server  // of group; of several, the one with most flows
	flows   uint64
	of      uint64  // flows that the servers have in all
	servers []entry // where they are several: what each of them shows, most flows first
}

func (e *entry) severity() analyzer.Severity {
	if e.whole != nil {
		return e.whole.Severity
	}
	return e.group.Severity
}

func (e *entry) rule() *analyzer.Rule { return e.example().Rule }

// example is a finding that stands for the entry.
func (e *entry) example() *analyzer.Finding {
	if e.whole != nil {
		return e.whole
	}
	return &e.group.Earliest
}

// first is the flow to look at.
func (e *entry) first() analyzer.Example {
	n := e.example()
	if e.whole != nil {
		return n.Example
	}
	return analyzer.Example{Flow: n.Flow, File: n.File, Packet: n.Packet, Time: e.group.First, Client: n.Client}
}

// subject is the server or the source that the entry is about; invalid where it is about the whole capture.
func (e *entry) subject() netip.AddrPort {
	switch {
	case e.group != nil:
		return e.server.Addr
	case e.whole.Server.IsValid():
		return e.whole.Server
	}
	return e.whole.Client
}

// entries are the findings, the gravest first; of equals, those of the whole capture, then those of most flows.
// Findings of flows that are part of one of the whole capture are not among them, those that are part of one of the other end only if
// all are wanted.
func (o *Overview) entries(everything bool) []entry {
	var all []entry
	for _, n := range o.Findings {
		all = append(all, entry{whole: n, flows: n.Flows})
	}
	for _, s := range o.Summary.Servers {
		for _, g := range s.Groups {
			if g.Cause == "" || everything && analyzer.RuleNamed(g.Cause).Flow != nil {
				all = append(all, entry{group: g, server: s, flows: g.Flows, of: s.Flows})
			}
		}
	}
	slices.SortStableFunc(all, compareEntries)
	all = acrossServers(all)
	slices.SortStableFunc(all, compareEntries)
	return all
}

func compareEntries(a, b entry) int {
	whole := func(e *entry) int {
		if e.whole != nil {
			return 0
		}
		return 1
	}
	x, y := a.example(), b.example()
	return cmp.Or(cmp.Compare(b.severity(), a.severity()), cmp.Compare(whole(&a), whole(&b)),
		cmp.Compare(b.flows, a.flows), cmp.Compare(x.Rule.Name, y.Rule.Name), a.subject().Compare(b.subject()),
		cmp.Compare(x.Variant, y.Variant), cmp.Compare(x.Endpoint, y.Endpoint), cmp.Compare(x.Time, y.Time))
}
