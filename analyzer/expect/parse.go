package expect

import (
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/metric"
	"tcpwhy/flows"
)

// Parse reads a file of expectations, by the name that it was given with. All that is wrong with it is told, joined, each with its
// place: an *Error.
func Parse(name string, data []byte) (*File, error) {
	p := &parser{name: name}
	if len(data) > MaxSize {
		p.whole("more than %d MiB", MaxSize>>20)
		return nil, p.err()
	}
	f := &File{Name: name, document: p.document(data)}
	if f.document == nil {
		return nil, p.err()
	}
	if left := maxValues; !within(f.document, &left) {
		p.whole("more than %s values, with those that aliases (*name) stand for: too many for one file", amount.Commas(maxValues))
		return nil, p.err()
	}
	if d := (&parser{}).document(marked(data)); d != nil && alike(f.document, d) {
		f.document = d
	}
	top := f.document.Content[0]
	p.mapping(top, "a file of expectations", FileKeys, func(_, captures *yaml.Node) {
		for _, n := range p.sequence(captures, "captures") {
			f.Entries = append(f.Entries, p.entry(resolved(n)))
		}
	})
	if len(f.Entries) == 0 && p.failed == 0 {
		p.fail(top, "nothing is expected: captures are missing")
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return f, nil
}

func (p *parser) entry(n *yaml.Node) *Entry {
	e := &Entry{node: n}
	failed := p.failed
	p.mapping(n, "what is expected of captures", EntryKeys, func(key, value *yaml.Node) {
		switch key.Value {
		case "files":
			for _, w := range p.words(value, "files") {
				if _, err := path.Match(w.Value, ""); err != nil {
					p.fail(w, "%s: a bracket is not closed", w.Value)
				}
				e.Files = append(e.Files, newPattern(p.at(w), w.Value))
			}
		case "allow":
			p.allow(value, e)
		case "expect":
			for _, item := range p.sequence(value, "expect") {
				e.Expect = append(e.Expect, p.item(resolved(item)))
			}
		}
	})
	if p.failed == failed {
		if len(e.Files) == 0 {
			p.fail(n, "files are missing: of which captures is it expected?")
		}
		if len(e.Expect) == 0 {
			p.fail(n, "expect is missing: nothing is expected of %s", e.Captures())
		}
	}
	return e
}

// allow reads truncated, an exception, or several.
func (p *parser) allow(n *yaml.Node, e *Entry) {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	for _, n := range list {
		switch n = resolved(n); {
		case n.Kind == yaml.ScalarNode && n.Value == "truncated":
			e.Truncated = true
		case n.Kind == yaml.ScalarNode:
			p.fail(n, "%q cannot be allowed so: truncated can, and flows with a reason and a day (%s)", n.Value, strings.Join(names(ExceptionKeys), " "))
		default:
			e.Exceptions = append(e.Exceptions, p.exception(n))
		}
	}
}

func (p *parser) exception(n *yaml.Node) *Exception {
	x := &Exception{count: quantityAny}
	x.At = p.at(n)
	failed := p.failed
	p.mapping(n, "what is allowed", ExceptionKeys, func(key, value *yaml.Node) {
		switch key.Value {
		case "name":
			x.Name = p.word(value, "name")
		case "flows":
			x.flows = p.flows(value, true)
		case "count":
			x.count = p.quantity(value)
		case "reason":
			x.Reason = p.word(value, "reason")
		case "until":
			x.Until = p.word(value, "until")
			if _, err := time.Parse(time.DateOnly, x.Until); err != nil && x.Until != "" {
				p.fail(value, "until: %s is no day (2026-12-31)", x.Until)
			}
		}
	})
	if p.failed > failed {
		return x
	}
	for _, missing := range []struct {
		is   bool
		what string
	}{{x.flows.all(), "flows: to which flows is it allowed?"}, {x.Reason == "", "reason: why is it allowed?"}, {x.Until == "", "until: to what day is it allowed?"}} {
		if missing.is {
			p.fail(n, "what is allowed lacks %s", missing.what)
		}
	}
	return x
}

func (p *parser) quantity(n *yaml.Node) Quantity {
	s := p.word(n, "a quantity")
	if s == "" {
		return quantityAny
	}
	q, err := parseQuantity(s)
	if err != nil {
		p.fail(n, "%v", err)
	}
	return q
}

// flows reads what flows are chosen by. Of exceptions, also findings of the whole capture can be named.
func (p *parser) flows(n *yaml.Node, whole bool) (c chooser) {
	p.mapping(n, "flows", FlowsKeys, func(key, value *yaml.Node) {
		type test = func(*flows.Flow, []*analyzer.Finding) bool
		var values []string
		var any []test
		for _, w := range p.words(value, key.Value) {
			var one test
			switch key.Value {
			case "where":
				e, err := metric.ParseFlow(w.Value)
				if err != nil {
					p.expression(w, err)
					continue
				}
				one = e.Condition().Holds
				c.mayPass = c.mayPass || !e.Lasts()
			case "finding":
				rule := p.finding(w)
				if rule == nil {
					continue
				}
				if rule.Flow == nil && !whole {
					p.fail(w, "%s is found of the whole capture: it chooses no flows", rule.Name)
					continue
				}
				c.rules = append(c.rules, rule)
				one = func(_ *flows.Flow, found []*analyzer.Finding) bool {
					return slices.ContainsFunc(found, func(n *analyzer.Finding) bool { return n.Rule == rule })
				}
			case "port":
				port, err := strconv.ParseUint(w.Value, 10, 16)
				if err != nil {
					p.fail(w, "%s is no port", w.Value)
					continue
				}
				one = func(f *flows.Flow, _ []*analyzer.Finding) bool { return f.Server().Addr.Port() == uint16(port) }
			default:
				word := metric.WordNamed(key.Value)
				v, err := word.Parse(w.Value)
				if err != nil {
					p.fail(w, "%v", err)
					continue
				}
				c.mayPass = c.mayPass || !word.Lasts(v)
				is := word.Is(v)
				one = func(f *flows.Flow, found []*analyzer.Finding) bool { return is(f, found) == metric.Yes }
			}
			values, any = append(values, w.Value), append(any, one)
		}
		if len(any) > 0 {
			c.add(key.Value, values, func(f *flows.Flow, found []*analyzer.Finding) bool {
				return slices.ContainsFunc(any, func(t test) bool { return t(f, found) })
			})
		}
	})
	return c
}

// finding is the rule that a word names, or nil.
func (p *parser) finding(n *yaml.Node) *analyzer.Rule {
	rule, err := analyzer.ParseRule(n.Value)
	if err != nil {
		p.fail(n, "%v", err)
	}
	return rule
}

// expression says what is wrong with an expression, where it stands in the file.
func (p *parser) expression(n *yaml.Node, err error) {
	at := *n
	var in *metric.Error
	if errors.As(err, &in) {
		if n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
			at.Column += in.Column - 1
		}
		if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			at.Column++
		}
		p.fail(&at, "%s", in.Text)
		return
	}
	p.fail(n, "%v", err)
}
