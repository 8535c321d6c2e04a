package analyzer

import (
	"fmt"
	"strings"
	"time"

	"tcpwhy/analyzer/span"
)

// One source asks many ports of a host, or one port of many hosts, whether somebody listens, and opens none of them:
// it answers each SYN-ACK by a RST, and no program there ever hears of it. What answers by a RST is closed, what does not
// answer is filtered or not there.
//
// A client with peers that are gone asks many hosts too, but each at a port of its own; one without a network asks many
// that are all silent, and sends its SYNs again.
var synScan = &Rule{
	Name:     "syn-scan",
	Title:    "one source probes many ports or hosts, and opens none",
	RFC:      "RFC 9293 §3.5.2, §3.10.7.1",
	Severity: Notice,
	Capture:  func(p *CapturePass) { p.scans(scanSYN) },
	Explains: &Explains{
		Findings: []string{"half-open", "refused", "syn-unanswered", "unreachable"},
		Host:     func(h *Host) bool { return h.scanSoFar() == scanSYN },
	},
}

// scanKind is how a source looks for open ports.
type scanKind uint8

const (
	scanNone scanKind = iota
	scanSYN
	scanConnect
)

const (
	scanTargets = 25 // ports, or hosts, that came to nothing before one speaks of a scan
	scanSpread  = 15 // ports to an address, or addresses to a port
)

// scanSoFar is scan as it was when h had nearly as many flows: estimates made anew for each flow of a scan took 70 us of it.
func (h *Host) scanSoFar() scanKind {
	p := h.Probes
	if p == nil {
		return scanNone
	}
	if h.Flows >= p.scanDue {
		p.scan, p.scanDue = h.scan(), h.Flows+h.Flows/64
	}
	return p.scan
}

// scan tells what kind of scan the flows of h are that came to nothing.
func (h *Host) scan() scanKind {
	p := h.Probes
	if p == nil || p.Flows < scanTargets {
		return scanNone
	}
	targets := p.Targets.N()
	shut := p.Refused + p.Silent + p.Answered
	switch {
	case targets < scanTargets,
		p.Flows > 4*targets, // it keeps on asking: a client, or a monitor
		2*p.Flows < h.Flows, // it mostly does something else
		2*shut < p.Flows,    // it is mostly let in
		p.Silent == p.Flows && 2*p.Retried >= p.Flows, // it has no network
		targets < scanSpread*p.Addresses.N() && targets < scanSpread*p.Ports.N():
		return scanNone
	case p.Opened > p.Answered, p.Answered == 0 && p.Retried > 0:
		return scanConnect // a socket's SYN comes again where it is not answered
	}
	return scanSYN
}

func (p *CapturePass) scans(kind scanKind) {
	for _, h := range p.Hosts {
		if h.scan() == kind {
			p.Report(p.scanOf(h, kind))
		}
	}
}

func (p *CapturePass) scanOf(h *Host, kind scanKind) Finding {
	r := h.Probes
	f := Finding{Confidence: Likely, Flows: r.Flows}
	p.explainHost(&f, h)
	f.Since, f.Until = r.First, r.Last
	f.Summary = fmt.Sprintf("%s tried %s in %s: %s", h.Addr, r.targets(), span.String(time.Duration(r.Last-r.First)), r.answers())
	switch {
	case r.Opened > 0 && r.Opened >= r.Answered:
		f.Why = fmt.Sprintf("it opened %s and closed each again without a byte", of(r.Opened, "connection", "connections"))
	case r.Answered > 0:
		f.Why = fmt.Sprintf("it answered %s by a RST without having acknowledged any: nothing on it waits for these connections", of(r.Answered, "SYN-ACK", "SYN-ACKs"))
	case kind == scanConnect:
		f.Why = "no port was open; its SYNs come again when they are not answered, as those of sockets do"
	default:
		f.Confidence = Possible
		f.Why = "no port was open, so whether it would have opened a connection does not show"
	}
	f.Why += fmt.Sprintf("; %s of its %s came to nothing", commas(r.Flows), of(h.Flows, "connection", "connections"))
	if len(r.Open) > 0 {
		f.Why += "; open: " + r.open()
	}
	f.Next = fmt.Sprintf("who is %s, and may it do so? a scanner of one's own, a monitor, or an intruder; what answered, is it meant to be reached from there (nft list ruleset)?", h.Addr)
	return f
}

// targets are what was tried: ports of a host, or hosts, or both.
func (p *Probes) targets() string {
	switch {
	case p.Addresses.N() == 1 && len(p.Open) > 0:
		return fmt.Sprintf("%s of %s", p.Targets.Words("port", "ports"), p.Open[0].Addr())
	case p.Addresses.N() == 1:
		return fmt.Sprintf("%s of one host", p.Targets.Words("port", "ports"))
	case p.Ports.N() == 1:
		return fmt.Sprintf("port %d of %s", p.LowestPort, p.Addresses.Words("host", "hosts"))
	}
	return fmt.Sprintf("%s of %s", p.Ports.Words("port", "ports"), p.Addresses.Words("host", "hosts"))
}

// answers are how many did what.
func (p *Probes) answers() string {
	var said []string
	for _, a := range []struct {
		n   uint64
		how string
	}{{p.Answered + p.Opened, "open"}, {p.Refused, "closed"}, {p.Silent, "without an answer"}} {
		if a.n > 0 {
			said = append(said, commas(a.n)+" "+a.how)
		}
	}
	return strings.Join(said, ", ")
}

func (p *Probes) open() string {
	var ports []string
	for _, o := range p.Open {
		ports = append(ports, o.String())
	}
	if uint64(len(p.Open)) < p.Answered+p.Opened && len(p.Open) == openKept {
		ports = append(ports, "and others")
	}
	return strings.Join(ports, ", ")
}
