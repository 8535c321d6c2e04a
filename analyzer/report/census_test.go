package report

import (
	"testing"
	"time"

	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

// census is that of a script, by the second.
func census(t *testing.T, text string) *Census {
	t.Helper()
	s, err := script.Parse(text, script.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := &Census{Every: time.Second}
	tr := flows.NewTracker(flows.Config{Transitions: true})
	var f flows.Flow
	segs := s.Segments()
	for i := range segs {
		tr.Observe(&segs[i])
		for tr.Finished(&f) {
			c.Flow(&f, nil)
		}
	}
	tr.End()
	for tr.Finished(&f) {
		c.Flow(&f, nil)
	}
	return c
}

// What netstat would have counted: an end is in the last state that stands, TIME_WAIT lasts a minute, CLOSED is no socket.
func TestCensus(t *testing.T) {
	rows := census(t, `
		flow a
		flow b
		flow late
		+0     a>  S   0:0(0)
		+20ms  a<  S.  0:0(0)  ack 1
		+1ms   a>  .   1:1(0)  ack 1
		1.5s   b>  S   0:0(0)
		+1ms   b<  R.  0:0(0)  ack 1
		2.5s   a>  F.  1:1(0)  ack 1
		+1ms   a<  .   1:1(0)  ack 2
		3.5s   a<  F.  1:1(0)  ack 2
		+1ms   a>  .   2:2(0)  ack 2
		65s    late>  S   0:0(0)
	`).rows()
	if len(rows) != 66 {
		t.Fatalf("got %d rows, want one each second to the end", len(rows))
	}
	type counts map[flows.State]uint64
	for _, c := range []struct {
		second                        int
		begun, opened, failed, closed uint64
		states                        counts
	}{
		{0, 1, 1, 0, 0, counts{flows.Established: 2}},
		{1, 1, 0, 1, 0, counts{flows.Established: 2}},
		{2, 0, 0, 0, 0, counts{flows.FinWait2: 1, flows.CloseWait: 1}},
		{3, 0, 0, 0, 1, counts{flows.TimeWait: 1}},
		{62, 0, 0, 0, 0, counts{flows.TimeWait: 1}},
		{64, 0, 0, 0, 0, counts{}},
		{65, 1, 0, 0, 0, counts{flows.SynSent: 1}},
	} {
		r := rows[c.second]
		if r.begun != c.begun || r.opened != c.opened || r.failed != c.failed || r.closed != c.closed {
			t.Errorf("second %d: got %d begun, %d opened, %d failed, %d closed, want %+v", c.second, r.begun, r.opened, r.failed, r.closed, c)
		}
		for s := range flows.NumStates {
			if r.states[s] != c.states[s] {
				t.Errorf("second %d: got %d in %s, want %d", c.second, r.states[s], s, c.states[s])
			}
		}
	}
}

// Too many intervals become fewer, with the same counts.
func TestCensusWidens(t *testing.T) {
	c := &Census{Every: time.Second}
	const n = maxTicks + 10
	for i := range int64(n) {
		c.at(i*int64(time.Second)).begun++
	}
	c.last = (n - 1) * int64(time.Second)
	var begun uint64
	for _, r := range c.rows() {
		begun += r.begun
	}
	if c.Every != 2*time.Second || begun != n || len(c.ticks) > maxTicks {
		t.Errorf("got %d in %d intervals of %v", begun, len(c.ticks), c.Every)
	}
}

// What a file can tell of time is more than there is memory for: intervals become as long as it takes.
func TestCensusOfAYear(t *testing.T) {
	c := census(t, `
		0s         a>  S   0:0(0)
		32400000s  b>  S   0:0(0)
	`)
	rows := c.rows()
	begun := uint64(0)
	for _, r := range rows {
		begun += r.begun
	}
	if len(rows) > maxTicks || begun != 2 || c.Every != 512*time.Second {
		t.Errorf("%d intervals of %v, %d connections", len(rows), c.Every, begun)
	}
}
