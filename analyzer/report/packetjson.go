package report

import (
	"io"
	"strconv"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/tcpdump"
	"tcpwhy/flows"
)

// PacketJSON writes one JSON object per TCP packet: on a line of its own, or all as one array.
type PacketJSON struct {
	W       io.Writer
	Names   *Names
	Printer *tcpdump.Printer
	Array   bool // one document in place of lines
	Quiet   bool // only packets that changed something

	Shown Shown

	buf, line []byte
	n         int
}

// Packet writes one packet. ICMP errors are no TCP packets: one has an object where it brought something, with
// what it says in place of the TCP header.
func (p *PacketJSON) Packet(seg *flows.Segment, step *flows.Step, found []*analyzer.Finding) error {
	quoted := seg.Quote.Version != 0
	if quoted && len(step.Changes) == 0 && len(step.Notes) == 0 && len(found) == 0 {
		return nil
	}
	if p.Quiet && len(step.Changes) == 0 && len(step.Notes) == 0 {
		p.Printer.Skip(seg)
		return nil
	}
	if !quoted {
		p.Shown.add(step)
	}
	b := appendElement(p.buf[:0], p.Array, p.n)
	p.n++
	b = strconv.AppendUint(append(b, `{"packet":`...), seg.Packet, 10)
	if p.Names.many {
		b = appendJSONString(append(b, `,"file":`...), p.Names.File(seg.File))
	}
	b = appendTime(append(b, `,"time":"`...), seg.Time)
	b = append(b, `","flow":`...)
	switch {
	case step.Flow == 0:
		b = append(b, `null,"from":null`...)
	case quoted: // sent by neither end
		b = append(strconv.AppendUint(b, step.Flow, 10), `,"from":null`...)
	default:
		b = strconv.AppendUint(b, step.Flow, 10)
		b = appendName(append(b, `,"from":`...), step.Side.String())
	}
	b = appendSpace(b, p.Names, seg.Via)
	if quoted {
		b = append(b, `,"line":null,"flags":null,"seq":null,"ack":null,"length":null`...)
		b = appendICMP(append(b, `,"icmp":`...), &seg.Quote)
	} else {
		p.line = p.Printer.Append(p.line[:0], seg)
		b = appendJSONString(append(b, `,"line":`...), p.line)
		b = appendHeader(b, seg)
	}
	b = append(b, `,"transitions":[`...)
	for i := range step.Changes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendBrought(b, seg, &step.Changes[i], p.Names)
	}
	b = append(b, ']')
	b = append(b, `,"findings":[`...)
	for i, n := range found {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFinding(b, n, p.Names)
	}
	b = append(b, "]}"...)
	if !p.Array {
		b = append(b, '\n')
	}
	p.buf = b
	_, err := p.W.Write(b)
	return err
}

// Close ends the document.
func (p *PacketJSON) Close() error { return closeArray(p.W, p.Array, p.n) }

// appendBrought appends a transition that seg brought, with the packet whose showing it takes back.
func appendBrought(b []byte, seg *flows.Segment, t *flows.Transition, names *Names) []byte {
	now := *t
	now.Packet, now.File, now.Time, now.RevisedBy = seg.Packet, seg.File, seg.Time, 0
	b = appendTransition(b, &now, names)
	if t.Certainty != flows.Revised {
		return b
	}
	b = appendNumber(append(b[:len(b)-1], `,"revises":`...), t.Packet)
	if names.many && t.Packet != 0 {
		b = appendJSONString(append(b, `,"revises_file":`...), names.File(t.File))
	}
	return append(b, '}')
}

// flagLetters as tcpdump prints them, from the lowest bit on.
const flagLetters = "FSRP.UEWe"

// appendHeader appends what the TCP header says, the numbers as they are on the wire.
func appendHeader(b []byte, seg *flows.Segment) []byte {
	if !seg.HeaderOK {
		b = append(b, `,"flags":null,"seq":null,"ack":null,"length":`...)
		return strconv.AppendUint(b, uint64(seg.Len), 10)
	}
	b = append(b, `,"flags":"`...)
	letters := len(b)
	for i := range len(flagLetters) {
		if seg.Flags&(1<<i) != 0 {
			b = append(b, flagLetters[i])
		}
	}
	if len(b) == letters {
		b = append(b, "none"...)
	}
	b = strconv.AppendUint(append(b, `","seq":`...), uint64(seg.Seq), 10)
	b = append(b, `,"ack":`...)
	if seg.Flags.Has(flows.ACK) {
		b = strconv.AppendUint(b, uint64(seg.Ack), 10)
	} else {
		b = append(b, "null"...)
	}
	return strconv.AppendUint(append(b, `,"length":`...), uint64(seg.Len), 10)
}

// Late leaves out what no packet brought.
func (p *PacketJSON) Late(*analyzer.Finding) error { return nil }

// Skip takes note of a packet that was not chosen.
func (p *PacketJSON) Skip(seg *flows.Segment) { p.Printer.Skip(seg) }
