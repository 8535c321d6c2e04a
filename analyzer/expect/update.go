package expect

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tcpwhy/analyzer/verdict"
)

// Update records captures anew into a file that there is: what they do not meet is made what they show. What they meet
// stays as it was written, and so do names, comments, exceptions, and conditions, which somebody has thought of.
type Update struct {
	Anew  []Unmet // what was recorded anew, as it was
	Left  []Unmet // what was left as it was
	Added uint64  // captures and servers that nothing was expected of

	errs  []error // of names
	file  *File
	today time.Time
	order []*check
	shown map[*check]*shown // by the first check under a key
}

// Unmet is an expectation that captures do not meet.
type Unmet struct {
	verdict.Position
	Text string
	Why  string // it was left as it was
}

// shown is what captures show of what is expected under one key.
type shown struct {
	item  *Item
	texts []string   // of each capture: "" of one that is as expected
	value *yaml.Node // of the last; nil: nothing that can be recorded
	why   string     // it cannot
}

// NewUpdate is an Update of a file, on a day. The file is changed.
func NewUpdate(f *File, today time.Time) *Update {
	return &Update{file: f, today: today, shown: map[*check]*shown{}}
}

// note takes what one capture shows under the key of a check.
func (u *Update) note(i *Item, c *check, failed bool, s *seen) {
	of := u.shown[c]
	if of == nil {
		of = &shown{item: i}
		u.shown[c] = of
		u.order = append(u.order, c)
	}
	if !failed {
		of.texts = append(of.texts, "")
		return
	}
	of.value, of.why = nil, ""
	switch {
	case !recordable(c.key):
		of.why = "a condition is set by hand"
	case s.flows == 0 && c.key != "count":
		of.why = "no flow is chosen any more"
	default:
		if of.value = s.value(c.key); of.value == nil {
			of.why = "there are too many different ones"
		}
	}
	of.texts = append(of.texts, of.why+textOf(of.value))
}

// recordable reports whether what is expected under a key can be read off a capture.
func recordable(key string) bool { return key != "metrics" && key != "fail-on" }

// textOf is a value as it is compared with others.
func textOf(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	words := []string{n.Value}
	for _, c := range n.Content {
		words = append(words, c.Value)
	}
	return strings.Join(words, "\x00")
}

// Bytes is the file as it is now. All captures have been looked at. It fails where one that is new to the file cannot be named there.
func (u *Update) Bytes() ([]byte, error) {
	if err := errors.Join(u.errs...); err != nil {
		return nil, err
	}
	for _, c := range u.order {
		of := u.shown[c]
		texts := slices.Compact(slices.Sorted(slices.Values(of.texts)))
		switch {
		case len(texts) == 1 && texts[0] == "":
		case len(texts) > 1:
			u.leave(c, "captures show different things")
		case of.value == nil:
			u.leave(c, of.why)
		default:
			replace(of.item.node, c.key, of.value)
			u.Anew = append(u.Anew, Unmet{Position: c.at, Text: c.text})
		}
	}
	return encode(u.file.document)
}

func (u *Update) leave(c *check, why string) {
	u.Left = append(u.Left, Unmet{c.at, c.text, why})
}

// valueOf is the node under a key of a mapping; nil: it has none.
func valueOf(mapping *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

// replace puts another value under a key, and leaves its comments.
func replace(mapping *yaml.Node, key string, value *yaml.Node) {
	old := valueOf(mapping, key)
	anew := *value
	anew.HeadComment, anew.LineComment, anew.FootComment = old.HeadComment, old.LineComment, old.FootComment
	*old = anew
}

// add adds an item to the end of the sequence under a key.
func add(mapping *yaml.Node, key string, items ...*yaml.Node) {
	to := resolved(valueOf(mapping, key))
	to.Content = append(to.Content, items...)
}

// named is how a file names a capture.
func (f *File) named(capture string) (string, error) { return relative(filepath.Dir(f.Name), capture) }
