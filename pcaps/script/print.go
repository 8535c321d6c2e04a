package script

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tcpwhy/flows"
)

// String is the script in canonical form, which parses to the same packets.
func (s *Script) String() string {
	var b strings.Builder
	for _, f := range s.Flows {
		// Where there are several, their order decides on their default ports.
		if line := f.line(); len(s.Flows) > 1 || line != "flow" {
			b.WriteString(line + "\n")
		}
	}
	for _, line := range s.Lines() {
		b.WriteString(line + "\n")
	}
	return b.String()
}

// Lines are the packets in canonical form, one line each without its end, in columns.
func (s *Script) Lines() []string {
	const columns = 4 // time, direction, flags, sequence numbers; then what there is
	rows := make([][]string, len(s.Packets))
	var width [columns]int
	now := time.Duration(0)
	for i := range s.Packets {
		p := &s.Packets[i]
		rows[i] = append([]string{formatGap(p.Time - now)}, p.fields()...)
		now = p.Time
		for c := range width {
			if c > 0 && p.ICMP != nil {
				break // an error is as long as it is
			}
			width[c] = max(width[c], len(rows[i][c]))
		}
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		var b strings.Builder
		for c, field := range row {
			if c < columns && (c == 0 || s.Packets[i].ICMP == nil) {
				field += strings.Repeat(" ", width[c]-len(field))
			}
			b.WriteString(field + " ")
		}
		lines[i] = strings.TrimRight(b.String(), " ")
	}
	return lines
}

// line is the flow's line, without what is so by default.
func (f *Flow) line() string {
	text := "flow"
	if f.Name != "" {
		text += " " + f.Name
	}
	v4 := defaultFlow(f.Name, f.index)
	if v4.Ends[0].Addr != f.Ends[0].Addr || v4.Ends[1].Addr != f.Ends[1].Addr {
		text += fmt.Sprintf(" client %v server %v", f.Ends[0].Addr, f.Ends[1].Addr)
	}
	if len(f.VLAN) > 0 {
		text += " vlan " + formatVLAN(f.VLAN)
	}
	if f.Ends[0].ISS != ClientISS || f.Ends[1].ISS != ServerISS {
		text += fmt.Sprintf(" iss %d,%d", f.Ends[0].ISS, f.Ends[1].ISS)
	}
	return text
}

// fields are the words of a packet after its time.
func (p *Packet) fields() []string {
	from := p.sender()
	sent, received := p.Flow.Ends[from].ISS, p.Flow.Ends[1-from].ISS
	dir := p.Flow.Name + p.Dir.String()
	if e := p.ICMP; e != nil {
		dir = "icmp " + dir + " " + e.format(p.Flow.Is6())
		if e.From != router(p.Flow.Is6()) {
			dir += fmt.Sprintf(" from %v", e.From)
		}
		if e.Quote != 8 {
			dir += fmt.Sprintf(" quote %d", e.Quote)
		}
		dir += " quoting " + e.Sender.String()
	}
	start := p.Seq.Sub(sent)
	f := []string{dir, formatFlags(p.Flags), fmt.Sprintf("%d:%d(%d)", start, (p.Seq + flows.Seq(p.Len)).Sub(sent), p.Len)}
	if p.Flags.Has(flows.ACK) {
		f = append(f, fmt.Sprintf("ack %d", p.Ack.Sub(received)))
	} else if p.Ack != 0 {
		f = append(f, fmt.Sprintf("ack =%d", p.Ack))
	}
	if p.Window != 65535 {
		f = append(f, fmt.Sprintf("win %d", p.Window))
	}
	if p.Urgent != 0 {
		f = append(f, fmt.Sprintf("urg %d", p.Urgent))
	}
	if len(p.Options) > 0 {
		f = append(f, formatOptions(p.Options, received))
	}
	return append(f, p.attributes()...)
}

func (p *Packet) attributes() (f []string) {
	if p.TTL != 64 {
		f = append(f, fmt.Sprintf("ttl %d", p.TTL))
	}
	if !p.countedID && !p.Flow.Is6() {
		f = append(f, fmt.Sprintf("id %d", p.ID))
	}
	if formatVLAN(p.VLAN) != formatVLAN(p.Flow.VLAN) {
		f = append(f, "vlan "+formatVLAN(p.VLAN))
	}
	if p.Snap != 0 {
		f = append(f, fmt.Sprintf("snap %d", p.Snap))
	}
	if p.BadSum {
		f = append(f, "badsum")
	}
	if p.DataOffset != 0 {
		f = append(f, fmt.Sprintf("doff %d", p.DataOffset))
	}
	return f
}

func formatGap(d time.Duration) string {
	text := strings.ReplaceAll(d.String(), "µ", "u")
	if d < 0 {
		return text
	}
	return "+" + text
}

func formatFlags(f flows.Flags) string {
	text := ""
	for i, letter := range flagLetters {
		if f.Has(1 << i) {
			text += string(letter)
		}
	}
	if text == "" {
		return "-"
	}
	return text
}

func formatVLAN(ids []uint16) string {
	if len(ids) == 0 {
		return "0"
	}
	text := make([]string, len(ids))
	for i, id := range ids {
		text[i] = strconv.Itoa(int(id))
	}
	return strings.Join(text, ",")
}
