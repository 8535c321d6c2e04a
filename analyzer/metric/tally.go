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

	yes, no, whole uint64
	holders        verdict.Offenders // flows that it holds of
	others         verdict.Offenders // and those that it does not
	values         sample
	sure           sure
}

// sure is what stays so, whatever flows did not come or went on.
type sure struct {
	yes       uint64            // flows of which the tally holds
	offenders verdict.Offenders // flows that are not as they should be
	// Values that were measured whole, or are at least so much.
	least, most, sum int64
	any              bool // there is a least
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
			tell(&t.sure.offenders, f, t.flow.about(found), found, t.flow.shown, told)
		}
	case t.count != nil:
		is := t.count.test(f, found)
		tell(t.offenders(is), f, t.count.about(found), found, t.count.shown, func() string {
			if is == Yes {
				return t.count.name
			}
			return "no " + t.count.name
		})
		if is == Yes && (t.count.lasts || f.Capture.Whole()) {
			t.sure.yes++
		}
	case t.stat != nil:
		n, ok := t.stat.Of(f)
		if !ok {
			return
		}
		t.values = append(t.values, n)
		t.sure.add(t.stat.Growth, f, n)
		if t.stat.which.each {
			t.offenders(truth(compare(t.stat.is, n, t.stat.n))).AddMeasured(f, t.stat.rank(n), t.stat.Packets, func() string {
				return t.stat.Name + " " + Format(t.stat.Unit, n)
			})
		}
	}
}

// add counts what was measured of a flow.
func (s *sure) add(g analyzer.Growth, f *flows.Flow, n int64) {
	switch {
	case g.Lasts(f):
		if !s.any || n < s.least {
			s.any, s.least = true, n
		}
	case g != analyzer.Grows:
		return
	}
	s.most = max(s.most, n)
	s.sum += n
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
		t.whole++
		t.holders.Whole(n)
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
	if t.flow != nil {
		r.Offenders = t.sure.offenders
	}
	return r
}

// lasts reports whether the result of a leaf stays so.
func (t *tally) lasts(of *Tally) bool {
	switch {
	case t.total != nil:
		return settled(t.total.is, of.flows, t.total.n)
	case t.flow != nil:
		return t.sure.offenders.N > 0
	case t.count != nil:
		return !t.count.share && settled(t.count.is, t.sure.yes+t.whole, t.count.n)
	}
	switch s := t.stat; s.which.bound {
	case countsUp:
		return settled(s.is, int64(len(t.values)), s.n)
	case greatest:
		return settled(s.is, t.sure.most, s.n)
	case summed:
		return settled(s.is, t.sure.sum, s.n)
	case smallest:
		return t.sure.any && settled(s.is.mirrored(), -t.sure.least, -s.n)
	}
	return false
}

func (t *tally) leaf(flows uint64, every bool) Result {
	switch {
	case t.total != nil:
		return Result{Truth: truth(compare(t.total.is, flows, t.total.n)), Seen: amount.Of(flows, "flow", "flows")}
	case flows == 0 && t.whole == 0:
		return Result{Seen: "no flows", Reason: "there are no flows"}
	case t.flow != nil:
		return t.flowResult(flows, every)
	case t.count != nil:
		return t.countResult(flows, every)
	}
	return t.statResult(every)
}

func (t *tally) joined(of *Tally, lasting bool) Result {
	r := t.of[0].result(of, lasting)
	if t.join == joinNot {
		r.Truth = not(r.Truth)
		return r
	}
	seen, reasons := []string{r.Seen}, []string{}
	if r.Reason != "" {
		reasons = append(reasons, r.Reason)
	}
	for _, part := range t.of[1:] {
		next := part.result(of, lasting)
		seen = append(seen, next.Seen)
		if next.Reason != "" {
			reasons = append(reasons, next.Reason)
		}
		if t.join == joinAll {
			r.Truth = and(r.Truth, next.Truth)
		} else {
			r.Truth = or(r.Truth, next.Truth)
		}
		if bad := truth(!of.every); next.Truth == bad && len(r.First) == 0 {
			r.Offenders = next.Offenders
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
	n := t.yes + t.whole
	r := Result{Seen: fmt.Sprintf("%s: %s of %s", c.name, amount.Commas(t.yes), amount.Of(flows, "flow", "flows"))}
	switch {
	case c.wholly:
		r.Seen = fmt.Sprintf("%s: %s", c.name, amount.Of(n, "finding", "findings"))
	case c.share:
		r.Seen += " (" + amount.Percent(t.yes, flows) + ")"
	case t.whole > 0:
		r.Seen += ", and " + amount.Of(t.whole, "finding", "findings") + " of the whole capture"
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
