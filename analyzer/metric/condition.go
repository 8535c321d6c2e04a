package metric

import (
	"slices"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// Flag is what a flow has or has not.
type Flag struct {
	Name string
	Doc  string
	has  func(*flows.Flow) bool
}

// Flags are what a capture withheld of a flow.
var Flags = []Flag{
	{"midstream", "it began before the capture", func(f *flows.Flow) bool { return f.Capture.Midstream }},
	{"one-way", "one direction of it was captured", func(f *flows.Flow) bool { return f.Capture.OneWay }},
	{"duplicated", "the capture holds packets of it twice", func(f *flows.Flow) bool { return f.Capture.Duplicates > 0 }},
	{"truncated", "a header of it was cut short", func(f *flows.Flow) bool { return f.Capture.Truncated }},
	{"ended-open", "the capture ended before it did", func(f *flows.Flow) bool { return f.Capture.EndedOpen }},
	{"ambiguous", "which SYN or SYN-ACK was answered could not be told", func(f *flows.Flow) bool { return f.Opening.Ambiguous }},
}

// condition is what holds of a flow or not, and can be counted.
type condition struct {
	name     string
	test     func(*flows.Flow, []*analyzer.Finding) Truth
	finding  func(*analyzer.Finding) bool // tells the findings that it is about; nil: none
	wholly   bool                         // those of the whole capture alone
	severity bool
	shown    packetsOf
	lasts    bool // of what is seen of a flow, nothing that comes later takes it back
}

// conditionNamed is the condition of that name: a finding, a severity, a flag, or WORD.VALUE.
func conditionNamed(name string) (condition, bool) {
	if r := analyzer.RuleNamed(name); r != nil {
		is := func(n *analyzer.Finding) bool { return n.Rule == r }
		return condition{name: name, test: shows(is), finding: is, wholly: r.Flow == nil, shown: notShown, lasts: true}, true
	}
	for s := analyzer.Info; s <= analyzer.Error; s++ {
		if s.String() == name {
			is := func(n *analyzer.Finding) bool { return n.Severity >= s }
			return condition{name: name, test: shows(is), finding: is, severity: true, shown: notShown, lasts: true}, true
		}
	}
	for _, flag := range Flags {
		if flag.Name == name {
			return condition{name: name, test: func(f *flows.Flow, _ []*analyzer.Finding) Truth { return truth(flag.has(f)) }, shown: notShown}, true
		}
	}
	for i := range Words {
		w := &Words[i]
		value, ok := strings.CutPrefix(name, w.Name+".")
		if !ok || w.Of == nil {
			continue
		}
		if parsed, err := w.Parse(value); err == nil {
			return condition{name: name, test: w.Is(parsed), shown: w.Shown, lasts: w.Lasts(parsed)}, true
		}
	}
	return condition{}, false
}

func shows(is func(*analyzer.Finding) bool) func(*flows.Flow, []*analyzer.Finding) Truth {
	return func(_ *flows.Flow, found []*analyzer.Finding) Truth { return truth(slices.ContainsFunc(found, is)) }
}

// about is the first of what was found that the condition is about, or nil.
func (c *condition) about(found []*analyzer.Finding) *analyzer.Finding {
	if c.finding == nil {
		return nil
	}
	if i := slices.IndexFunc(found, c.finding); i >= 0 {
		return found[i]
	}
	return nil
}
