package flows_test

import (
	"fmt"
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

// TestEvents: what is out of the ordinary is kept with the flow that it is of, whatever flow was
// observed before it.
func TestEvents(t *testing.T) {
	for _, c := range []struct {
		why, packets string
		want         []string
	}{
		{"a SYN with a larger number takes TIME_WAIT over: the reuse is an event of the new flow, not of the one that was observed before it", `
flow other
flow one client 192.0.2.9:5000
flow two client 192.0.2.9:5000 iss 4000000,5000000
+0    one> S  0:0(0)
+1ms  one< S. 0:0(0) ack 1
+1ms  one> .  1:1(0) ack 1
+1ms  one< F. 1:1(0) ack 1
+1ms  one> F. 1:1(0) ack 2
+1ms  one< .  2:2(0) ack 2
+1s   other> S 0:0(0)
+1s   two> S 0:0(0)
`, []string{"#3 8 client NoteReuse 2s CLOSED TIME_WAIT"}},
		{"a SYN that waits is an event of the flow that has the four-tuple", `
flow one client 192.0.2.9:5000
flow two client 192.0.2.9:5000 iss 4000000,5000000
flow other
+0    one> S  0:0(0)
+1ms  one< S. 0:0(0) ack 1
+1ms  one> .  1:1(0) ack 1
+1s   other> S 0:0(0)
+1s   two> S 0:0(0)
`, []string{"#1 5 client NoteSYNWaits"}},
		{"the SYN-ACK repeated tells how much had passed for nothing", `
+0    > S  0:0(0)
+1ms  < S. 0:0(0) ack 1
+1ms  > .  1:1(0) ack 1
+1ms  > P. 1:101(100) ack 1
+200ms > P. 1:101(100) ack 1
+797ms < S. 0:0(0) ack 1
`, []string{"#1 6 server NoteSYNACKAgain", "#1 6 server NoteACKIgnored 998ms 100 resent"}},
		{"a server that takes Fast Open, speaks, and does not get the ACK", `
+0     > S  0:100(100)    <TS val 100 ecr 0,tfo 0102030405060708>
+20ms  < S. 0:0(0) ack 101 <TS val 900 ecr 100>
+1ms   > .  101:101(0) ack 1 <TS val 121 ecr 900>
+1ms   < P. 1:51(50) ack 101 <TS val 903 ecr 100>
+1ms   > .  101:101(0) ack 51 <TS val 123 ecr 903>
+1s    < S. 0:0(0) ack 101 <TS val 1901 ecr 100>
`, []string{"#1 6 server NoteSYNACKAgain", "#1 6 server NoteACKIgnored 1.002s 100 spoke"}},
		{"a SYN-ACK that echoes the ACK which it ignores", `
+0     > S  0:0(0)       <TS val 100 ecr 0>
+20ms  < S. 0:0(0) ack 1 <TS val 900 ecr 100>
+1ms   > .  1:1(0) ack 1 <TS val 121 ecr 900>
+1s    < S. 0:0(0) ack 1 <TS val 1901 ecr 121>
`, []string{"#1 4 server NoteSYNACKAgain", "#1 4 server NoteACKIgnored 1s 0 arrived"}},
		{"one that echoes the SYN, and one where both have the same time stamp", `
flow a
flow b
+0     a> S  0:0(0)       <TS val 100 ecr 0>
+20ms  a< S. 0:0(0) ack 1 <TS val 900 ecr 100>
+1ms   a> .  1:1(0) ack 1 <TS val 121 ecr 900>
+1s    a< S. 0:0(0) ack 1 <TS val 1901 ecr 100>
+0     b> S  0:0(0)       <TS val 100 ecr 0>
+20us  b< S. 0:0(0) ack 1 <TS val 900 ecr 100>
+10us  b> .  1:1(0) ack 1 <TS val 100 ecr 900>
+1s    b< S. 0:0(0) ack 1 <TS val 1901 ecr 100>
`, []string{"#1 4 server NoteSYNACKAgain", "#1 4 server NoteACKIgnored 1s 0", "#2 8 server NoteSYNACKAgain", "#2 8 server NoteACKIgnored 1s 0"}},
		{"a RST in the window draws a challenge ACK, so does a SYN; an ACK of new data is none", `
flow one client 192.0.2.9:5000
flow two client 192.0.2.9:5000 iss 4000000,5000000
+0     one> S  0:0(0)
+20ms  one< S. 0:0(0) ack 1
+1ms   one> .  1:1(0) ack 1
+1ms   one> P. 1:101(100) ack 1
+20ms  one< .  1:1(0) ack 101
+1s    one> R  500:500(0)
+20ms  one< .  1:1(0) ack 101
+1s    two> S  0:0(0)
+20ms  one< .  1:1(0) ack 101
+1s    one> R  500:500(0)
+1ms   one> P. 101:201(100) ack 1
+20ms  one< .  1:1(0) ack 201
`, []string{"#1 6 client NoteRSTNotBelieved", "#1 7 server NoteChallengeACK", "#1 8 client NoteSYNWaits",
			"#1 9 server NoteChallengeACK", "#1 10 client NoteRSTNotBelieved"}},
		{"data beyond a FIN, and another FIN beyond it", `
+0     > S  0:0(0)
+20ms  < S. 0:0(0) ack 1
+1ms   > .  1:1(0) ack 1
+1ms   > F. 1:1(0) ack 1
+1ms   > P. 2:102(100) ack 1
+1ms   > F. 2:2(0) ack 1
`, []string{"#1 5 client NoteDataAfter 100", "#1 6 client NoteDataAfter 0"}},
		{"data on a SYN that was not taken", `
+0    > S  0:100(100)
+1ms  < S. 0:0(0) ack 1
`, []string{"#1 2 server NoteFastOpenIgnored 100"}},
		{"a RST that answers a request which came after a minute without a word", `
+0    > S  0:0(0)
+1ms  < S. 0:0(0) ack 1
+1ms  > .  1:1(0) ack 1
+1ms  < P. 1:51(50) ack 1
+60s  > P. 1:101(100) ack 51
+1ms  < R  51:51(0) ttl 60
`, []string{"#1 6 server NoteRST ESTABLISHED bare data peer-data idle 1m0.001s ttl 60/64"}},
		{"a RST that answers a probe", `
+0    > S  0:0(0)
+1ms  < S. 0:0(0) ack 1
+1ms  > .  1:1(0) ack 1
+1ms  < P. 1:51(50) ack 1
+60s  > .  0:0(0) ack 51
+1ms  < R  51:51(0)
`, []string{"#1 6 server NoteRST ESTABLISHED bare probe idle 1m0.001s ttl 64/64"}},
		{"data for an end that has closed", `
+0    > S  0:0(0)
+1ms  < S. 0:0(0) ack 1
+1ms  > .  1:1(0) ack 1
+1ms  > F. 1:1(0) ack 1
+1ms  < .  1:1(0) ack 2
+1ms  < P. 1:101(100) ack 2
+1ms  > R  2:2(0)
`, []string{"#1 7 client NoteRST FIN_WAIT_2 bare data peer-data late 100 own-fin idle 3ms ttl 64/64"}},
	} {
		s, err := script.Parse(c.packets, script.Options{})
		if err != nil {
			t.Fatal(err)
		}
		tr := flows.NewTracker(flows.Config{Events: true})
		var got []string
		var f flows.Flow
		take := func() {
			for tr.Finished(&f) {
				for _, e := range f.Events {
					got = append(got, event(f.Number, e))
				}
			}
		}
		segs := s.Segments()
		for i := range segs {
			tr.Observe(&segs[i])
			take()
		}
		tr.End()
		take()
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: got %q want %q", c.why, got, c.want)
		}
	}
}

func event(number uint64, e flows.Event) string {
	line := fmt.Sprintf("#%d %d %s ", number, e.At, e.Side)
	switch e.Kind {
	case flows.NoteReuse:
		return line + fmt.Sprintf("NoteReuse %v %s %s", e.D.D, e.Prior[0], e.Prior[1])
	case flows.NoteRST:
		r := e.Reset
		line += "NoteRST " + r.State.String()
		for _, f := range []struct {
			name string
			is   bool
		}{{"bare", r.Bare}, {"data", r.AnswersData}, {"probe", r.AnswersProbe}, {"peer-data", r.PeerData},
			{fmt.Sprintf("late %d", r.Late), r.Late > 0}, {"peer-fin", r.PeerFIN}, {"own-fin", r.OwnFIN},
			{"both-acked", r.BothACKed}} {
			if f.is {
				line += " " + f.name
			}
		}
		return line + fmt.Sprintf(" idle %v ttl %d/%d", r.Idle.D, r.TTL, r.UsualTTL)
	case flows.NoteDataAfter:
		return line + fmt.Sprintf("NoteDataAfter %d", e.N)
	case flows.NoteRSTNotBelieved:
		return line + "NoteRSTNotBelieved"
	case flows.NoteChallengeACK:
		return line + "NoteChallengeACK"
	case flows.NoteSYNWaits:
		return line + "NoteSYNWaits"
	case flows.NoteSYNACKAgain:
		return line + "NoteSYNACKAgain"
	case flows.NoteACKIgnored:
		line += fmt.Sprintf("NoteACKIgnored %v %d", e.D.D, e.N)
		if e.Arrived {
			line += " arrived"
		}
		if e.Resent {
			line += " resent"
		}
		if e.Spoke {
			line += " spoke"
		}
		return line
	case flows.NoteFastOpenIgnored:
		return line + fmt.Sprintf("NoteFastOpenIgnored %d", e.N)
	}
	return line + fmt.Sprint(e.Kind)
}

// TestAsked: an end waits for an answer since the first data or probe that the other end let pass without a word.
func TestAsked(t *testing.T) {
	s, err := script.Parse(`
+0     > S  0:0(0)
+20ms  < S. 0:0(0) ack 1
+1ms   > .  1:1(0) ack 1
+10s   > P. 1:101(100) ack 1
+20ms  < .  1:1(0) ack 101
+10s   > P. 101:201(100) ack 1
+1s    > P. 101:201(100) ack 1
+2s    > P. 101:201(100) ack 1
`, script.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tr := flows.NewTracker(flows.Config{})
	segs := s.Segments()
	want := []int{0, 0, 0, 4, 0, 6, 6, 6} // number of the segment, 0: it waits for nothing
	for i := range segs {
		tr.Observe(&segs[i])
		var f flows.Flow
		tr.Snapshot(&f)
		var since int64
		if want[i] > 0 {
			since = segs[want[i]-1].Time / 1e6 * 1e6
		}
		if c := f.Client(); c.Asked/1e6*1e6 != since || f.Server().Asked != 0 {
			t.Errorf("after packet %d the client waits since %d, want %d; the server since %d", i+1, c.Asked, since, f.Server().Asked)
		}
	}
}
