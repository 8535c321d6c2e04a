package report

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// OverviewText writes a report for people.
type OverviewText struct {
	W       io.Writer
	Verbose bool // all findings and servers, not only the first of them
	Color   bool
}

// How much of each is shown where Verbose is not set.
const (
	shownBlocks  = 8 // warnings and errors
	shownLines   = 10
	shownServers = 3
	shownRows    = 10
)

// Write writes o.
func (t *OverviewText) Write(o *Overview) error {
	p := &page{color: t.Color}
	t.header(p, o)
	all := o.entries(t.Verbose)
	p.section("VERDICT", bold, o.verdict(all))
	t.findings(p, o, all)
	if o.Summary.Totals.Flows > 0 {
		waiting := o.waiting(all)
		t.ready(p, o, waiting)
		t.times(p, o, waiting)
		t.servers(p, o)
		t.opening(p, o)
		t.closing(p, o)
		t.states(p, o)
	}
	if o.Census != nil {
		o.Census.text(p, &o.Summary.Facts.Ceiling)
	}
	_, err := t.W.Write(p.b)
	return err
}

const bold = "\x1b[1m"

// header says what was read, and where that was captured.
func (t *OverviewText) header(p *page, o *Overview) {
	line := o.read() + ", " + amount.Of(o.Flows, "TCP flow", "TCP flows")
	if s := &o.Summary.Totals; s.First != 0 {
		line += ", " + moments(s.First, s.Last)
	}
	switch d := o.Dropped; {
	case !d.Known:
	case d.N == 0:
		line += ", no drops"
	default:
		line += ", " + amount.Of(d.N, "packet", "packets") + " dropped"
	}
	name := o.named() + "  "
	if utf8.RuneCountInString(name) > pageWidth/2 {
		p.line(name)
		name = strings.Repeat(" ", pageIndent)
	}
	for i, l := range wrap(line, pageWidth-utf8.RuneCountInString(name)) {
		if i > 0 {
			name = strings.Repeat(" ", pageIndent)
		}
		p.line(name, l)
	}
	if _, s := o.unread(); s != "" {
		p.text("", s)
	}
	if o.Chosen != "" {
		p.text("", fmt.Sprintf("Only %s: %s", o.Chosen, amount.Of(o.Summary.Totals.Flows, "flow", "flows")))
	}
	if s := o.givenUp(); s != "" {
		p.text("", s)
	}
	if s := o.vantage(); s != "" {
		p.text("", s)
	}
}

// named is the name of what was read.
func (o *Overview) named() string {
	switch n := len(o.Files); {
	case n == 1:
		return Plain(o.Files[0])
	case n < 4:
		return Plain(strings.Join(o.Files, ", "))
	default:
		return fmt.Sprintf("%d files, %s to %s", n, Plain(o.Files[0]), Plain(filepath.Base(o.Files[n-1])))
	}
}

// moments is a stretch of time, to the second: the date is said once.
func moments(from, to int64) string {
	const day, clock = "2006-01-02 ", "15:04:05Z"
	a, b := time.Unix(0, from).UTC(), time.Unix(0, to).UTC()
	switch {
	case a.Truncate(time.Second).Equal(b.Truncate(time.Second)):
		return a.Format(day + clock)
	case a.Format(day) == b.Format(day):
		return a.Format(day+clock) + " to " + b.Format(clock)
	}
	return a.Format(day+clock) + " to " + b.Format(day+clock)
}

// clock is the time of a day, to the millisecond.
func clock(t int64) string { return time.Unix(0, t).UTC().Format("15:04:05.000Z") }

// clocks is a stretch of time in the day, to the second.
func clocks(from, to int64) string {
	const clock = "15:04:05Z"
	a, b := time.Unix(0, from).UTC().Format(clock), time.Unix(0, to).UTC().Format(clock)
	if a == b {
		return "at " + a
	}
	return "from " + a + " to " + b
}

// findings writes them: what costs somebody something with all that is known of it, the rest in a line each.
func (t *OverviewText) findings(p *page, o *Overview, all []entry) {
	blocks, lines := 0, 0
	var more, less []entry // not shown
	for i := range all {
		e := &all[i]
		if e.severity() >= analyzer.Warning {
			if blocks++; blocks > shownBlocks && !t.Verbose {
				more = append(more, *e)
				continue
			}
			t.block(p, o, e, i > 0)
			continue
		}
		if lines++; lines > shownLines && !t.Verbose {
			less = append(less, *e)
			continue
		}
		if lines == 1 {
			p.line()
		}
		t.oneLine(p, e)
	}
	if n := len(more) + len(less); n > 0 {
		p.beside("", "", "and "+amount.Of(uint64(n), "finding more", "findings more")+without(more, less)+": -v shows all")
	}
}

// without says how many of those not shown are grave.
func without(more, less []entry) string {
	switch {
	case len(more) == 0:
		return ", none of them a warning"
	case len(less) == 0:
		return ""
	}
	return ", " + amount.Of(uint64(len(more)), "of them a warning or an error", "of them warnings or errors")
}

// block writes all that is known of an entry; what it is only where the verdict has not said so.
func (t *OverviewText) block(p *page, o *Overview, e *entry, what bool) {
	n := e.example()
	severity := e.severity()
	p.line()
	head := p.colored(strings.ToUpper(severity.String()), severityColors[severity]) +
		strings.Repeat(" ", pageIndent-len(severity.String())) + column(n.Rule.Name, 19) + column(e.where(), 22)
	p.line(head, rightAligned(strings.Join(e.scale(), ", "), 0))
	if what {
		p.beside("  what", "", e.words())
	}
	if e.whole != nil {
		t.parts(p, e.whole)
	}
	if len(e.servers) > 0 {
		p.beside("  most", "", e.most())
	}
	switch {
	case e.whole != nil && e.whole.Since != 0:
		p.beside("  when", "", strings.TrimPrefix(clocks(e.whole.Since, e.whole.Until), "from "))
	case e.group != nil && e.flows > 1:
		p.beside("  when", "", strings.TrimPrefix(clocks(e.group.First, e.group.Last), "from "))
	}
	why := n.Why
	if e.group != nil && e.flows > 1 {
		why = fmt.Sprintf("of #%d: %s", n.Flow, why)
	}
	if len(e.servers) > 0 {
		why = e.shared() + "; " + why
	}
	p.items("  why", why)
	for i, other := range n.RuledOut {
		label := ""
		if i == 0 {
			label = "  not"
		}
		p.beside(label, "", other)
	}
	p.items("  next", n.Next)
	p.items("  mend", n.Mend)
	if first := e.first(); first.Flow != 0 {
		t.example(p, o, "  first", first, "")
	}
	if e.group != nil && len(e.group.Worst) > 0 && e.group.Worst[0].Flow != n.Flow {
		w := &e.group.Worst[0]
		t.example(p, o, "  worst", analyzer.Example{Flow: w.Flow, Time: w.Time, Client: w.Client}, span.String(w.Lasted)+", ")
	}
}

// items splits what was joined with semicolons, but those between brackets or quotes.
func items(text string) (all []string) {
	depth, start, quoted := 0, 0, false
	for i, c := range text {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '\'':
			// An apostrophe has a letter before it, and is none: what a shell quotes begins after a space.
			quoted = !quoted && (i == 0 || text[i-1] == ' ')
		case c == ';' && depth <= 0 && !quoted && strings.HasPrefix(text[i:], "; "):
			all = append(all, text[start:i])
			start = i + len("; ")
		}
	}
	return append(all, text[start:])
}

// items writes what was joined with semicolons one below the other.
func (p *page) items(label, text string) {
	if text == "" {
		return
	}
	for _, item := range items(text) {
		p.beside(label, "", item)
		label = ""
	}
}

// example names a flow, and the command that shows it.
func (t *OverviewText) example(p *page, o *Overview, label string, e analyzer.Example, words string) {
	line := column(label, pageIndent-1) + " " + fmt.Sprintf("%s#%d %s at %s", words, e.Flow, e.Client, clock(e.Time))
	if o.Command == "" {
		p.line(line)
		return
	}
	command := o.Command + " --flow " + strconv.FormatUint(e.Flow, 10)
	if utf8.RuneCountInString(line)+4+utf8.RuneCountInString(command) > pageWidth {
		p.line(line)
		line = strings.Repeat(" ", pageIndent-4)
	}
	p.line(line, "    ", command)
}

// parts writes the findings of flows that one of the whole capture explains.
func (t *OverviewText) parts(p *page, n *analyzer.Finding) {
	width, name, words := 0, 0, 0
	for i := range n.Parts {
		part := &n.Parts[i]
		width = max(width, len(amount.Commas(part.Flows)))
		name, words = max(name, len(part.Rule.Name)), max(words, len(part.Words))
	}
	for i := range n.Parts {
		part := &n.Parts[i]
		p.line(rightAligned(amount.Commas(part.Flows), max(7, width+2)), "  ", column(part.Rule.Name, name+2), column(part.Words, words+2), steps(&part.Retries))
	}
}

// steps is how many flows waited for how many repetitions: "1s 1,001  3s 198  7s 15".
func steps(s *analyzer.Steps) string {
	var parts []string
	for _, step := range s[1:] {
		if step.Flows > 0 {
			parts = append(parts, stepTime(step.Wait)+" "+amount.Commas(step.Flows))
		}
	}
	return strings.Join(parts, "  ")
}

// stepTime is a wait by the second, as timers go.
func stepTime(d time.Duration) string {
	if d < 950*time.Millisecond {
		return span.String(d)
	}
	return strconv.FormatInt(int64((d+50*time.Millisecond)/time.Second), 10) + "s"
}

// oneLine writes an entry with no more than its first flow.
func (t *OverviewText) oneLine(p *page, e *entry) {
	n := e.example()
	severity := e.severity()
	label := strings.ToUpper(severity.String())
	head := column(n.Rule.Name, 19) + column(e.where(), 22)
	if e.flows > 0 {
		head += amount.Of(e.flows, "flow", "flows")
		if first := e.first(); first.Flow != 0 {
			head += fmt.Sprintf(", first #%d", first.Flow)
		}
		head += ": "
	}
	// What does not fit beside it goes on below, indented.
	text := e.words()
	if len(head)+len(text) > pageWidth-pageIndent {
		p.line(p.colored(label, severityColors[severity]), strings.Repeat(" ", pageIndent-len(label)), strings.TrimSuffix(head, ": "))
		for _, l := range wrap(text, pageWidth-pageIndent-2) {
			p.line(strings.Repeat(" ", pageIndent+2), l)
		}
		return
	}
	p.line(p.colored(label, severityColors[severity]), strings.Repeat(" ", pageIndent-len(label)), head, text)
}

// words is what was found: of one flow its sentence, of many what they have in common; and what it is part of.
func (e *entry) words() string {
	if e.whole != nil {
		return e.whole.Summary
	}
	if e.group.Cause != "" {
		return e.said() + "; part of " + e.group.Cause
	}
	return e.said()
}

func (e *entry) said() string {
	if e.flows == 1 {
		return e.group.Earliest.Summary
	}
	var kind []string
	if e.group.Variant != "" {
		kind = append(kind, e.group.Variant)
	}
	if e.group.Endpoint != flows.NoOne {
		kind = append(kind, e.group.Endpoint.String())
	}
	if len(kind) == 0 {
		return e.group.Rule.Title
	}
	return e.group.Rule.Title + " (" + strings.Join(kind, ", ") + ")"
}

// where is the server or the source.
func (e *entry) where() string {
	at := e.subject()
	switch {
	case !at.IsValid():
		return ""
	case len(e.servers) > 0:
		return amount.Of(uint64(len(e.servers)), "server", "servers")
	case at.Port() == 0:
		return at.Addr().String()
	}
	return at.String()
}

// between are two times, said once where they read the same.
func between(from, to time.Duration) string {
	a, b := span.String(from), span.String(to)
	if a == b {
		return a
	}
	return a + " to " + b
}

// scale is how many flows and clients are concerned, how long, and how sure that is.
func (e *entry) scale() []string {
	var s []string
	if e.flows > 0 {
		s = append(s, amount.Of(e.flows, "flow", "flows"))
	}
	if e.whole != nil {
		if e.whole.Clients > 0 {
			s = append(s, e.whole.ClientsWords())
		}
	} else if e.flows > 1 {
		s = append(s, e.group.Clients.Words("client", "clients"))
		if g := e.group; g.Lasted.Max > 0 && g.Lasted.N == g.Flows {
			s = append(s, between(g.Lasted.Min, g.Lasted.Max))
		}
	}
	confidence := e.example().Confidence
	if e.group != nil {
		confidence = e.group.Confidence
	}
	return append(s, confidence.String())
}
