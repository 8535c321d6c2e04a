package verdict

import "tcpwhy/analyzer/amount"

// String is the totals in one line.
func (t Totals) String() string {
	line := amount.Of(t.Captures, "capture", "captures") + ", " + amount.Of(t.Expectations, "expectation", "expectations") + ":"
	for i, o := range []Outcome{Met, Allowed, Failed, NotJudged} {
		if i > 0 {
			line += ","
		}
		line += " " + amount.Commas(t.By[o]) + " " + o.String()
	}
	return line
}
