package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// LadderText writes ladders for people.
type LadderText struct {
	W       io.Writer
	Color   bool
	Command string // as Overview has it
}

// Write writes all of them.
func (t *LadderText) Write(l *Ladder) error {
	p := &page{color: t.Color}
	for i, n := range l.Flows() {
		if i > 0 {
			p.line()
		}
		t.draw(p, l, l.flows[n])
		t.outcome(p, l.flows[n])
	}
	_, err := t.W.Write(p.b)
	return err
}

// Drawing is the ladder of a flow alone, and not how it went; "" of a flow that is not drawn.
func (l *Ladder) Drawing(flow uint64) string {
	p := &page{}
	if f := l.flows[flow]; f != nil && f.over {
		(&LadderText{}).draw(p, l, f)
	}
	return string(p.b)
}

// The columns of a ladder: the packet, the client's states, the arrow, the server's states, the time.
const (
	ladderPacket = 7
	ladderStates = 17
	ladderArrow  = 42
)

func (t *LadderText) draw(p *page, l *Ladder, f *ladder) {
	f.release()
	client, server := f.flow.Client(), f.flow.Server()
	across := ladderStates + ladderArrow + 2
	p.line(column(fmt.Sprintf("flow %d", f.number), ladderPacket+2), column(client.Addr.String(), across+1), server.Addr.String())
	p.line(column("packet", ladderPacket+2), column("client", across+1), "server")
	before := f.first
	for i := range f.rungs {
		r := &f.rungs[i]
		t.pause(p, time.Duration(r.time-before))
		before = max(before, r.time, r.until)
		t.rung(p, l, f, r)
	}
	if f.more > 0 {
		t.rail(p, "", "... and "+amount.Of(f.more, "packet", "packets")+" more", "")
	}
	if f.flow.Capture.EndedOpen {
		t.pause(p, time.Duration(l.last-before))
		p.line(strings.Repeat(" ", ladderPacket+2+ladderStates), column("end of the capture", ladderArrow+3+ladderStates),
			f.since(l.last))
	}
	t.found(p, f.late)
}

// pause draws a time in which nothing passed, the longer the higher.
func (t *LadderText) pause(p *page, d time.Duration) {
	words := gap(d)
	if words == "" {
		return
	}
	draw := func(words string) {
		p.line(strings.Repeat(" ", ladderPacket+2+ladderStates), ":", centered(words, ladderArrow, ' '), ":")
	}
	for limit := time.Second; d >= 10*limit; limit *= 10 {
		draw("")
	}
	draw(words)
}

func (t *LadderText) rung(p *page, l *Ladder, f *ladder, r *rung) {
	number := strconv.FormatUint(r.packet, 10)
	if l.Names.many {
		number = strconv.Itoa(int(r.file)+1) + "/" + number
	}
	arrow := centered(" "+r.label+" ", ladderArrow-1, '-')
	switch {
	case !r.arrow:
		arrow = centered(r.label, ladderArrow, ' ')
	case r.to == flows.Server:
		arrow += ">"
	default:
		arrow = "<" + arrow
	}
	at := f.since(r.time)
	if r.until != 0 {
		at += " to " + f.since(r.until)
	}
	state := func(side flows.Side, i int) string {
		if i < len(r.states[side]) {
			return r.states[side][i]
		}
		return ""
	}
	p.line(rightAligned(number, ladderPacket), "  ", column(state(flows.Client, 0), ladderStates), "|", arrow, "| ",
		column(state(flows.Server, 0), ladderStates), at)
	for i := 1; i < max(len(r.states[flows.Client]), len(r.states[flows.Server])); i++ {
		t.rail(p, state(flows.Client, i), "", state(flows.Server, i))
	}
	for _, n := range r.notes {
		for _, line := range wrap(n, ladderArrow-2) {
			t.rail(p, "", line, "")
		}
	}
	t.found(p, r.found)
}

// since is how long after the first packet of f something was.
func (f *ladder) since(t int64) string {
	if t == f.first {
		return "+0"
	}
	return "+" + span.String(time.Duration(t-f.first))
}

// rail is a line between two arrows.
func (t *LadderText) rail(p *page, client, words, server string) {
	p.line(strings.Repeat(" ", ladderPacket+2), column(client, ladderStates), "|", centered(words, ladderArrow, ' '), "| ", server)
}

func (t *LadderText) found(p *page, found []string) {
	for _, n := range found {
		for i, line := range wrap(n, pageWidth-ladderPacket-4) {
			mark := "! "
			if i > 0 {
				mark = "  "
			}
			p.line(strings.Repeat(" ", ladderPacket), mark, p.colored(line, revised))
		}
	}
}

// centered puts s in the middle of width columns of fill.
func centered(s string, width int, fill rune) string {
	n := width - utf8.RuneCountInString(s)
	if n <= 0 {
		return s
	}
	return strings.Repeat(string(fill), n/2) + s + strings.Repeat(string(fill), n-n/2)
}

// outcome says below the ladder how the flow went, and what was found.
func (t *LadderText) outcome(p *page, f *ladder) {
	o, c := &f.flow.Opening, &f.flow.Closing
	line := o.Outcome.String()
	for _, m := range []struct {
		name string
		of   flows.Elapsed
	}{{"SYN to SYN-ACK", o.SYNToSYNACK}, {"SYN-ACK to ACK", o.SYNACKToACK}, {"connect", o.Connect}, {"ready", o.ServerReady}} {
		if m.of.OK {
			line += ", " + m.name + " " + span.String(m.of.D)
		}
	}
	p.section("opening", "", line)
	if c.Outcome != flows.ClosingNever {
		line = c.Outcome.String()
		if c.First != flows.NoOne {
			line += ", " + c.First.String() + " first"
		}
		if c.ResetBy != flows.NoOne {
			line += ", reset by " + c.ResetBy.String()
		}
		p.beside("closing", "", line)
	}
	p.beside("states", "", "client "+path(f.flow.Client()))
	p.beside("", "", "server "+path(f.flow.Server()))
	for _, n := range f.found {
		p.section(n.Severity.String(), severityColors[n.Severity], n.Rule.Name+": "+n.Summary+" ("+n.Confidence.String()+")")
		p.items("  why", n.Why)
		p.items("  next", n.Next)
	}
	if t.Command != "" {
		p.section("packets", "", t.Command+" --flow "+strconv.FormatUint(f.number, 10))
	}
}

// path is the list of states of an end, in brackets those that are only assumed.
func path(e *flows.Endpoint) string {
	if e.NumStates == 0 {
		return "has shown nothing"
	}
	var s []string
	for i, state := range e.States() {
		name := state.String()
		if e.Certain[i] == flows.Assumed {
			name = "(" + name + ")"
		}
		s = append(s, name)
	}
	return strings.Join(s, " ")
}
