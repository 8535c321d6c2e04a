package flows_test

import (
	"testing"

	"tcpwhy/flows"
)

// A flood of SYNs from one port is as many attempts. Few of them are waited for: the latest, and the first, which a server takes.
func TestManyAttempts(t *testing.T) {
	const many, held = 1000, 8
	tr := flows.NewTracker(flows.Config{})
	opening := live(nil, 1, "open")[:3]
	var f, first flows.Flow
	done, unanswered, sent := 0, 0, 0
	finished := func() {
		for tr.Finished(&f) {
			done++
			switch {
			case f.Number == 1:
				first = f
			case f.Opening.Outcome == flows.OpeningUnanswered:
				unanswered++
			}
		}
	}
	send := func(s flows.Segment) {
		sent++
		s.Packet, s.Time = uint64(sent), int64(sent)*1e6
		tr.Observe(&s)
		finished()
	}
	for i := range flows.Seq(many) {
		s := opening[0]
		s.Seq += i * 100003
		if send(s); sent-done > held {
			t.Fatalf("of %d attempts %d are held", sent, sent-done)
		}
	}
	if done != many-held || unanswered != done {
		t.Errorf("%d attempts are over, %d of them unanswered; want %d", done, unanswered, many-held)
	}
	send(opening[1])
	send(opening[2])
	tr.End()
	finished()
	if first.Opening.Outcome != flows.OpeningComplete || done != many {
		t.Errorf("the first is %v, and %d flows are over; want complete, %d", first.Opening.Outcome, done, many)
	}
}
