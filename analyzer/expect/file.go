package expect

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/metric"
	"tcpwhy/analyzer/verdict"
	"tcpwhy/flows"
)

// File is a file of expectations that was read.
type File struct {
	Name    string // as it was given
	Entries []*Entry

	document *yaml.Node
}

// Entry is what is expected of some captures: each of them alone.
type Entry struct {
	Files      []Pattern
	Truncated  bool // they may be cut off, on purpose
	Expect     []*Item
	Exceptions []*Exception

	node *yaml.Node
}

// Item is what is expected of the flows that it chooses.
type Item struct {
	Name string // "" where it has none

	flows      chooser
	mayBeEmpty bool
	count      *Quantity // nil: as many as there are
	checks     []check
	node       *yaml.Node
}

// check is one expectation.
type check struct {
	at       verdict.Position
	key      string // that it stands under
	value    *yaml.Node
	text     string
	rule     string
	severity analyzer.Severity
	begin    func() tally
}

// tally judges a check by the flows of one capture. It is told of the flows that were chosen and, where no flows were
// to be chosen, of the findings of the whole capture.
type tally interface {
	flow(f *flows.Flow, found []*analyzer.Finding)
	finding(n *analyzer.Finding)
	result(chosen, all uint64) result
}

// result is what a tally came to.
type result struct {
	truth          metric.Truth
	expected, seen string
	reason         string // why it is not known; else ""
	offenders      verdict.Offenders
	between        string             // what was seen and what the first of these has, or is; "": that is not told
	proof          *verdict.Offenders // where it stays No, whatever was not seen: what is enough for that; else nil
	atLeast        string             // what was seen of proof, for what was seen of all; "": that
}

// Exception is a failure that is known.
type Exception struct {
	verdict.Exception

	flows chooser
	count Quantity
	met   bool // by something in a capture
}

// Unneeded are the exceptions that nothing in any of the captures that were judged came under.
func (e *Entry) Unneeded() []*Exception {
	return slices.DeleteFunc(slices.Clone(e.Exceptions), func(x *Exception) bool { return x.met })
}

// Error says what is wrong with a file of expectations, and where.
type Error struct {
	verdict.Position
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text) }

// Of are the entries that name a capture, by its path as given.
func (f *File) Of(capture string) []*Entry {
	at := placeOf(capture)
	var of []*Entry
	for _, e := range f.Entries {
		named := false
		for i := range e.Files {
			if p := &e.Files[i]; p.names(at) {
				p.met, named = true, true
			}
		}
		if named {
			of = append(of, e)
		}
	}
	return of
}

// Unmet are the patterns of an entry that name none of the captures of which File.Of was asked.
func (e *Entry) Unmet() []Pattern {
	return slices.DeleteFunc(slices.Clone(e.Files), func(p Pattern) bool { return p.met })
}

// Captures are the patterns of an entry, in words.
func (e *Entry) Captures() string {
	var names []string
	for _, p := range e.Files {
		names = append(names, p.Text)
	}
	return strings.Join(names, ", ")
}
