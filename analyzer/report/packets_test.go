package report

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"tcpwhy/analyzer/tcpdump"
	"tcpwhy/flows"
)

// ack is an ACK without payload from 10.0.0.1:39870 to 10.0.0.2:9502.
func ack() *flows.Segment {
	ip := []byte{
		0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0x9b, 0xbe, 0x25, 0x1e, 0, 0, 0, 7, 0, 0, 0, 9, 0x50, 0x10, 2, 0, 0, 0, 0, 0,
	}
	return &flows.Segment{
		Time: 1_767_366_245_000_014_000, Packet: 3, Src: flows.Addr4([4]byte{10, 0, 0, 1}), Dst: flows.Addr4([4]byte{10, 0, 0, 2}),
		SrcPort: 39870, DstPort: 9502, Seq: 7, Ack: 9, Flags: flows.ACK, Window: 512, HeaderOK: true,
		IP: ip, TCP: 20, IPLen: 40,
	}
}

const ackLine = "15:04:05.000014 IP 10.0.0.1.39870 > 10.0.0.2.9502: Flags [.], ack 9, win 512, length 0"

func change(side flows.Side, from, to flows.State, c flows.Certainty) flows.Transition {
	return flows.Transition{Packet: 3, Side: side, From: from, To: to, Certainty: c, Why: "got ACK of its SYN"}
}

func TestPacketLines(t *testing.T) {
	handshake := flows.Step{Flow: 1, Changes: []flows.Transition{
		change(flows.Client, flows.Established, flows.Established, flows.Proved),
		change(flows.Server, flows.SynReceived, flows.Established, flows.Assumed),
	}, Notes: []flows.Note{{Kind: flows.NoteHandshake, D: ran(24 * time.Microsecond)}}}
	handshake.Changes[0].Why = ""
	closing := flows.Step{Flow: 12, Changes: []flows.Transition{
		change(flows.Server, flows.Established, flows.Established, flows.Proved),
		change(flows.Server, flows.CloseWait, flows.CloseWait, flows.Proved),
		change(flows.Server, flows.CloseWait, flows.LastAck, flows.Proved),
		change(flows.Client, flows.FinWait1, flows.FinWait2, flows.Assumed),
	}}
	back := flows.Step{Flow: 64812, Changes: []flows.Transition{{Packet: 2061381, Side: flows.Server,
		From: flows.Established, To: flows.SynReceived, Certainty: flows.Revised,
		Why: "repeats its SYN-ACK, so it did not take the ACK", RevisedBy: 2061999}},
		Notes: []flows.Note{{Kind: flows.NoteSYNACKAgain, N: 2, D: ran(1016 * time.Millisecond)}}}
	quiet := flows.Step{Flow: 1, Quiet: flows.QuietData}
	const tunnel = 7

	for name, c := range map[string]struct {
		p     Packets
		step  flows.Step
		space uint32
		want  string
	}{
		"handshake": {Packets{}, handshake, 0, ackLine +
			"\n    #1 client ESTABLISHED (proved) · server SYN_RCVD > ESTABLISHED (assumed) · handshake complete in 24us\n"},
		"why": {Packets{Verbose: true}, handshake, 0, ackLine +
			"\n    #1 client ESTABLISHED (proved) · server SYN_RCVD > ESTABLISHED (assumed: got ACK of its SYN) · handshake complete in 24us\n"},
		"what is implied is left out": {Packets{}, closing, 0, ackLine +
			"\n    #12 server CLOSE_WAIT > LAST_ACK · client FIN_WAIT_1 > FIN_WAIT_2 (assumed)\n"},
		"but not with -v": {Packets{Verbose: true}, closing, 0, ackLine +
			"\n    #12 server ESTABLISHED (proved: got ACK of its SYN) · server CLOSE_WAIT (proved: got ACK of its SYN) · " +
			"server CLOSE_WAIT > LAST_ACK (got ACK of its SYN) · client FIN_WAIT_1 > FIN_WAIT_2 (assumed: got ACK of its SYN)\n"},
		"revised": {Packets{}, back, 0, ackLine +
			"\n    #64812 server ESTABLISHED > SYN_RCVD (revised: repeats its SYN-ACK, so it did not take the ACK; see packet 2061381)" +
			" · SYN-ACK again (2), 1.016s after the first\n"},
		"revised in colour": {Packets{Color: true}, back, 0, ackLine +
			"\n    \x1b[33m#64812 server ESTABLISHED > SYN_RCVD (revised: repeats its SYN-ACK, so it did not take the ACK; see packet 2061381)" +
			" · SYN-ACK again (2), 1.016s after the first\x1b[0m\n"},
		"tunnel":       {Packets{}, handshake, tunnel, ackLine + "\n    #1 client ESTABLISHED (proved) · server SYN_RCVD > ESTABLISHED (assumed) · handshake complete in 24us · in vxlan/42\n"},
		"quiet packet": {Packets{}, quiet, 0, ackLine + "\n"},
		"why not":      {Packets{Verbose: true}, quiet, 0, ackLine + "\n    #1 nothing changes: data in order\n"},
		"no flow":      {Packets{Verbose: true}, flows.Step{Quiet: flows.QuietWaits}, 0, ackLine + "\n    #- nothing changes: SYN that opens nothing until it is answered\n"},
		"left out":     {Packets{Quiet: true}, quiet, 0, ""},
		"not left out": {Packets{Quiet: true}, back, 0, ackLine +
			"\n    #64812 server ESTABLISHED > SYN_RCVD (revised: repeats its SYN-ACK, so it did not take the ACK; see packet 2061381)" +
			" · SYN-ACK again (2), 1.016s after the first\n"},
	} {
		var out bytes.Buffer
		p := c.p
		p.W, p.Names, p.Printer = &out, NewNames([]string{"a"}, false, inVXLAN), &tcpdump.Printer{Location: time.UTC}
		seg := ack()
		seg.Via = c.space
		if err := p.Packet(seg, &c.step, nil); err != nil {
			t.Fatal(err)
		}
		if out.String() != c.want {
			t.Errorf("%s:\ngot  %swant %s", name, out.String(), c.want)
		}
	}
}

func TestPacketJSON(t *testing.T) {
	var out bytes.Buffer
	p := PacketJSON{W: &out, Names: NewNames([]string{"a", "b"}, true, inVXLAN), Printer: &tcpdump.Printer{Location: time.UTC}}
	seg := ack()
	seg.File, seg.Via = 1, 7
	step := flows.Step{Flow: 4, Side: flows.Server, Changes: []flows.Transition{
		{Packet: 3, File: 1, Time: seg.Time, Side: flows.Client, From: flows.SynReceived, To: flows.Established, Certainty: flows.Assumed, Why: "got ACK of its SYN"}}}
	cut := ack()
	cut.IP, cut.HeaderOK, cut.Cut, cut.Len = cut.IP[:24], false, true, 5
	quoted := ack()
	quoted.Quote.Version = 4
	for _, s := range []*flows.Segment{seg, cut, quoted} {
		if err := p.Packet(s, &step, nil); err != nil {
			t.Fatal(err)
		}
		step = flows.Step{}
	}
	want := `{"packet":3,"file":"b","time":"2026-01-02T15:04:05.000014000Z","flow":4,"from":"server","vlan":[100,7],"tunnel":"vxlan/42",` +
		`"line":"` + ackLine + `","flags":".","seq":7,"ack":9,"length":0,"transitions":[{"packet":3,"file":"b",` +
		`"time":"2026-01-02T15:04:05.000014000Z","endpoint":"client","from":"SYN_RCVD","to":"ESTABLISHED","certainty":"assumed",` +
		`"why":"got ACK of its SYN","revised_by":null}],"findings":[]}` + "\n" +
		`{"packet":3,"file":"a","time":"2026-01-02T15:04:05.000014000Z","flow":null,"from":null,` +
		`"line":"15:04:05.000014 IP 10.0.0.1.39870 > 10.0.0.2.9502:  [|tcp]","flags":null,"seq":null,"ack":null,"length":5,` +
		`"transitions":[],"findings":[]}` + "\n"
	if out.String() != want {
		t.Errorf("got  %swant %s", out.String(), want)
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
	if p.Shown.Packets != 2 || p.Shown.Flows != 1 {
		t.Errorf("got %d packets of %d flows shown", p.Shown.Packets, p.Shown.Flows)
	}
}

// What a packet takes back was shown by another one, which may be of another file.
func TestTakenBackAcrossFiles(t *testing.T) {
	seg := ack()
	seg.File = 1
	step := flows.Step{Flow: 4, Side: flows.Server, Changes: []flows.Transition{
		{Packet: 9, File: 0, Time: seg.Time - 5, Side: flows.Server, From: flows.Established, To: flows.SynReceived,
			Certainty: flows.Revised, Why: "said so", RevisedBy: 3},
		{Packet: 3, File: 1, Time: seg.Time, Side: flows.Client, From: flows.Established, To: flows.Established, Certainty: flows.Proved}}}
	names := NewNames([]string{"a", "b"}, true, inVXLAN)
	var out bytes.Buffer
	p := PacketJSON{W: &out, Names: names, Printer: &tcpdump.Printer{Location: time.UTC}}
	if err := p.Packet(seg, &step, nil); err != nil {
		t.Fatal(err)
	}
	want := `"transitions":[{"packet":3,"file":"b","time":"2026-01-02T15:04:05.000014000Z","endpoint":"server","from":"ESTABLISHED",` +
		`"to":"SYN_RCVD","certainty":"revised","why":"said so","revised_by":null,"revises":9,"revises_file":"a"},` +
		`{"packet":3,"file":"b","time":"2026-01-02T15:04:05.000014000Z","endpoint":"client","from":"ESTABLISHED",` +
		`"to":"ESTABLISHED","certainty":"proved","why":null,"revised_by":null}],`
	if !json.Valid(out.Bytes()) || !strings.Contains(out.String(), want) {
		t.Errorf("got %swant %s", out.String(), want)
	}
	text := Packets{W: &out, Names: names, Printer: &tcpdump.Printer{Location: time.UTC}}
	if err := text.Packet(seg, &step, nil); err != nil {
		t.Fatal(err)
	}
	if want := "(revised: said so; see packet 9 of a)"; !strings.Contains(out.String(), want) {
		t.Errorf("got %swant %s", out.String(), want)
	}
}

// An ICMP error that brought something has an object, and is not counted among the TCP packets.
func TestICMPErrorsInPacketJSON(t *testing.T) {
	var out bytes.Buffer
	p := PacketJSON{W: &out, Names: NewNames([]string{"a"}, false, nil), Printer: &tcpdump.Printer{Location: time.UTC}}
	seg := ack()
	seg.Quote = flows.Quote{Version: 4, Type: 3, Code: 13, From: flows.Addr4([4]byte{192, 0, 2, 9})}
	step := flows.Step{Flow: 4, Changes: []flows.Transition{change(flows.Client, flows.SynSent, flows.Closed, flows.Assumed)}}
	if err := p.Packet(seg, &step, nil); err != nil {
		t.Fatal(err)
	}
	want := `{"packet":3,"time":"2026-01-02T15:04:05.000014000Z","flow":4,"from":null,"line":null,"flags":null,"seq":null,"ack":null,` +
		`"length":null,"icmp":{"version":4,"type":3,"code":13,"from":"192.0.2.9","error":"communication prohibited"},"transitions":[{"packet":3,`
	if !json.Valid(out.Bytes()) || !strings.HasPrefix(out.String(), want) {
		t.Errorf("got  %swant %s", out.String(), want)
	}
	if p.Shown.Packets != 0 {
		t.Errorf("%d TCP packets shown", p.Shown.Packets)
	}
}

func TestFlagsInJSON(t *testing.T) {
	for flags, want := range map[flows.Flags]string{
		0: "none", flows.SYN: "S", flows.SYN | flows.ACK: "S.", flows.FIN | flows.PSH | flows.ACK: "FP.",
		flows.SYN | flows.ECE | flows.CWR: "SEW", flows.RST | flows.ACK: "R.", flows.ACK | flows.URG: ".U", flows.SYN | flows.AE: "Se",
	} {
		seg := flows.Segment{Flags: flags, HeaderOK: true}
		if got := string(appendHeader(nil, &seg)); !strings.HasPrefix(got, `,"flags":"`+want+`"`) {
			t.Errorf("%s: got %s", want, got)
		}
	}
}

func TestNotes(t *testing.T) {
	q4 := flows.Quote{Version: 4, Type: 3, Code: 13, From: flows.Addr4([4]byte{192, 0, 2, 9})}
	q6 := flows.Quote{Version: 6, Type: 2, MTU: 1280, From: flows.Addr{0x20, 0x01, 15: 9}}
	odd := flows.Quote{Version: 4, Type: 3, Code: 99, From: q4.From}
	for _, c := range []struct {
		note flows.Note
		want string
	}{
		{flows.Note{Kind: flows.NoteAnswered, D: ran(14 * time.Microsecond)}, "SYN answered in 14us"},
		{flows.Note{Kind: flows.NoteAnswered}, "SYN answered"},
		{flows.Note{Kind: flows.NoteSYNAgain, N: 3, D: ran(3032 * time.Millisecond)}, "SYN again (3), 3.032s after the first"},
		{flows.Note{Kind: flows.NoteFINAgain}, "FIN again"},
		{flows.Note{Kind: flows.NoteReady, Packet: 2064919, D: ran(3032 * time.Millisecond)}, "taken at packet 2064919 or after: ready in 3.032s or more"},
		{flows.Note{Kind: flows.NoteReady, D: ran(time.Millisecond)}, "ready in 1.00ms"},
		{flows.Note{Kind: flows.NoteRefused, D: ran(31 * time.Microsecond)}, "refused in 31us"},
		{flows.Note{Kind: flows.NoteUnreachable, Quote: q4}, "ICMP communication prohibited from 192.0.2.9"},
		{flows.Note{Kind: flows.NoteUnreachable, Quote: q6}, "ICMPv6 packet too big (MTU 1280) from 2001::9"},
		{flows.Note{Kind: flows.NoteUnreachable, Quote: odd}, "ICMP type 3 code 99 from 192.0.2.9"},
	} {
		if got := string(appendNote(nil, &c.note)); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	for k := flows.NoteNone + 1; k < flows.NumToldNotes; k++ {
		if noteWords[k].words == "" {
			t.Errorf("note %d has no words", k)
		}
	}
	for q := flows.QuietNone + 1; q < flows.NumQuiets; q++ {
		if quietWords[q] == "" {
			t.Errorf("quiet %d has no words", q)
		}
	}
}

// TestQuietIsToldOnce: what a note says of a packet that changed nothing is not said again.
func TestQuietIsToldOnce(t *testing.T) {
	for _, c := range []struct {
		quiet flows.Quiet
		note  flows.NoteKind
		want  string
	}{
		{flows.QuietNone, flows.NoteNone, "nothing changes"},
		{flows.QuietACK, flows.NoteNone, "nothing changes: an acknowledgment"},
		{flows.QuietRepeated, flows.NoteFINAgain, "nothing changes"},
		{flows.QuietUnseen, flows.NoteAckUnseen, "nothing changes"},
		{flows.QuietInvalid, flows.NoteInvalidFlags, "nothing changes"},
		{flows.QuietNotBelieved, flows.NoteRSTNotBelieved, "nothing changes"},
		{flows.QuietOutside, flows.NoteAckUnseen, "nothing changes: outside the receiver's window"},
	} {
		if got := string(appendQuiet(nil, c.quiet, []flows.Note{{Kind: c.note}})); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestShownCountsFlowsOnce(t *testing.T) {
	var s Shown
	for _, flow := range []uint64{1, 700, 1, 0, 700, 64, 63} {
		s.add(&flows.Step{Flow: flow})
	}
	s.add(&flows.Step{Flow: 701, Notes: []flows.Note{{Kind: flows.NoteGoesOn}}})
	s.add(&flows.Step{Flow: 701})
	if s.Packets != 9 || s.Flows != 4 {
		t.Errorf("got %d packets of %d flows, want 9 of 4: one goes on under another number", s.Packets, s.Flows)
	}
}

func BenchmarkPackets(b *testing.B) {
	p := Packets{W: io.Discard, Names: NewNames([]string{"a"}, false, nil), Printer: &tcpdump.Printer{}}
	seg, step := ack(), &flows.Step{Flow: 1, Changes: []flows.Transition{
		change(flows.Server, flows.SynReceived, flows.Established, flows.Assumed)}}
	b.ReportAllocs()
	for b.Loop() {
		p.Packet(seg, step, nil)
	}
}

func BenchmarkPacketJSON(b *testing.B) {
	p := PacketJSON{W: io.Discard, Names: NewNames([]string{"a"}, false, nil), Printer: &tcpdump.Printer{}}
	seg, step := ack(), &flows.Step{Flow: 1}
	b.ReportAllocs()
	for b.Loop() {
		p.Packet(seg, step, nil)
	}
}
