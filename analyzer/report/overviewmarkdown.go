package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// OverviewMarkdown writes a report for a ticket, in Markdown with tables (GitHub's).
type OverviewMarkdown struct {
	W       io.Writer
	Verbose bool // all findings and servers
}

// markdown is a page of it.
type markdown struct{ strings.Builder }

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(m, format+"\n", args...) }

// row writes a row of a table; what would end a cell is escaped.
func (m *markdown) row(cells ...string) {
	for i := range cells {
		cells[i] = strings.NewReplacer("|", `\|`, "\n", " ").Replace(cells[i])
	}
	m.line("| %s |", strings.Join(cells, " | "))
}

// table begins a table; the columns from right on are aligned to the right.
func (m *markdown) table(right int, cells ...string) {
	m.row(cells...)
	rules := make([]string, len(cells))
	for i := range rules {
		if rules[i] = "---"; i >= right {
			rules[i] = "---:"
		}
	}
	m.line("|%s|", strings.Join(rules, "|"))
}

// Write writes o.
func (w *OverviewMarkdown) Write(o *Overview) error {
	var m markdown
	t := &o.Summary.Totals
	m.line("# %s\n", Markdown(o.named()))
	line := o.read() + ", " + amount.Of(o.Flows, "TCP flow", "TCP flows")
	if t.First != 0 {
		line += ", " + moments(t.First, t.Last)
	}
	m.line("%s.", line)
	if _, s := o.unread(); s != "" {
		m.line("%s.", Markdown(s))
	}
	if o.Chosen != "" {
		m.line("Only `%s`: %s.", o.Chosen, amount.Of(t.Flows, "flow", "flows"))
	}
	if s := o.givenUp(); s != "" {
		m.line("%s.", Markdown(s))
	}
	if s := o.vantage(); s != "" {
		m.line("%s", Markdown(s))
	}
	all := o.entries(w.Verbose)
	m.line("\n**%s**", Markdown(o.verdict(all)))
	w.findings(&m, o, all)
	if t.Flows > 0 {
		w.times(&m, o)
		w.outcomes(&m, t)
	}
	if o.Census != nil {
		m.line("\n## Census\n")
		if s := withoutGivenUp(&o.Summary.Facts.Ceiling); s != "" {
			m.line("%s.\n", capital(strings.TrimPrefix(s, "; ")))
		}
		for i, cells := range o.Census.table() {
			for j := range cells {
				cells[j] = Markdown(cells[j])
			}
			if i == 0 {
				m.table(1, cells...)
			} else {
				m.row(cells...)
			}
		}
	}
	_, err := io.WriteString(w.W, m.String())
	return err
}

// Markdown is s as Markdown shows it.
func Markdown(s string) string { return inMarkdown.Replace(Plain(s)) }

var inMarkdown = strings.NewReplacer(append([]string{`\`, `\\`, "*", `\*`, "_", `\_`, "`", "\\`", "#", `\#<!-- -->`, "<", `\<`, "[", `\[`,
	"&", `\&<!-- -->`, "~", `\~<!-- -->`, "$", `\$<!-- -->`}, Unlinked...)...)

// Unlinked are the beginnings of what forges take for a user, an issue or such (@user, #12, !12, GH-12, an address), each with what it
// is to be replaced by. Forges send word to it, and know no escape: a comment keeps them from that. Of those that mean something
// to Markdown or HTML, #, $, & and ~, there are none here.
var Unlinked = []string{"@", "@<!-- -->", "!", "!<!-- -->", "GH-", "GH-<!-- -->", "gh-", "gh-<!-- -->", "Gh-", "Gh-<!-- -->",
	"gH-", "gH-<!-- -->", "://", ":<!-- -->//", "www.", "www<!-- -->."}

func (w *OverviewMarkdown) findings(m *markdown, o *Overview, all []entry) {
	if len(all) == 0 {
		return
	}
	const most = shownBlocks + shownLines
	shown := all
	if len(all) > most && !w.Verbose {
		shown = all[:most]
	}
	m.line("\n## Findings\n")
	m.table(4, "Severity", "Finding", "Where", "What", "Flows", "First flow")
	for i := range shown {
		e := &shown[i]
		first, flows := "", ""
		if f := e.first(); f.Flow != 0 {
			first = "#" + strconv.FormatUint(f.Flow, 10)
		}
		if e.flows > 0 {
			flows = amount.Commas(e.flows)
		}
		m.row(e.severity().String(), "`"+e.rule().Name+"`", Markdown(e.where()), Markdown(e.words()), flows, Markdown(first))
	}
	if n := len(all) - len(shown); n > 0 {
		m.line("\nand %s.", amount.Of(uint64(n), "finding more", "findings more"))
	}
	for i := range shown {
		if e := &shown[i]; e.severity() >= analyzer.Warning {
			w.finding(m, o, e)
		}
	}
}

func (w *OverviewMarkdown) finding(m *markdown, o *Overview, e *entry) {
	n := e.example()
	m.line("\n### %s: `%s`%s\n", strings.ToUpper(e.severity().String()), n.Rule.Name, where(e))
	m.line("%s (%s).\n", Markdown(capital(e.words())), strings.Join(e.scale(), ", "))
	for _, part := range n.Parts {
		m.line("- %s `%s`: %s %s", amount.Commas(part.Flows), part.Rule.Name, Markdown(part.Words), steps(&part.Retries))
	}
	list := func(label, text string) {
		for _, item := range items(text) {
			if item != "" {
				m.line("- %s: %s", label, Markdown(item))
			}
		}
	}
	why := n.Why
	if e.group != nil && e.flows > 1 {
		why = fmt.Sprintf("of #%d: %s", n.Flow, why)
	}
	if len(e.servers) > 0 {
		list("most", e.most())
		list("why", e.shared())
	}
	list("why", why)
	for _, other := range n.RuledOut {
		list("not", other)
	}
	list("next", n.Next)
	list("mend", n.Mend)
	if f := e.first(); f.Flow != 0 && o.Command != "" {
		m.line("\n    %s --flow %d", o.Command, f.Flow)
	}
}

func where(e *entry) string {
	if s := e.where(); s != "" {
		return " at " + Markdown(s)
	}
	return ""
}

func (w *OverviewMarkdown) times(m *markdown, o *Overview) {
	shown := 0
	for _, s := range o.Summary.Servers {
		if s.SYNToSYNACK.N+s.SYNACKToACK.N == 0 {
			continue
		}
		if shown++; shown > shownServers && !w.Verbose {
			break
		}
		m.line("\n## Times of %s\n", Markdown(s.Addr.String()))
		m.table(1, "", "count", "min", "p50", "p90", "p99", "max")
		for _, t := range timings(s) {
			if t.of.N > 0 {
				m.row(t.name, amount.Commas(t.of.N), span.String(t.of.Min), span.String(t.of.Quantile(0.5)), span.String(t.of.Quantile(0.9)),
					span.String(t.of.Quantile(0.99)), span.String(t.of.Max))
			}
		}
		if words := o.timesOf(s); words != "" {
			m.line("\n%s", words)
		}
	}
}

func (w *OverviewMarkdown) outcomes(m *markdown, t *analyzer.Totals) {
	m.line("\n## Outcomes\n")
	m.table(2, "", "Outcome", "Flows")
	for i, n := range t.Opening {
		if n > 0 {
			m.row("opening", flows.OpeningOutcome(i).String(), amount.Commas(n))
		}
	}
	for i, n := range t.Closing {
		if n > 0 && flows.ClosingOutcome(i) != flows.ClosingNever {
			m.row("closing", flows.ClosingOutcome(i).String(), amount.Commas(n))
		}
	}
	for i, n := range t.States {
		if n > 0 && flows.State(i) != flows.Unknown {
			m.row("last state, of both ends", Markdown(flows.State(i).String()), amount.Commas(n))
		}
	}
	for _, line := range []string{young(t), midClose(t), outdated(t)} {
		if line != "" {
			m.line("\n%s.", capital(line))
		}
	}
}
