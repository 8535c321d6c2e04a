package report

import (
	"fmt"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/flows"
)

// ShedWords says how many flows were given up for want of room, as one sentence; "" of none.
func ShedWords(s *analyzer.Sheds) string {
	if s.N() == 0 {
		return ""
	}
	return fmt.Sprintf("%s, the longest silent, had to be given up at the ceiling (--max-flows, --max-memory): %s unanswered, %s half-open, %s open",
		amount.Of(s.N(), "flow", "flows"), amount.Commas(s[flows.ShedAttempt]), amount.Commas(s[flows.ShedHalfOpen]), amount.Commas(s[flows.ShedOpen]))
}
