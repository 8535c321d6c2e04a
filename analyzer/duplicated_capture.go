package analyzer

import "fmt"

// Many packets are in the capture twice: a mirror port that copies each on its way in and on its way out, or several interfaces
// at once. The copies are told by all of their bytes and their time, and counted for nothing.
var duplicatedCapture = &Rule{
	Name:     "duplicated-capture",
	Title:    "packets are in the capture more than once",
	RFC:      "RFC 9293 §3.8.1; RFC 6864 §4",
	Severity: Notice,
	Capture:  judgeDuplicatedCapture,
}

func judgeDuplicatedCapture(p *CapturePass) {
	t := &p.Totals
	if t.Copies < 5 || 20*t.Copies < t.Segments {
		return
	}
	p.Report(Finding{Confidence: Certain, Flows: t.CopiesIn,
		Summary: fmt.Sprintf("%s of %s are copies of another (%s), in %s", commas(t.Copies), of(t.Segments, "segment", "segments"), percent(t.Copies, t.Segments), of(t.CopiesIn, "flow", "flows")),
		Why:     "the same IP id, flags, numbers, options and checksum, within moments: made by the capture, not sent again by an end; they count for nothing here",
		Next:    "a mirror port that copies both what comes in and what goes out: one of the two will do; tcpdump -i any: name the one interface; of the file: editcap -d"})
}
