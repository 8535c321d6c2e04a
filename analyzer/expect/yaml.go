package expect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"tcpwhy/analyzer/spelling"
	"tcpwhy/analyzer/verdict"
)

// parser reads a document; what is wrong with it is collected, so that all of it is told at once.
type parser struct {
	name string
	errs []error
}

func (p *parser) at(n *yaml.Node) verdict.Position {
	return verdict.Position{File: p.name, Line: n.Line, Column: n.Column}
}

func (p *parser) fail(n *yaml.Node, format string, args ...any) {
	p.errs = append(p.errs, &Error{p.at(n), fmt.Sprintf(format, args...)})
}

var lineOf = regexp.MustCompile(`^yaml: line (\d+): `)

// document reads the only document of a file.
func (p *parser) document(data []byte) *yaml.Node {
	top := verdict.Position{File: p.name, Line: 1, Column: 1}
	if i := notUTF8(data); i >= 0 {
		top.Line += bytes.Count(data[:i], []byte("\n"))
		p.errs = append(p.errs, &Error{top, "no text: not in UTF-8"})
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var document, another yaml.Node
	err := d.Decode(&document)
	if err == io.EOF || err == nil && len(document.Content) == 0 {
		p.errs = append(p.errs, &Error{top, "nothing is expected: captures are missing"})
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
	text := err.Error()
	if m := lineOf.FindStringSubmatch(text); m != nil { // the only place that yaml tells
		top.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	p.errs = append(p.errs, &Error{top, "no YAML: " + strings.TrimPrefix(text, "yaml: ")})
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
	var seen []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := resolved(n.Content[i]), resolved(n.Content[i+1])
		switch {
		case key.Kind != yaml.ScalarNode:
			p.fail(key, "%s: a key is a word", what)
		case slices.Contains(seen, key.Value):
			p.fail(key, "%s is there twice", key.Value)
		case keys != nil && !has(keys, key.Value):
			p.unknown(key, what, keys)
		default:
			seen = append(seen, key.Value)
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
