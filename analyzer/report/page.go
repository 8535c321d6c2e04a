package report

import (
	"strings"
	"unicode/utf8"
)

// page is text for people, in lines of at most pageWidth columns where words allow it.
type page struct {
	b     []byte
	color bool
}

const (
	pageWidth  = 100
	pageIndent = 9
)

// line writes a line, its parts one after the other.
func (p *page) line(parts ...string) {
	for _, s := range parts {
		p.b = append(p.b, s...)
	}
	for len(p.b) > 0 && p.b[len(p.b)-1] == ' ' {
		p.b = p.b[:len(p.b)-1]
	}
	p.b = append(p.b, '\n')
}

// section begins a paragraph: its label in the margin, and text beside it.
func (p *page) section(label, color, text string) {
	if len(p.b) > 0 {
		p.b = append(p.b, '\n')
	}
	p.beside(label, color, text)
}

// beside writes text with a label in the margin, wrapped.
func (p *page) beside(label, color, text string) {
	for i, l := range wrap(text, pageWidth-pageIndent) {
		margin := ""
		if i == 0 {
			margin = label
		}
		p.line(p.colored(margin, color), strings.Repeat(" ", max(1, pageIndent-utf8.RuneCountInString(margin))), l)
	}
}

// text writes text, wrapped, behind a margin.
func (p *page) text(margin, text string) {
	for _, l := range wrap(text, pageWidth-len(margin)) {
		p.line(margin, l)
	}
}

func (p *page) colored(s, color string) string {
	if !p.color || color == "" || s == "" {
		return s
	}
	return color + s + plain
}

// wrap breaks text into lines of at most width columns, at spaces that are not between single quotes. A word that is longer
// has a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range words(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

// words splits text at spaces, and leaves what is between single quotes together, as shells do.
func words(text string) []string {
	var all []string
	word, quoted := "", false
	for i, part := range strings.Split(text, " ") {
		if i > 0 {
			if quoted {
				word += " "
			} else if word != "" {
				all = append(all, word)
				word = ""
			}
		}
		word += part
		// An apostrophe, as in "client's", is no quote: one stands before a word, or ends one that began with it.
		if strings.HasPrefix(part, "'") && strings.Count(part, "'")%2 == 1 {
			quoted = true
		} else if quoted && strings.Contains(part, "'") {
			quoted = false
		}
	}
	if word != "" {
		all = append(all, word)
	}
	return all
}

// column pads s to width columns, and one more where it is longer.
func column(s string, width int) string {
	n := utf8.RuneCountInString(s)
	if n >= width {
		return s + " "
	}
	return s + strings.Repeat(" ", width-n)
}

// rightAligned puts s at the right of width columns.
func rightAligned(s string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s))) + s
}
