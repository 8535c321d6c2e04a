package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"tcpwhy/flows"
)

// LadderMermaid writes ladders as sequence diagrams in Mermaid's language, each in a fence, as a ticket takes them.
type LadderMermaid struct{ W io.Writer }

// Write writes all of them.
func (m *LadderMermaid) Write(l *Ladder) error {
	var b strings.Builder
	for i, n := range l.Flows() {
		if i > 0 {
			b.WriteByte('\n')
		}
		diagram(&b, l, l.flows[n])
	}
	_, err := io.WriteString(m.W, b.String())
	return err
}

// diagramText is s as Mermaid takes it in a message: what ends one there is written by its number.
func diagramText(s string) string {
	return strings.NewReplacer("#", "#35;", ";", "#59;", "<", "#lt;", ">", "#gt;", "\n", " ").Replace(s)
}

func diagram(b *strings.Builder, l *Ladder, f *ladder) {
	f.release()
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	note := func(where, text string) { line("    Note %s: %s", where, diagramText(text)) }
	line("```mermaid\nsequenceDiagram")
	line("    participant C as client %s", diagramText(f.flow.Client().Addr.String()))
	line("    participant S as server %s", diagramText(f.flow.Server().Addr.String()))
	before := f.first
	for i := range f.rungs {
		r := &f.rungs[i]
		if words := gap(time.Duration(r.time - before)); words != "" {
			note("over C,S", words)
		}
		before = max(before, r.time, r.until)
		at := fmt.Sprintf("%s (packet %d, %s)", r.label, r.packet, f.since(r.time))
		switch {
		case !r.arrow:
			note("over C,S", at)
		case r.to == flows.Server:
			line("    C->>S: %s", diagramText(at))
		default:
			line("    S->>C: %s", diagramText(at))
		}
		if s := r.states[flows.Client]; len(s) > 0 {
			note("left of C", strings.Join(s, " "))
		}
		if s := r.states[flows.Server]; len(s) > 0 {
			note("right of S", strings.Join(s, " "))
		}
		for _, n := range r.notes {
			note("over C,S", n)
		}
		for _, n := range r.found {
			note("over C,S", "! "+n)
		}
	}
	if f.more > 0 {
		note("over C,S", fmt.Sprintf("and %d more", f.more))
	}
	if f.flow.Capture.EndedOpen {
		note("over C,S", "end of the capture, "+f.since(l.last))
	}
	for _, n := range f.late {
		note("over C,S", "! "+n)
	}
	line("```")
}
