package diff

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// flow is one to a server, by its port.
func flow(number uint64, port uint16, opening flows.OpeningOutcome, closing flows.ClosingOutcome) *flows.Flow {
	f := &flows.Flow{Number: number}
	f.Client().Addr = netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(40000+number))
	f.Server().Addr = netip.AddrPortFrom(netip.MustParseAddr("198.51.100.1"), port)
	f.Opening.Outcome, f.Closing.Outcome = opening, closing
	return f
}

func (s *Snapshot) flows(t *testing.T, all ...*flows.Flow) {
	t.Helper()
	for _, f := range all {
		if err := s.Flow(f, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// told are the differences of d, one a line.
func told(d *Diff) string {
	var b strings.Builder
	for i := range d.Differences {
		w := &d.Differences[i]
		better := ""
		if w.Better {
			better = ", better"
		}
		fmt.Fprintf(&b, "%s %s%s\n", w.Severity, w, better)
	}
	return b.String()
}

func TestCompare(t *testing.T) {
	c := NewComparison(1e9)
	was, is := c.Snapshot("was"), c.Snapshot("is")
	was.flows(t,
		flow(1, 443, flows.OpeningComplete, flows.ClosingOrderly),
		flow(2, 443, flows.OpeningComplete, flows.ClosingOrderly),
		flow(3, 443, flows.OpeningRefused, flows.ClosingNever),
		flow(4, 80, flows.OpeningComplete, flows.ClosingReset),
		flow(5, 80, flows.OpeningComplete, flows.ClosingOrderly))
	is.flows(t,
		flow(1, 443, flows.OpeningComplete, flows.ClosingOrderly),
		flow(2, 443, flows.OpeningHalfOpen, flows.ClosingNever),
		flow(3, 443, flows.OpeningComplete, flows.ClosingOrderly),
		flow(5, 80, flows.OpeningComplete, flows.ClosingReset),
		flow(6, 81, flows.OpeningComplete, flows.ClosingOrderly))
	d := Compare(was, is, DefaultTolerance(), DefaultFailOn())
	const want = `error 1 flow at 198.51.100.1:443: was complete, orderly, is half-open
notice 1 flow at 198.51.100.1:80: was complete, orderly, is complete, reset
notice 1 flow more at 198.51.100.1:81: complete, orderly
notice 1 flow fewer at 198.51.100.1:80: complete, reset
info 1 flow at 198.51.100.1:443: was refused, is complete, orderly, better
`
	if got := told(d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if d.Alike != 1 || d.Flows != [3]uint64{3, 1, 1} {
		t.Errorf("got %d alike, %v changed, new and gone", d.Alike, d.Flows)
	}
	for i := range d.Differences {
		if w := &d.Differences[i]; w.Counts == w.Better {
			t.Errorf("%s: counts is %v", w, w.Counts)
		}
	}
}

// TestStatesDiffer: where outcome and findings are the same, the end that went another way is told.
func TestStatesDiffer(t *testing.T) {
	c := NewComparison(1e9)
	was, is := c.Snapshot("was"), c.Snapshot("is")
	path := func(f *flows.Flow, states ...flows.State) *flows.Flow {
		f.Server().NumStates = uint8(copy(f.Server().StateList[:], states))
		return f
	}
	was.flows(t, path(flow(1, 80, flows.OpeningComplete, flows.ClosingOpen), flows.Listen, flows.SynReceived, flows.Established))
	is.flows(t, path(flow(1, 80, flows.OpeningComplete, flows.ClosingOpen)))
	got := told(Compare(was, is, DefaultTolerance(), DefaultFailOn()))
	want := "notice 1 flow at 198.51.100.1:80: was complete, open, server LISTEN SYN_RCVD ESTABLISHED, is complete, open, server has shown nothing\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestNetworks: the same address in two networks is two servers.
func TestNetworks(t *testing.T) {
	c := NewComparison(1e9)
	was, is := c.Snapshot("was"), c.Snapshot("is")
	for via, s := range []*Snapshot{was, is} {
		s.Network = func(via uint32) string { return Network([]uint16{uint16(via), 7}, "vxlan/42") }
		f := flow(1, 80, flows.OpeningComplete, flows.ClosingOpen)
		f.Via = uint32(via)
		s.flows(t, f)
	}
	got := told(Compare(was, is, DefaultTolerance(), DefaultFailOn()))
	want := "notice 1 flow more at 198.51.100.1:80 in VLAN 1,7, vxlan/42: complete, open\nnotice 1 flow fewer at 198.51.100.1:80: complete, open\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestWholeCapture: findings of servers, hosts and captures are there or not; a graver one is another.
func TestWholeCapture(t *testing.T) {
	c := NewComparison(1e9)
	was, is := c.Snapshot("was"), c.Snapshot("is")
	found := func(s *Snapshot, name string, severity analyzer.Severity, server string) {
		n := &analyzer.Finding{Rule: analyzer.RuleNamed(name), Severity: severity}
		if server != "" {
			n.Server = netip.MustParseAddrPort(server)
		}
		if err := s.Finding(n); err != nil {
			t.Fatal(err)
		}
	}
	found(was, "accept-queue-full", analyzer.Warning, "198.51.100.1:80")
	found(is, "accept-queue-full", analyzer.Error, "198.51.100.1:80")
	found(was, "syn-flood", analyzer.Warning, "198.51.100.1:443")
	found(is, "one-way-capture", analyzer.Notice, "")
	found(was, "port-exhaustion", analyzer.Notice, "192.0.2.1:0")
	found(is, "port-exhaustion", analyzer.Notice, "192.0.2.1:0")
	found(is, "syn-scan", analyzer.Info, "192.0.2.1:0")
	const want = `error accept-queue-full at 198.51.100.1:80: was warning, is error
notice one-way-capture: was not found, is notice
info syn-flood at 198.51.100.1:443: was warning, is not found, better
`
	if got := told(Compare(was, is, DefaultTolerance(), DefaultFailOn())); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestBounds: what there is too much of is counted, and said.
func TestBounds(t *testing.T) {
	c := NewComparison(1e9)
	c.limits = limits{flows: 2, servers: 2, timed: 1}
	was, is := c.Snapshot("was"), c.Snapshot("is")
	was.flows(t,
		flow(1, 80, flows.OpeningComplete, flows.ClosingOrderly),
		flow(2, 80, flows.OpeningComplete, flows.ClosingOrderly),
		flow(3, 80, flows.OpeningComplete, flows.ClosingOrderly),
		flow(4, 81, flows.OpeningComplete, flows.ClosingOrderly),
		flow(5, 82, flows.OpeningComplete, flows.ClosingOrderly))
	is.flows(t,
		flow(1, 80, flows.OpeningComplete, flows.ClosingOrderly),
		flow(2, 80, flows.OpeningComplete, flows.ClosingOrderly),
		flow(3, 80, flows.OpeningRefused, flows.ClosingNever),
		flow(4, 81, flows.OpeningComplete, flows.ClosingOrderly),
		flow(5, 82, flows.OpeningRefused, flows.ClosingNever))
	is.Shed = 7
	d := Compare(was, is, DefaultTolerance(), DefaultFailOn())
	if got, want := told(d), "warning 1 flow at 198.51.100.1:80: was complete 3, refused 0, orderly 3, is complete 2, refused 1, orderly 2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if d.Unjudged != 2+7 || d.Alike != 3 {
		t.Errorf("got %d not compared, %d alike, want 9 and 3", d.Unjudged, d.Alike)
	}
	if notes := strings.Join(d.Notes, "\n"); !strings.Contains(notes, "counted for each server: more than 2 flows") ||
		!strings.Contains(notes, "2 flows to further servers were not compared: more than 2 servers") ||
		!strings.Contains(notes, "not compared: 7 flows of NEW, given up at the ceiling") {
		t.Errorf("got %s", notes)
	}
	if kept := len(was.tally(server{addr: flow(1, 80, 0, 0).Server().Addr}).rows); kept != 2 || len(was.servers) != 2 {
		t.Errorf("got %d rows, %d servers, want 2 and 2", kept, len(was.servers))
	}
	run := d.Verdict()
	if totals := run.Totals(); totals.By != [4]uint64{1, 1, 0, 1} {
		t.Errorf("got %v, want a server that could not be judged, one as before and one that is not", totals.By)
	}
}

func TestParseFailOn(t *testing.T) {
	for _, s := range []string{DefaultFailOn().String(), "none", "changed,time", "better", "new,gone,better"} {
		if f, err := ParseFailOn(s); err != nil || f.String() != s {
			t.Errorf("%q: got %q, %v", s, f, err)
		}
	}
	for _, s := range []string{"", "new,", "all", "new,none"} {
		if f, err := ParseFailOn(s); err == nil {
			t.Errorf("%q: got %q, want an error", s, f)
		}
	}
}

// TestCounted: where flows are only counted, those that are more or fewer are told apart from those that changed.
func TestCounted(t *testing.T) {
	c := NewComparison(1e9)
	c.limits.flows = 0
	was, is := c.Snapshot("was"), c.Snapshot("is")
	was.flows(t,
		flow(1, 80, flows.OpeningComplete, flows.ClosingOrderly),
		flow(2, 80, flows.OpeningComplete, flows.ClosingOrderly),
		flow(3, 81, flows.OpeningRefused, flows.ClosingNever))
	is.flows(t,
		flow(1, 80, flows.OpeningComplete, flows.ClosingOrderly),
		flow(2, 80, flows.OpeningHalfOpen, flows.ClosingNever),
		flow(3, 80, flows.OpeningHalfOpen, flows.ClosingNever),
		flow(4, 81, flows.OpeningComplete, flows.ClosingOrderly))
	d := Compare(was, is, DefaultTolerance(), DefaultFailOn())
	const want = `warning 1 flow at 198.51.100.1:80: was complete 2, half-open 0, orderly 2, is complete 1, half-open 2, orderly 1
notice 1 flow more at 198.51.100.1:80: was 2 flows, is 3 flows
info 1 flow at 198.51.100.1:81: was complete 0, refused 1, orderly 0, is complete 1, refused 0, orderly 1, better
`
	if got := told(d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if d.Alike != 1 || d.Flows != [3]uint64{2, 1, 0} {
		t.Errorf("got %d alike, %v changed, new and gone", d.Alike, d.Flows)
	}
}

// What is kept of both sides follows the memory that there is, and is something however little that is.
func TestComparisonWithin(t *testing.T) {
	for bytes, want := range map[uint64]limits{
		100:           {1, 1, 1},
		250_000_000:   {1 << 18, 1 << 14, 1 << 10},
		1_000_000_000: {1 << 20, 1 << 16, 1 << 12},
		1 << 63:       {1 << 20, 1 << 16, 1 << 12},
	} {
		if got := NewComparison(bytes).limits; got != want {
			t.Errorf("of %d bytes: got %+v, want %+v", bytes, got, want)
		}
	}
}
