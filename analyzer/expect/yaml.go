package expect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"tcpwhy/analyzer/spelling"
	"tcpwhy/analyzer/verdict"
)

// Bounds of a file: a few bytes of it could ask for any memory. Of a busy capture, 20 servers with most of what there is, --record
// writes 12 kB and 1,400 values. A value takes up to 8 kB, as a condition that many flows do not meet.
const (
	MaxSize   = 2 << 20 // bytes
	maxValues = 100_000 // with those that an alias stands for, each time that it does
	maxErrors = 100     // that are told
)

// parser reads a document; what is wrong with it is collected, so that all of it is told at once.
type parser struct {
	name   string
	errs   []error
	failed int // how often; errs are the first of them
}

func (p *parser) at(n *yaml.Node) verdict.Position {
	return verdict.Position{File: p.name, Line: n.Line, Column: n.Column}
}

func (p *parser) fail(n *yaml.Node, format string, args ...any) {
	switch p.failed++; {
	case p.failed <= maxErrors:
		p.errs = append(p.errs, &Error{p.at(n), fmt.Sprintf(format, args...)})
	case p.failed == maxErrors+1:
		p.errs = append(p.errs, &Error{p.at(n), "and more is wrong from here on"})
	}
}

// whole says of all of the file what is wrong with it.
func (p *parser) whole(format string, args ...any) {
	p.fail(&yaml.Node{Line: 1, Column: 1}, format, args...)
}

var lineOf = regexp.MustCompile(`^yaml: line (\d+): `)

// document reads the only document of a file.
func (p *parser) document(data []byte) *yaml.Node {
	if i := notUTF8(data); i >= 0 {
		p.fail(&yaml.Node{Line: 1 + bytes.Count(data[:i], []byte("\n")), Column: 1}, "no text: not in UTF-8")
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var document, another yaml.Node
	err := d.Decode(&document)
	if err == io.EOF || err == nil && len(document.Content) == 0 {
		p.whole("nothing is expected: captures are missing")
		return nil
	}
	if err == nil {
		if err = d.Decode(&another); err == io.EOF {
			return &document
		}
	}
	if err == nil {
		p.fail(&another, "a second document: captures go into one")
		return nil
	}
	at, text := &yaml.Node{Line: 1, Column: 1}, err.Error()
	if m := lineOf.FindStringSubmatch(text); m != nil { // the only place that yaml tells
		at.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	p.fail(at, "no YAML: %s", strings.TrimPrefix(text, "yaml: "))
	return nil
}

// notUTF8 is where data is none; -1: nowhere.
func notUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// within reports whether a node comes to no more values than are left, and takes them from these. Of an alias that stands for
// what it is in itself there is no end.
func within(n *yaml.Node, left *int) bool {
	if *left--; *left < 0 {
		return false
	}
	for _, of := range resolved(n).Content {
		if !within(of, left) {
			return false
		}
	}
	return true
}

// resolved is what an alias stands for.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// mapping calls f with each key and value; what is what has the keys. Where n is no mapping, it is said so.
func (p *parser) mapping(n *yaml.Node, what string, keys []Key, f func(key, value *yaml.Node)) {
	n = resolved(n)
	if n.Kind != yaml.MappingNode {
		p.fail(n, "%s has keys (%s)", what, strings.Join(names(keys), " "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := resolved(n.Content[i]), resolved(n.Content[i+1])
		switch {
		case key.Kind != yaml.ScalarNode:
			p.fail(key, "%s: a key is a word", what)
		case seen[key.Value]:
			p.fail(key, "%s is there twice", key.Value)
		case keys != nil && !has(keys, key.Value):
			p.unknown(key, what, keys)
		default:
			seen[key.Value] = true
			f(key, value)
		}
	}
}

// unknown says of a key that it is none, and what it may be meant to be.
func (p *parser) unknown(key *yaml.Node, what string, keys []Key) {
	if has(FlowsKeys, key.Value) && has(keys, "flows") {
		p.fail(key, "%s chooses flows: flows: {%s: ...}", key.Value, key.Value)
		return
	}
	known := names(keys)
	p.fail(key, "%s has no key %s%s", what, key.Value, spelling.Suggest(key.Value, known, " ("+strings.Join(known, " ")+")"))
}

// words are the scalars of a node: one, or a sequence of them.
func (p *parser) words(n *yaml.Node, what string) []*yaml.Node {
	n = resolved(n)
	if n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
		var all []*yaml.Node
		for _, of := range n.Content {
			if of = resolved(of); p.isWord(of, what) {
				all = append(all, of)
			}
		}
		return all
	}
	if !p.isWord(n, what) {
		return nil
	}
	return []*yaml.Node{n}
}

func (p *parser) isWord(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		p.fail(n, "%s: a word is missing here", what)
		return false
	}
	return true
}

// word is the text of a scalar, "" where it is none.
func (p *parser) word(n *yaml.Node, what string) string {
	if n = resolved(n); !p.isWord(n, what) {
		return ""
	}
	return n.Value
}

func (p *parser) sequence(n *yaml.Node, what string) []*yaml.Node {
	n = resolved(n)
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		p.fail(n, "%s: a list is missing here (lines that begin with - )", what)
		return nil
	}
	return n.Content
}

func (p *parser) err() error { return errors.Join(p.errs...) }
