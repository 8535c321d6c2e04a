package flows_test

import (
	"slices"
	"testing"

	"tcpwhy/flows"
)

// attempts sends SYNs from one port, each with an ISS of its own, and answers.
type attempts struct {
	*flows.Tracker
	opening []flows.Segment // as the first goes
	sent    int
	flow    flows.Flow
	done    map[uint64]flows.Flow
}

func newAttempts() *attempts {
	return &attempts{Tracker: flows.NewTracker(flows.Config{}), opening: live(nil, 1, "open"), done: map[uint64]flows.Flow{}}
}

// send sends a packet of the opening, as it would be of attempt number i.
func (a *attempts) send(packet, i int) {
	a.sent++
	s := a.opening[packet]
	s.Packet, s.Time = uint64(a.sent), int64(a.sent)*1e6
	client, server := flows.Seq(i)*100003, flows.Seq(i)*7919 // beyond those of the first
	if packet != 1 {
		s.Seq, s.Ack = s.Seq+client, s.Ack+server
	} else {
		s.Seq, s.Ack = s.Seq+server, s.Ack+client
	}
	a.Observe(&s)
	a.finished()
}

func (a *attempts) finished() {
	for a.Finished(&a.flow) {
		f := a.flow
		f.Events = slices.Clone(f.Events)
		a.done[f.Number] = f
	}
}

// A flood of SYNs from one port is as many attempts. Some of them are waited for: the latest, and the first, which a server takes. What
// answers another one is no wrong answer to these.
func TestManyAttempts(t *testing.T) {
	const many, held = 1000, 256
	for _, answered := range []int{0, 127, 500, many - 128, many - 1} {
		a := newAttempts()
		for i := range many {
			if a.send(0, i); i+1-len(a.done) > held {
				t.Fatalf("of %d attempts %d are held", i+1, i+1-len(a.done))
			}
		}
		a.send(1, answered)
		a.send(2, answered)
		a.End()
		a.finished()
		for n, f := range a.done {
			want := flows.OpeningInProgress
			if n == uint64(answered+1) && answered != 500 {
				want = flows.OpeningComplete
			}
			if f.Opening.Outcome != want {
				t.Errorf("attempt %d is answered, and %d is %v; want %v", answered+1, n, f.Opening.Outcome, want)
			}
		}
		if len(a.done) != many {
			t.Errorf("%d flows are over, want %d", len(a.done), many)
		}
	}
}

// A server that refuses all refuses each.
func TestManyRefused(t *testing.T) {
	a := newAttempts()
	a.opening[1].Flags, a.opening[1].Seq = flows.RST|flows.ACK, 0
	const many = 200
	for i := range many {
		a.send(0, i)
	}
	for i := range many {
		a.send(1, i)
	}
	a.End()
	a.finished()
	for n, f := range a.done {
		if f.Opening.Outcome != flows.OpeningRefused {
			t.Errorf("attempt %d is %v", n, f.Opening.Outcome)
		}
	}
	if len(a.done) != many {
		t.Errorf("%d flows are over, want %d", len(a.done), many)
	}
}

// Attempts that come after, of whoever, end no connection that is open.
func TestAttemptsBesideAnOpenConnection(t *testing.T) {
	a := newAttempts()
	const open, many = 150, 1000
	for i := range open + 2 {
		a.send(0, i)
	}
	a.send(1, open)
	a.send(2, open)
	for i := range many {
		a.send(0, open+2+i)
	}
	a.send(3, open)
	if f, ok := a.done[open+1]; ok {
		t.Errorf("the connection is over: %v, %v", f.Opening.Outcome, f.Closing.Outcome)
	}
	a.End()
	a.finished()
	if f := a.done[open+1]; f.Opening.Outcome != flows.OpeningComplete || f.Client().Packets != 3 {
		t.Errorf("the connection is %v, with %d packets of the client", f.Opening.Outcome, f.Client().Packets)
	}
}

// Answers make no list of attempts that has no end, either.
func TestManyAnswers(t *testing.T) {
	a := newAttempts()
	for i := range 2000 {
		a.send(0, i)
		if i > 0 {
			a.send(1, i-1)
		}
		if held := i + 1 - len(a.done); held > 512 {
			t.Fatalf("of %d attempts %d are held", i+1, held)
		}
	}
}

// However much there is to tell of a flow, the RST that ends it is told.
func TestResetAfterManyEvents(t *testing.T) {
	a := newAttempts()
	a.Tracker = flows.NewTracker(flows.Config{Events: true})
	a.send(0, 0)
	a.send(1, 0)
	for i := range 200 {
		a.send(0, 1+i) // waits beside the connection
	}
	a.opening[2].Flags, a.opening[2].Ack = flows.RST, 0
	a.send(2, 0)
	ended := uint64(a.sent)
	a.send(2, 0) // and is sent again
	a.End()
	a.finished()
	events := a.done[1].Events
	if i := slices.IndexFunc(events, func(e flows.Event) bool { return e.Kind == flows.NoteRST }); i != 60 || events[i].At != ended {
		t.Errorf("of %d events the first RST is at %d, want that in packet %d at 60", len(events), i, ended)
	}
}
