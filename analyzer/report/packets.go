package report

import (
	"io"
	"slices"
	"strconv"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/tcpdump"
	"tcpwhy/flows"
)

// Packets writes each packet as tcpdump does, and under it what it did to each end.
type Packets struct {
	W       io.Writer
	Names   *Names
	Printer *tcpdump.Printer
	Verbose bool // say why, and why not
	Quiet   bool // only packets that changed something
	Color   bool

	Shown Shown

	buf []byte
}

// Shown counts the packets that were written, and the flows they are of.
type Shown struct {
	Packets, Flows uint64
	seen           []uint64 // a bit for each flow
}

func (s *Shown) add(step *flows.Step) {
	s.Packets++
	flow := step.Flow
	if flow == 0 {
		return
	}
	word, bit := flow/64, uint64(1)<<(flow%64)
	for uint64(len(s.seen)) <= word {
		s.seen = append(s.seen, 0)
	}
	if s.seen[word]&bit == 0 {
		s.seen[word] |= bit
		if !slices.ContainsFunc(step.Notes, goesOn) || s.Flows == 0 {
			s.Flows++
		}
	}
}

// goesOn reports whether n says that a flow goes on, under another number.
func goesOn(n flows.Note) bool { return n.Kind == flows.NoteGoesOn }

// Escape sequences (ECMA-48 §8.3.117) of the lines that are ours: cyan, and yellow where something
// is taken back.
const (
	colored = "\x1b[36m"
	revised = "\x1b[33m"
	plain   = "\x1b[0m"
)

// severityColors are those of findings: yellow, and what costs somebody something in red.
var severityColors = [...]string{revised, revised, "\x1b[31m", "\x1b[1;31m"}

// Packet writes one packet. ICMP errors are no TCP packets: they have no line but ours.
func (p *Packets) Packet(seg *flows.Segment, step *flows.Step, found []*analyzer.Finding) error {
	said := len(step.Changes) > 0 || len(step.Notes) > 0
	if p.Quiet && !said {
		p.Printer.Skip(seg)
		return nil
	}
	b := p.buf[:0]
	quoted := seg.Quote.Version != 0
	if !quoted {
		b = append(p.Printer.Append(b, seg), '\n')
		p.Shown.add(step)
	}
	if said || p.Verbose {
		b = p.appendLine(b, seg, step, quoted)
	}
	for _, n := range found {
		b = p.appendFound(b, n)
	}
	p.buf = b
	if len(b) == 0 {
		return nil
	}
	_, err := p.W.Write(b)
	return err
}

func (p *Packets) appendLine(b []byte, seg *flows.Segment, step *flows.Step, quoted bool) []byte {
	b = append(b, "    "...)
	if p.Color {
		color := colored
		for i := range step.Changes {
			if step.Changes[i].Certainty == flows.Revised {
				color = revised
			}
		}
		b = append(b, color...)
	}
	const separator = " · "
	b = append(b, '#')
	if step.Flow == 0 {
		b = append(b, '-')
	} else {
		b = strconv.AppendUint(b, step.Flow, 10)
	}
	b = append(b, ' ')
	for i := range step.Changes {
		if p.Verbose || !implied(step.Changes[i:]) {
			b = append(appendChange(b, &step.Changes[i], p.Verbose, seg.File, p.Names), separator...)
		}
	}
	for i := range step.Notes {
		b = append(appendNote(b, &step.Notes[i]), separator...)
	}
	if len(step.Changes) == 0 && (len(step.Notes) == 0 || p.Verbose && step.Quiet != flows.QuietNone) {
		b = append(appendQuiet(b, step.Quiet, step.Notes), separator...)
	}
	if quoted {
		// It has no line of its own that says which packet it was.
		b = append(strconv.AppendUint(append(b, "ICMP packet "...), seg.Packet, 10), separator...)
	}
	if tunnel := p.Names.space(seg.Via).tunnel; tunnel != "" {
		b = append(appendPlain(append(b, "in "...), tunnel), separator...)
	}
	b = b[:len(b)-len(separator)]
	if p.Color {
		b = append(b, plain...)
	}
	return append(b, '\n')
}

// Late writes a finding that no packet brought, where its flow is finished.
func (p *Packets) Late(n *analyzer.Finding) error {
	p.buf = p.appendFound(p.buf[:0], n)
	_, err := p.W.Write(p.buf)
	return err
}

// appendFound appends the line of a finding: "    #3 refused: nothing listens there".
func (p *Packets) appendFound(b []byte, n *analyzer.Finding) []byte {
	b = append(b, "    "...)
	if p.Color {
		b = append(b, severityColors[n.Severity]...)
	}
	b = strconv.AppendUint(append(b, '#'), n.Flow, 10)
	b = append(append(append(append(b, ' '), n.Rule.Name...), ": "...), n.Summary...)
	if p.Color {
		b = append(b, plain...)
	}
	return append(b, '\n')
}

// implied reports whether the first of changes says no more than the next one does: that a state
// is proved, where the same end has shown a later one.
func implied(changes []flows.Transition) bool {
	if len(changes) < 2 {
		return false
	}
	first, next := &changes[0], &changes[1]
	return first.From == first.To && first.Side == next.Side && next.Certainty == flows.Proved
}

// Skip takes note of a packet that was not chosen.
func (p *Packets) Skip(seg *flows.Segment) { p.Printer.Skip(seg) }
