package flows_test

import (
	"strings"
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

// A segment with a wrong checksum is none that anyone got: what stands is what the others make, and Zeek's letter.
func TestDamaged(t *testing.T) {
	const packets = `
+0    > S  0:0(0)
+1ms  < S. 0:0(0) ack 1
+1ms  > .  1:1(0) ack 1
+1ms  > P. 1:101(100) ack 1
+1ms  < R  1:1(0) badsum
+1ms  < .  1:1(0) ack 101
+1ms  < F. 1:1(0) ack 101 badsum
+1ms  > .  101:101(0) ack 2 badsum
+1s   < F. 1:1(0) ack 101
+1ms  > F. 101:101(0) ack 2
+1ms  < .  2:2(0) ack 102
`
	parsed := parse(t, packets, script.Options{})
	segs := parsed.Segments()
	var sound []flows.Segment
	for i := range segs {
		if parsed.Packets[i].BadSum {
			segs[i].Damage = flows.DamagedTCP
		} else {
			sound = append(sound, segs[i])
		}
	}
	steps, rows := track(segs)
	wantSteps, wantRows := track(sound)
	if steps != wantSteps {
		t.Errorf("got\n%swant\n%s", steps, wantSteps)
	}
	if want := strings.Replace(wantRows, " ShADafF ", " ShADcaCfF ", 1); rows != want || want == wantRows {
		t.Errorf("got\n%swant\n%s", rows, want)
	}

	tr := flows.NewTracker(flows.Config{})
	for i := range segs {
		st := tr.Observe(&segs[i])
		if segs[i].Damage != 0 && (st.Quiet != flows.QuietDamaged || st.Flow != 1 || len(st.Notes) > 0) {
			t.Errorf("packet %d: %+v", i+1, st)
		}
	}
	for _, damage := range []flows.Damage{flows.DamagedTCP, flows.DamagedIP} {
		tr := flows.NewTracker(flows.Config{})
		segs[0].Damage = damage
		if st := tr.Observe(&segs[0]); st.Flow != 0 || tr.Flows() != 0 {
			t.Errorf("a damaged SYN opens a flow: %+v", st)
		}
	}
}
