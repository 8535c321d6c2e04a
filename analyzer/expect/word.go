package expect

import (
	"fmt"
	"slices"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/metric"
	"tcpwhy/analyzer/verdict"
	"tcpwhy/flows"
)

// wordTally judges how many of the chosen flows have one of some values.
type wordTally struct {
	word            *metric.Word
	values          []string
	of              *Quantity
	holders, others verdict.Offenders
}

func (t *wordTally) flow(f *flows.Flow, found []*analyzer.Finding) {
	got := t.word.Get(f)
	to := &t.others
	if slices.Contains(t.values, got) {
		to = &t.holders
	}
	to.Add(f, nil, found, func() string {
		if got == "" {
			return "no " + t.word.Name
		}
		return got
	})
}

func (t *wordTally) finding(*analyzer.Finding) {}

func (t *wordTally) result(chosen, _ uint64) result {
	n := t.holders.N
	r := result{expected: t.of.expected(chosen), seen: fmt.Sprintf("%s of %s", amount.Commas(n), amount.Commas(chosen))}
	r.truth, r.offenders = t.of.judge(n, chosen, &t.holders, &t.others)
	r.seen += firstOf(&r.offenders)
	return r
}

// firstOf tells what the first of some flows is.
func firstOf(o *verdict.Offenders) string {
	if len(o.First) == 0 || o.First[0].Number == 0 {
		return ""
	}
	verb := "is"
	if strings.HasPrefix(o.First[0].Why, "no ") {
		verb = "has"
	}
	return fmt.Sprintf("; flow %d %s %s", o.First[0].Number, verb, o.First[0].Why)
}
