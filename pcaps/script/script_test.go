package script

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"tcpwhy/flows"
)

// example has everything of the language in it.
const example = `
// Two flows, one of them in IPv6 and behind two VLAN tags.
flow b v6 vlan 5,7 iss 1000,2000
+0       >  S    0:0(0)      win 64240  <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>
+20ms    <  S.   0:0(0)      ack 1 win 65535 <mss 1460,sackOK,TS val 7 ecr 100,nop,wscale 7>
+10us    copy ttl 63 vlan 9
+1ms     >  .    1:1(0)      ack 1 <nop,nop,TS val 120 ecr 7>
+0.5     >  P.   1:101(100)  ack 1 urg 7
+1ms     <  .    1:1(0)      ack 1 <nop,nop,sack 51:101 20:40> id same
12.5s    b> SEWe 5000:5100(100) <tfo 0011aabbccddeeff,eol> snap 60
+0       b> S    5000:5000(0) <tfo> badsum
+0       b< SR   0:0(0) <TS>
+1ms     icmp b< frag 1400 from 2001:db8::99 quote 40 quoting b> S 0:0(0)
+1ms     icmp < unreach port quoting > S 0:0(0) # comment
+1ms     icmp < type 12 code 1 mtu 5 quoting < . 0:0(0) ack 1 vlan 7 snap 50
+1ms     >  -    =7:=7(0)    ack =9 doff 15
-1ms     <  R    -5:-5(0)    <raw 1e0408>
+1ms     >  FSRP.UEWe 1:2(1) urg 1 ack 0
`

func mustParse(t *testing.T, text string, opt Options) *Script {
	t.Helper()
	s, err := Parse(text, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPrint(t *testing.T) {
	got := mustParse(t, example, Options{}).String()
	want := `flow b client [2001:db8:1::1]:40001 server [2001:db8:2::1]:443 vlan 5,7 iss 1000,2000
flow
+0s        >  S         0:0(0)         win 64240 <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>
+20ms      <  S.        0:0(0)         ack 1 <mss 1460,sackOK,TS val 7 ecr 100,nop,wscale 7>
+10us      <  S.        0:0(0)         ack 1 <mss 1460,sackOK,TS val 7 ecr 100,nop,wscale 7> ttl 63 id 8193 vlan 9
+1ms       >  .         1:1(0)         ack 1 <nop,nop,TS val 120 ecr 7>
+500ms     >  P.        1:101(100)     ack 1 urg 7
+1ms       <  .         1:1(0)         ack 1 <nop,nop,sack 51:101 20:40> id 8193
+11.97799s b> SEWe      5000:5100(100) <tfo 0011aabbccddeeff,eol> snap 60
+0s        b> S         5000:5000(0)   <tfo> badsum
+0s        b< SR        0:0(0)         <TS val 4294912500 ecr 0>
+1ms       icmp b< frag 1400 from 2001:db8::99 quote 40 quoting > S 0:0(0)
+1ms       icmp < unreach port quoting > S 0:0(0)
+1ms       icmp < type 12 code 1 mtu 5 quoting < . 0:0(0) ack 1 vlan 7 snap 50
+1ms       >  -         12:12(0)       ack =9 doff 15
-1ms       <  R         -5:-5(0)       <raw 1e0408>
+1ms       >  FSRP.UEWe 1:2(1)         ack 0 urg 1
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	s := mustParse(t, example, Options{})
	again := mustParse(t, s.String(), Options{})
	if got, want := again.Segments(), s.Segments(); !reflect.DeepEqual(got, want) {
		t.Errorf("the printed script yields other packets:\n%s", s)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"x > S 0:0(0)", `time "x": not a duration`},
		{"+ > S 0:0(0)", `time "+": not a duration`},
		{"+99999h > S 0:0(0)", `more than 10000h`},
		{"+1ms", "a direction, > or <, is missing"},
		{"+1ms S 0:0(0)", `direction "S"`},
		{"+1ms >S 0:0(0)", `direction ">S"`},
		{"+1ms flow> S 0:0(0)", `direction "flow>"`},
		{"+1ms >", "flags are missing"},
		{"+1ms > SX 0:0(0)", `'X' is not one of`},
		{"+1ms > SS 0:0(0)", `'S' is there twice`},
		{"+1ms > S", `"": not sequence numbers`},
		{"+1ms > S 0:0", `"0:0": not sequence numbers`},
		{"+1ms > S 0:0(0)x", `not sequence numbers`},
		{"+1ms > S 0:z(0)", `"z": not a sequence number`},
		{"+1ms > S 0:4294967296(0)", `not a sequence number`},
		{"+1ms > P 1:100(100)", `the length is not 99`},
		{"+1ms > P 1:70001(70000)", `length 70000: does not fit in an IP packet`},
		{"+1ms > P 1:65520(65519)", `does not fit in an IP packet`},
		{"+1ms > . 1:1(0)", "an ACK needs its number"},
		{"+1ms > . 1:1(0) ack", `ack: "": not a sequence number`},
		{"+1ms > S 0:0(0) win 65536", `win: "65536": not a number from 0 to 65535`},
		{"+1ms > S 0:0(0) win 1 win 1", "win: given twice"},
		{"+1ms > S 0:0(0) wim 1", `"wim": not ack, win`},
		{"+1ms > S 0:0(0) <mss 1", "options: > is missing"},
		{"+1ms > S 0:0(0) <mss 1> <nop>", "two lists of options"},
		{"+1ms > S 0:0(0) <mss>", `option "mss": "": not a number`},
		{"+1ms > S 0:0(0) <mss 1 2>", `option "mss 1 2": "2" is too much`},
		{"+1ms > S 0:0(0) <mms 1>", `option "mms 1": not known`},
		{"+1ms > S 0:0(0) <nop,>", `option "": not known`},
		{"+1ms > S 0:0(0) <TS val 1>", "not TS val N ecr N"},
		{"+1ms > S 0:0(0) <sack 1>", "not a block"},
		{"+1ms > S 0:0(0) <sack 1:2 3:4 5:6 7:8 9:10>", "too many blocks"},
		{"+1ms > S 0:0(0) <raw>", "no bytes"},
		{"+1ms > S 0:0(0) <raw zz>", "invalid byte"},
		{"+1ms > S 0:0(0) <tfo 000102030405060708090a0b0c0d0e0f,TS,TS,TS>", "48 bytes do not fit in a TCP header"},
		{"+1ms > S 0:0(0) ttl 256", `ttl: "256"`},
		{"+1ms > S 0:0(0) snap 0", "snap: nothing would be captured"},
		{"+1ms > S 0:0(0) doff 16", `doff: "16"`},
		{"+1ms > S 0:0(0) vlan 4096", `vlan: "4096"`},
		{"+1ms > S 0:0(0) vlan 1,2,3", "more than two tags"},
		{"+1ms > S 0:0(0) id x", `id: "x"`},
		{"+1ms copy", "copy: no packet before this line"},
		{"+1ms copy z", `copy: no flow "z"`},
		{"+1ms > S 0:0(0)\n+1ms copy win 7", `copy: no flow "win"`},
		{"+1ms > S 0:0(0)\n+1ms copy ttl 7 win 7", `"win": a copy can have attributes only`},
		{"+1ms icmp < port quoting > S 0:0(0)", `icmp: "port": not an error`},
		{"+1ms icmp < unreach quoting > S 0:0(0)", `icmp: "unreach quoting": not an error`},
		{"+1ms icmp < unreach port", "the quoted packet is missing"},
		{"+1ms icmp < unreach port quoting", "quoting: a direction"},
		{"+1ms icmp < unreach port quoting z> S 0:0(0)", `a packet of flow "z"`},
		{"+1ms icmp < unreach port from ::1 quoting > S 0:0(0)", "not an address of the flow's IP version"},
		{"+1ms icmp < frag 65536 quoting > S 0:0(0)", `icmp: frag: "65536"`},
		{"+1ms icmp < type 3 quoting > S 0:0(0)", "not type N code N"},
		{"+1ms icmp < ttl win quoting > S 0:0(0)", `icmp: "win": not from`},
		{"flow a\nflow a", `flow "a": known already`},
		{"+1ms a> S 0:0(0)\nflow a", `flow "a": known already`},
		{"flow a:b", `flow "a:b": a name is`},
		{"flow a client 10.0.0.1", "not an address and a port"},
		{"flow a client [fe80::1%eth0]:1", "not an address and a port"},
		{"flow a client 10.0.0.1:1 server [::1]:1", "different IP versions"},
		{"flow a client 10.0.0.1:1 v6", "different IP versions"},
		{"flow a iss 1", "not two numbers"},
		{"flow a iss 1,x", `flow: iss: "x"`},
		{"flow a mtu 7", `flow: "mtu": not client`},
		{"flow a v6\n+0 a> S 0:0(0) id 7", "IPv6 has none"},
	} {
		_, err := Parse("\n"+c.line, Options{})
		last := 2 + strings.Count(c.line, "\n")
		if err == nil {
			t.Errorf("%q: no error, want %q", c.line, c.want)
		} else if got := err.Error(); !strings.Contains(got, c.want) || !strings.HasPrefix(got, "line "+string(rune('0'+last))+": ") {
			t.Errorf("%q: got %q, want line %d: … %q", c.line, got, last, c.want)
		}
	}
}

func TestTimes(t *testing.T) {
	s := mustParse(t, "+0 > S 0:0(0)\n+0.5 > S 0:0(0)\n+1m1s > S 0:0(0)\n2 > S 0:0(0)\n-1.5s > S 0:0(0)", Options{})
	want := []time.Duration{0, 500 * time.Millisecond, 61500 * time.Millisecond, 2 * time.Second, 500 * time.Millisecond}
	for i, p := range s.Packets {
		if p.Time != want[i] {
			t.Errorf("packet %d at %v, want %v", i+1, p.Time, want[i])
		}
	}
	s = mustParse(t, s.String(), Options{Sort: true})
	for i := range s.Packets[1:] {
		if s.Packets[i].Time > s.Packets[i+1].Time {
			t.Errorf("packets %d and %d are not in order of time", i+1, i+2)
		}
	}
}

// A fresh identification tells a retransmission from a copy of the frame.
func TestIdentifications(t *testing.T) {
	s := mustParse(t, `
		+0 > S 0:0(0)
		+1 > S 0:0(0)
		+0 copy
		+1 > S 0:0(0) id 7
		+1 > S 0:0(0) id same
		+1 < S. 0:0(0) ack 1
		+1 > . 1:1(0) ack 1
		+1 icmp < ttl quoting > . 1:1(0) ack 1
		+1 > . 1:1(0) ack 1`, Options{})
	want := []uint16{0x1001, 0x1002, 0x1002, 7, 7, 0x2001, 0x1003, 0x1003, 0x1004}
	for i, seg := range s.Segments() {
		if seg.IPID != want[i] {
			t.Errorf("packet %d: identification %#x, want %#x", i+1, seg.IPID, want[i])
		}
	}
}

// The clock of <TS> runs in milliseconds; a segment echoes what the peer's last one carried.
func TestClock(t *testing.T) {
	s := mustParse(t, `
		+0    > S  0:0(0) <TS>
		+20ms < S. 0:0(0) ack 1 <TS>
		+1ms  > .  1:1(0) ack 1 <TS>
		90s   < R  1:1(0) <TS>`, Options{})
	want := [][2]uint32{
		{clientTSClock, 0},
		{serverTSClock + 20, clientTSClock},
		{clientTSClock + 21, serverTSClock + 20},
		{22704, 0}, // 4294900000 + 90000 - 2^32
	}
	for i, seg := range s.Segments() {
		if got := [2]uint32{seg.TSVal, seg.TSEcr}; got != want[i] || !seg.HasTS {
			t.Errorf("packet %d: val and ecr %d, want %d", i+1, got, want[i])
		}
	}
}

func TestSegment(t *testing.T) {
	start := time.Unix(100, 0)
	s := mustParse(t, `
		flow a client 10.0.0.1:40000 server 10.0.0.2:443 vlan 5 iss 4294967290,1000
		+1.5s a> P.Ue 1:101(100) ack 1 win 512 urg 9 <nop,wscale 7,TS val 1 ecr 2,sack 11:21 31:41> ttl 60`, Options{Start: start})
	got := s.Segments()[0]
	if len(got.IP) != 20+20+4+10+18+100 || got.TCP != 20 || got.IPLen != len(got.IP) {
		t.Errorf("%d bytes of %d from the IP header on, TCP at %d; want all of 172 and 20", len(got.IP), got.IPLen, got.TCP)
	}
	got.IP, got.IPLen, got.TCP, got.Checksum = nil, 0, 0, 0
	want := flows.Segment{
		Time: 101.5e9, Packet: 1,
		Src: flows.Addr4([4]byte{10, 0, 0, 1}), Dst: flows.Addr4([4]byte{10, 0, 0, 2}),
		SrcPort: 40000, DstPort: 443, Space: 5,
		Seq: 4294967291, Ack: 1001, Flags: flows.PSH | flows.ACK | flows.URG | flows.AE, Window: 512, Urgent: 9,
		IPID: 0x1001, TTL: 60, Len: 100, HeaderOK: true,
		TSVal: 1, TSEcr: 2, HasTS: true, SACKEnd: 1041, HasSACK: true, // a window scale counts on a SYN only
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		line          string
		cut, headerOK bool
		length        uint32
	}{
		{"+0 > P 1:101(100) <mss 1460>", false, true, 100},
		{"+0 > P 1:101(100) <mss 1460> snap 44", false, true, 100},
		{"+0 > P 1:101(100) <mss 1460> snap 43", true, true, 100},
		{"+0 > P 1:101(100) <mss 1460> snap 34", true, true, 100},
		{"+0 > P 1:101(100) <mss 1460> snap 33", true, false, 0},
		{"+0 > P 1:101(100) doff 4", true, true, 0},
		{"+0 > P 1:3(2) doff 6", true, true, 0},
		{"+0 > P 1:5(4) doff 6", false, true, 0},
		{"+0 icmp < ttl quoting > P 1:101(100)", true, false, 0},
		{"+0 icmp < ttl quote 20 quoting > P 1:101(100)", false, true, 100},
	} {
		seg := mustParse(t, c.line, Options{}).Segments()[0]
		if seg.Cut != c.cut || seg.HeaderOK != c.headerOK || seg.Len != c.length {
			t.Errorf("%s: cut %v, header ok %v, length %d; want %v, %v, %d",
				c.line, seg.Cut, seg.HeaderOK, seg.Len, c.cut, c.headerOK, c.length)
		}
		if c.headerOK && seg.Flags != flows.PSH {
			t.Errorf("%s: flags %v", c.line, seg.Flags)
		}
	}
	if n := len(mustParse(t, "+0 > S 0:0(0) snap 23", Options{}).Segments()); n != 0 {
		t.Error("a packet captured without its ports must not be a segment")
	}
}

func TestQuote(t *testing.T) {
	s := mustParse(t, `
		flow b v6
		+0 icmp < frag 1400 quoting > S 0:0(0)
		+0 icmp b< unreach host quoting > S 0:0(0)`, Options{})
	seg := s.Segments()
	want := []flows.Quote{
		{Version: 4, Type: 3, Code: 4, MTU: 1400, From: flows.Addr4([4]byte{203, 0, 113, 9})},
		{Version: 6, Type: 1, Code: 3, From: flows.AddrFrom(router(true))},
	}
	for i := range want {
		if seg[i].Quote != want[i] {
			t.Errorf("got %+v, want %+v", seg[i].Quote, want[i])
		}
		if end := s.Packets[i].Flow.Ends[0]; seg[i].Src != flows.AddrFrom(end.Addr.Addr()) || seg[i].Seq != end.ISS {
			t.Errorf("packet %d: the quoted sender must be the client, its SYN at the ISS", i+1)
		}
	}
}

// What a script says in relative numbers must not depend on the ISSs, the start or the side.
func TestOptions(t *testing.T) {
	const text = "+0 > S 0:0(0)\n+1ms < S. 0:0(0) ack 1\n+1ms > P. 1:11(10) ack 1\n+1ms < . 1:1(0) ack 11 <sack 1:11>"
	plain := mustParse(t, text, Options{})
	iss := mustParse(t, text, Options{ISS: &[2]flows.Seq{7, 1 << 31}})
	if got, want := strings.Join(iss.Lines(), "\n"), strings.Join(plain.Lines(), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := iss.Segments()[3]; got.Seq != 1<<31+1 || got.Ack != 18 || got.SACKEnd != 18 {
		t.Errorf("seq %d, ack %d, SACK up to %d, want 2147483649, 18, 18", got.Seq, got.Ack, got.SACKEnd)
	}
	swapped := mustParse(t, text, Options{Swap: true})
	back := strings.NewReplacer("<", ">", ">", "<")
	for i, line := range swapped.Lines() {
		got, _, _ := strings.Cut(line, "(")
		want, _, _ := strings.Cut(plain.Lines()[i], "(")
		if got != back.Replace(want) {
			t.Errorf("swapped: got %q, from %q", got, want)
		}
	}
	at := time.Unix(1, 5)
	if got := mustParse(t, text, Options{Start: at}).Segments()[1].Time; got != at.UnixNano()+1e6 {
		t.Errorf("time %d", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example)
	for line := range strings.Lines(example) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text, Options{})
		if err != nil {
			return
		}
		again, err := Parse(s.String(), Options{})
		if err != nil {
			t.Fatalf("%v in\n%s", err, s)
		}
		if got, want := again.Segments(), s.Segments(); !reflect.DeepEqual(got, want) {
			t.Fatalf("the printed script yields other packets:\n%s\nand then\n%s", s, again)
		}
	})
}
