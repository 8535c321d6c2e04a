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
	begun  verdict.Offenders // those that were seen to begin: others may be rests of one, which the ceiling had go and nobody remembers
}

func (t *countTally) flow(f *flows.Flow, found []*analyzer.Finding) {
	why := func() string { return f.Opening.Outcome.String() }
	t.chosen.Add(f, nil, found, why)
	if !f.Capture.Midstream {
		t.begun.Add(f, nil, found, why)
	}
}

func (t *countTally) finding(*analyzer.Finding) {}

// atLeast says how many flows there are where not all were seen.
func atLeast(n uint64) string { return "at least " + amount.Of(n, "flow", "flows") }

func (t *countTally) result(chosen, all uint64) result {
	r := result{expected: t.of.text, seen: fmt.Sprintf("%s of %s", amount.Commas(chosen), amount.Of(all, "flow", "flows"))}
	r.truth, r.offenders = t.of.judge(chosen, all, &t.chosen, &verdict.Offenders{})
	switch {
	case t.of.exceeded(t.begun.N):
		r.proof, r.atLeast = &t.begun, atLeast(t.begun.N)
	case chosen > 0 && t.of.exceeded(1):
		r.proof, r.atLeast = &t.chosen, atLeast(1)
	}
	return r
}
