package expect

import (
	"fmt"
	"slices"

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
	r := result{truth: metric.No, expected: t.of.expected(chosen), seen: fmt.Sprintf("%s of %s", amount.Commas(n), amount.Commas(chosen))}
	switch {
	case t.of.admits(n, chosen):
		r.truth = metric.Yes
		return r
	case t.of.many(n, chosen):
		r.offenders = t.holders
	default:
		r.offenders = t.others
	}
	r.seen += firstOf(&r.offenders)
	return r
}

// firstOf tells what the first of some flows is.
func firstOf(o *verdict.Offenders) string {
	if len(o.First) == 0 || o.First[0].Number == 0 {
		return ""
	}
	return fmt.Sprintf("; flow %d is %s", o.First[0].Number, o.First[0].Why)
}
