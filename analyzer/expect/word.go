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
	listed          []string // also under other quantities of the key
	holders, others verdict.Offenders
	strangers       verdict.Offenders // of the others, those of which nothing is listed
}

func (t *wordTally) flow(f *flows.Flow, found []*analyzer.Finding) {
	got := t.word.Get(f)
	told := func() string {
		if got == "" {
			return "no " + t.word.Name
		}
		return got
	}
	packets, shown := t.word.Shown(f)
	add := func(to *verdict.Offenders) {
		if shown {
			to.AddMeasured(f, 0, packets, told)
		} else {
			to.Add(f, nil, found, told)
		}
	}
	if slices.Contains(t.values, got) {
		add(&t.holders)
		return
	}
	add(&t.others)
	if !slices.Contains(t.listed, got) {
		add(&t.strangers)
	}
}

func (t *wordTally) finding(*analyzer.Finding) {}

func (t *wordTally) result(chosen, _ uint64) result {
	n := t.holders.N
	r := result{expected: t.of.expected(chosen), seen: fmt.Sprintf("%s of %s", amount.Commas(n), amount.Commas(chosen))}
	others := &t.others
	if t.strangers.N > 0 {
		others = &t.strangers
	}
	r.truth, r.offenders = t.of.judge(n, chosen, &t.holders, others)
	r.seen += firstOf(&r.offenders)
	return r
}

// firstOf tells what the first of some flows has.
func firstOf(o *verdict.Offenders) string {
	if len(o.First) == 0 || o.First[0].Number == 0 {
		return ""
	}
	return fmt.Sprintf("; flow %d: %s", o.First[0].Number, o.First[0].Why)
}
