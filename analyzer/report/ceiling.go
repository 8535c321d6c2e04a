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
		s += fmt.Sprintf(": %s for good (%s without an answer so far, %s half-open, %s open)", amount.Commas(n),
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

// howMany is how many flows were given up so far; c can be nil: none.
func howMany(c *analyzer.Ceiling) uint64 {
	if c == nil {
		return 0
	}
	return c.N()
}

// hadToGo says how many flows were given up, and at which ceiling.
func hadToGo(c *analyzer.Ceiling) string {
	return fmt.Sprintf("%s had to be given up at the ceiling (%s)", amount.Of(c.N(), "flow", "flows"), strings.Join(c.Limits(), ", "))
}

// medianOf says of which times a median is. At the ceiling these are what was seen whole: slow ones are the likeliest to have been
// given up, so that the most of them is not told.
func medianOf(t *analyzer.Timing, c *analyzer.Ceiling) string {
	if c.N() == 0 {
		return "(median)"
	}
	return "(median of " + amount.Commas(t.N) + " seen whole)"
}

// vantage says where the capture was taken, and of which handshakes the times in that are, where others were given up; "" where nothing tells.
func (o *Overview) vantage() string {
	v := &o.Summary.Vantage
	s := v.Sentence()
	if v.Handshakes > 0 && o.Summary.Facts.Ceiling.N() > 0 {
		s += " Times are medians of " + amount.Of(v.Handshakes, "handshake", "handshakes") + " seen whole."
	}
	return s
}

// atLeast is a count of which not all is known where flows were given up.
func (o *Overview) atLeast(n uint64) string {
	s := amount.Commas(n)
	if o.Summary.Facts.Ceiling.N() > 0 {
		s += " or more"
	}
	return s
}

// young says how many openings could not be told as they were given up; "" of none.
func young(t *analyzer.Totals) string {
	if t.Young == 0 {
		return ""
	}
	return "in-progress: " + amount.Commas(t.Young) + " of these were given up at the ceiling before it could be told, within 3s"
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

// givenUp says how many flows were given up, and where they are counted; "" of none.
func (o *Overview) givenUp() string {
	s := CeilingWords(&o.Summary.Facts.Ceiling)
	switch {
	case s == "":
		return ""
	case o.Chosen != "":
		return s + ". Of these, only those that were known to be chosen when they were given up are in the counts"
	}
	return s + ". They are in all counts, once each, as far as they are known"
}

// midClose says how many closes are counted as they stood when the flow was given up; "" of none.
func midClose(t *analyzer.Totals) string {
	if t.MidClose == 0 {
		return ""
	}
	return "given up at the ceiling while closing, and counted as they stood then, by close, who closed first, and state: " + amount.Of(t.MidClose, "flow", "flows")
}

// outdated says of how many closed flows the row says otherwise; "" of none.
func outdated(t *analyzer.Totals) string {
	if t.Outdated == 0 {
		return ""
	}
	return "orderly in the row that had to be written early at the ceiling, and otherwise by what came later: " + amount.Of(t.Outdated, "flow", "flows")
}

// atCeiling is what the ceiling does to a verdict.
func (o *Overview) atCeiling() string {
	n := o.Summary.Facts.Ceiling.N()
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" Not judged: %s given up at the ceiling (explain ceiling).", amount.Of(n, "flow", "flows"))
}
