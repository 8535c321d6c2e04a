package analyzer

import (
	"reflect"
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

// TestSigns: a rule that is not asked of a flow, for it shows none of the rule's signs, would have had nothing to say.
func TestSigns(t *testing.T) {
	everyCapture(t, func(t *testing.T, name string, segs []flows.Segment) {
		tr := flows.NewTracker(flows.Config{Transitions: true, Events: true})
		var some, all Judge
		all.prepare()
		for i := range all.asked {
			all.asked[i].signs = 0
		}
		var f flows.Flow
		var now int64
		compare := func(over bool) {
			got, want := some.judge(&f, now, over), all.judge(&f, now, over)
			if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Errorf("%s: flow %d: got %v of those asked, and %v of all", name, f.Number, names(got), names(want))
			}
		}
		take := func() {
			for tr.Finished(&f) {
				compare(true)
			}
		}
		for i := range segs {
			now = max(now, segs[i].Time)
			tr.Observe(&segs[i])
			if tr.Snapshot(&f) {
				compare(false)
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
