package analyzer

import (
	"reflect"
	"strings"
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

// TestSigns: a rule that is not asked of a flow, for it shows none of the rule's signs, would have had nothing to say.
func TestSigns(t *testing.T) {
	var all Judge
	all.prepare()
	for i := range all.asked {
		all.asked[i].signs, all.asked[i].ongoing = ^signs(0), ^signs(0)
	}
	all.signs, all.ongoing = ^signs(0), ^signs(0)
	var some Judge
	some.prepare()
	everyFlow(t, func(name string, f *flows.Flow, now int64, over bool) {
		got, want := some.judge(f, now, over), all.judge(f, now, over)
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: flow %d: got %v of those asked, and %v of all", name, f.Number, names(got), names(want))
		}
	})
}

// TestWordless: what is found without words is what is found with them, and can be put into the same.
func TestWordless(t *testing.T) {
	said := 0
	judge, wordless := Judge{}, Judge{Wordless: true}
	judge.prepare()
	wordless.prepare()
	everyFlow(t, func(name string, f *flows.Flow, now int64, over bool) {
		got, want := wordless.judge(f, now, over), judge.judge(f, now, over)
		for _, n := range got {
			if n.Summary == "" {
				n.say()
				said++
			}
		}
		if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: flow %d: got %v without words at first, and %v with them", name, f.Number, got, want)
		}
	})
	if said == 0 {
		t.Error("no rule leaves its words out")
	}
}

// everyFlow calls f with each flow of everyCapture, after each of its packets and when it is over.
func everyFlow(t *testing.T, f func(name string, f *flows.Flow, now int64, over bool)) {
	everyCapture(t, func(t *testing.T, name string, segs []flows.Segment) {
		tr := flows.NewTracker(flows.Config{Transitions: true, Events: true})
		var flow flows.Flow
		var now int64
		take := func() {
			for tr.Finished(&flow) {
				f(name, &flow, now, true)
			}
		}
		for i := range segs {
			now = max(now, segs[i].Time)
			tr.Observe(&segs[i])
			if tr.Snapshot(&flow) {
				f(name, &flow, now, false)
			}
			take()
		}
		tr.End()
		take()
	})
}

func names(found []*Finding) (names []string) {
	for _, n := range found {
		names = append(names, n.Rule.Name)
	}
	return names
}

const plainFlow = `
+0     > S   0:0(0)  <mss 1460>
+20ms  < S.  0:0(0)  ack 1 <mss 1460>
+20ms  > .   1:1(0)  ack 1
+1ms   > P.  1:101(100) ack 1
+20ms  < P.  1:1001(1000) ack 101
+1ms   > F.  101:101(0) ack 1001
+20ms  < F.  1001:1001(0) ack 102
+1ms   > .   102:102(0) ack 1002
`

// BenchmarkJudge is the cost of a flow of which there is nothing to say.
func BenchmarkJudge(b *testing.B) {
	tr := flows.NewTracker(flows.Config{Transitions: true, Events: true})
	script, err := script.Parse(plainFlow, script.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for _, seg := range script.Segments() {
		tr.Observe(&seg)
	}
	tr.End()
	var f flows.Flow
	var j Judge
	j.prepare()
	if !tr.Finished(&f) || len(j.judge(&f, f.Last, true)) > 0 {
		b.Fatal("no plain flow")
	}
	b.Run("by-signs", func(b *testing.B) {
		for b.Loop() {
			j.judge(&f, f.Last, true)
		}
	})
	for i := range j.asked {
		j.asked[i].signs = 0
	}
	b.Run("all-rules", func(b *testing.B) {
		for b.Loop() {
			j.judge(&f, f.Last, true)
		}
	})
}

// TestRestIsNotJudged: of what goes on after it was given up at the ceiling no rule knows what had passed before.
func TestRestIsNotJudged(t *testing.T) {
	found := 0
	var judge Judge
	judge.prepare()
	everyFlow(t, func(name string, f *flows.Flow, now int64, over bool) {
		found += len(judge.judge(f, now, over))
		rest := *f
		rest.Capture.Resumed = true
		if got := judge.judge(&rest, now, over); len(got) > 0 {
			t.Errorf("%s: flow %d: got %v", name, f.Number, names(got))
		}
	})
	if found == 0 {
		t.Error("nothing is found of whole flows either")
	}
}

// TestFloodAtTheCeiling: flows that were given up count in a flood, and nothing is made of SYN-ACKs that may have been
// repeated after that.
func TestFloodAtTheCeiling(t *testing.T) {
	s := &Server{}
	s.HalfOpens.Silent = 1000
	s.flood.mark(0, 1, 0)
	s.HalfOpen.Peak = 1000
	p := CapturePass{rule: synFlood, Summary: &Summary{}}
	if f := p.synFlood(s); !strings.Contains(f.Why, "SYN cookies (likely)") || f.Flows != 0 {
		t.Errorf("with room: %d flows, %s", f.Flows, f.Why)
	}
	p.Facts.Ceiling.Forgotten = 1
	s.ShedOnce, s.InVain = 650, 100
	if f := p.synFlood(s); strings.Contains(f.Why, "(likely)") || !strings.Contains(f.Why, "750 of these flows were given up") || f.Flows != 750 {
		t.Errorf("at the ceiling: %d flows, %s", f.Flows, f.Why)
	}
	for opened, want := range map[uint64]bool{999: true, 1000: false} {
		s.Opening[flows.OpeningComplete] = opened
		if got := strings.Contains(strings.Join(p.synFlood(s).RuledOut, " "), "a busy server"); got != want {
			t.Errorf("%d connections opened, 1000 did not: a busy server is ruled out: %v", opened, got)
		}
	}
}
