package expect

import (
	"tcpwhy/analyzer"
	"tcpwhy/analyzer/metric"
	"tcpwhy/flows"
)

// metricTally judges an expression: one that has to hold, or a limit that must not be exceeded.
type metricTally struct {
	*metric.Tally
	expr  *metric.Expr
	limit bool
}

func (t *metricTally) flow(f *flows.Flow, found []*analyzer.Finding) { _ = t.Flow(f, found) }
func (t *metricTally) finding(n *analyzer.Finding)                   { _ = t.Finding(n) }

func (t *metricTally) result(_, _ uint64) result {
	got := t.Result()
	r := result{truth: got.Truth, expected: t.expr.String(), seen: got.Seen, reason: got.Reason, offenders: got.Offenders, between: ": "}
	fails := metric.No
	switch {
	case t.limit:
		fails = metric.Yes
		r.truth = [...]metric.Truth{metric.Unknown: metric.Unknown, metric.No: metric.Yes, metric.Yes: metric.No}[got.Truth]
		r.expected = "not " + r.expected
	case t.expr.OfFlow():
		r.expected += ", of every flow"
	}
	if lasting := t.Lasting(); lasting.Truth == fails {
		r.proof, r.atLeast = &lasting.Offenders, lasting.Seen
	}
	return r
}
