package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

func ran(d time.Duration) flows.Elapsed { return flows.Elapsed{D: d, OK: true} }

func end(addr string, states ...flows.State) flows.Endpoint {
	e := flows.Endpoint{Addr: netip.MustParseAddrPort(addr), NumStates: uint8(len(states))}
	copy(e.StateList[:], states)
	return e
}

// orderly is the flow of the contract's example, as a tracker would fill it.
func orderly() *flows.Flow {
	first := time.Date(2026, 11, 20, 3, 2, 10, 104_687_000, time.UTC).UnixNano()
	client := end("10.0.0.1:39870", flows.Closed, flows.SynSent, flows.Established, flows.FinWait1,
		flows.FinWait2, flows.TimeWait)
	client.Packets, client.PayloadBytes = 6, 120
	client.Counts = flows.Counts{SYN: 1, FIN: 1}
	server := end("10.0.0.2:9502", flows.Listen, flows.SynReceived, flows.Established, flows.CloseWait,
		flows.LastAck, flows.Closed)
	server.Packets, server.PayloadBytes = 5, 4096
	server.Counts = flows.Counts{SYNACK: 1, FIN: 1}
	server.Retransmissions.Data = 2
	return &flows.Flow{
		Number: 1, Roles: flows.RolesSYN, First: first, Last: first + 5_000_000_001,
		Ends: [2]flows.Endpoint{client, server},
		Opening: flows.Handshake{
			Outcome: flows.OpeningComplete, Kind: flows.KindThreeWay,
			SYNToSYNACK: ran(14 * time.Microsecond), SYNACKToACK: ran(10 * time.Microsecond),
			Handshake: ran(24 * time.Microsecond), Connect: ran(24 * time.Microsecond),
			ServerReady: ran(24 * time.Microsecond), SYNs: 1, SYNACKs: 1,
		},
		Closing: flows.Teardown{
			Outcome: flows.ClosingOrderly, First: flows.ByClient,
			FINToACK: ran(40 * time.Microsecond), FINToFIN: ran(time.Second), Close: ran(time.Second + 1),
		},
		ConnState: "SF", History: "ShADadFfA", Completeness: 31,
		Transitions: []flows.Transition{
			{Packet: 1, Time: first, Side: flows.Client, From: flows.Closed, To: flows.SynSent,
				Certainty: flows.Proved, Why: "sent SYN"},
			{Packet: 3, Time: first + 24_000, Side: flows.Server, From: flows.SynReceived, To: flows.Established,
				Certainty: flows.Revised, Why: `the "ACK" passed`, RevisedBy: 7},
		},
	}
}

// refused is a flow over IPv6 that never opened: most of what could be measured is absent.
func refused() *flows.Flow {
	client := end("[2001:db8:ffff:ffff:ffff:ffff:ffff:1]:51700", flows.Closed, flows.SynSent, flows.Closed)
	server := end("[2001:db8::2]:443", flows.Closed)
	return &flows.Flow{
		Number: 64820, Roles: flows.RolesSYN, Space: 7, Via: 7,
		Ends:    [2]flows.Endpoint{client, server},
		Opening: flows.Handshake{Outcome: flows.OpeningRefused, SYNs: 1},
		Closing: flows.Teardown{ResetBy: flows.ByServer}, ConnState: "REJ", History: "Sr", Completeness: 33,
	}
}

func inVXLAN(space uint32) ([]uint16, string) {
	if space == 7 {
		return []uint16{100, 7}, "vxlan/42"
	}
	return nil, ""
}

func TestFlowJSON(t *testing.T) {
	var out bytes.Buffer
	j := FlowJSON{W: &out, Names: NewNames([]string{"a \"1\"\x1b.pcap"}, false, inVXLAN), Transitions: true}
	if err := j.Flow(orderly(), nil); err != nil {
		t.Fatal(err)
	}
	j.Transitions = false
	if err := j.Flow(refused(), nil); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	id := func(f *flows.Flow) string {
		return string(flows.AppendCommunityID(nil, f.Client().Addr, f.Server().Addr))
	}
	want := `{"flow":1,"file":"a \"1\"\u001b.pcap","client":"10.0.0.1:39870","server":"10.0.0.2:9502",` +
		`"client_ip":"10.0.0.1","client_port":39870,"server_ip":"10.0.0.2","server_port":9502,` +
		`"roles":"syn","community_id":"` + id(orderly()) + `",` +
		`"first":"2026-11-20T03:02:10.104687000Z","last":"2026-11-20T03:02:15.104687001Z",` +
		`"packets":{"client":6,"server":5},"payload_bytes":{"client":120,"server":4096},` +
		`"flags":{"client":{"syn":1,"syn_ack":0,"fin":1,"rst":0},"server":{"syn":0,"syn_ack":1,"fin":1,"rst":0}},` +
		`"retransmissions":{"client":{"syn":0,"syn_ack":0,"data":0,"fin":0},"server":{"syn":0,"syn_ack":0,"data":2,"fin":0}},` +
		`"states":{"client":["CLOSED","SYN_SENT","ESTABLISHED","FIN_WAIT_1","FIN_WAIT_2","TIME_WAIT"],` +
		`"server":["LISTEN","SYN_RCVD","ESTABLISHED","CLOSE_WAIT","LAST_ACK","CLOSED"]},` +
		`"transitions":[{"packet":1,"time":"2026-11-20T03:02:10.104687000Z","endpoint":"client","from":"CLOSED",` +
		`"to":"SYN_SENT","certainty":"proved","why":"sent SYN","revised_by":null},` +
		`{"packet":3,"time":"2026-11-20T03:02:10.104711000Z","endpoint":"server","from":"SYN_RCVD",` +
		`"to":"ESTABLISHED","certainty":"revised","why":"the \"ACK\" passed","revised_by":7}],` +
		`"opening":{"outcome":"complete","kind":"three-way","syn_to_syn_ack_ns":14000,"syn_ack_to_ack_ns":10000,` +
		`"handshake_ns":24000,"connect_ns":24000,"server_ready_ns":24000,"ambiguous":false,"syn_sent":1,"syn_ack_sent":1},` +
		`"closing":{"outcome":"orderly","first":"client","reset_by":null,"fin_to_ack_ns":40000,` +
		`"fin_to_fin_ns":1000000000,"close_ns":1000000001},` +
		`"conn_state":"SF","history":"ShADadFfA","completeness":31,` +
		`"capture":{"midstream":false,"one_way":false,"missing_segments":0,"duplicates":0,` +
		`"truncated":false,"ended_open":false,"evicted":false},"findings":[]}` + "\n" +
		`{"flow":64820,"file":"a \"1\"\u001b.pcap","client":"[2001:db8:ffff:ffff:ffff:ffff:ffff:1]:51700",` +
		`"server":"[2001:db8::2]:443","client_ip":"2001:db8:ffff:ffff:ffff:ffff:ffff:1","client_port":51700,` +
		`"server_ip":"2001:db8::2","server_port":443,"roles":"syn","vlan":[100,7],"tunnel":"vxlan/42",` +
		`"community_id":"` + id(refused()) + `",` +
		`"first":"1970-01-01T00:00:00.000000000Z","last":"1970-01-01T00:00:00.000000000Z",` +
		`"packets":{"client":0,"server":0},"payload_bytes":{"client":0,"server":0},` +
		`"flags":{"client":{"syn":0,"syn_ack":0,"fin":0,"rst":0},"server":{"syn":0,"syn_ack":0,"fin":0,"rst":0}},` +
		`"retransmissions":{"client":{"syn":0,"syn_ack":0,"data":0,"fin":0},"server":{"syn":0,"syn_ack":0,"data":0,"fin":0}},` +
		`"states":{"client":["CLOSED","SYN_SENT","CLOSED"],"server":["CLOSED"]},` +
		`"opening":{"outcome":"refused","kind":"not-captured","syn_to_syn_ack_ns":null,"syn_ack_to_ack_ns":null,` +
		`"handshake_ns":null,"connect_ns":null,"server_ready_ns":null,"ambiguous":false,"syn_sent":1,"syn_ack_sent":0},` +
		`"closing":{"outcome":null,"first":null,"reset_by":"server","fin_to_ack_ns":null,"fin_to_fin_ns":null,"close_ns":null},` +
		`"conn_state":"REJ","history":"Sr","completeness":33,` +
		`"capture":{"midstream":false,"one_way":false,"missing_segments":0,"duplicates":0,` +
		`"truncated":false,"ended_open":false,"evicted":false},"findings":[]}` + "\n"
	if got := out.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for line := range strings.Lines(out.String()) {
		if !json.Valid([]byte(line)) {
			t.Errorf("not JSON: %s", line)
		}
	}
}

// A document is one JSON value, with none, one or several flows in it.
func TestFlowJSONDocument(t *testing.T) {
	for n := range 3 {
		var out bytes.Buffer
		j := FlowJSON{W: &out, Names: NewNames([]string{"a.pcap"}, false, nil), Array: true}
		for range n {
			if err := j.Flow(orderly(), nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		var got []any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || len(got) != n {
			t.Errorf("%d flows: got %d, %v from %q", n, len(got), err, out.String())
		}
	}
}

// Where several files were read, a transition's packet number alone would not find it.
func TestTransitionNamesItsFile(t *testing.T) {
	tr := flows.Transition{Packet: 9, File: 1}
	got := string(appendTransition(nil, &tr, NewNames([]string{"a", "b"}, true, nil)))
	if !strings.HasPrefix(got, `{"packet":9,"file":"b","time":`) {
		t.Errorf("got %s", got)
	}
}

func TestFlowCSV(t *testing.T) {
	var out bytes.Buffer
	c := FlowCSV{W: &out, Names: NewNames([]string{`a,"1".pcap`}, false, inVXLAN)}
	for _, f := range []*flows.Flow{orderly(), refused()} {
		if err := c.Flow(f, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll() // every row as long as the header
	if err != nil || len(rows) != 3 {
		t.Fatalf("got %d rows, %v", len(rows), err)
	}
	value := func(row int, key string) string {
		for i, k := range rows[0] {
			if k == key {
				return rows[row][i]
			}
		}
		t.Fatalf("no column %s", key)
		return ""
	}
	for _, c := range []struct {
		row       int
		key, want string
	}{
		{1, "flow", "1"}, {1, "file", `a,"1".pcap`}, {1, "vlan", ""}, {1, "last", "2026-11-20T03:02:15.104687001Z"},
		{1, "retransmissions.server.data", "2"}, {1, "retransmissions.server.fin", "0"},
		{1, "states.server", "LISTEN SYN_RCVD ESTABLISHED CLOSE_WAIT LAST_ACK CLOSED"},
		{1, "opening.server_ready_ns", "24000"}, {1, "closing.first", "client"}, {1, "closing.close_ns", "1000000001"},
		{1, "completeness", "31"}, {1, "capture.evicted", "false"}, {1, "findings", ""},
		{2, "server", "[2001:db8::2]:443"}, {2, "server_ip", "2001:db8::2"}, {2, "vlan", "100 7"}, {2, "tunnel", "vxlan/42"},
		{2, "opening.connect_ns", ""}, {2, "closing.outcome", ""}, {2, "closing.reset_by", "server"}, {2, "conn_state", "REJ"},
	} {
		if got := value(c.row, c.key); got != c.want {
			t.Errorf("row %d, %s: got %q, want %q", c.row, c.key, got, c.want)
		}
	}
}

func TestCSVWithoutFlowsHasItsHeader(t *testing.T) {
	var out bytes.Buffer
	c := FlowCSV{W: &out}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if out.String() != csvHeader {
		t.Errorf("got %q", out.String())
	}
}

// The longest row of IPv4 fits the width; IPv6 moves what follows no further than it must, and
// no address is ever cut.
func TestTable(t *testing.T) {
	long := orderly()
	long.Number = 184219
	long.Ends[0].Addr = netip.MustParseAddrPort("255.255.255.255:65535")
	long.Ends[1].Addr = netip.MustParseAddrPort("192.168.100.200:51234")
	long.Opening.ServerReady = ran(3032 * time.Millisecond)
	long.Closing.Outcome = flows.ClosingMissingFinalACK
	halfOpen := orderly()
	halfOpen.Number, halfOpen.Opening = 12, flows.Handshake{Outcome: flows.OpeningHalfOpen}
	halfOpen.Closing = flows.Teardown{}
	halfOpen.Ends[1].NumStates = 0
	rows := []*flows.Flow{orderly(), long, refused(), halfOpen}

	for _, c := range []struct {
		wide  bool
		width int
		want  string
	}{
		{false, 80, `
  FLOW  CLIENT                 SERVER                   READY  OUTCOME, FINDINGS
     1  10.0.0.1:39870         10.0.0.2:9502             24us  orderly
184219  255.255.255.255:65535  192.168.100.200:51234   3.032s  missing-final-ack
 64820  [2001:db8:ffff:ffff:ffff:ffff:ffff:1]:51700 [2001:db8::2]:443 - refused
    12  10.0.0.1:39870         10.0.0.2:9502                -  half-open
`},
		{true, 148, `
FIRST        FLOW  CLIENT                 SERVER                 OPENING      CLOSING            CONNECT   READY  CLIENT END   SERVER END   FINDINGS
03:02:10Z       1  10.0.0.1:39870         10.0.0.2:9502          complete     orderly               24us    24us  TIME_WAIT    CLOSED
03:02:10Z  184219  255.255.255.255:65535  192.168.100.200:51234  complete     missing-final-ack     24us  3.032s  TIME_WAIT    CLOSED
00:00:00Z   64820  [2001:db8:ffff:ffff:ffff:ffff:ffff:1]:51700 [2001:db8::2]:443 refused -             -       -  CLOSED       CLOSED
03:02:10Z      12  10.0.0.1:39870         10.0.0.2:9502          half-open    -                        -       -  TIME_WAIT    -
`},
	} {
		var out bytes.Buffer
		table := Table{W: &out, Wide: c.wide}
		for _, f := range rows {
			if err := table.Flow(f, nil); err != nil {
				t.Fatal(err)
			}
		}
		if got := "\n" + out.String(); got != c.want {
			t.Errorf("got %s\nwant %s", got, c.want)
		}
		for line := range strings.Lines(out.String()) {
			if len(line)-1 > c.width && !strings.Contains(line, "[") {
				t.Errorf("%d columns: %s", len(line)-1, line)
			}
		}
	}
}

// TestRowFitsTerminal: what a terminal has no room for goes on below, and addresses are never cut.
func TestRowFitsTerminal(t *testing.T) {
	for _, c := range []struct {
		width  int
		server string
		want   string
	}{
		{0, "10.0.8.20:8443", "" +
			"     7  10.0.3.17:51610        10.0.8.20:8443           298us  orderly, syn-ack-after-ack\n"},
		{80, "10.0.8.20:8443", "" +
			"     7  10.0.3.17:51610        10.0.8.20:8443           298us  orderly,\n" +
			"                                                               syn-ack-after-ack\n"},
		{80, "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:8020]:8443", "" +
			"     7  10.0.3.17:51610        [2001:db8:aaaa:bbbb:cccc:dddd:eeee:8020]:8443 298us\n" +
			"                                                      orderly, syn-ack-after-ack\n"},
	} {
		var out bytes.Buffer
		f := flows.Flow{Number: 7}
		f.Client().Addr, f.Server().Addr = netip.MustParseAddrPort("10.0.3.17:51610"), netip.MustParseAddrPort(c.server)
		f.Opening = flows.Handshake{Outcome: flows.OpeningComplete, ServerReady: flows.Elapsed{D: 298 * time.Microsecond, OK: true}}
		f.Closing.Outcome = flows.ClosingOrderly
		table := Table{W: &out, Width: c.width}
		if err := table.Flow(&f, []*analyzer.Finding{{Rule: analyzer.RuleNamed("syn-ack-after-ack")}}); err != nil {
			t.Fatal(err)
		}
		if _, got, _ := strings.Cut(out.String(), "\n"); got != c.want {
			t.Errorf("width %d: got\n%swant\n%s", c.width, got, c.want)
		}
	}
}

func TestAppendDuration(t *testing.T) {
	for _, c := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0ns"}, {450, "450ns"}, {999, "999ns"}, {1000, "1us"}, {31 * time.Microsecond, "31us"},
		{999_499, "999us"}, {999_500, "1.00ms"}, {2_200_000, "2.20ms"}, {9_994_999, "9.99ms"}, {9_995_000, "10.0ms"},
		{22_040_000, "22.0ms"}, {99_949_999, "99.9ms"}, {99_950_000, "100ms"}, {999_499_999, "999ms"},
		{999_500_000, "1.000s"}, {1_002_000_000, "1.002s"}, {59_999_499_999, "59.999s"}, {59_999_500_000, "1m00s"},
		{62 * time.Second, "1m02s"}, {552 * time.Second, "9m12s"}, {time.Hour - time.Second, "59m59s"},
		{time.Hour - time.Millisecond, "1h00m"}, {2*time.Hour + 3*time.Minute, "2h03m"}, {-5 * time.Millisecond, "-5.00ms"},
	} {
		if got := string(span.Append(nil, c.d)); got != c.want {
			t.Errorf("%d: got %s, want %s", c.d, got, c.want)
		}
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"pay node3é.pcap":  "pay node3é.pcap",
		"a\x1b[31m.pcap":   `a\x1b[31m.pcap`,
		"a\nb\u009bc\xff":  `a\nb\u009bc\xff`,
		"\u202egpj.pcap":   `\u202egpj.pcap`,
		"replaced \ufffd.": "replaced \ufffd.",

		"::error file=a::x":      `\x3a:error file=a::x`,
		"a ::add-mask::x":        `a \x3a:add-mask::x`,
		"  ::ERROR::":            `  \x3a:ERROR::`,
		"mod::tests::refused":    "mod::tests::refused",
		"::1.443 > ::ffff:1.2":   "::1.443 > ::ffff:1.2",
		"from ::, ::a%eth0 ::/0": "from ::, ::a%eth0 ::/0",
		"##[error]x ###vso[x]":   `\x23#[error]x \x23\x23#vso[x]`,
		"#1 # [x]":               "#1 # [x]",
	} {
		if got := Plain(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// A string survives JSON where it is UTF-8, and never reaches a terminal as control characters.
func TestAppendString(t *testing.T) {
	for _, s := range []string{"", `a"b\c`, "\x00\x1b[0m\x7f\u0085\n", "##[error]# ### #", "é\u20ac\U0001f600", "\ufffd"} {
		b := appendJSONString(nil, s)
		if bytes.Contains(b, []byte("##")) {
			t.Errorf("%q is written as %s", s, b)
		}
		var got string
		if err := json.Unmarshal(b, &got); err != nil || got != s {
			t.Errorf("%q: got %q, %v", s, got, err)
		}
		for _, r := range string(b) {
			if r < ' ' || r >= 0x7f && r < 0xa0 {
				t.Errorf("%q: %q has a control character", s, b)
			}
		}
	}
	if got := string(appendJSONString(nil, "a\xffb")); got != `"a\ufffdb"` {
		t.Errorf("bytes that are no UTF-8: got %s", got)
	}
}

func TestFlowsAreWrittenWithoutAllocation(t *testing.T) {
	f := orderly()
	names := NewNames([]string{"a.pcap"}, false, nil)
	for name, out := range map[string]analyzer.FlowOutput{
		"json":  &FlowJSON{W: io.Discard, Names: names, Transitions: true},
		"csv":   &FlowCSV{W: io.Discard, Names: names},
		"table": &Table{W: io.Discard, Wide: true},
	} {
		if n := testing.AllocsPerRun(100, func() { out.Flow(f, nil) }); n != 0 {
			t.Errorf("%s: %v allocations a row", name, n)
		}
	}
}

func BenchmarkFlowJSON(b *testing.B) {
	f, j := orderly(), FlowJSON{W: io.Discard, Names: NewNames([]string{"a.pcap"}, false, nil)}
	b.ReportAllocs()
	for b.Loop() {
		j.Flow(f, nil)
	}
}

func BenchmarkTable(b *testing.B) {
	f, t := orderly(), Table{W: io.Discard}
	b.ReportAllocs()
	for b.Loop() {
		t.Flow(f, nil)
	}
}
