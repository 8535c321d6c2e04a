package verdict

import (
	"fmt"
	"io"
	"strings"

	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/report"
)

// Text writes a run for people: what failed, what is allowed, what could not be judged, and in the last line how many
// of each.
type Text struct {
	W       io.Writer
	Verbose bool // also what is met
	Quiet   bool // no ladders
	Color   bool
}

// Write writes all of it.
func (t *Text) Write(r *Run) error {
	var b strings.Builder
	for i := range r.Captures {
		t.capture(&b, &r.Captures[i])
	}
	b.WriteString(r.Totals().String() + "\n")
	_, err := io.WriteString(t.W, b.String())
	return err
}

// labels begin what is told of an expectation.
var labels = [NumOutcomes]struct{ word, color string }{
	NotJudged: {"NOT JUDGED", "\x1b[33m"}, Met: {"MET", "\x1b[32m"}, Allowed: {"ALLOW", "\x1b[33m"}, Failed: {"FAIL", "\x1b[31m"},
}

const indent = "      "

func (t *Text) capture(b *strings.Builder, c *Capture) {
	drawn := map[uint64]bool{}
	unjudged := map[string][]*Expectation{} // by their reason
	for i := range c.Expectations {
		if e := &c.Expectations[i]; e.Outcome == NotJudged {
			unjudged[e.Reason] = append(unjudged[e.Reason], e)
		}
	}
	for i := range c.Expectations {
		switch e := &c.Expectations[i]; {
		case e.Outcome == NotJudged:
			if alike := unjudged[e.Reason]; alike[0] == e {
				t.notJudged(b, c, alike)
			}
		case e.Outcome == Allowed:
			say(b, t.label(Allowed)+" ", "%s: %s, %s; %s", c.Name, e.Text, e.Seen, e.Exception.sentence())
		case e.Outcome == Failed:
			t.failed(b, c, e, drawn)
		case t.Verbose:
			say(b, t.label(Met)+" ", "%s: %s, %s", c.Name, e.Text, e.Seen)
		}
	}
}

// notJudged tells of expectations that were not judged for the same reason.
func (t *Text) notJudged(b *strings.Builder, c *Capture, alike []*Expectation) {
	if len(alike) == 1 {
		t.head(b, c, alike[0])
		say(b, indent, "%s", alike[0].Reason)
		return
	}
	say(b, t.label(NotJudged)+" ", "%s: %d expectations", c.Name, len(alike))
	say(b, indent, "%s", alike[0].Reason)
	shown := alike
	const most = 10
	if len(shown) > most && !t.Verbose {
		shown = shown[:most]
	}
	for _, e := range shown {
		say(b, indent, "%s", strings.TrimLeft(e.At.String()+"   "+e.title(), " "))
	}
	if n := len(alike) - len(shown); n > 0 {
		say(b, indent, "and %d more; -v names them", n)
	}
}

// say writes a line, of which all but its beginning is what others may have written.
func say(b *strings.Builder, begin, format string, args ...any) {
	b.WriteString(begin + line(fmt.Sprintf(format, args...)) + "\n")
}

func (t *Text) label(o Outcome) string {
	l := labels[o]
	if t.Color {
		return l.color + l.word + "\x1b[0m"
	}
	return l.word
}

// head tells what was expected of which capture, and where that stands.
func (t *Text) head(b *strings.Builder, c *Capture, e *Expectation) {
	name := e.Text
	if e.Name != "" {
		name = `"` + e.Name + `"`
	}
	say(b, t.label(e.Outcome)+" ", "%s: %s", c.Name, name)
	switch at := e.At.String(); {
	case at != "" && e.Name != "":
		say(b, indent, "%s   %s", at, e.Text)
	case at != "":
		say(b, indent, "%s", at)
	case e.Name != "":
		say(b, indent, "%s", e.Text)
	}
}

func (t *Text) failed(b *strings.Builder, c *Capture, e *Expectation, drawn map[uint64]bool) {
	t.head(b, c, e)
	say(b, indent, "expected  %-19s   seen  %s", e.Expected, e.Seen)
	if len(e.Offending) == 0 {
		b.WriteByte('\n')
		return
	}
	first := &e.Offending[0]
	of := ""
	if first.Number > 0 {
		of = fmt.Sprintf(" of flow %d", first.Number)
	}
	if len(first.Packets) > 0 {
		shown := "packets   " + packets(first.Packets) + of
		if first.Summary != "" {
			shown += ": " + first.Summary
		}
		say(b, indent, "%s", shown)
	}
	if others := e.others(); others != "" {
		say(b, indent, "also      %s", others)
	}
	switch {
	case t.Quiet:
	case drawn[first.Number]:
		say(b, indent, "flow %d is drawn above", first.Number)
	case first.Ladder != "":
		drawn[first.Number] = true
		b.WriteByte('\n')
		for rung := range strings.Lines(report.PlainLines(first.Ladder)) {
			b.WriteString(strings.TrimRight(indent+rung, " \n") + "\n")
		}
	}
	if first.Again != "" {
		say(b, indent, "again     %s", first.Again)
	}
	b.WriteByte('\n')
}

// packets names the packets that show something; of many the first.
func packets(numbers []uint64) string {
	const most = 6
	words := make([]string, 0, most)
	for _, n := range numbers[:min(len(numbers), most)] {
		words = append(words, fmt.Sprint(n))
	}
	line := strings.Join(words, ", ")
	if len(numbers) > most {
		line += fmt.Sprintf(" and %d more", len(numbers)-most)
	}
	return line
}

// others names the flows after the first that are not as expected.
func (e *Expectation) others() string {
	const most = 5
	var names []string
	for _, f := range e.Offending[1:] {
		if f.Number > 0 && len(names) < most {
			names = append(names, fmt.Sprintf("#%d %s", f.Number, f.Why))
		}
	}
	line := strings.Join(names, ", ")
	if left := e.Offenders - 1 - uint64(len(names)); len(names) > 0 && left > 0 {
		line += fmt.Sprintf(" and %s more", amount.Commas(left))
	}
	return line
}

// words are the name and the reason.
func (x *Exception) words() string {
	if x.Name == "" {
		return x.Reason
	}
	return x.Name + ": " + x.Reason
}
