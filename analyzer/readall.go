package analyzer

import (
	"cmp"
	"fmt"
	"slices"

	"tcpwhy/flows"
)

// Analysis is a capture that was read to its end, with every flow of it.
type Analysis struct {
	Flows    []flows.Flow // by number, with their transitions and events
	Findings []*Finding   // of single flows as these finished, then of servers, hosts and the whole capture
	Summary  *Summary
}

// ReadAll reads the source to its end and keeps all that was chosen, some 1.5 kB a flow: for tests, and whoever wants to
// look at flows in any order. Where r has no Judge, it gets one. What was read of a source that fails is
// returned with its error.
func (r *Run) ReadAll() (*Analysis, error) {
	if r.Judge == nil {
		r.Judge = &Judge{}
	}
	var a Analysis
	r.Flows, r.Findings = append(r.Flows, &a), append(r.Findings, &a)
	_, err := r.Read()
	slices.SortFunc(a.Flows, func(f, g flows.Flow) int { return cmp.Compare(f.Number, g.Number) })
	a.Summary = r.Judge.Summary()
	return &a, err
}

// Flow keeps a flow that is finished.
func (a *Analysis) Flow(f *flows.Flow, _ []*Finding) error {
	kept := *f
	kept.Transitions, kept.Events = slices.Clone(f.Transitions), slices.Clone(f.Events)
	a.Flows = append(a.Flows, kept)
	return nil
}

// Finding keeps a finding.
func (a *Analysis) Finding(n *Finding) error {
	a.Findings = append(a.Findings, n)
	return nil
}

// Found is what was found of one name, such as "half-open". It panics where tcpwhy has no such finding: who
// asserts that there is none would never see it fail.
func (a *Analysis) Found(name string) []*Finding {
	if RuleNamed(name) == nil {
		panic(fmt.Sprintf("analyzer: there is no finding %q", name))
	}
	return a.which(func(n *Finding) bool { return n.Rule.Name == name })
}

// Of is what was found of one flow, by its number.
func (a *Analysis) Of(flow uint64) []*Finding {
	return a.which(func(n *Finding) bool { return n.Flow == flow })
}

func (a *Analysis) which(wanted func(*Finding) bool) (found []*Finding) {
	for _, n := range a.Findings {
		if wanted(n) {
			found = append(found, n)
		}
	}
	return found
}
