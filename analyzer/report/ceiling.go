package report

import (
	"fmt"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/flows"
)

// CeilingWords says how many flows were given up for want of room, as one sentence; "" of none.
func CeilingWords(c *analyzer.Ceiling) string {
	if c.N() == 0 {
		return ""
	}
	s := hadToGo(c)
	separator := ": "
	if n := c.Shed.N(); n > 0 {
		s += fmt.Sprintf(": %s for good (%s unanswered, %s half-open, %s open)", amount.Commas(n),
			amount.Commas(c.Shed[flows.ShedAttempt]), amount.Commas(c.Shed[flows.ShedHalfOpen]), amount.Commas(c.Shed[flows.ShedOpen]))
		separator = ", "
	}
	if c.Rests > 0 {
		s += separator + amount.Commas(c.Rests) + " went on under another number"
	}
	if c.Forgotten > 0 {
		s += fmt.Sprintf("; %s of them are not remembered, and are another flow if they went on", amount.Commas(c.Forgotten))
	}
	return s
}

// hadToGo says how many flows were given up, and at which ceiling.
func hadToGo(c *analyzer.Ceiling) string {
	return fmt.Sprintf("%s had to be given up at the ceiling (%s)", amount.Of(c.N(), "flow", "flows"), strings.Join(c.Limits(), ", "))
}

// isMedian says of which times a median is. At the ceiling these are what was seen whole: slow ones are the likeliest to have been
// given up, so that the most of them is not told.
func isMedian(t *analyzer.Timing, c *analyzer.Ceiling) string {
	if c.N() == 0 {
		return "(median)"
	}
	return "(median of " + amount.Commas(t.N) + " seen whole)"
}

// timesOf says which handshakes the times of a server are of, where others were given up; else "".
func (o *Overview) timesOf(s *analyzer.Server) string {
	if !o.lacksTimes(s) {
		return ""
	}
	return fmt.Sprintf("Seen whole: %s of %s that opened. What was given up at the ceiling has no times, and is likelier slow.",
		amount.Of(s.Handshake.N, "handshake", "handshakes"), amount.Commas(s.Open()))
}

func (o *Overview) lacksTimes(s *analyzer.Server) bool {
	return o.Summary.Facts.Ceiling.N() > 0 && s.Handshake.N < s.Open()
}

// midClose says how many closes are counted as they stood when the flow was given up; "" of none.
func midClose(t *analyzer.Totals) string {
	if t.MidClose == 0 {
		return ""
	}
	return "given up at the ceiling while closing, and counted as they stood then: " + amount.Of(t.MidClose, "flow", "flows")
}

// atCeiling is what the ceiling does to a verdict.
func (o *Overview) atCeiling() string {
	c := &o.Summary.Facts.Ceiling
	if c.N() == 0 {
		return ""
	}
	return fmt.Sprintf(" Judged at the ceiling (%s): of the %s given up no finding is made, so those that take time or a missing answer can be lacking (half-open, syn-unanswered, syn-retransmitted, slow-handshake, close-wait, dead-peer and their like), and of rows written early what comes after an end (rst-after-fin, time-wait-reuse); times are of handshakes seen whole.",
		strings.Join(c.Limits(), ", "), amount.Of(c.N(), "flow", "flows"))
}
