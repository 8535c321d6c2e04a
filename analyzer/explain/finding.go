package explain

import (
	"embed"
	"fmt"
	"strings"

	"tcpwhy/analyzer"
)

// A page of a finding is its text, after a line "also: other names" where it has some. Its title, severity, limit and
// RFC sections are the rule's.
//
//go:embed findings/*.txt
var findings embed.FS

// finding is the page of a rule.
func finding(r *analyzer.Rule) page {
	b, err := findings.ReadFile("findings/" + r.Name + ".txt")
	if err != nil {
		panic(err) // it is part of the program
	}
	p := page{names: []string{r.Name}, title: r.Title, text: string(b)}
	if also, rest, ok := strings.Cut(p.text, "\n"); ok && strings.HasPrefix(also, "also: ") {
		p.names = append(p.names, strings.Split(strings.TrimPrefix(also, "also: "), ", ")...)
		p.text = rest
	}
	p.text = strings.TrimSpace(p.text) + "\n\n" + strings.Join(fill("As a rule "+severity(r)+"."+limit(r)), "\n") +
		"\n\n" + strings.Join(fill(r.RFC), "\n")
	return p
}

// severity is that of a rule, with its article.
func severity(r *analyzer.Rule) string {
	switch r.Severity {
	case analyzer.Info:
		return "of severity info"
	case analyzer.Error:
		return "an error"
	}
	return "a " + r.Severity.String()
}

func limit(r *analyzer.Rule) string {
	if r.Limit == 0 {
		return ""
	}
	return fmt.Sprintf(" Its limit is %gs: --limit %s=TIME changes it.", r.Limit.Seconds(), r.Name)
}

// fill breaks text into lines of at most 79 columns.
func fill(text string) []string { return filled(text, 79) }

// filled breaks text into lines of at most so many columns.
func filled(text string, width int) (lines []string) {
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}

// list is one of the pages that are made from all rules.
func list(name string) (title, text string, ok bool) {
	var b strings.Builder
	switch name {
	case "expectations":
		return "expectations: what tcpwhy check judges captures by", expectations(), true
	case "metrics":
		return "metrics: what limits, choices and expectations are written in", metrics(), true
	case "findings":
		write := func(what string, of func(*analyzer.Rule) bool) {
			fmt.Fprintf(&b, "%s:\n\n", what)
			for _, r := range analyzer.Rules {
				if of(r) {
					fmt.Fprintf(&b, "%-19s %s\n", r.Name, r.Title)
				}
			}
		}
		write("Of one flow", func(r *analyzer.Rule) bool { return r.Flow != nil })
		b.WriteByte('\n')
		write("Of a server, a source, or the whole capture", func(r *analyzer.Rule) bool { return r.Flow == nil })
		b.WriteString(`
Each has a page of its own. A finding is an error where a service fails for its
users, a warning where somebody pays for it, a notice where it is worth
knowing, and of severity info where it is how TCP works. Its confidence is
certain where the packets allow nothing else, likely, or possible. What is
merely unfinished when the capture ends is never more than possible.

RFC 9293 §3 is what they are measured by; each names its sections`)
		return "findings: what tcpwhy says of flows and captures", b.String(), true
	case "limits":
		b.WriteString("How long something may take before it is a finding:\n\n")
		for _, r := range analyzer.Rules {
			if r.Limit > 0 {
				fmt.Fprintf(&b, "%-14s %3gs %s\n", r.Name, r.Limit.Seconds(), r.Title)
			}
		}
		b.WriteString(`
--limit FINDING=TIME changes one, as --limit close-wait=5m. Time is that of the
packets. What takes ten times as long as half of the same server's handshakes,
and 100 ms at least, is slow-handshake, too, told at the end of the capture. No
attempt is called unanswered or half-open before a repetition, or 3 s of
capture after it.

RFC 6298 §2.1 has the second that a sender waits before it tries again`)
		return "limits: the times that findings wait for", b.String(), true
	}
	return "", "", false
}
