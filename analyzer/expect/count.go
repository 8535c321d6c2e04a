package expect

import (
	"fmt"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/verdict"
	"tcpwhy/flows"
)

// countTally judges how many flows are chosen.
type countTally struct {
	of     *Quantity
	chosen verdict.Offenders
}

func (t *countTally) flow(f *flows.Flow, found []*analyzer.Finding) {
	t.chosen.Add(f, nil, found, func() string { return f.Opening.Outcome.String() })
}

func (t *countTally) finding(*analyzer.Finding) {}

func (t *countTally) result(chosen, all uint64) result {
	r := result{expected: t.of.text, seen: fmt.Sprintf("%s of %s", amount.Commas(chosen), amount.Of(all, "flow", "flows"))}
	r.truth, r.offenders = t.of.judge(chosen, all, &t.chosen, &verdict.Offenders{})
	if t.of.exceeded(chosen) {
		r.proof = &t.chosen
	}
	return r
}
