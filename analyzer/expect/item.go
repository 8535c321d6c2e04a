package expect

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/metric"
)

func (p *parser) item(n *yaml.Node) *Item {
	i := &Item{node: n}
	failed := p.failed
	p.mapping(n, "an expectation", ItemKeys, func(key, value *yaml.Node) {
		switch key.Value {
		case "name":
			i.Name = p.word(value, "name")
		case "flows":
			i.flows = p.flows(value, false)
		case "may-be-empty":
			if err := value.Decode(&i.mayBeEmpty); err != nil {
				p.fail(value, "may-be-empty is true or false")
			}
		case "count":
			q := p.quantity(value)
			i.count = &q
			i.check(p, key, value, "count "+q.text, "count", func() tally { return &countTally{of: &q} })
		case "findings":
			p.findings(i, key, value)
		case "metrics", "fail-on":
			p.metrics(i, key, value)
		default:
			p.wordsOf(i, key, value)
		}
	})
	if len(i.checks) == 0 && p.failed == failed {
		p.fail(n, "nothing is expected here (count, opening, findings, metrics, ...)")
	}
	for c := range i.checks {
		if i.flows.text != "" {
			i.checks[c].text = i.flows.text + ": " + i.checks[c].text
		}
	}
	return i
}

// check adds an expectation.
func (i *Item) check(p *parser, key, value *yaml.Node, text, rule string, begin func() tally) *check {
	i.checks = append(i.checks, check{at: p.at(key), key: key.Value, value: value, text: text, rule: rule, severity: analyzer.Error, begin: begin})
	return &i.checks[len(i.checks)-1]
}

// wordsOf reads what word of some kind the flows have: one, any of several, or several with how many of each.
func (p *parser) wordsOf(i *Item, key, value *yaml.Node) {
	w := metric.WordNamed(key.Value)
	parse := func(n *yaml.Node) (string, bool) {
		v, err := w.Parse(n.Value)
		if err != nil {
			p.fail(n, "%v", err)
		}
		return v, err == nil
	}
	if value.Kind == yaml.MappingNode {
		var listed []string // when all of them are read
		p.mapping(value, w.Name, nil, func(name, quantity *yaml.Node) {
			v, ok := parse(name)
			q := p.quantity(quantity)
			if ok {
				listed = append(listed, v)
				i.check(p, name, quantity, w.Name+" "+word(v)+", "+q.text, w.Name, func() tally {
					return &wordTally{word: w, values: []string{v}, of: &q, listed: listed}
				}).key = key.Value
			}
		})
		return
	}
	var values, told []string
	for _, n := range p.words(value, w.Name) {
		if v, ok := parse(n); ok {
			values, told = append(values, v), append(told, word(v))
		}
	}
	q := quantityAll
	i.check(p, key, value, w.Name+" "+strings.Join(told, " or ")+", all", w.Name, func() tally { return &wordTally{word: w, values: values, of: &q} })
}

// findings reads what may be found: nothing, or some findings and no others.
func (p *parser) findings(i *Item, key, value *yaml.Node) {
	var but []*analyzer.Rule
	text := "findings none"
	switch {
	case value.Kind == yaml.MappingNode:
		p.mapping(value, "findings", nil, func(name, quantity *yaml.Node) {
			rule, q := p.finding(name), p.quantity(quantity)
			switch {
			case rule == nil:
				return
			case rule.Flow == nil && !i.flows.all():
				p.fail(name, "%s is found of the whole capture, not of some flows", rule.Name)
			case rule.Flow == nil && (q.least.percent || q.most.percent):
				p.fail(quantity, "%s is found of the whole capture: it has no share of flows", rule.Name)
			}
			but = append(but, rule)
			i.check(p, name, quantity, rule.Name+", "+q.text, rule.Name, func() tally { return &findingTally{rule: rule, of: &q} }).severity = rule.Severity
		})
		text = "no other findings"
	case value.Kind == yaml.ScalarNode && value.Value == "none":
	default:
		var told []string
		for _, n := range p.words(value, "findings") {
			if rule := p.finding(n); rule != nil {
				but, told = append(but, rule), append(told, rule.Name)
			}
		}
		text = "no findings but " + strings.Join(told, ", ")
	}
	i.check(p, key, value, text, "findings", func() tally { return &othersTally{but: but} })
}

// metrics reads conditions that have to hold, or must not.
func (p *parser) metrics(i *Item, key, value *yaml.Node) {
	limit := key.Value == "fail-on"
	for _, n := range p.words(value, key.Value) {
		e, err := metric.Parse(n.Value)
		if err != nil {
			p.expression(n, err)
			continue
		}
		text := e.String()
		if limit {
			text = "not " + text
		}
		i.check(p, n, n, text, e.Subject(), func() tally {
			if limit {
				return &metricTally{metric.NewLimit(e), e, true}
			}
			return &metricTally{metric.NewExpectation(e), e, false}
		}).key = key.Value
	}
}
