package flows_test

import (
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

// A FIN that is sent again and acknowledged only then arrived with the last copy before the
// ACK: that packet, and its time, are what moved its receiver.
func TestFINArrivesWithItsLastCopy(t *testing.T) {
	segs := parse(t, open3+data+`+1s > F. 101:101(0) ack 501
+200ms > F. 101:101(0) ack 501
+400ms > F. 101:101(0) ack 501
+20ms < . 501:501(0) ack 102`, script.Options{}).Segments()
	tr := flows.NewTracker(flows.Config{Transitions: true})
	for i := range segs {
		tr.Observe(&segs[i])
	}
	tr.End()
	var f flows.Flow
	if !tr.Finished(&f) {
		t.Fatal("no flow")
	}
	last := segs[len(segs)-2]
	for _, c := range f.Transitions {
		if c.Side == flows.Server && c.To == flows.CloseWait && c.Certainty != flows.Revised {
			if c.Packet != last.Packet || c.Time != last.Time || c.Certainty != flows.Proved {
				t.Errorf("CLOSE_WAIT by packet %d, %s; want packet %d, proved", c.Packet, c.Certainty, last.Packet)
			}
			return
		}
	}
	t.Errorf("no CLOSE_WAIT in %v", f.Transitions)
}
