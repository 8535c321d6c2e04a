package analyzer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tcpwhy/flows"
)

// judgeAll runs a script of many flows to the end, and returns its findings.
func judgeAll(t *testing.T, j *Judge, text string) []*Finding {
	t.Helper()
	return findings(segments(t, expand(t, text), true), j)
}

// What is known of a server and of a host, counted by hand.
func TestServer(t *testing.T) {
	var j Judge
	judgeAll(t, &j, `
// Opens at once: 30 ms. The client closes first, orderly.
flow a client 192.0.2.1:40000 server 198.51.100.20:80
0s     a> S  0:0(0)
+10ms  a< S. 0:0(0) ack 1
+20ms  a> .  1:1(0) ack 1
+1ms   a> F. 1:1(0) ack 1
+1ms   a< F. 1:1(0) ack 2
+1ms   a> .  2:2(0) ack 2
// Its SYN comes twice: connect() takes 1.03 s, the handshake 30 ms. The server closes, the client does not.
flow b client 192.0.2.1:40001 server 198.51.100.20:80
1100ms b> S  0:0(0)
+1s    b> S  0:0(0)
+10ms  b< S. 0:0(0) ack 1
+20ms  b> .  1:1(0) ack 1
+1ms   b< F. 1:1(0) ack 1
+1ms   b> .  1:1(0) ack 2
// Three at a time are half open in the third second; one of them opens.
flow c client 192.0.2.2:40000 server 198.51.100.20:80
3s     c> S  0:0(0)
+10ms  c< S. 0:0(0) ack 1
+2s    c< S. 0:0(0) ack 1
flow d client 192.0.2.3:40000 server 198.51.100.20:80
3100ms d> S  0:0(0)
+10ms  d< S. 0:0(0) ack 1
flow e client 192.0.2.4:40000 server 198.51.100.20:80
3200ms e> S  0:0(0)
+10ms  e< S. 0:0(0) ack 1
+1s    e> .  1:1(0) ack 1
+1ms   e> P. 1:101(100) ack 1
+1ms   e< .  1:1(0) ack 101
// Refused; another server.
flow f client 192.0.2.4:40001 server 198.51.100.20:81
3300ms f> S  0:0(0)
+10ms  f< R. 0:0(0) ack 1
// The same address in another network.
flow g client 192.0.2.1:40002 server 198.51.100.20:80 vlan 7
10s    g> S  0:0(0)
`)
	sum := j.Summary()
	if got := fmt.Sprint(sum.Servers[0].Addr, sum.Servers[0].Flows, len(sum.Servers)); got != "198.51.100.20:80 5 3" {
		t.Fatal("the busiest of how many: ", got)
	}
	s := sum.Servers[0]
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"opened", s.Open(), uint64(3)},
		{"half-open", s.Opening[flows.OpeningHalfOpen], uint64(2)},
		{"judged", s.Judged(), uint64(5)},
		{"failed", s.Failed(), uint64(2)},
		{"clients", s.Clients.N(), uint64(4)},
		{"attempts, and in the busiest second", [2]uint64{s.Attempts.N, s.Attempts.Peak}, [2]uint64{5, 3}},
		{"half-open now and at most", [2]uint64{s.HalfOpen.Now, s.HalfOpen.Peak}, [2]uint64{2, 3}},
		{"silent, repeated", [2]uint64{s.HalfOpens.Silent, s.HalfOpens.Repeated}, [2]uint64{2, 1}},
		{"closed first by client, server", [2]uint64{s.Closer[flows.ByClient], s.Closer[flows.ByServer]}, [2]uint64{1, 1}},
		{"without a retry, with one", [2]uint64{s.Retries[0].Flows, s.Retries[1].Flows}, [2]uint64{4, 1}},
		{"wait for it", s.Retries[1].Wait.String(), "1s"},
		{"handshakes", s.Handshake.N, uint64(3)},
		{"longest connect", s.Connect.Max.String(), "1.03s"},
		{"longest handshake", s.Handshake.Max.String(), "1.01s"},
		{"shortest", s.SYNToSYNACK.Min.String() + " " + s.SYNACKToACK.Min.String(), "10ms 20ms"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, c.got, c.want)
		}
	}
	h := sum.Hosts[slices.IndexFunc(sum.Hosts, func(h *Host) bool { return h.Addr.String() == "192.0.2.1" && h.Space == 0 })]
	if h.Flows != 2 || h.CloseWait != 1 || h.TimeWait.N != 1 || h.Ports.N() != 2 {
		t.Errorf("host %v: %+v", h.Addr, h)
	}
	// Of both ends of each flow: a TIME_WAIT, CLOSED; b CLOSE_WAIT, FIN_WAIT_2; c and d ESTABLISHED (assumed: the SYN-ACK
	// passed), SYN_RCVD; e both ESTABLISHED; f both CLOSED; g SYN_SENT, nothing.
	want := [flows.NumStates]uint64{flows.TimeWait: 1, flows.Closed: 3, flows.CloseWait: 1, flows.FinWait2: 1, flows.Established: 4,
		flows.SynReceived: 2, flows.SynSent: 1, flows.Unknown: 1}
	if sum.Totals.States != want {
		t.Errorf("states: got %v, want %v", sum.Totals.States, want)
	}
	if sum.Totals.Flows != 7 || sum.Totals.HalfOpen.Peak != 3 {
		t.Errorf("totals: %+v", sum.Totals)
	}
}

// A connection that is forgotten while it is half open is not half open any more; one that the capture ends with is.
func TestHalfOpenGauge(t *testing.T) {
	for _, c := range []struct {
		name, packets string
		now           uint64
	}{
		{"opened", "0s > S 0:0(0)\n+1ms < S. 0:0(0) ack 1\n+1ms > . 1:1(0) ack 1", 0},
		{"reset", "0s > S 0:0(0)\n+1ms < S. 0:0(0) ack 1\n+1ms > R 1:1(0)", 0},
		{"to the end", "0s > S 0:0(0)\n+1ms < S. 0:0(0) ack 1", 1},
		{"taken back", "0s > S 0:0(0)\n+1ms < S. 0:0(0) ack 1\n+1ms > . 1:1(0) ack 1\n+1s < S. 0:0(0) ack 1", 1},
		{"given up", "flow a\nflow b client 192.0.2.9:1 server 198.51.100.9:2\n0s a> S 0:0(0)\n+1ms a< S. 0:0(0) ack 1\n+200s b> S 0:0(0)", 0},
	} {
		var j Judge
		judgeAll(t, &j, c.packets)
		if got := j.Summary().Totals.HalfOpen; got.Now != c.now || got.Peak != 1 {
			t.Errorf("%s: got %+v, want %d now", c.name, got, c.now)
		}
	}
}

const manyServers = `
{{range n 40}}
flow q{{.}} client 192.0.2.{{add 1 .}}:40000 server 198.51.100.{{add 1 .}}:80
{{mul . 100}}ms q{{.}}> S  0:0(0)
+1ms            q{{.}}< R. 0:0(0) ack 1
{{end}}
{{range n 30}}
flow b{{.}} client 192.0.2.200:{{add 40000 .}} server 198.51.100.200:80
{{mul . 100}}ms b{{.}}> S  0:0(0)
+1ms            b{{.}}< R. 0:0(0) ack 1
{{end}}
`

// Who is busy is kept, who is quiet is forgotten, and nothing is lost of the whole.
func TestForgets(t *testing.T) {
	var j Judge
	j.peers.maxServers, j.peers.maxHosts = 8, 8
	judgeAll(t, &j, manyServers)
	s := j.Summary()
	if len(s.Servers) > 8 || len(s.Hosts) > 8 {
		t.Fatalf("%d servers and %d hosts are kept", len(s.Servers), len(s.Hosts))
	}
	// A SYN makes a server known, and the flow's end: who is forgotten in between, too, is one.
	if known := uint64(len(s.Servers)) + s.Forgotten.Servers.N(); known != 41 {
		t.Errorf("of 41 servers %d are kept, and %d forgotten", len(s.Servers), s.Forgotten.Servers.N())
	}
	if s.Servers[0].Addr.String() != "198.51.100.200:80" || s.Servers[0].Flows != 30 || s.Hosts[0].Flows != 30 {
		t.Errorf("the busiest is %v with %d flows, its client has %d", s.Servers[0].Addr, s.Servers[0].Flows, s.Hosts[0].Flows)
	}
	kept, hosts := uint64(0), uint64(0)
	for _, server := range s.Servers {
		kept += server.Flows
	}
	for _, h := range s.Hosts {
		hosts += h.Flows
	}
	if kept+s.Forgotten.ServerFlows != 70 || hosts+s.Forgotten.HostFlows != 70 || s.Totals.Flows != 70 || s.Totals.Opening[flows.OpeningRefused] != 70 {
		t.Errorf("of 70 flows %d are kept, %+v, and in total %d", kept, s.Forgotten, s.Totals.Flows)
	}
}

// The same capture says the same, whatever is forgotten on the way: no order of a map shows.
func TestDeterministic(t *testing.T) {
	text := manyServers + `
{{range n 40}}
flow x{{.}} client 203.0.113.66:44000 server 198.51.100.20:{{add 20 .}}
{{add 5000 (mul . 5)}}ms  x{{.}}> S  0:0(0)
+30us          x{{.}}< R. 0:0(0) ack 1
{{end}}`
	said := func() string {
		var j Judge
		j.peers.maxServers, j.peers.maxHosts = 16, 16
		var b strings.Builder
		for _, f := range judgeAll(t, &j, text) {
			b.WriteString(line(f))
		}
		s := j.Summary()
		for _, server := range s.Servers {
			fmt.Fprintln(&b, server.Addr, server.Flows)
			for _, g := range server.Groups {
				fmt.Fprintln(&b, g.Rule.Name, g.Cause, g.Flows, g.Earliest.Flow)
			}
		}
		for _, h := range s.Hosts {
			fmt.Fprintln(&b, h.Addr, h.Flows, h.Found)
		}
		return b.String()
	}
	first := said()
	for range 5 {
		if again := said(); again != first {
			t.Fatalf("got\n%s\nand then\n%s", first, again)
		}
	}
}

// Findings of flows that a finding of the whole capture explains have it as their cause: in the groups, and in a
// second reading each.
func TestCauses(t *testing.T) {
	golden := func(name string) []flows.Segment {
		for _, file := range goldenOf(t, name).Files {
			if file.Name == "flows" {
				return segments(t, expand(t, string(file.Data)), true)
			}
		}
		t.Fatal("no flows in the golden of ", name)
		return nil
	}
	for _, c := range []struct {
		name string
		want map[string]uint64 // finding and cause, flows
	}{
		{"accept-queue-full", map[string]uint64{
			"syn-ack-after-ack accept-queue-full": 8, "syn-retransmitted accept-queue-full": 5 + 5,
			"syn-ack-after-ack ": 1 + 3, "syn-retransmitted ": 1 + 1 + 5 + 5 + 5 + 4,
		}},
		{"syn-flood", map[string]uint64{"half-open syn-flood": 260, "half-open ": 339, "syn-unanswered ": 1}},
		{"syn-scan", map[string]uint64{
			"half-open syn-scan": 2, "refused syn-scan": 55, "syn-unanswered syn-scan": 13,
			"refused ": 60 + 24 + 100 + 30, "syn-unanswered ": 30,
		}},
		{"close-wait-pile-up", map[string]uint64{"close-wait close-wait-pile-up": 25 + 22, "close-wait ": 19, "refused ": 1}},
	} {
		segs := golden(c.name)
		first := &Judge{}
		findings(segs, first)
		groups := map[string]uint64{}
		for _, s := range first.Summary().Servers {
			for _, g := range s.Groups {
				groups[g.Rule.Name+" "+g.Cause] += g.Flows
			}
		}
		each := map[string]uint64{}
		for _, f := range findings(segs, &Judge{Before: first}) {
			if f.Flow != 0 {
				each[f.Rule.Name+" "+f.Cause]++
			}
		}
		for key, n := range c.want {
			if groups[key] != n {
				t.Errorf("%s: groups have %d of %q, want %d", c.name, groups[key], key, n)
			}
			if each[key] != n {
				t.Errorf("%s: a second reading has %d of %q, want %d", c.name, each[key], key, n)
			}
		}
	}
}

// A host may look as if it scanned, and then mostly do something else: there is no scan, and nothing is part of one.
func TestNoCauseInTheEnd(t *testing.T) {
	var j Judge
	for _, f := range judgeAll(t, &j, `
{{range n 60}}
flow p{{.}} client 192.0.2.1:{{add 40000 .}} server 198.51.100.1:{{add 1000 .}}
{{mul . 10}}ms p{{.}}> S  0:0(0)
+1ms           p{{.}}< R. 0:0(0) ack 1
{{end}}
{{range n 200}}
flow c{{.}} client 192.0.2.1:{{add 50000 .}} server 198.51.100.1:80
{{add 60000 (mul . 10)}}ms c{{.}}> S  0:0(0)
+1ms           c{{.}}< S. 0:0(0) ack 1
+1ms           c{{.}}> P. 1:9(8) ack 1
+1ms           c{{.}}< .  1:1(0) ack 9
{{end}}
`) {
		if f.Rule == synScan {
			t.Fatal("a scan is found")
		}
	}
	refused := uint64(0)
	for _, s := range j.Summary().Servers {
		for _, g := range s.Groups {
			if g.Rule.Name == "refused" {
				refused += g.Flows
			}
			if g.Cause != "" {
				t.Errorf("%d of %s are part of %s", g.Flows, g.Rule.Name, g.Cause)
			}
		}
	}
	if refused != 60 {
		t.Errorf("%d were refused", refused)
	}
}

// What a rule says it explains are findings that there are, and each has words for who was concerned.
func TestExplains(t *testing.T) {
	for _, r := range Rules {
		if r.Explains == nil {
			continue
		}
		for _, name := range r.Explains.Findings {
			found := RuleNamed(name)
			if found == nil || found.Flow == nil {
				t.Errorf("%s explains %s, which is no finding of a flow", r.Name, name)
			}
			if symptom(name) == "" {
				t.Errorf("%s: no words for it as a part of %s", name, r.Name)
			}
		}
		if r.Explains.Part == nil && r.Explains.Host == nil || (r.Explains.Part == nil) != (r.Explains.Stands == nil) {
			t.Errorf("%s explains nothing", r.Name)
		}
	}
}
