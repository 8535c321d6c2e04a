package expect

import (
	"fmt"
	"slices"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/flows"
)

// excuses are the exceptions of an entry, in one capture.
type excuses struct {
	of    []excuse
	flows map[uint64]*excuse // by number; 0 stands for the whole capture
}

type excuse struct {
	*Exception
	expired bool
	n       uint64 // flows, and findings of the whole capture, that it excuses
}

func newExcuses(of []*Exception, today time.Time) *excuses {
	e := &excuses{of: make([]excuse, len(of)), flows: map[uint64]*excuse{}}
	for i, x := range of {
		e.of[i] = excuse{Exception: x, expired: x.Until < today.Format(time.DateOnly)}
	}
	return e
}

// flow reports whether a flow is excused.
func (e *excuses) flow(f *flows.Flow, found []*analyzer.Finding) bool {
	return e.excuse(f.Number, func(c *chooser) bool { return c.admits(f, found) })
}

// finding reports whether a finding of the whole capture is excused: by who names it, and nothing else.
func (e *excuses) finding(n *analyzer.Finding) bool {
	return e.excuse(0, func(c *chooser) bool { return len(c.tests) == 1 && slices.Contains(c.rules, n.Rule) })
}

func (e *excuses) excuse(number uint64, by func(*chooser) bool) bool {
	for i := range e.of {
		x := &e.of[i]
		if !by(&x.flows) {
			continue
		}
		x.n++
		x.met = true
		if e.flows[number] == nil || e.flows[number].expired {
			e.flows[number] = x
		}
		if !x.expired {
			return true
		}
	}
	return false
}

// first is the exception for the first of some flows that there is one for; nil: for none.
func (e *excuses) first(numbers []uint64) *excuse {
	for _, n := range numbers {
		if x := e.flows[n]; x != nil {
			return x
		}
	}
	return nil
}

// void says why an exception does not hold; "" where it does.
func (x *excuse) void(all uint64) string {
	switch {
	case x.expired:
		return fmt.Sprintf("the exception at %s held until %s", x.At, x.Until)
	case !x.count.admits(x.n, all):
		return fmt.Sprintf("the exception at %s is for %s, and there are %s", x.At, amountOf(&x.count), amount.Commas(x.n))
	}
	return ""
}

func amountOf(q *Quantity) string {
	if q.most.n == 1 && !q.most.percent {
		return q.text + " flow"
	}
	return q.text + " flows"
}
