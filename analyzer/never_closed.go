package analyzer

import (
	"fmt"
	"time"

	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// A connection that was opened and not closed, and of which nothing came for a while before the capture
// ended; or whose ports were used anew. It may be idle, and well. It may also be one that nobody will
// use again: a client that went away without a word, or a close that is not in the capture.
var neverClosed = &Rule{
	Name:     "never-closed",
	Title:    "opened, and not closed before it fell silent",
	RFC:      "RFC 9293 §3.6, §3.8.4",
	Severity: Info,
	Limit:    time.Minute,
	signs:    closing(flows.ClosingOpen),
	ongoing:  never,
	Flow:     judgeNeverClosed,
}

func judgeNeverClosed(p *Pass) {
	if !p.Over || p.Closing.Outcome != flows.ClosingOpen || p.Opening.Outcome != flows.OpeningComplete ||
		p.fin(flows.Client) != nil || p.fin(flows.Server) != nil || p.silent() != nil {
		return
	}
	f := Finding{Confidence: Possible, Lasted: p.Since(p.Last)}
	f.Packets = inOrder(p.finalACK())
	open := p.Capture.EndedOpen
	if open && p.Since(p.Last) < p.Limit() {
		return
	}
	if !open {
		f.Confidence = min(Likely, p.Absent())
	}
	switch {
	case p.wordless:
	case open:
		f.Summary = fmt.Sprintf("open and silent for the last %s of the capture", span.String(p.Since(p.Last)))
		f.Why = "neither FIN nor RST is in the capture, and nothing is unacknowledged: an idle connection looks so, and one that an end has lost"
		f.Next = fmt.Sprintf("on either host: ss -tno 'sport = :%[1]d or dport = :%[1]d' (timer:(keepalive,…): it will be noticed if the other end is gone)", p.Server().Addr.Port())
	default:
		f.Summary = "never closed: the same addresses and ports were used for another connection"
		f.Why = "neither FIN nor RST is in the capture, and a SYN of the same four-tuple was answered: one end had lost this connection, or its close was not captured"
		f.Next = "see the flow that follows on these ports"
	}
	p.Report(f)
}
