package verdict

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/report"
)

// GitHub writes what is not as it should be as annotations, in the workflow commands that a step of GitHub Actions
// understands: the worst ten, which is how many it shows of one step, and how many more there are.
type GitHub struct {
	W    io.Writer
	Path func(file string) string // a file as the repository has it; nil: as it was given
}

const annotations = 10

// annotation is one of them.
type annotation struct {
	at       Position
	title    string
	text     string
	severity int
}

// Write writes r.
func (g *GitHub) Write(r *Run) error {
	var all []annotation
	for i := range r.Captures {
		c := &r.Captures[i]
		if c.Err != nil {
			all = append(all, annotation{Position{File: c.Name}, "tcpwhy " + r.Command, c.Name + ": " + c.unread(), worstSeverity})
		}
		for j := range c.Expectations {
			if e := &c.Expectations[j]; e.Outcome == Failed || e.Outcome == NotJudged {
				all = append(all, e.annotation(r, c))
			}
		}
	}
	slices.SortStableFunc(all, func(a, b annotation) int { return cmp.Compare(b.severity, a.severity) })
	var b strings.Builder
	for _, a := range all[:min(len(all), annotations)] {
		if g.Path != nil && a.at.File != "" {
			a.at.File = g.Path(a.at.File)
		}
		a.write(&b, "error")
	}
	if n := len(all) - annotations; n > 0 {
		more := annotation{title: "tcpwhy " + r.Command, text: "and " + amount.Commas(uint64(n)) + " more: " + r.Totals().String()}
		more.write(&b, "notice")
	}
	_, err := io.WriteString(g.W, b.String())
	return err
}

// worstSeverity is above all of analyzer.Severity: nothing at all could be judged.
const worstSeverity = 1 << 8

func (e *Expectation) annotation(r *Run, c *Capture) annotation {
	a := annotation{e.At, "tcpwhy " + r.Command + ": " + e.title(), e.message(c), int(e.Severity)}
	if a.at.Line == 0 {
		a.at.File = c.Name
	}
	if e.Outcome == NotJudged {
		a.severity = worstSeverity
	}
	return a
}

func (a *annotation) write(b *strings.Builder, command string) {
	var properties []string
	add := func(name, value string) {
		properties = append(properties, name+"="+githubProperty.Replace(line(value)))
	}
	if a.at.File != "" {
		add("file", a.at.File)
	}
	if a.at.Line > 0 {
		add("line", strconv.Itoa(a.at.Line))
	}
	if a.at.Column > 0 {
		add("col", strconv.Itoa(a.at.Column))
	}
	add("title", a.title)
	fmt.Fprintf(b, "::%s %s::%s\n", command, strings.Join(properties, ","), githubData.Replace(report.PlainLines(a.text)))
}

// What GitHub unescapes in data, and in properties, where a colon or a comma would end them.
var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)
