// Package explain says in words what the words in tcpwhy's output mean: findings, states, outcomes,
// roles, the verdicts of other tools that flows carry; and the words that lead people to it: errors, the
// kernel's counters and settings.
package explain

import (
	"embed"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// A page is a line "# name, other names", a line that is its title, and its text.
//
//go:embed pages/*.txt
var pages embed.FS

// books in the order in which Words lists them; "findings" are a file each.
var books = [...]string{"states", "findings", "opening", "closing", "words", "output", "errors", "counters", "settings", "conn_state"}

type page struct {
	names       []string
	title, text string
}

// read calls f with every page until f returns false.
func read(f func(page) bool) {
	for _, book := range books {
		if book == "findings" {
			for _, r := range analyzer.Rules {
				if !f(finding(r)) {
					return
				}
			}
			continue
		}
		b, err := pages.ReadFile("pages/" + book + ".txt")
		if err != nil {
			panic(err) // it is part of the program
		}
		for part := range strings.SplitSeq("\n"+string(b), "\n# ") {
			names, rest, _ := strings.Cut(part, "\n")
			title, text, ok := strings.Cut(rest, "\n\n")
			if ok && !f(page{strings.Split(names, ", "), title, strings.TrimSpace(text)}) {
				return
			}
		}
	}
}

// Lookup explains word: a state in any spelling, an outcome, kind, role or certainty, a column or note, a Zeek
// conn_state, a number of Wireshark's tcp.completeness from 0 to 63, or a Zeek history. The text
// is plain, without a newline at its end, its lines no longer than 80 columns.
func Lookup(word string) (title, text string, ok bool) {
	word = strings.TrimSpace(word)
	if title, text, ok := completeness(word); ok {
		return title, text, true
	}
	if strings.ToUpper(word) != word && strings.ToLower(word) != word {
		// Sh is a history; SH and sh are the conn_state.
		if title, text, ok := history(word); ok {
			return title, text, true
		}
	}
	if r := analyzer.RuleNamed(word); r != nil { // close-wait is the finding, CLOSE_WAIT the state
		p := finding(r)
		return r.Name + ": " + p.title, p.text, true
	}
	name := fold(word)
	state, isState := flows.ParseState(word)
	read(func(p page) bool {
		for _, n := range p.names {
			if isState && n == state.String() || !isState && fold(n) == name {
				title, text, ok = p.names[0]+": "+p.title, p.text, true
			}
		}
		return !ok
	})
	if ok {
		return title, text, true
	}
	if title, text, ok := list(name); ok {
		return title, text, true
	}
	return history(word)
}

// Words lists what has a page of its own. Numbers and histories can be looked up as well.
func Words() []string {
	words := []string{}
	read(func(p page) bool {
		words = append(words, p.names[0])
		return true
	})
	return append(words, "history", "completeness", "findings", "limits", "metrics", "expectations")
}

// fold makes spellings of a word equal: nstat's and sysctl's names, too.
func fold(s string) string {
	s = strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(s))
	for _, prefix := range [...]string{"tcpext", "net.ipv4.", "net.core."} {
		if rest, ok := strings.CutPrefix(s, prefix); ok && rest != "" {
			return rest
		}
	}
	return s
}
