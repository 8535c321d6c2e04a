package metric

import (
	"fmt"
	"strconv"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/spelling"
	"tcpwhy/flows"
)

// ParseFlow reads a condition of one flow.
func ParseFlow(expr string) (*Expr, error) { return parse(expr, true) }

// Parse reads a condition of all flows of a capture. One of a single flow is meant of each of them.
func Parse(expr string) (*Expr, error) { return parse(expr, false) }

// deepest bounds how many brackets are open at a time.
const deepest = 100

type parser struct {
	expr   string
	flow   bool // of one flow
	tokens []token
	depth  int
}

func parse(expr string, flow bool) (*Expr, error) {
	tokens, err := scan(expr)
	if err != nil {
		return nil, err
	}
	p := &parser{expr: expr, flow: flow, tokens: tokens}
	root, err := p.disjunction()
	if err != nil {
		return nil, err
	}
	if t := p.tokens[0]; t.kind != end {
		return nil, p.fail(t, "%s is one too many (and, or?)", t.text)
	}
	return &Expr{text: strings.Trim(expr, space), root: root}, nil
}

func (p *parser) fail(t token, format string, args ...any) error {
	return &Error{p.expr, t.column, fmt.Sprintf(format, args...)}
}

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != end {
		p.tokens = p.tokens[1:]
	}
	return t
}

// accept takes the next token where it is this word.
func (p *parser) accept(text string) bool {
	if t := p.tokens[0]; t.kind == word && t.text == text {
		p.next()
		return true
	}
	return false
}

func (p *parser) disjunction() (*node, error) { return p.joined(joinAny, "or", p.conjunction) }
func (p *parser) conjunction() (*node, error) { return p.joined(joinAll, "and", p.negation) }

func (p *parser) joined(how join, by string, part func() (*node, error)) (*node, error) {
	first, err := part()
	if err != nil || !(p.tokens[0].kind == word && p.tokens[0].text == by) {
		return first, err
	}
	n := &node{join: how, of: []*node{first}}
	for p.accept(by) {
		next, err := part()
		if err != nil {
			return nil, err
		}
		n.of = append(n.of, next)
	}
	return n, nil
}

func (p *parser) negation() (*node, error) {
	t := p.tokens[0]
	if p.depth++; p.depth > deepest {
		return nil, p.fail(t, "more brackets than anybody reads")
	}
	defer func() { p.depth-- }()
	switch {
	case p.accept("not"):
		of, err := p.negation()
		return &node{join: joinNot, of: []*node{of}}, err
	case t.kind == opening:
		p.next()
		n, err := p.disjunction()
		if err != nil {
			return nil, err
		}
		if close := p.next(); close.kind != closing {
			return nil, p.fail(close, "the bracket at column %d is not closed", t.column)
		}
		return n, nil
	}
	return p.comparison()
}

func (p *parser) comparison() (*node, error) {
	t := p.next()
	if t.kind != word {
		if t.kind == end {
			return nil, p.fail(t, "a metric is missing")
		}
		return nil, p.fail(t, "%q stands where a metric should", t.text)
	}
	name := strings.ToLower(strings.ReplaceAll(t.text, "_", "-"))
	if m := analyzer.MeasureNamed(name); m != nil {
		return p.measure(t, m)
	}
	if w := WordNamed(name); w != nil {
		return p.word(t, w)
	}
	if c, ok := conditionNamed(name); ok {
		return p.condition(t, c)
	}
	if name == "flows" {
		return p.total(t)
	}
	if m, rest, ok := cutMeasure(name); ok {
		which, err := parseStatistic(rest)
		if err != nil {
			return nil, p.fail(t, "%v", err)
		}
		return p.statistic(t, m, which)
	}
	return nil, p.fail(t, "there is no metric or finding %s%s", t.text, spelling.Suggest(name, Names(), "; tcpwhy explain metrics lists them"))
}

// cutMeasure cuts the longest name of a measure and a dot off.
func cutMeasure(name string) (m *analyzer.Measure, rest string, ok bool) {
	for i := range analyzer.Measures {
		if after, found := strings.CutPrefix(name, analyzer.Measures[i].Name+"."); found && (m == nil || len(after) < len(rest)) {
			m, rest, ok = &analyzer.Measures[i], after, true
		}
	}
	return m, rest, ok
}

// operator takes a comparison and the value after it; what says what could stand there.
func (p *parser) operator(name token, what string) (comparison, token, error) {
	t := p.next()
	if t.kind != operator {
		return 0, t, p.fail(t, "%s is compared with something, as in '%s'", name.text, what)
	}
	v := p.next()
	if v.kind != word && v.kind != quoted || v.text == "" {
		return 0, v, p.fail(v, "what %s is compared with is missing, as in '%s'", name.text, what)
	}
	return comparisons[t.text], v, nil
}

func (p *parser) measure(t token, m *analyzer.Measure) (*node, error) {
	is, v, err := p.operator(t, m.Name+" > "+examples[m.Unit])
	if err != nil {
		return nil, err
	}
	n, err := parseAmount(m.Unit, v.text)
	if err != nil {
		return nil, p.fail(v, "%s: %v", m.Name, err)
	}
	var lasts Truth
	if m.Growth == analyzer.Grows {
		lasts = [...]Truth{less: No, atMost: No, greater: Yes, atLeast: Yes, equal: Unknown, unequal: Unknown}[is]
	}
	return &node{subject: m.Name, flow: &leaf{
		lasts: lasts, growth: m.Growth,
		test: func(f *flows.Flow, _ []*analyzer.Finding) Truth {
			got, ok := m.Of(f)
			if !ok {
				return Unknown
			}
			return truth(compare(is, got, n))
		},
		told: func(f *flows.Flow, _ []*analyzer.Finding) string {
			got, ok := m.Of(f)
			if !ok {
				return "no " + m.Name
			}
			return m.Name + " " + Format(m.Unit, got)
		},
		shown: func(*flows.Flow) (func(*flows.Flow) []uint64, bool) { return m.Packets, true },
	}}, nil
}

func (p *parser) word(t token, w *Word) (*node, error) {
	example := "SOMETHING"
	if len(w.Of) > 0 {
		example = w.Of[0]
	}
	is, v, err := p.operator(t, w.Name+" == "+example)
	if err != nil {
		return nil, err
	}
	value, err := w.Parse(v.text)
	if err != nil {
		return nil, p.fail(v, "%v", err)
	}
	test := w.Is(value)
	n := &node{subject: w.Name, flow: &leaf{test: test, shown: w.Shown, told: func(f *flows.Flow, _ []*analyzer.Finding) string { return w.Told(f) }}}
	switch {
	case w.end:
		n.flow.growth = analyzer.Constant
	case w.Lasts(value):
		n.flow.lasts = Yes
	}
	switch is {
	case equal:
	case unequal:
		n.flow.lasts = not(n.flow.lasts)
		n.flow.test = func(f *flows.Flow, found []*analyzer.Finding) Truth { return not(test(f, found)) }
	default:
		return nil, p.fail(v, "%s is a word: it is equal (==) or not (!=), neither above nor below", w.Name)
	}
	return n, nil
}

// Told is what a flow has, in a few words.
func (w *Word) Told(f *flows.Flow) string {
	switch {
	case w.Get == nil:
		return ""
	case w.Get(f) == "":
		return "no " + w.Name
	}
	return w.Name + " " + w.Get(f)
}

func (p *parser) condition(t token, c condition) (*node, error) {
	n := &node{subject: c.name}
	if p.tokens[0].kind != operator {
		if !c.wholly {
			n.flow = &leaf{test: c.test, shown: c.shown, bare: &c, told: func(f *flows.Flow, found []*analyzer.Finding) string {
				if c.test(f, found) == Yes {
					return c.name
				}
				return "no " + c.name
			}}
			if c.lasts {
				n.flow.lasts = Yes
			}
			if c.finding != nil {
				n.flow.growth = analyzer.Counted // what is not found of a flow may be for what is not known of the one before it
			}
			return n, nil
		}
		n.count = &count{condition: c, is: greater}
	} else {
		is, v, err := p.operator(t, c.name+" > 5%")
		if err != nil {
			return nil, err
		}
		n.count = &count{condition: c, is: is, share: strings.HasSuffix(v.text, "%")}
		if n.count.share {
			n.count.percent, err = parsePercent(v.text)
		} else {
			n.count.n, err = parseCount(v.text)
		}
		if err != nil {
			return nil, p.fail(v, "%s: %v", c.name, err)
		}
		if c.wholly && n.count.share {
			return nil, p.fail(v, "%s is found of the whole capture, it has no share of flows", c.name)
		}
	}
	switch {
	case p.flow && c.wholly:
		return nil, p.fail(t, "%s is found of the whole capture, not of a flow (--finding %s chooses the flows that are part of it)", c.name, c.name)
	case p.flow:
		return nil, p.fail(t, "how many flows: of one flow, %s holds or not", c.name)
	}
	return n, nil
}

func parseCount(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is no number and no percentage", s)
	}
	return n, nil
}

func (p *parser) total(t token) (*node, error) {
	is, v, err := p.operator(t, "flows >= 1")
	if err != nil {
		return nil, err
	}
	n, err := parseCount(v.text)
	if err != nil {
		return nil, p.fail(v, "flows: %v", err)
	}
	if p.flow {
		return nil, p.fail(t, "flows counts them: it is no condition of one flow")
	}
	return &node{subject: "flows", total: &total{is, n}}, nil
}

func (p *parser) statistic(t token, m *analyzer.Measure, which Statistic) (*node, error) {
	unit := which.unit(m)
	is, v, err := p.operator(t, m.Name+"."+which.Name+" > "+examples[unit])
	if err != nil {
		return nil, err
	}
	n, err := parseAmount(unit, v.text)
	if err != nil {
		return nil, p.fail(v, "%s: %v", t.text, err)
	}
	if p.flow {
		return nil, p.fail(t, "%s is of many flows: of one it is %s", t.text, m.Name)
	}
	return &node{subject: m.Name + "." + which.Name, stat: &statistic{m, which, is, n}}, nil
}

// Names are all names of the language, but the statistics of measures.
func Names() []string {
	names := []string{"flows"}
	for i := range analyzer.Measures {
		names = append(names, analyzer.Measures[i].Name)
	}
	for i := range Words {
		names = append(names, Words[i].Name)
		for _, value := range Words[i].Of {
			names = append(names, Words[i].Name+"."+value)
		}
	}
	for _, f := range Flags {
		names = append(names, f.Name)
	}
	for s := analyzer.Info; s <= analyzer.Error; s++ {
		names = append(names, s.String())
	}
	for _, r := range analyzer.Rules {
		names = append(names, r.Name)
	}
	return names
}
