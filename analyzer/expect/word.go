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
	word    *metric.Word
	values  []string
	of      *Quantity
	listed  []string // also under other quantities of the key
	holders verdict.Offenders
	// others are those that something else is told of, those that nothing is, and those under another quantity of the key: the
	// first that there are tell most.
	others [3]verdict.Offenders
	// Those of either that stay so, whatever the ceiling may have taken of them.
	sureHolders, sureOthers verdict.Offenders
}

func (t *wordTally) flow(f *flows.Flow, found []*analyzer.Finding) {
	got := t.word.Get(f)
	holds := slices.Contains(t.values, got)
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
	sure := f.Capture.Whole() || t.word.Lasts(got)
	switch {
	case sure && holds:
		add(&t.sureHolders)
	case sure:
		add(&t.sureOthers)
	}
	switch {
	case holds:
		add(&t.holders)
	case slices.Contains(t.listed, got):
		add(&t.others[2])
	case got == "":
		add(&t.others[1])
	default:
		add(&t.others[0])
	}
}

func (t *wordTally) finding(*analyzer.Finding) {}

func (t *wordTally) result(chosen, _ uint64) result {
	n := t.holders.N
	r := result{expected: t.of.expected(chosen), seen: fmt.Sprintf("%s of %s", amount.Commas(n), amount.Commas(chosen))}
	others := 0
	for others < len(t.others)-1 && t.others[others].N == 0 {
		others++
	}
	r.truth, r.offenders = t.of.judge(n, chosen, &t.holders, &t.others[others])
	switch {
	case t.of.exceeded(t.sureHolders.N):
		r.proof, r.atLeast = &t.sureHolders, atLeast(t.sureHolders.N)
	case t.of.needsAll() && t.sureOthers.N > 0:
		r.proof = &t.sureOthers
	}
	r.between = ": "
	if name := t.word.Name; name == "opening" || name == "closing" {
		r.between = " is "
	}
	return r
}

// firstOf tells what the first of some flows has, or is.
func firstOf(o *verdict.Offenders, between string) string {
	if between == "" || len(o.First) == 0 || o.First[0].Number == 0 {
		return ""
	}
	why := o.First[0].Why
	if strings.HasPrefix(why, "no ") {
		between = " has "
	}
	return fmt.Sprintf("; flow %d%s%s", o.First[0].Number, between, why)
}
