package verdict

import (
	"fmt"
	"html"
	"io"
	"strings"

	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/report"
)

// Markdown writes a run for the summary of a job or a ticket, in Markdown with tables (GitHub's): what is not met, and the
// ladders of what failed.
type Markdown struct{ W io.Writer }

// shownRows and shownLadders are how many are told; a job's summary may have a megabyte.
const (
	shownRows    = 50
	shownLadders = 10
)

// Write writes r.
func (m *Markdown) Write(r *Run) error {
	var b strings.Builder
	write := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	write("## tcpwhy %s\n\n%s\n", r.Command, r.Totals())
	rows := r.rows()
	if len(rows) > 0 {
		write("| | Capture | Expectation | How it is |\n|---|---|---|---|")
	}
	for _, w := range rows[:min(len(rows), shownRows)] {
		write("| %s | %s | %s | %s |", w.outcome, code(w.capture.Name), cell(w.what), w.text)
	}
	if n := len(rows) - shownRows; n > 0 {
		write("\nand %s more.", amount.Commas(uint64(n)))
	}
	drawn := 0
	for _, w := range rows {
		if w.expectation == nil || w.expectation.Outcome != Failed || w.expectation.details() == "" {
			continue
		}
		if drawn++; drawn > shownLadders {
			break
		}
		text := report.PlainLines(strings.TrimRight(w.expectation.details(), "\n"))
		fence := fenceOf(text, 3)
		write("\n<details><summary><code>%s</code>: %s</summary>\n\n%s\n%s\n%s\n\n</details>", html.EscapeString(line(w.capture.Name)), inHTML.Replace(line(w.expectation.title())), fence, text, fence)
	}
	write("")
	_, err := io.WriteString(m.W, b.String())
	return err
}

// tableRow is one thing that is not as it should be.
type tableRow struct {
	outcome     string
	capture     *Capture
	expectation *Expectation // nil: of the whole capture
	what        string
	text        string // as a cell
}

// rows are what failed, then what could not be judged, then what is allowed.
func (r *Run) rows() (rows []tableRow) {
	for i := range r.Captures {
		if c := &r.Captures[i]; c.Err != nil {
			rows = append(rows, tableRow{"**not read**", c, nil, "is read to its end", code(c.Err.Error())})
		}
	}
	for _, o := range []Outcome{Failed, NotJudged, Allowed} {
		label := o.String()
		if o != Allowed {
			label = "**" + label + "**"
		}
		for i := range r.Captures {
			c := &r.Captures[i]
			for j := range c.Expectations {
				if e := &c.Expectations[j]; e.Outcome == o {
					rows = append(rows, tableRow{label, c, e, e.titleAt(), cell(e.sentence())})
				}
			}
		}
	}
	return rows
}

// inHTML is for text within elements.
var inHTML = strings.NewReplacer(append([]string{"&", "&amp;<!-- -->", "<", "&lt;", ">", "&gt;", "#", "#<!-- -->",
	"~", "~<!-- -->", "$", "$<!-- -->"}, report.Unlinked...)...)

// cell is text in a cell of a table.
func cell(s string) string { return strings.ReplaceAll(report.Markdown(line(s)), "|", `\|`) }

// code is a name in a cell of a table, as it is.
func code(s string) string {
	s = line(s)
	fence := fenceOf(s, 1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + strings.ReplaceAll(s, "|", `\|`) + fence
}

// fenceOf is backticks that end code nowhere in s: at least so many.
func fenceOf(s string, least int) string {
	fence := strings.Repeat("`", least)
	for strings.Contains(s, fence) {
		fence += "`"
	}
	return fence
}
