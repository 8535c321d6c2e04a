package analyzer

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"tcpwhy/flows"
)

// mixture is all goldens many times over, each time with other clients, side by side, and a crowd beside them.
func mixture(t *testing.T) (segs []flows.Segment) {
	t.Helper()
	for i, r := range Rules {
		golden := goldenSegments(t, goldenOf(t, r.Name))
		if len(golden) > 3_000 {
			continue // it is a crowd of its own
		}
		for times := range uint32(4) {
			elsewhere := func(a *flows.Addr) {
				if a.Is4() {
					a[13] ^= byte(i)
					a[14] ^= byte(times) << 4
				} else {
					a[5] ^= byte(i)
					a[6] ^= byte(times)
				}
			}
			for _, s := range golden {
				elsewhere(&s.Src)
				elsewhere(&s.Dst)
				s.Time += 1e18 - golden[0].Time + int64(times)*2e9 + int64(i)*3e7
				s.Quote = flows.Quote{}
				segs = append(segs, s)
			}
		}
	}
	segs = append(segs, crowd(4_000)...)
	slices.SortStableFunc(segs, func(a, b flows.Segment) int { return int(min(1, max(-1, a.Time-b.Time))) })
	for i := range segs {
		segs[i].Packet, segs[i].File = uint64(i+1), 0
	}
	return segs
}

// told is what a reading with a ceiling says.
type told struct {
	*Summary
	rows, rests uint64 // rows of the rest of a flow
	flows       uint64
}

func (o *told) Flow(f *flows.Flow, found []*Finding) error {
	o.rows++
	if f.Capture.Resumed {
		o.rests++
	}
	return nil
}

func tell(t *testing.T, segs []flows.Segment, c flows.Config, workers int) *told {
	t.Helper()
	o := &told{}
	r := Run{Source: &played{segs, io.EOF}, Judge: &Judge{Wordless: true}, Tracker: c, Flows: []FlowOutput{o}, Workers: workers}
	last, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	o.Summary = r.Judge.Summary()
	o.flows = last - r.Resumed
	return o
}

func sum[N uint32 | uint64](of []N) (n uint64) {
	for _, one := range of {
		n += uint64(one)
	}
	return n
}

// A flow that was given up is one flow, whatever comes of it later: no count has it twice, and all add up.
func TestCeilingCountsOnce(t *testing.T) {
	segs := mixture(t)
	// Without a ceiling, a SYN with another number on a connection that lives is one only if it is answered; where that connection was given
	// up, it is one at once. The goldens have more of these than anybody.
	const strays = 1
	whole := tell(t, segs, flows.Config{}, 1)
	for _, c := range []flows.Config{{MaxFlows: 1}, {MaxFlows: 700}, {MaxFlows: 2_000}, {MaxFlows: 5_000}, {MaxBytes: 100_000}, {MaxBytes: 500_000}} {
		for _, workers := range []int{1, 2} {
			name := fmt.Sprintf("at most %d flows, %d bytes, %d workers", c.MaxFlows, c.MaxBytes, workers)
			o := tell(t, segs, c, workers)
			is := func(what string, got, want uint64) {
				if got != want {
					t.Errorf("%s: %s: %d, want %d", name, what, got, want)
				}
			}
			atMost := func(what string, got, most uint64) {
				if got > most {
					t.Errorf("%s: %s: %d, want at most the %d without a ceiling", name, what, got, most)
				}
			}
			all := &o.Totals
			ceiling := &o.Facts.Ceiling
			is("flows", all.Flows, o.flows)
			is("rows and flows without", o.rows+ceiling.Shed.N(), o.flows)
			is("shed, by server and in all", all.Shed.N(), ceiling.Shed.N())
			is("rows of rests", o.rests, ceiling.Rests)
			is("and in the totals", all.Rests, ceiling.Rests)
			is("openings", sum(all.Opening[:]), all.Flows)
			is("closings", sum(all.Closing[:]), all.Flows)
			is("ends", sum(all.States[:]), 2*all.Flows)
			is("one way", all.OneWayBy[0]+all.OneWayBy[1], all.OneWay)
			is("segments", all.Segments, whole.Totals.Segments)
			atMost("one way and both", all.OneWay+all.TwoWay, all.Flows)
			if ceiling.Forgotten == 0 {
				atMost("flows", all.Flows, whole.Totals.Flows+whole.Totals.Flows/200)
				atMost("half open at a time", all.HalfOpen.Peak, whole.Totals.HalfOpen.Peak)
				atMost("half open at the end", all.HalfOpen.Now, whole.Totals.HalfOpen.Now)
			}
			known := map[string]*Server{}
			for _, s := range whole.Servers {
				known[fmt.Sprint(s.Addr, s.Space)] = s
			}
			var ofServers, ofHosts, halfOpen uint64
			for _, s := range o.Servers {
				ofServers += s.Flows
				halfOpen += s.HalfOpen.Now
				is(s.Addr.String()+": openings", sum(s.Opening[:]), s.Flows)
				is(s.Addr.String()+": closings", sum(s.Closing[:]), s.Flows)
				is(s.Addr.String()+": closers", sum(s.Closer[:]), s.Flows)
				is(s.Addr.String()+": resetters", sum(s.Resetter[:]), s.Flows)
				is(s.Addr.String()+": shed or not", sum(s.Shed[:]), s.Flows)
				atMost(s.Addr.String()+": silent", s.HalfOpens.Silent, s.Flows)
				atMost(s.Addr.String()+": clients, each as often as it has flows", s.Clients.all, s.Flows)
				atMost(s.Addr.String()+": repeated", s.HalfOpens.Repeated, s.HalfOpens.Silent)
				if k := known[fmt.Sprint(s.Addr, s.Space)]; k != nil && ceiling.Forgotten == 0 {
					atMost(s.Addr.String()+": flows", s.Flows, k.Flows+strays)
					atMost(s.Addr.String()+": half open at a time", s.HalfOpen.Peak, k.HalfOpen.Peak)
					atMost(s.Addr.String()+": half open at the end", s.HalfOpen.Now, k.HalfOpen.Now)
					atMost(s.Addr.String()+": taken to TIME_WAIT", s.TimeWait.N, k.TimeWait.N)
				}
			}
			for _, h := range o.Hosts {
				ofHosts += h.Flows
				is(h.Addr.String()+": openings", sum(h.Opening[:]), h.Flows)
			}
			is("flows of servers", ofServers+o.Forgotten.ServerFlows, all.Flows)
			is("flows of hosts", ofHosts+o.Forgotten.HostFlows, all.Flows)
			is("half open at servers", halfOpen, all.HalfOpen.Now)
		}
	}
}

// What was given up before the moment that is asked for counts nowhere; its rest, which is chosen, takes nothing back from where it never was.
func TestCeilingCountsChosen(t *testing.T) {
	const text = `
flow a client 192.0.2.1:40246 server 198.51.100.1:443
flow b client 192.0.2.1:40552 server 198.51.100.1:443
flow c client 192.0.2.1:40001 server 198.51.100.2:80
+0    a> S  0:0(0)
+1ms  a< S. 0:0(0) ack 1
+1ms  a> .  1:1(0) ack 1
+1ms  a> F. 1:1(0) ack 1
+1s   b> S  0:0(0)
+1ms  b< S. 0:0(0) ack 1
+1ms  b> .  1:1(0) ack 1
+1s   c> S  0:0(0)
+1ms  c< S. 0:0(0) ack 1
+1ms  c> .  1:1(0) ack 1
+60s  b> P. 1:101(100) ack 1
+1s   a< .  1:1(0) ack 2
+1s   c> F. 1:1(0) ack 1
`
	since, err := ParseWhen("+30s")
	if err != nil {
		t.Fatal(err)
	}
	r := Run{Source: &played{segments(t, text, false), io.EOF}, Judge: &Judge{Wordless: true}, Tracker: flows.Config{MaxFlows: 256}, Choice: Choice{Since: since}}
	if _, err := r.Read(); err != nil {
		t.Fatal(err)
	}
	all := &r.Judge.Summary().Totals
	if n := r.Ceiling.N(); n < 2 {
		t.Fatalf("%d flows were given up", n)
	}
	if all.Flows != 3 || all.MidClose != 0 || sum(all.Opening[:]) != 3 || sum(all.Closing[:]) != 3 || sum(all.States[:]) != 6 {
		t.Errorf("%+v", all)
	}
}

// A flow takes back of all counters that it counts in, or of none.
func TestCountersTakeBack(t *testing.T) {
	one, two := uint64(1), uint64(2)
	if (counters{&two, &one, &one}).takeBack() || one != 1 || two != 2 {
		t.Errorf("left %d and %d", one, two)
	}
	if !(counters{&two, &one}).takeBack() || one != 0 || two != 1 {
		t.Errorf("left %d and %d", one, two)
	}
}

// What is silent when it is given up is that only where it stays so, for as long as without a ceiling: a busy server has as many half
// open at a time as a flooded one, and no more of them come to nothing for that they were given up.
func TestCeilingMakesNoFlood(t *testing.T) {
	const many = 3_000
	crowd := func(answer, end time.Duration, silent int) (segs []flows.Segment) {
		var b strings.Builder
		for i := range many {
			client := fmt.Sprintf("203.%d.%d.9:40000", i/250, i%250)
			if i < silent && silent < many {
				client = fmt.Sprintf("192.0.2.%d:%d", i%4, 1024+i)
			}
			fmt.Fprintf(&b, "flow f%d client %s server 198.51.100.20:443\n%dus f%d> S 0:0(0)\n+40us f%d< S. 0:0(0) ack 1\n", i, client, 50*i, i, i)
			if i >= silent {
				fmt.Fprintf(&b, "+%s f%d> . 1:1(0) ack 1\n", answer, i)
			}
		}
		fmt.Fprintf(&b, "flow last client 192.0.2.1:40000 server 198.51.100.30:80\n%s last> S 0:0(0)\n", end)
		segs = segments(t, b.String(), true)
		return segs[:1+slices.IndexFunc(segs, func(s flows.Segment) bool { return s.DstPort == 80 })] // nothing passes after that
	}
	for _, c := range []struct {
		name            string
		segs            []flows.Segment
		silent, sources uint64
	}{
		{"answered, but for those in flight when the capture ends", crowd(100*time.Millisecond, 149*time.Millisecond, 0), 0, 0},
		{"answered after it could be said that they are not", crowd(6*time.Second, 7*time.Second, 0), 0, 0},
		{"silent, and the capture ends before that can be said", crowd(0, 2900*time.Millisecond, many), 0, 0},
		{"silent", crowd(0, 10*time.Second, many), many, many},
		{"some silent, of four addresses", crowd(100*time.Millisecond, 10*time.Second, 500), 500, 4},
	} {
		for _, ceiling := range []flows.Config{{}, {MaxFlows: 1}, {MaxFlows: 1_024}, {MaxBytes: 200_000}} {
			for _, workers := range []int{1, 2} {
				name := fmt.Sprintf("%s: at most %d flows, %d bytes, %d workers", c.name, ceiling.MaxFlows, ceiling.MaxBytes, workers)
				s := tell(t, c.segs, ceiling, workers).Servers[0]
				if s.HalfOpen.Peak < floodAt {
					t.Errorf("%s: %d half open at a time, too few to tell", name, s.HalfOpen.Peak)
				}
				if got := s.HalfOpens.Silent; got != c.silent || s.flooded() != (c.silent > 0) {
					t.Errorf("%s: %d silent, want %d; flooded: %v", name, got, c.silent, s.flooded())
				}
				if got := s.HalfOpens.Sources.N(); got > c.sources || 100*got < 92*c.sources {
					t.Errorf("%s: %d silent addresses, want some %d", name, got, c.sources)
				}
			}
		}
	}
}

// floodOf is how many flows the finding of a flood has.
type floodOf uint64

func (o *floodOf) Finding(n *Finding) error {
	if n.Rule == synFlood {
		*o = floodOf(n.Flows)
	}
	return nil
}

// A flood is of as many flows as without a ceiling: a client that sends its SYN again means it, and is not part of it.
func TestCeilingCountsFlood(t *testing.T) {
	const many, again = 1_000, 300
	var b strings.Builder
	for i := range many {
		fmt.Fprintf(&b, "flow f%d client 203.%d.%d.9:40000 server 198.51.100.20:443\n%dus f%d> S 0:0(0)\n+40us f%d< S. 0:0(0) ack 1\n", i, i/250, i%250, 50*i, i, i)
	}
	for i := range again {
		fmt.Fprintf(&b, "flow g%d client 192.0.2.1:%d server 198.51.100.20:443\n20ms g%d> S 0:0(0)\n1020ms g%d> S 0:0(0)\n3020ms g%d> S 0:0(0)\n", i, 40000+i, i, i, i)
	}
	b.WriteString("flow last client 192.0.2.1:40000 server 198.51.100.30:80\n20s last> S 0:0(0)\n")
	segs := segments(t, b.String(), true)
	for _, ceiling := range []flows.Config{{}, {MaxFlows: 1}, {MaxFlows: 512}, {MaxBytes: 50_000}} {
		var got floodOf
		r := Run{Source: &played{segs, io.EOF}, Judge: &Judge{Wordless: true}, Tracker: ceiling, Findings: []FindingOutput{&got}}
		if _, err := r.Read(); err != nil {
			t.Fatal(err)
		}
		if got != many {
			t.Errorf("at most %d flows, %d bytes: a flood of %d flows, want %d", ceiling.MaxFlows, ceiling.MaxBytes, got, many)
		}
	}
}
