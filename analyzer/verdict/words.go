package verdict

import (
	"strconv"
	"strings"

	"tcpwhy/analyzer/report"
)

// title is what an expectation is called. Several can have one name.
func (e *Expectation) title() string {
	if e.Name != "" {
		return e.Name + ": " + e.Text
	}
	return e.Text
}

// titleAt is what an expectation is called, and where it stands.
func (e *Expectation) titleAt() string {
	if at := e.At.String(); at != "" {
		return e.title() + " (" + at + ")"
	}
	return e.title()
}

// sentence is how it turned out.
func (e *Expectation) sentence() string {
	s := "expected " + e.Expected + ", seen " + e.Seen
	switch {
	case e.Outcome == NotJudged:
		return "not judged: " + e.Reason
	case e.Outcome == Allowed && e.Exception != nil:
		return s + "; " + e.Exception.sentence()
	}
	return s
}

func (x *Exception) sentence() string {
	s := "allowed"
	if x.Until != "" {
		s += " until " + x.Until
	}
	s += ": " + x.words()
	if at := x.At.String(); at != "" {
		s += " (" + at + ")"
	}
	return s
}

// unread says why a capture could not be judged as a whole.
func (c *Capture) unread() string { return "not read, or not to its end: " + c.Err.Error() }

// first is the flow that is shown of those that are not as expected, or nil.
func (e *Expectation) first() *Flow {
	if len(e.Offending) == 0 {
		return nil
	}
	return &e.Offending[0]
}

// details are lines on the flow that is shown: why, its ladder, and the command that shows it again.
func (e *Expectation) details() string {
	f := e.first()
	if f == nil {
		return ""
	}
	var b strings.Builder
	if f.Number > 0 {
		b.WriteString(packetsOf(f) + ": ")
	}
	b.WriteString(f.Why + "\n")
	if f.Ladder != "" {
		b.WriteString("\n" + f.Ladder)
	}
	if f.Again != "" {
		b.WriteString("\nagain: " + f.Again + "\n")
	}
	return b.String()
}

// line is text in one line, which is never empty. Nothing in it is an order to a terminal or a runner of jobs, invalid in XML (of which §2.2
// admits fewer characters), or no UTF-8.
func line(s string) string {
	if s = strings.TrimSpace(report.Plain(strings.ReplaceAll(s, "\n", "; "))); s == "" {
		return "-"
	}
	return s
}

// packetsOf names a flow and the packets that show what is wrong with it.
func packetsOf(f *Flow) string {
	s := "flow " + strconv.FormatUint(f.Number, 10)
	if len(f.Packets) > 0 {
		s += ", packets " + packets(f.Packets)
	}
	return s
}
