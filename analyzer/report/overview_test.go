package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

// played is a Source of the packets of a script.
type played struct{ segments []flows.Segment }

func (p *played) Read(segs []flows.Segment) (int, error) {
	if len(p.segments) == 0 {
		return 0, io.EOF
	}
	n := copy(segs, p.segments)
	p.segments = p.segments[n:]
	return n, nil
}

func (p *played) Now() int64 { return 0 }

// whole keeps the findings of the whole capture.
type whole []*analyzer.Finding

func (w *whole) Finding(n *analyzer.Finding) error {
	if n.Flow == 0 {
		*w = append(*w, n)
	}
	return nil
}

// overviewOf is what is known of a script.
func overviewOf(t *testing.T, text string) *Overview {
	t.Helper()
	s, err := script.Parse(text, script.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var found whole
	segments := s.Segments()
	run := analyzer.Run{Source: &played{segments}, Judge: &analyzer.Judge{}, Findings: []analyzer.FindingOutput{&found}}
	total, err := run.Read()
	if err != nil {
		t.Fatal(err)
	}
	return &Overview{Files: []string{"a.pcap"}, Packets: uint64(len(segments)), Segments: uint64(len(segments)), Flows: total,
		Command: "tcpwhy a.pcap", Summary: run.Judge.Summary(), Findings: found, Names: NewNames([]string{"a.pcap"}, false, nil)}
}

func textOf(t *testing.T, o *Overview, verbose bool) string {
	t.Helper()
	var b bytes.Buffer
	if err := (&OverviewText{W: &b, Verbose: verbose}).Write(o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// refusing are flows to so many servers that refuse.
func refusing(servers int) string {
	var b strings.Builder
	for i := range servers {
		fmt.Fprintf(&b, "flow r%d client 192.0.2.1:%d server 198.51.100.%d:9090\n+1ms r%d> S 0:0(0)\n+1ms r%d< R. 0:0(0) ack 1\n",
			i, 40000+i, i+1, i, i)
	}
	return b.String()
}

// late are so many flows to each of some servers, from 203.0.113.FIRST on, which answer some of the SYNs only when they
// come again.
func late(first, servers, flows, late int) string {
	var b strings.Builder
	for i := first; i < first+servers; i++ {
		for j := range flows {
			name := fmt.Sprintf("l%d_%d", i, j)
			fmt.Fprintf(&b, "flow %s client 192.0.2.%d:%d server 203.0.113.%d:443\n+1ms %s> S 0:0(0)\n", name, i, 40000+j, i, name)
			if j < late {
				fmt.Fprintf(&b, "+1s %s> S 0:0(0)\n", name)
			}
			fmt.Fprintf(&b, "+1ms %[1]s< S. 0:0(0) ack 1\n+1ms %[1]s> . 1:1(0) ack 1\n"+
				"+1ms %[1]s> F. 1:1(0) ack 1\n+1ms %[1]s< F. 1:1(0) ack 2\n+1ms %[1]s> . 2:2(0) ack 2\n", name)
		}
	}
	return b.String()
}

// What many servers have alike is one line, if it is no more than a notice; of what is grave the first are told
// whole, and how many more there are.
func TestOverviewIsBounded(t *testing.T) {
	o := overviewOf(t, refusing(20)+late(1, 3, 60, 1)+late(4, 3, 60, 11)+late(7, 3, 60, 40))
	text := textOf(t, o, false)
	for _, want := range []string{
		"\nNOTICE   refused            20 servers            20 flows, first #1\n",
		"\n         and 1 finding more: -v shows all\n",
		"\n         and 19 servers more\n",
		"\nVERDICT  203.0.113.7:443: 40 of 60 flows: the connection opened only after a SYN was sent again",
		"And 8 warnings more below.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\nWARNING  syn-retransmitted"); n != shownBlocks {
		t.Errorf("got %d warnings, want %d", n, shownBlocks)
	}
	whole := textOf(t, o, true)
	if n := strings.Count(whole, "\nWARNING  syn-retransmitted"); n != 9 || strings.Contains(whole, "-v shows all") {
		t.Errorf("-v: got %d warnings, want all 9", n)
	}
	for line := range strings.Lines(whole) {
		if n := utf8.RuneCountInString(line); n > pageWidth+1 && !strings.Contains(line, "--flow") {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// One cause is one finding: its parts are not told again.
func TestOverviewTellsACauseOnce(t *testing.T) {
	var b strings.Builder
	for i := range 3 {
		fmt.Fprintf(&b, `flow a%[1]d client 192.0.2.%[1]d:40000 server 198.51.100.20:8443
%[2]dms a%[1]d> S 0:0(0) ttl 57
+38us a%[1]d< S. 0:0(0) ack 1
+260us a%[1]d> . 1:1(0) ack 1 ttl 57
+100us a%[1]d> P. 1:518(517) ack 1 ttl 57
+200ms a%[1]d> P. 1:518(517) ack 1 ttl 57
+800ms a%[1]d< S. 0:0(0) ack 1
+260us a%[1]d> . 518:518(0) ack 1 ttl 57
+100ms a%[1]d> P. 1:518(517) ack 1 ttl 57
+1ms a%[1]d< P. 1:101(100) ack 518
`, i+1, 2000*i)
	}
	o := overviewOf(t, b.String())
	text := textOf(t, o, false)
	if strings.Count(text, "accept-queue-full  198.51.100.20:8443") != 1 || strings.Contains(text, "WARNING  syn-ack-after-ack") {
		t.Errorf("want one finding, accept-queue-full, in\n%s", text)
	}
	if !strings.Contains(text, "      3  syn-ack-after-ack  ") {
		t.Errorf("want its part in\n%s", text)
	}
	var d struct {
		Servers []struct {
			Findings []struct {
				Finding string
				Cause   *string
				Flows   int
			}
		}
		Findings []struct {
			Finding string
			Flow    *int
			Cause   *string
		}
	}
	var j bytes.Buffer
	if err := (&OverviewJSON{W: &j}).Write(o); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(j.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Servers) != 1 || len(d.Servers[0].Findings) != 1 || d.Servers[0].Findings[0].Flows != 3 || *d.Servers[0].Findings[0].Cause != "accept-queue-full" {
		t.Errorf("got servers %s", j.Bytes())
	}
	if len(d.Findings) < 2 || d.Findings[0].Finding != "accept-queue-full" || d.Findings[0].Flow != nil || *d.Findings[1].Cause != "accept-queue-full" {
		t.Errorf("got findings %+v", d.Findings)
	}
}

// Findings that are written as they come say how many flows were given up by then, and as an object at which ceiling; where none was, they have
// no such key.
func TestFindingsTellTheCeiling(t *testing.T) {
	ceiling := analyzer.Ceiling{Ceiling: flows.Ceiling{Bound: flows.BoundBytes}, MaxFlows: "--max-flows 5", MaxBytes: "--max-memory 1GB"}
	names := NewNames([]string{"a.pcap"}, false, nil)
	var lines, table bytes.Buffer
	object, row := &FindingJSON{W: &lines, Names: names, Ceiling: &ceiling}, &FindingCSV{W: &table, Names: names, Ceiling: &ceiling}
	for _, givenUp := range []uint64{0, 7} {
		ceiling.Rests = givenUp
		n := &analyzer.Finding{Rule: analyzer.RuleNamed("refused"), Mend: "listen"}
		if err := errors.Join(object.Finding(n), row.Finding(n)); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Split(lines.String(), "\n"); !strings.HasSuffix(got[0], `,"mend":"listen"}`) || !strings.HasSuffix(got[1], `,"mend":"listen","given_up":7,"limits":["--max-memory 1GB"]}`) {
		t.Errorf("got %s", lines.String())
	}
	if got := strings.Split(table.String(), "\n"); !strings.HasSuffix(got[0], ",mend,given_up,limits") || !strings.HasSuffix(got[1], ",listen,,") || !strings.HasSuffix(got[2], ",listen,7,'--max-memory 1GB") {
		t.Errorf("got %s", table.String())
	}
}

// What makes a verdict doubtful stands beside it.
func TestVerdictTellsDoubts(t *testing.T) {
	const open = "+0 > S 0:0(0)\n+1ms < S. 0:0(0) ack 1\n+1ms > . 1:1(0) ack 1\n"
	const midstream = "+0 > . 1:1(0) ack 1\n+1ms < . 1:1(0) ack 1\n"
	for _, c := range []struct {
		name, packets string
		doubtful      func(*analyzer.Summary)
		want          string
	}{
		{"a clock that was set", open, func(s *analyzer.Summary) { s.Back = analyzer.Back{Times: 1, Longest: 4 * time.Minute} },
			"Time goes back by 4m00s (clock-steps-back): "},
		{"an interface that went", open, func(s *analyzer.Summary) {
			s.Facts.Cut = []analyzer.Cut{{File: "eth0", Why: "the interface is down"}}
		}, "Not read to its end: eth0, the interface is down."},
		{"headers cut short", midstream, func(s *analyzer.Summary) { s.Totals.Truncated = 1 },
			"Of 1 connection no opening can be told: the headers of 1 are cut short (truncated-capture)."},
	} {
		o := overviewOf(t, c.packets)
		if v := o.verdict(nil); strings.Contains(v, c.want) {
			t.Errorf("%s: told without it: %s", c.name, v)
		}
		c.doubtful(o.Summary)
		if v := o.verdict(nil); !strings.Contains(v, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, v, c.want)
		}
	}
}

// Where most did not open, that none of it is a warning does not mean that all is well.
func TestVerdictOfWhatDidNotOpen(t *testing.T) {
	const silent = "+0 > S 0:0(0)\n+1s > S 0:0(0)\n+2s > S 0:0(0)\n+4s > S 0:0(0)\n+90s > S 0:0(0)\n"
	if v := overviewOf(t, silent).verdict(nil); v != "0 of 1 connection opened." {
		t.Errorf("got %q", v)
	}
}

// The same capture gives the same bytes.
// What was only begun is not what the capture lacks.
func TestVerdictOfNoOpening(t *testing.T) {
	for text, want := range map[string]string{
		"+0 > S 0:0(0)": "of which no opening was seen to its end.",
		"+0 > P. 1:9(8) ack 1\n+1ms < . 1:1(0) ack 9": "of which no opening was captured.",
	} {
		if got := textOf(t, overviewOf(t, text), false); !strings.Contains(strings.Join(strings.Fields(got), " "), want) {
			t.Errorf("%s: want %q in\n%s", text, want, got)
		}
	}
}

func TestOverviewIsDeterministic(t *testing.T) {
	text := refusing(20) + late(1, 12, 3, 3)
	first := overviewOf(t, text)
	for range 3 {
		again := overviewOf(t, text)
		for _, verbose := range []bool{false, true} {
			if a, b := textOf(t, first, verbose), textOf(t, again, verbose); a != b {
				t.Fatalf("got\n%s\nand then\n%s", a, b)
			}
		}
		var a, b bytes.Buffer
		(&OverviewJSON{W: &a}).Write(first)
		(&OverviewJSON{W: &b}).Write(again)
		if a.String() != b.String() {
			t.Fatal("JSON differs")
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"one two three", 7, []string{"one two", "three"}},
		{"a very-long-word b", 6, []string{"a", "very-long-word", "b"}},
		{"on h: ss -ltn 'sport = :8443' now", 20, []string{"on h: ss -ltn", "'sport = :8443' now"}},
		{"the client's FIN", 10, []string{"the", "client's", "FIN"}},
	} {
		got := wrap(c.text, c.width)
		if strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestItems(t *testing.T) {
	got := items("a (b; c); the client's d; ss 'x; y' z")
	if want := "a (b; c)|the client's d|ss 'x; y' z"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestBar(t *testing.T) {
	for _, c := range []struct {
		n, most uint64
		want    int
	}{{40, 40, 40}, {1, 40, 1}, {20, 40, 20}} {
		if got := bar(c.n, c.most); got != strings.Repeat("#", c.want) {
			t.Errorf("%d of %d: got %q", c.n, c.most, got)
		}
	}
	if got := bar(1, 1_000_000); got != "|" {
		t.Errorf("what is there at all must show: got %q", got)
	}
}

// What is found of a server as a whole stands in its line of SERVERS, whether or not its flows were judged: at the ceiling those of a flood
// are not.
func TestFoundOfServer(t *testing.T) {
	at, other := netip.MustParseAddrPort("198.51.100.20:443"), netip.MustParseAddrPort("198.51.100.21:443")
	flood, waits := analyzer.RuleNamed("syn-flood"), analyzer.RuleNamed("close-wait")
	group := &analyzer.Group{Rule: waits, Severity: analyzer.Warning, Flows: 3}
	o := &Overview{Findings: []*analyzer.Finding{{Rule: flood, Severity: analyzer.Error, Server: at, Flows: 500}}}
	for _, c := range []struct {
		server analyzer.Server
		want   string
	}{
		{analyzer.Server{Addr: at}, "syn-flood"},
		{analyzer.Server{Addr: at, Groups: []*analyzer.Group{group}}, "syn-flood, close-wait"},
		{analyzer.Server{Addr: at, Groups: []*analyzer.Group{{Rule: waits, Severity: analyzer.Warning, Cause: "port-scan"}}}, "syn-flood, port-scan"}, // a host's
		{analyzer.Server{Addr: at, Space: 1, Groups: []*analyzer.Group{group}}, "close-wait"},
		{analyzer.Server{Addr: other}, ""},
	} {
		if got := o.found(&c.server); got != c.want {
			t.Errorf("%v: got %q, want %q", c.server.Addr, got, c.want)
		}
	}
}
