package expect

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/metric"
	"tcpwhy/flows"
)

// seen is what some flows have in common, for a file of expectations: nothing of it is of one run alone, as times and
// clients' ports are. The zero value is of none.
type seen struct {
	flows    uint64
	words    map[string]map[string]uint64 // flows, by key and value
	findings map[*analyzer.Rule]uint64    // flows; of the whole capture, findings
}

func (s *seen) add(f *flows.Flow, found []*analyzer.Finding) {
	if s.words == nil {
		s.words = map[string]map[string]uint64{}
	}
	s.flows++
	for i := range metric.Words {
		w := &metric.Words[i]
		if w.Get == nil {
			continue
		}
		v, values := w.Get(f), s.words[w.Name]
		switch {
		case v == "":
		case values == nil:
			s.words[w.Name] = map[string]uint64{v: 1}
		case values[v] > 0 || len(values) <= mostValues: // of more none is told
			values[v]++
		}
	}
	for i, n := range found {
		if !slices.ContainsFunc(found[:i], func(o *analyzer.Finding) bool { return o.Rule == n.Rule }) {
			s.found(n)
		}
	}
}

func (s *seen) found(n *analyzer.Finding) {
	if s.findings == nil {
		s.findings = map[*analyzer.Rule]uint64{}
	}
	s.findings[n.Rule]++
}

// mostValues bounds how many different values of a word are worth a quantity each.
const mostValues = 8

// value is what is expected under a key; nil: nothing that can be told in a few words.
func (s *seen) value(key string) *yaml.Node {
	switch key {
	case "count":
		return scalar(s.count())
	case "findings":
		return s.valueOfFindings()
	}
	values := s.words[key]
	if len(values) == 0 || len(values) > mostValues {
		return nil
	}
	order := slices.SortedFunc(maps.Keys(values), func(a, b string) int {
		return cmp.Or(cmp.Compare(values[b], values[a]), cmp.Compare(a, b))
	})
	if first := order[0]; values[first] == s.flows {
		return scalar(first)
	}
	n := &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
	for _, v := range order {
		n.Content = append(n.Content, scalar(v), scalar(strconv.FormatUint(values[v], 10)))
	}
	return n
}

func (s *seen) count() string {
	if s.flows == 0 {
		return "none"
	}
	return strconv.FormatUint(s.flows, 10)
}

func (s *seen) valueOfFindings() *yaml.Node {
	if len(s.findings) == 0 {
		return scalar("none")
	}
	n := &yaml.Node{Kind: yaml.MappingNode}
	if len(s.findings) <= 3 {
		n.Style = yaml.FlowStyle
	}
	for _, r := range analyzer.Rules {
		if count := s.findings[r]; count > 0 {
			quantity := strconv.FormatUint(count, 10)
			if r.Timed {
				quantity = "any"
			}
			n.Content = append(n.Content, scalar(r.Name), scalar(quantity))
		}
	}
	return n
}

func scalar(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	if _, err := strconv.ParseUint(s, 10, 64); err == nil {
		n.Tag = "!!int"
	}
	if strings.ContainsFunc(s, unprintable) {
		n.Style = yaml.DoubleQuotedStyle // in which it can be escaped
	}
	return n
}
