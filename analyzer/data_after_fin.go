package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// Data, or another FIN, beyond its sender's own FIN. A FIN says that nothing follows, so no TCP sends any: the segment
// is of another connection of the same ports, whose SYN is not in the capture, or is injected. Its
// receiver drops it. Data that the *other* end sends after a FIN is ordinary: that is half-closed.
var dataAfterFIN = &Rule{
	Name:     "data-after-fin",
	Title:    "data beyond its sender's own FIN",
	RFC:      "RFC 9293 §3.6, §3.10.7.4",
	Severity: Notice,
	signs:    on(flows.NoteDataAfter),
	Flow:     judgeDataAfterFIN,
}

func judgeDataAfterFIN(p *Pass) {
	after := p.EventsOf(flows.NoteDataAfter)
	if len(after) == 0 {
		return
	}
	e := after[0]
	f := Finding{Confidence: Likely, Endpoint: by(e.Side), Packets: []uint64{e.At}}
	if p.Lossy || p.Flow.Capture.MissingSegments > 0 || p.Flow.Capture.Midstream {
		f.Confidence = Possible
	}
	f.Why = fmt.Sprintf("packet %d lies beyond the end that the FIN had set", e.At)
	if fin := p.fin(e.Side); fin != nil {
		f.Packets = inOrder(fin.Packet, e.At)
		f.Why = fmt.Sprintf("packet %d lies beyond the end that the FIN in packet %d had set, and comes %s after it", e.At, fin.Packet, between(fin.Time, e.Time))
	}
	f.Summary = fmt.Sprintf("the %s sent %s beyond its own FIN", e.Side, bytes(e.N))
	if e.N == 0 {
		f.Summary = fmt.Sprintf("the %s sent a second FIN, beyond its first", e.Side)
	}
	f.Next = "another connection of the same ports, whose SYN is not in the capture; else something injects segments, or rewrites them"
	p.Report(f)
}
