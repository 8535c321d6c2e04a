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

// Packet writes one packet. ICMP errors are no TCP packets, and have no object.
func (p *PacketJSON) Packet(seg *flows.Segment, step *flows.Step, found []*analyzer.Finding) error {
	if seg.Quote.Version != 0 {
		return nil
	}
	if p.Quiet && len(step.Changes) == 0 && len(step.Notes) == 0 {
		p.Printer.Skip(seg)
		return nil
	}
	p.Shown.add(step.Flow)
	b := appendElement(p.buf[:0], p.Array, p.n)
	p.n++
	b = strconv.AppendUint(append(b, `{"packet":`...), seg.Packet, 10)
	if p.Names.many {
		b = appendString(append(b, `,"file":`...), p.Names.File(seg.File))
	}
	b = appendTime(append(b, `,"time":"`...), seg.Time)
	b = append(b, `","flow":`...)
	if step.Flow == 0 {
		b = append(b, `null,"from":null`...)
	} else {
		b = strconv.AppendUint(b, step.Flow, 10)
		b = appendName(append(b, `,"from":`...), step.Side.String())
	}
	b = appendSpace(b, p.Names, seg.Space)
	p.line = p.Printer.Append(p.line[:0], seg)
	b = appendString(append(b, `,"line":`...), p.line)
	b = appendHeader(b, seg)
	b = appendTransitions(append(b, `,"transitions":`...), step.Changes, p.Names)
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
