package diff

import (
	"cmp"
	"slices"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// outcome is how a flow went. Flows with equal ones are alike.
type outcome struct {
	opening        flows.OpeningOutcome
	kind           flows.OpeningKind
	closing        flows.ClosingOutcome
	first, resetBy flows.Closer
	client, server string // states that the ends went through
	findings       string // names, sorted
}

// outcomeOf is how f went; found are the names of what was found of it.
func outcomeOf(f *flows.Flow, found string) outcome {
	return outcome{f.Opening.Outcome, f.Opening.Kind, f.Closing.Outcome, f.Closing.First, f.Closing.ResetBy,
		path(f.Client()), path(f.Server()), found}
}

func path(e *flows.Endpoint) string {
	var names [flows.MaxStates]string
	for i, s := range e.States() {
		names[i] = s.String()
	}
	return strings.Join(names[:e.NumStates], " ")
}

// outcomes numbers those that occur, of which there are few.
type outcomes struct {
	numbers map[outcome]int32
	list    []outcome
}

func (o *outcomes) number(of outcome) int32 {
	n, ok := o.numbers[of]
	if !ok {
		if o.numbers == nil {
			o.numbers = map[outcome]int32{}
		}
		n = int32(len(o.list))
		o.numbers[of] = n
		o.list = append(o.list, of)
	}
	return n
}

// words tell two outcomes apart: how each opened, closed, and what was found of it; where these are the same, the
// states of the end that differs.
func words(a, b *outcome) (was, is string) {
	was, is = a.String(), b.String()
	if was != is {
		return was, is
	}
	for _, end := range []struct{ name, was, is string }{{"client ", a.client, b.client}, {"server ", a.server, b.server}} {
		if end.was != end.is {
			was, is = was+", "+end.name+orNothing(end.was), is+", "+end.name+orNothing(end.is)
		}
	}
	return was, is
}

func orNothing(states string) string {
	if states == "" {
		return "has shown nothing"
	}
	return states
}

// String is o in words: "complete, orderly by client first, syn-retransmitted". A finding that has the outcome's name is not told again.
func (o *outcome) String() string {
	parts := []string{o.opening.String()}
	if o.kind > flows.KindThreeWay {
		parts = append(parts, o.kind.String())
	}
	if o.closing != flows.ClosingNever && o.closing.String() != parts[0] {
		parts = append(parts, o.closing.String())
	}
	last := &parts[len(parts)-1]
	if o.first != flows.NoOne {
		*last += ", " + o.first.String() + " closes first"
	}
	if o.resetBy != flows.NoOne {
		*last += ", reset by " + o.resetBy.String()
	}
	for name := range strings.SplitSeq(o.findings, ", ") {
		if name != "" && name != o.opening.String() && name != o.closing.String() {
			parts = append(parts, name)
		}
	}
	return strings.Join(parts, ", ")
}

// endsEarly reports whether o, of a row that was written early, can be all that was known of a flow like p then: both ends had closed, and
// what came later is a RST.
func (o *outcome) endsEarly(p *outcome) bool {
	return o.closing == flows.ClosingOrderly && p.closing == flows.ClosingRSTAfterFIN
}

// isUntil reports whether o is p until that RST, and nothing else.
func (o *outcome) isUntil(p *outcome) bool {
	if !o.endsEarly(p) || !strings.HasPrefix(p.client, o.client) || !strings.HasPrefix(p.server, o.server) {
		return false
	}
	until := *p
	until.closing, until.resetBy, until.client, until.server = o.closing, o.resetBy, o.client, o.server
	found := slices.DeleteFunc(strings.Split(p.findings, ", "), func(name string) bool { return name == p.closing.String() })
	until.findings = strings.Join(found, ", ")
	return until == *o
}

// failed reports whether the connection did not come about.
func failed(o flows.OpeningOutcome) bool {
	return o != flows.OpeningComplete && !untold(o)
}

// untold reports whether it was not seen how the opening went.
func untold(o flows.OpeningOutcome) bool {
	return o == flows.OpeningNotCaptured || o == flows.OpeningInProgress
}

// closed reports whether a connection was seen to be over.
func closed(c flows.ClosingOutcome) bool {
	switch c {
	case flows.ClosingOrderly, flows.ClosingMissingFinalACK, flows.ClosingFINUnanswered, flows.ClosingReset, flows.ClosingRSTAfterFIN:
		return true
	}
	return false
}

// unclean reports whether a connection ended otherwise than it should; one that has not ended has not.
func unclean(c flows.ClosingOutcome) bool {
	switch c {
	case flows.ClosingNever, flows.ClosingOrderly, flows.ClosingOpen, flows.ClosingNotCaptured:
		return false
	}
	return true
}

// severity is how grave it is that a flow goes like o.
func (o *outcome) severity() analyzer.Severity {
	switch {
	case failed(o.opening):
		return analyzer.Error
	case o.findings == "" && !unclean(o.closing):
		return analyzer.Info
	}
	worst := analyzer.Notice
	for name := range strings.SplitSeq(o.findings, ", ") {
		worst = max(worst, severityOf(name))
	}
	return worst
}

// severityOf is a finding's severity as a rule; that of a single finding can differ.
func severityOf(name string) analyzer.Severity {
	if r := analyzer.RuleNamed(name); r != nil {
		return r.Severity
	}
	return analyzer.Notice
}

// compare is below 0 where o is better than p, above 0 where it is worse, 0 where neither can be said.
func (o *outcome) compare(p *outcome) int {
	return cmp.Or(compareBool(failed(o.opening), failed(p.opening)), cmp.Compare(o.severity(), p.severity()),
		compareBool(unclean(o.closing), unclean(p.closing)))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}
