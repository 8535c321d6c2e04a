package report

import (
	"fmt"
	"slices"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// verdict is the report in a sentence or two: what is worst, where, since when; and what makes it doubtful.
func (o *Overview) verdict(all []entry) string { return o.worst(all) + o.doubts() + o.atCeiling() }

// doubts is what of the capture itself may be why it looks as it does.
func (o *Overview) doubts() string {
	s := ""
	if cut := o.Summary.Facts.Cut; len(cut) > 0 {
		s += fmt.Sprintf(" Not read to its end: %s, %s", cut[0].File, cut[0].Why)
		if n := len(cut) - 1; n > 0 {
			s += fmt.Sprintf("; and %d more", n)
		}
		s += "."
	}
	if b := &o.Summary.Back; b.Times > 0 {
		s += fmt.Sprintf(" Time goes back by %s (clock-steps-back): what rests on it, or on an answer that did not come, need not be so.",
			span.String(b.Longest))
	}
	return s
}

func (o *Overview) worst(all []entry) string {
	t := &o.Summary.Totals
	if t.Flows == 0 {
		return o.nothing()
	}
	grave := 0
	for i := range all {
		if all[i].severity() >= analyzer.Warning {
			grave++
		}
	}
	if grave == 0 {
		return o.calm(all)
	}
	e := &all[0]
	s := e.words()
	if e.group != nil && e.flows > 1 {
		s = fmt.Sprintf("%s of %s: %s", amount.Commas(e.flows), amount.Of(e.of, "flow", "flows"), s)
	}
	if at := e.where(); at != "" {
		s = at + ": " + s
	} else {
		s = capital(s)
	}
	switch {
	case e.whole != nil && e.whole.Since != 0:
		s += ", " + clocks(e.whole.Since, e.whole.Until)
	case e.group != nil && e.flows > 1:
		s += ", " + clocks(e.group.First, e.group.Last)
	}
	if c := e.example().Confidence; c != analyzer.Certain {
		s += " (" + c.String() + ")"
	}
	s += "."
	if grave > 1 {
		s += fmt.Sprintf(" And %s below.", amount.Of(uint64(grave-1), "warning more", "warnings more"))
	}
	return s
}

// nothing is the verdict where there is no flow.
func (o *Overview) nothing() string {
	unread, _ := o.unread()
	switch {
	case unread > 0 && unread == o.Packets:
		return "No packet of this capture could be read: whether there is TCP in it is not known."
	case o.Chosen != "":
		return "No flow was chosen."
	case unread > 0:
		return "There is no TCP in what of this capture could be read."
	}
	return "There is no TCP in this capture."
}

// calm is the verdict on a capture in which nothing costs anybody anything.
func (o *Overview) calm(all []entry) string {
	t := &o.Summary.Totals
	opened := t.Opening[flows.OpeningComplete]
	begun := t.Flows - t.Opening[flows.OpeningNotCaptured] - t.Opening[flows.OpeningInProgress]
	tell := fmt.Sprintf("%s of %s opened", amount.Commas(opened), amount.Of(begun, "connection", "connections"))
	var s string
	switch {
	case begun == 0 && t.Opening[flows.OpeningInProgress] > 0:
		s = fmt.Sprintf("Nothing amiss is seen of %s, of which no opening was seen to its end.", amount.Of(t.Flows, "connection", "connections"))
	case begun == 0:
		s = fmt.Sprintf("Nothing amiss is seen of %s, of which no opening was captured.", amount.Of(t.Flows, "connection", "connections"))
		if t.Truncated > 0 {
			s = fmt.Sprintf("Of %s no opening can be told: the headers of %s are cut short (truncated-capture).",
				amount.Of(t.Flows, "connection", "connections"), amount.Commas(t.Truncated))
		}
	case 2*opened < begun: // a scan, or a server that is gone: whom it costs is not known
		s = tell
	case o.Summary.Facts.Ceiling.N() > 0:
		judged := t.Flows - min(o.Summary.Facts.Ceiling.N(), t.Flows)
		switch {
		case o.Chosen != "": // how many of those given up would have been chosen is not known
			s = "Nothing that costs anybody much is seen in what was not given up"
		case judged == 0:
			s = "No flow was held to its end"
		default:
			s = "Nothing that costs anybody much is seen in " + amount.Of(judged, "flow", "flows")
		}
		s += "; of all, " + tell
	case opened == begun && slices.ContainsFunc(all, ofCapture):
		s = fmt.Sprintf("Of what was captured, all is well: %s opened", amount.Of(opened, "connection", "connections"))
	case opened == begun:
		s = fmt.Sprintf("All is well: %s opened", amount.Of(opened, "connection", "connections"))
	default:
		s = "Nothing here costs anybody much: " + tell
	}
	if begun > 0 {
		if m := o.busiest(); m != nil && m.Handshake.N > 0 {
			s += fmt.Sprintf(", in %s at %s %s", span.String(m.Handshake.Median()), m.Addr, medianOf(&m.Handshake, &o.Summary.Facts.Ceiling))
			if o.Summary.Facts.Ceiling.N() == 0 {
				s += fmt.Sprintf(", %s at most", span.String(m.Handshake.Max))
			}
		}
		s += "."
	}
	if n := len(all); n > 0 {
		s += fmt.Sprintf(" %s below.", amount.Of(uint64(n), "thing worth knowing", "things worth knowing"))
	}
	return s
}

// ofCapture reports whether an entry tells of the capture itself, which then may not have had all that there was.
func ofCapture(e entry) bool { return e.whole != nil && e.where() == "" }

// busiest is the busiest server.
func (o *Overview) busiest() *analyzer.Server {
	if len(o.Summary.Servers) == 0 {
		return nil
	}
	return o.Summary.Servers[0]
}

// capital is a sentence that begins with a capital letter.
func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
