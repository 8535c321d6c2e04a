package expect

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/flows"
)

// Schema is the JSON schema of the language, and SchemaName the name of the file that the first line of a recorded file
// says it is in, beside that file.
//
//go:embed schema.json
var Schema []byte

const SchemaName = "tcpwhy-expectations.schema.json"

const heading = "yaml-language-server: $schema=" + SchemaName + "\nWhat is expected of captures: tcpwhy check --expect FILE; tcpwhy explain expectations has the language."

// Recorder takes note of what a capture holds, to expect it from now on: an output of a Run that chooses all flows. The zero value is ready.
type Recorder struct {
	all     seen
	servers map[netip.AddrPort]*seen
}

// Each server is told of by itself, if they are few; and so many are looked at.
const (
	mostServers   = 20
	serversLooked = 10_000
)

// Flow takes a flow.
func (r *Recorder) Flow(f *flows.Flow, found []*analyzer.Finding) error {
	r.all.add(f, found)
	if r.servers == nil {
		r.servers = map[netip.AddrPort]*seen{}
	}
	s := r.servers[f.Server().Addr]
	if s == nil {
		if len(r.servers) == serversLooked {
			return nil
		}
		s = &seen{}
		r.servers[f.Server().Addr] = s
	}
	s.add(f, found)
	return nil
}

// Finding takes a finding of the whole capture.
func (r *Recorder) Finding(n *analyzer.Finding) error {
	if n.Flow == 0 {
		r.all.found(n)
	}
	return nil
}

// recorded are the keys that are written, in this order. The last states are, where the ways to them are too many.
var recorded = [...]struct{ key, otherwise string }{
	{"opening", ""}, {"kind", ""}, {"closing", ""}, {"client.states", "client.state"}, {"server.states", "server.state"},
}

// mostPaths bounds how many ways through the states are worth a quantity each.
const mostPaths = 3

// entry is what is expected of a capture, named as from the folder of the file.
func (r *Recorder) entry(name string) *yaml.Node {
	expect := &yaml.Node{Kind: yaml.SequenceNode}
	whole := mapping("count", scalar(r.all.count()), "findings", r.all.value("findings"))
	if more := len(r.servers) - mostServers; more > 0 {
		whole.HeadComment = amount.Of(uint64(more), "server has", "servers have") + " no expectations but these"
	}
	expect.Content = append(expect.Content, whole)
	expect.Content = append(expect.Content, r.items(nil)...)
	return mapping("files", scalar(name), "expect", expect)
}

// items are what is expected of each server, but those that but reports; by address and port.
func (r *Recorder) items(but func(netip.AddrPort) bool) (items []*yaml.Node) {
	order := make([]netip.AddrPort, 0, len(r.servers))
	for server := range r.servers {
		order = append(order, server)
	}
	slices.SortFunc(order, func(a, b netip.AddrPort) int {
		return cmp.Or(cmp.Compare(r.servers[b].flows, r.servers[a].flows), a.Compare(b))
	})
	order = order[:min(len(order), mostServers)]
	slices.SortFunc(order, netip.AddrPort.Compare)
	for _, server := range order {
		if s := r.servers[server]; but == nil || !but(server) {
			items = append(items, of(server, s))
		}
	}
	return items
}

func of(server netip.AddrPort, s *seen) *yaml.Node {
	address := &yaml.Node{Kind: yaml.ScalarNode, Value: server.String(), Tag: "!!str", Style: yaml.DoubleQuotedStyle}
	chosen := mapping("server", address)
	chosen.Style = yaml.FlowStyle
	n := mapping("flows", chosen, "count", scalar(s.count()))
	for _, r := range recorded {
		key := r.key
		if r.otherwise != "" && len(s.words[key]) > mostPaths {
			key = r.otherwise
		}
		if v := s.value(key); v != nil {
			n.Content = append(n.Content, scalar(key), v)
		}
	}
	n.Content = append(n.Content, scalar("findings"), s.value("findings"))
	return n
}

// mapping is a mapping of keys to values, a string and a node in turn.
func mapping(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(pairs); i += 2 {
		n.Content = append(n.Content, scalar(pairs[i].(string)), pairs[i+1].(*yaml.Node))
	}
	return n
}

// Recording is a file of expectations that is written from captures.
type Recording struct {
	folder  string
	entries []*yaml.Node
	errs    []error // of names
}

// NewRecording is a Recording into a file of that name.
func NewRecording(name string) *Recording { return &Recording{folder: filepath.Dir(name)} }

// Add adds a capture, by its name as given.
func (r *Recording) Add(capture string, what *Recorder) {
	name, err := relative(r.folder, capture)
	if err != nil {
		r.errs = append(r.errs, err)
		return
	}
	e := what.entry(name)
	if len(r.entries) > 0 {
		e.HeadComment = blank
	}
	r.entries = append(r.entries, e)
}

// Bytes is the file. It fails where that cannot name a capture.
func (r *Recording) Bytes() ([]byte, error) {
	if err := errors.Join(r.errs...); err != nil {
		return nil, err
	}
	document := &yaml.Node{Kind: yaml.DocumentNode, HeadComment: heading,
		Content: []*yaml.Node{mapping("captures", &yaml.Node{Kind: yaml.SequenceNode, Content: r.entries})}}
	text, err := encode(document)
	return escaped(text), err
}

// escaped is text that may go to a terminal, to which YAML leaves marks that turn the direction of a line. Where there are any, scalar
// has had them quoted.
func escaped(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range string(text) {
		switch {
		case !unprintable(r) || r == '\n':
			out = utf8.AppendRune(out, r)
		case r <= 0xffff:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = fmt.Appendf(out, `\U%08x`, r)
		}
	}
	return out
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// relative is the name of a capture as a file in a folder names it, which is text. What a glob would take for a wildcard is escaped.
func relative(folder, capture string) (string, error) {
	if capture != "-" {
		from, err := filepath.Abs(folder)
		to, err2 := filepath.Abs(capture)
		if err == nil && err2 == nil {
			if rel, err := filepath.Rel(from, to); err == nil {
				capture = rel
			}
		}
	}
	if !utf8.ValidString(capture) {
		return "", fmt.Errorf("%s: a name that is not in UTF-8 cannot be written into a file of expectations", capture)
	}
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(filepath.ToSlash(capture)), nil
}
