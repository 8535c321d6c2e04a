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

// findingTally judges how many of the chosen flows show a finding; of one of the whole capture, how often it is found.
type findingTally struct {
	rule            *analyzer.Rule
	of              *Quantity
	whole           uint64
	holders, others verdict.Offenders
}

func (t *findingTally) flow(f *flows.Flow, found []*analyzer.Finding) {
	i := slices.IndexFunc(found, func(n *analyzer.Finding) bool { return n.Rule == t.rule })
	if i < 0 {
		t.others.AddMeasured(f, 0, nil, func() string { return "without " + t.rule.Name })
		return
	}
	t.holders.Add(f, found[i], found, func() string { return t.rule.Name })
}

func (t *findingTally) finding(n *analyzer.Finding) {
	if n.Rule == t.rule {
		t.whole++
		t.holders.Whole(n)
	}
}

func (t *findingTally) result(chosen, _ uint64) result {
	n, all := t.holders.N, chosen
	r := result{expected: t.of.expected(chosen), seen: fmt.Sprintf("%s of %s", amount.Commas(n), amount.Commas(chosen))}
	if t.rule.Flow == nil {
		all = t.whole
		r.expected, r.seen = t.of.text, amount.Of(n, "finding", "findings")+" of the whole capture"
	}
	r.truth, r.offenders = t.of.judge(n, all, &t.holders, &t.others)
	r.between = ": "
	if t.of.exceeded(n) {
		r.proof = &t.holders
		if t.rule.Flow != nil {
			r.atLeast = atLeast(r.proof.N)
		}
	}
	return r
}

// othersTally judges that nothing is found but what was named.
type othersTally struct {
	but    []*analyzer.Rule
	others verdict.Offenders
	flows  uint64           // of the others, those that are flows
	shown  []*analyzer.Rule // that flows show
	whole  []*analyzer.Rule // that were found of the whole capture
}

func (t *othersTally) flow(f *flows.Flow, found []*analyzer.Finding) {
	var about *analyzer.Finding
	for _, n := range found {
		if !slices.Contains(t.but, n.Rule) {
			t.shown = note(t.shown, n)
			if about == nil || n.Severity > about.Severity {
				about = n
			}
		}
	}
	if about != nil {
		t.flows++
		t.others.Add(f, about, found, func() string { return about.Rule.Name })
	}
}

func (t *othersTally) finding(n *analyzer.Finding) {
	if !slices.Contains(t.but, n.Rule) {
		t.whole = note(t.whole, n)
		t.others.Whole(n)
	}
}

// note adds what was found to some rules, each once.
func note(rules []*analyzer.Rule, n *analyzer.Finding) []*analyzer.Rule {
	if slices.Contains(rules, n.Rule) {
		return rules
	}
	return append(rules, n.Rule)
}

// listed are the names of some rules, in the order of all.
func listed(rules []*analyzer.Rule) string {
	var list []string
	for _, r := range analyzer.Rules {
		if slices.Contains(rules, r) {
			list = append(list, r.Name)
		}
	}
	return strings.Join(list, ", ")
}

func (t *othersTally) result(chosen, _ uint64) result {
	r := result{truth: metric.Yes, expected: "none", seen: "none in " + amount.Of(chosen, "flow", "flows")}
	if len(t.but) > 0 {
		r.expected = "no others"
	}
	if t.others.N == 0 {
		return r
	}
	r.truth, r.offenders, r.between, r.proof = metric.No, t.others, ": ", &t.others
	var parts []string
	if t.flows > 0 {
		parts = append(parts, fmt.Sprintf("%s in %s of %s", listed(t.shown), amount.Commas(t.flows), amount.Commas(chosen)))
	}
	if whole := t.others.N - t.flows; whole > 0 {
		parts = append(parts, amount.Of(whole, "finding", "findings")+" of the whole capture: "+listed(t.whole))
	}
	r.seen = strings.Join(parts, "; ")
	return r
}
