package expect

import (
	"bytes"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A yaml.Node keeps comments, but no blank lines: while a file is edited they are comments.
const blank = "#~"

var (
	blankLine  = regexp.MustCompile(`(?m)^[ \t]*$`)
	markedLine = regexp.MustCompile(`(?m)^[ \t]*` + blank + `$`)
)

// marked is data with its blank lines as comments.
func marked(data []byte) []byte {
	text := bytes.TrimRight(data, " \t\r\n")
	return append(blankLine.ReplaceAll(text, []byte(blank)), '\n')
}

// encode writes a document; marks are blank lines again.
func encode(document *yaml.Node) ([]byte, error) {
	data, err := plainly(document)
	if err != nil {
		return nil, err
	}
	var again yaml.Node
	if err := yaml.Unmarshal(data, &again); err != nil || !alike(document, &again) {
		unmark(document) // where no comment can be, as between brackets
		return plainly(document)
	}
	return markedLine.ReplaceAll(data, nil), nil
}

func plainly(document *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	e.CompactSeqIndent()
	if err := e.Encode(document); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

// alike reports whether two nodes say the same.
func alike(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.Value != b.Value || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !alike(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

// unmark takes the marks out of the comments of a node.
func unmark(n *yaml.Node) {
	for _, c := range []*string{&n.HeadComment, &n.LineComment, &n.FootComment} {
		lines := strings.Split(*c, "\n")
		kept := lines[:0]
		for _, l := range lines {
			if l != blank {
				kept = append(kept, l)
			}
		}
		*c = strings.Join(kept, "\n")
	}
	for _, c := range n.Content {
		unmark(c)
	}
}
