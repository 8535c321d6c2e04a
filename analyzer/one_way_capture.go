package analyzer

import (
	"fmt"

	"tcpwhy/flows"
)

// Of many flows the capture has one direction only, though both ends talk: the acks it has move on over data that it does
// not have. Then nothing can be said of what the other end did not send: such findings are held back.
var oneWayCapture = &Rule{
	Name:     "one-way-capture",
	Title:    "only one direction of the flows was captured",
	RFC:      "RFC 9293 §3.4; RFC 7011 §2",
	Severity: Notice,
	Capture:  judgeOneWayCapture,
}

func judgeOneWayCapture(p *CapturePass) {
	t := &p.Totals
	both := t.OneWay + t.TwoWay
	if t.OneWay == 0 || 4*t.OneWay < both {
		return
	}
	f := Finding{Confidence: Likely, Flows: t.OneWay}
	if t.OneWay == both {
		f.Confidence = Certain
	}
	if both < 5 {
		f.Confidence = Possible
	}
	f.Summary = fmt.Sprintf("of %s of %s in which somebody answers, only one direction was captured", commas(t.OneWay), of(both, "flow", "flows"))
	f.Why = "the ends acknowledge what the capture does not have"
	switch {
	case t.OneWayBy[flows.Server] == 0:
		f.Variant = "clients"
		f.Why += "; it has what the clients sent, and nothing of the servers"
	case t.OneWayBy[flows.Client] == 0:
		f.Variant = "servers"
		f.Why += "; it has what the servers sent, and nothing of the clients"
	default:
		f.Variant = "either"
		f.Why += fmt.Sprintf("; of %s it has the client's side, of %s the server's", of(t.OneWayBy[flows.Client], "flow", "flows"), commas(t.OneWayBy[flows.Server]))
	}
	f.Why += "; findings that rest on what was not sent are held back for these flows"
	f.Next = "is the port mirrored in both directions, or the other half on another link (asymmetric routes, the second link of a bond)? does a filter hold one direction back? capture at one of the hosts"
	p.Report(f)
}
