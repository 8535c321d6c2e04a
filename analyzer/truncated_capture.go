package analyzer

import "fmt"

// Part of the capture is missing: a file ends in the middle of a packet, or is damaged, so what came after is not known; or so
// few bytes of each packet were kept that headers are cut short.
//
//   - file: it could not be read to its end.
//   - interrupted: so was who read it.
//   - headers: the snap length is shorter than the headers.
var truncatedCapture = &Rule{
	Name:     "truncated-capture",
	Title:    "the capture is cut short",
	RFC:      "RFC 9293 §3.1; draft-ietf-opsawg-pcap",
	Severity: Notice,
	CutShort: true,
	Capture:  judgeTruncatedCapture,
}

func judgeTruncatedCapture(p *CapturePass) {
	for _, c := range p.Facts.Cut {
		p.Report(Finding{Variant: "file", Confidence: Certain,
			Summary: fmt.Sprintf("%s could not be read to its end, only %s", c.File, of(c.Packets, "packet", "packets")),
			Why:     c.Why + "; how its flows went on is not known",
			Next:    "was it copied while it was still written, or did the disk fill up? stop tcpdump with SIGINT or SIGTERM, and let it write each packet out (-U)"})
	}
	if p.Facts.Interrupted {
		p.Report(Finding{Variant: "interrupted", Confidence: Certain,
			Summary: "the reading was interrupted: what is told is of the beginning only",
			Why:     "how its flows went on, and which began later, is in the capture and was not looked at",
			Next:    "read it to its end; where that takes too long, less of it (-f EXPR)"})
	}
	if t := &p.Totals; t.Truncated > 0 {
		p.Report(Finding{Variant: "headers", Confidence: Certain, Flows: t.Truncated,
			Summary: fmt.Sprintf("headers of %s are cut short", of(t.Truncated, "flow", "flows")),
			Why:     "so few bytes were kept that options or flags of some segments are missing; what they would have told is not known",
			Next:    "capture at least 128 bytes of each packet (tcpdump -s 128), more where there are tunnels"})
	}
}
