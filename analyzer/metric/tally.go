package metric

import (
	"fmt"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/verdict"
	"tcpwhy/flows"
)

// Tally judges an expression by the flows of one capture. A condition of a flow that stands in it holds where Any flow
// is so, as a limit means it, or where every flow is, as an expectation does. It is an output of a Run.
type Tally struct {
	expr  *Expr
	every bool
	root  *tally
	flows uint64
	begun uint64 // those that were seen to begin: others may be rests of one, which the ceiling had go and nobody remembers
}

// NewLimit is a Tally of an expression that nothing may fulfil.
func NewLimit(e *Expr) *Tally { return &Tally{expr: e, root: newTally(e.root, false)} }

// NewExpectation is a Tally of an expression that has to be fulfilled.
func NewExpectation(e *Expr) *Tally {
	return &Tally{expr: e, every: true, root: newTally(e.root, true)}
}

// Result is what a Tally came to.
type Result struct {
	Truth  Truth
	Seen   string // in one line
	Reason string // why it is Unknown; else ""
	verdict.Offenders
}

// tally is a node of an expression at work. Of a leaf exactly one of the pointers is set.
type tally struct {
	join  join
	of    []*tally
	flow  *node // holds of each flow or not
	count *count
	stat  *statistic
	total *total

	yes, no   uint64
	ofCapture uint64            // findings of the whole capture
	holders   verdict.Offenders // flows that it holds of
	others    verdict.Offenders // and those that it does not
	values    sample
	// What stays so, whatever flows did not come or went on: flows, and findings of the whole capture, that settle it or are counted
	// towards that, and the sum of what is at least so much, or how many flows were measured at least.
	proof verdict.Offenders
	sum   int64
}

func newTally(n *node, every bool) *tally {
	// What holds of some flow if this or that does, or of every flow if this and that do, is told part by part.
	if n.ofFlow() && (n.join == joinNone || n.join == joinNot || every == (n.join == joinAny)) {
		if bare := n.flow; bare != nil && bare.bare != nil && bare.bare.severity && !every {
			return &tally{count: &count{condition: *bare.bare, is: greater}} // the whole capture's findings count, too
		}
		return &tally{flow: n}
	}
	t := &tally{join: n.join, count: n.count, stat: n.stat, total: n.total}
	for _, of := range n.of {
		t.of = append(t.of, newTally(of, every))
	}
	return t
}

// Flow counts a flow.
func (t *Tally) Flow(f *flows.Flow, found []*analyzer.Finding) error {
	t.flows++
	if !f.Capture.Midstream {
		t.begun++
	}
	t.root.add(f, found, truth(!t.every))
	return nil
}

// Finding counts a finding of the whole capture.
func (t *Tally) Finding(n *analyzer.Finding) error {
	if n.Flow == 0 {
		t.root.finding(n)
	}
	return nil
}

// add counts a flow; bad is what is not to be told of one.
func (t *tally) add(f *flows.Flow, found []*analyzer.Finding, bad Truth) {
	for _, of := range t.of {
		of.add(f, found, bad)
	}
	switch {
	case t.flow != nil:
		is := t.flow.test(f, found)
		told := func() string { return t.flow.told(f, found) }
		tell(t.offenders(is), f, t.flow.about(found), found, t.flow.shown, told)
		if is == bad && t.flow.lasts(f, is) {
			tell(&t.proof, f, t.flow.about(found), found, t.flow.shown, told)
		}
	case t.count != nil:
		is := t.count.test(f, found)
		told := func() string {
			if is == Yes {
				return t.count.name
			}
			return "no " + t.count.name
		}
		tell(t.offenders(is), f, t.count.about(found), found, t.count.shown, told)
		if is == Yes && (t.count.lasts || f.Capture.Whole()) {
			tell(&t.proof, f, t.count.about(found), found, t.count.shown, told)
		}
	case t.stat != nil:
		n, ok := t.stat.Of(f)
		if !ok {
			return
		}
		t.values = append(t.values, n)
		told := func() string { return t.stat.Name + " " + Format(t.stat.Unit, n) }
		if t.stat.which.each {
			t.offenders(truth(compare(t.stat.is, n, t.stat.n))).AddMeasured(f, t.stat.rank(n), t.stat.Packets, told)
		}
		lasts := t.stat.Growth.Lasts(f)
		switch {
		case t.stat.which.bound == countsUp:
			if !f.Capture.Midstream {
				t.sum++
			}
		case lasts || t.stat.Growth == analyzer.Grows:
			t.sum += n
		}
		if t.stat.settledBy(n, lasts) {
			t.proof.AddMeasured(f, t.stat.rank(n), t.stat.Packets, told)
		}
	}
}

// tell counts a flow among offenders, nil: of which nothing is known.
func tell(to *verdict.Offenders, f *flows.Flow, about *analyzer.Finding, found []*analyzer.Finding, shown packetsOf, told func() string) {
	if to == nil {
		return
	}
	if packets, ok := shown(f); ok && about == nil {
		to.AddMeasured(f, 0, packets, told)
	} else {
		to.Add(f, about, found, told)
	}
}

// offenders counts a flow of which t holds, or does not; nil where that is not known.
func (t *tally) offenders(is Truth) *verdict.Offenders {
	switch is {
	case Yes:
		t.yes++
		return &t.holders
	case No:
		t.no++
		return &t.others
	}
	return nil
}

func (t *tally) finding(n *analyzer.Finding) {
	for _, of := range t.of {
		of.finding(n)
	}
	if t.count != nil && t.count.finding != nil && t.count.finding(n) {
		t.ofCapture++
		t.holders.Whole(n)
		t.proof.Whole(n)
	}
}

// Result is what the flows so far come to.
func (t *Tally) Result() Result { return t.root.result(t, false) }

// Lasting is what stays so of the Result, where there were flows that did not come, or that went on: counts that are exceeded, and what
// one flow proves of which the ceiling took nothing.
// All else is Unknown, for a reason that the caller knows.
func (t *Tally) Lasting() Result { return t.root.result(t, true) }

func (t *tally) result(of *Tally, lasting bool) Result {
	if t.join != joinNone {
		return t.joined(of, lasting)
	}
	r := t.leaf(of.flows, of.every)
	if !lasting {
		return r
	}
	if !t.lasts(of) {
		return Result{Seen: r.Seen}
	}
	r.Offenders = t.proof
	switch atLeast := "at least "; {
	case t.flow != nil:
		r.Seen = atLeast + amount.Of(r.N, "flow", "flows")
		if of.every {
			r.Seen = "not so of " + r.Seen
		}
	case t.count != nil && !t.count.wholly:
		r.Seen = t.count.name + ": " + atLeast + amount.Of(t.proof.N-t.ofCapture, "flow", "flows") + t.besideFlows()
	case t.total != nil:
		r.Seen = atLeast + amount.Of(of.leastFlows(), "flow", "flows")
	}
	return r
}

// leastFlows is how many flows there are at least.
func (t *Tally) leastFlows() uint64 { return max(t.begun, min(t.flows, 1)) }

// lasts reports whether the result of a leaf stays so.
func (t *tally) lasts(of *Tally) bool {
	switch {
	case t.total != nil:
		return settled(t.total.is, of.leastFlows(), t.total.n)
	case t.count != nil:
		return !t.count.share && settled(t.count.is, t.proof.N, t.count.n)
	case t.stat != nil && (t.stat.which.bound == countsUp || t.stat.which.bound == summed):
		return settled(t.stat.is, t.sum, t.stat.n)
	}
	return t.proof.N > 0
}

func (t *tally) leaf(flows uint64, every bool) Result {
	switch {
	case t.total != nil:
		return Result{Truth: truth(compare(t.total.is, flows, t.total.n)), Seen: amount.Of(flows, "flow", "flows")}
	case flows == 0 && t.ofCapture == 0:
		return Result{Seen: "no flows", Reason: "there are no flows"}
	case t.flow != nil:
		return t.flowResult(flows, every)
	case t.count != nil:
		return t.countResult(flows, every)
	}
	return t.statResult(every)
}

// joined is what the parts come to together: by the flows of the first that comes to the same.
func (t *tally) joined(of *Tally, lasting bool) Result {
	r := t.of[0].result(of, lasting)
	if t.join == joinNot {
		r.Truth = not(r.Truth)
		return r
	}
	parts := []Result{r}
	for _, part := range t.of[1:] {
		next := part.result(of, lasting)
		parts = append(parts, next)
		if t.join == joinAll {
			r.Truth = and(r.Truth, next.Truth)
		} else {
			r.Truth = or(r.Truth, next.Truth)
		}
	}
	var seen, reasons []string
	r.Offenders = verdict.Offenders{}
	for _, part := range parts {
		seen = append(seen, part.Seen)
		if part.Reason != "" {
			reasons = append(reasons, part.Reason)
		}
		if part.Truth == r.Truth && len(r.First) == 0 {
			r.Offenders = part.Offenders
		}
	}
	r.Seen, r.Reason = strings.Join(seen, "; "), ""
	if r.Truth == Unknown {
		r.Reason = strings.Join(reasons, "; ")
	}
	return r
}

func (t *tally) flowResult(flows uint64, every bool) Result {
	told := t.yes + t.no
	r := Result{Seen: fmt.Sprintf("%s of %s", amount.Commas(t.yes), amount.Of(told, "flow", "flows"))}
	if told < flows {
		r.Seen += fmt.Sprintf("; of %s it was not measured", amount.Commas(flows-told))
	}
	switch {
	case t.yes+t.no == 0:
		r.Reason = "it was measured of none of " + amount.Of(flows, "flow", "flows")
	case every:
		r.Truth, r.Offenders = truth(t.no == 0), t.others
	default:
		r.Truth, r.Offenders = truth(t.yes > 0), t.holders
	}
	return r
}

func (t *tally) countResult(flows uint64, every bool) Result {
	c := t.count
	n := t.yes + t.ofCapture
	r := Result{Seen: fmt.Sprintf("%s: %s of %s", c.name, amount.Commas(t.yes), amount.Of(flows, "flow", "flows"))}
	switch {
	case c.wholly:
		r.Seen = fmt.Sprintf("%s: %s", c.name, amount.Of(n, "finding", "findings"))
	case c.share:
		r.Seen += " (" + amount.Percent(t.yes, flows) + ")"
	default:
		r.Seen += t.besideFlows()
	}
	more := n > c.n
	if c.share {
		got, limit := 100*float64(t.yes), c.percent*float64(flows)
		r.Truth, more = truth(compare(c.is, got, limit)), got > limit
	} else {
		r.Truth = truth(compare(c.is, n, c.n))
	}
	switch c.is {
	case greater, atLeast:
		more = !every
	case less, atMost:
		more = every
	}
	r.Offenders = t.others
	if more {
		r.Offenders = t.holders
	}
	return r
}

// besideFlows tells of findings of the whole capture; "" of none.
func (t *tally) besideFlows() string {
	if t.ofCapture == 0 {
		return ""
	}
	return ", and " + amount.Of(t.ofCapture, "finding", "findings") + " of the whole capture"
}

func (t *tally) statResult(every bool) Result {
	s := t.stat
	name := s.Name + "." + s.which.Name
	if len(t.values) == 0 && s.which.bound != countsUp {
		return Result{Seen: "no " + s.Name, Reason: s.Name + " was measured of no flow"}
	}
	n := t.values.statistic(&s.which)
	r := Result{Truth: truth(compare(s.is, n, s.n)), Seen: fmt.Sprintf("%s %s of %s", name, Format(s.which.unit(s.Measure), n),
		amount.Of(uint64(len(t.values)), "flow", "flows"))}
	if s.which.each {
		r.Offenders = t.holders
		if every {
			r.Offenders = t.others
		}
	}
	return r
}
