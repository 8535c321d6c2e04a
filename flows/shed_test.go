package flows_test

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"tcpwhy/flows"
)

// lives are how connections go: some open and go on, of some nobody acknowledges the SYN-ACK, some are over.
var lives = map[string][]struct {
	side  int
	flags flows.Flags
}{
	"open":       {{0, flows.SYN}, {1, flows.SYN | flows.ACK}, {0, flows.ACK}, {0, flows.ACK | flows.PSH}, {1, flows.ACK}},
	"half-open":  {{0, flows.SYN}, {1, flows.SYN | flows.ACK}},
	"finished":   {{0, flows.SYN}, {1, flows.SYN | flows.ACK}, {0, flows.ACK}, {0, flows.FIN | flows.ACK}, {1, flows.FIN | flows.ACK}, {0, flows.ACK}},
	"unanswered": {{0, flows.SYN}},
	"refused":    {{0, flows.SYN}, {1, flows.RST | flows.ACK}},
	"half-closed": {{0, flows.SYN}, {1, flows.SYN | flows.ACK}, {0, flows.ACK}, {0, flows.FIN | flows.ACK}, {1, flows.ACK},
		{1, flows.ACK | flows.PSH}, {0, flows.ACK}}, // and goes on
}

// live appends the packets of a connection from client number i.
func live(segs []flows.Segment, i int, life string) []flows.Segment {
	var s flows.Segment
	if len(segs) > 0 {
		s = segs[len(segs)-1]
	}
	p := pair{client: flows.Addr4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), server: flows.Addr4([4]byte{192, 0, 2, 1}),
		clientPort: 40000, serverPort: 443, next: [2]flows.Seq{flows.Seq(i), flows.Seq(i) * 3}}
	for _, step := range lives[life] {
		p.segment(&s, step.side, step.flags, 0)
		segs = append(segs, s)
	}
	return segs
}

// crowd are n connections, five of eight of them SYNs that nobody answers.
func crowd(n int) (segs []flows.Segment) {
	for i := range n {
		life := "unanswered"
		switch i % 8 {
		case 0:
			life = "open"
		case 1:
			life = "half-open"
		case 2:
			life = "finished"
		}
		segs = live(segs, i, life)
	}
	return segs
}

// fate is what became of the flows, by number: "finished", or as what they were shed.
func fate(t *testing.T, config flows.Config, segs []flows.Segment) (fates []string, most int) {
	tr := flows.NewTracker(config)
	of := map[uint64]string{}
	var packets uint64
	var f flows.Flow
	take := func(f *flows.Flow, what string) {
		if of[f.Number] != "" {
			t.Fatalf("flow %d: %s and %s", f.Number, of[f.Number], what)
		}
		of[f.Number] = what
		packets += f.Ends[0].Packets + f.Ends[1].Packets
	}
	drain := func() {
		for tr.Finished(&f) {
			take(&f, cmp.Or(f.Shed.String(), "finished"))
		}
	}
	for i := range segs {
		tr.Observe(&segs[i])
		drain()
		most = max(most, tr.Live())
	}
	tr.End()
	drain()
	if uint64(len(of)) != tr.Flows() || packets != uint64(len(segs)) {
		t.Fatalf("%d flows with %d packets, want %d with %d: each counts once", len(of), packets, tr.Flows(), len(segs))
	}
	for number := range tr.Flows() {
		fates = append(fates, of[number+1])
	}
	return fates, most
}

// What is shed follows from the packets alone: every Tracker has another seed.
func TestShedWhateverSeed(t *testing.T) {
	segs := crowd(40_000)
	for _, config := range []flows.Config{{MaxFlows: 5_000}, {MaxBytes: 400_000}} {
		once, most := fate(t, config, segs)
		again, _ := fate(t, config, segs)
		if !slices.Equal(once, again) {
			t.Errorf("%+v: another seed sheds other flows", config)
		}
		if limit := cmp.Or(config.MaxFlows, int(config.MaxBytes/52)); most > limit+256 {
			t.Errorf("%+v: %d flows at a time", config, most)
		}
		count := map[string]int{}
		for _, f := range once {
			count[f]++
		}
		if count["unanswered"] < 20_000 {
			t.Errorf("%+v: %v, want most SYNs shed", config, count)
		}
	}
}

// What is over goes first, and has its row; then SYNs, then what is half open, then the rest: and of each kind
// what has been silent for the longest. Of 65 flows where 64 may be, 17 go; never the one that makes it too many.
func TestShedInOrder(t *testing.T) {
	order := []string{"finished", "unanswered", "half-open", "open"}
	for _, of := range [][]int{{20, 20, 12, 12}, {5, 20, 20, 19}, {5, 5, 20, 34}, {5, 5, 2, 52}, {0, 0, 0, 64}} {
		tr := flows.NewTracker(flows.Config{MaxFlows: 64 * 256})
		var (
			segs []flows.Segment
			all  []string // by number
			left = slices.Clone(of)
			i    int
		)
		next := func(life string) {
			segs, i = liveIn(tr, segs, i, life)
			all = append(all, life)
		}
		for len(all) < 64 {
			if k := (len(all) * 7) % len(order); left[k] > 0 {
				left[k]--
				next(order[k])
			} else if k := slices.IndexFunc(left, func(n int) bool { return n > 0 }); k >= 0 {
				left[k]--
				next(order[k])
			}
		}
		next("unanswered")
		var want, got []string
		for _, life := range order {
			for n, l := range all[:64] {
				if l == life && len(want) < 17 {
					want = append(want, fmt.Sprint(n+1, " ", l))
				}
			}
		}
		for i := range segs {
			tr.Observe(&segs[i])
		}
		var f flows.Flow
		for tr.Finished(&f) {
			got = append(got, fmt.Sprint(f.Number, " ", cmp.Or(f.Shed.String(), "finished")))
		}
		if !slices.Equal(got, want) {
			t.Errorf("of %v: got\n%q, want\n%q", of, got, want)
		}
	}
}

// liveIn is live of the first client from number i on whose flow is of shard 0, and says which client is next.
func liveIn(tr *flows.Tracker, segs []flows.Segment, i int, life string) ([]flows.Segment, int) {
	for ; ; i++ {
		if one := live(segs, i, life); tr.Shard(&one[len(segs)]) == 0 {
			return one, i + 1
		}
	}
}

// What may have its answer on the way stays as long as there is anything else that is not open.
func TestShedYoungLast(t *testing.T) {
	tr := flows.NewTracker(flows.Config{MaxFlows: 8 * 256})
	var segs []flows.Segment
	client, waited := 0, 0 // packets of what has waited for three seconds
	for i, life := range []string{"open", "half-open", "unanswered", "finished",
		"finished", "unanswered", "half-open", "open", "unanswered", "open", "open", "open"} {
		if i == 4 {
			waited = len(segs)
		}
		segs, client = liveIn(tr, segs, client, life)
	}
	for i := range segs[waited:] {
		segs[waited+i].Time += 3e9
	}
	var got []string
	var f flows.Flow
	for i := range segs {
		tr.Observe(&segs[i])
		for tr.Finished(&f) {
			got = append(got, fmt.Sprint(f.Number, " ", cmp.Or(f.Shed.String(), "finished"), " ", f.Opening.Outcome))
		}
	}
	want := []string{"4 finished complete", "3 unanswered unanswered", "2 half-open half-open",
		"5 finished complete", "6 unanswered in-progress", "9 unanswered in-progress"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q,\nwant %q", got, want)
	}
}

// Room is made when flows take more, too, and none is opened.
func TestShedWhenFlowsGrow(t *testing.T) {
	const lone = 64
	tr := flows.NewTracker(flows.Config{MaxBytes: 256 * 10 * lone})
	client := 0
	var opens, answers []flows.Segment
	for range 10 {
		var one []flows.Segment
		one, client = liveIn(tr, nil, client, "half-open")
		opens, answers = append(opens, one[0]), append(answers, one[1])
	}
	for i, s := range append(opens, answers...) {
		tr.Observe(&s)
		if _, bytes := tr.Excess(0); bytes > 0 {
			t.Fatalf("after segment %d: %d bytes too many", i+1, bytes)
		}
	}
	if n := tr.Live(); n == 0 || n == 10 {
		t.Errorf("%d of 10 flows are held", n)
	}
}

// A SYN again, or its answer, is of the attempt that was shed, and a late copy of it of the connection, also where that was over; a SYN with
// another ISS is of another. So it is when the rest of it is shed again.
func TestShedGoesOn(t *testing.T) {
	const shed = -1
	for _, test := range []struct {
		life    string
		comes   []int     // packets of an open connection, or it is shed again
		beyond  flows.Seq // the number of the last
		evicted bool
		before  flows.OpeningOutcome
	}{
		{"unanswered", []int{0}, 0, true, flows.OpeningInProgress},
		{"unanswered", []int{0}, 1, false, 0},
		{"unanswered", []int{1}, 0, true, flows.OpeningInProgress},
		{"half-open", []int{0}, 0, true, flows.OpeningInProgress},
		{"half-open", []int{2}, 0, true, flows.OpeningInProgress},
		{"open", []int{0}, 0, true, flows.OpeningComplete},
		{"open", []int{0}, 1, false, 0},
		{"open", []int{3}, 0, true, flows.OpeningComplete},
		{"open", []int{0, 0, 3}, 0, true, flows.OpeningComplete},
		{"open", []int{3, 0, 3}, 0, true, flows.OpeningComplete},
		{"open", []int{4, 0, 3}, 0, true, flows.OpeningComplete},
		{"open", []int{0, shed, 0}, 0, true, flows.OpeningComplete},
		{"open", []int{0, shed, 0}, 1, false, 0},
		{"open", []int{3, shed, 0, 0, 3}, 0, true, flows.OpeningComplete},
		{"refused", []int{0}, 0, true, flows.OpeningRefused},
		{"refused", []int{0}, 1, false, 0},
		{"finished", []int{0}, 0, true, flows.OpeningComplete},
		{"finished", []int{0}, 1, false, 0},
		{"finished", []int{2}, 0, true, flows.OpeningComplete},
	} {
		tr := flows.NewTracker(flows.Config{MaxFlows: 256})
		usual := crowd(100) // from here on, Observe goes the quick way
		for i := range usual {
			tr.Observe(&usual[i])
		}
		segs, client := liveIn(tr, usual, 1000, test.life)
		again, _ := liveIn(tr, nil, 1000, "open")
		for _, packet := range append([]int{shed}, test.comes...) {
			if packet == shed {
				segs, client = liveIn(tr, segs, client, "open")
				continue
			}
			s := again[packet]
			s.Time, s.IPID = segs[len(segs)-1].Time+1e9, uint16(len(segs)) // no copy that the capture made
			segs = append(segs, s)
		}
		segs = segs[len(usual):]
		segs[len(segs)-1].Seq += test.beyond
		var step *flows.Step
		for i := range segs {
			step = tr.Observe(&segs[i])
		}
		number := step.Flow
		tr.End()
		var f flows.Flow
		for tr.Finished(&f) && f.Number != number {
		}
		if f.Number != number || f.Capture.Resumed != test.evicted || f.Capture.Before.Opening != test.before {
			t.Errorf("%s, then %d, %d beyond: evicted %v, before %v", test.life, test.comes, test.beyond, f.Capture.Resumed, f.Capture.Before.Opening)
		}
	}
}

// What goes on tells in which second its time would have been over, as it was told when it was shed: whichever that is.
func TestShedIsDueWhenItSaid(t *testing.T) {
	for _, due := range []int64{1<<16*25_000 - 1, 1 << 16 * 25_000, 1<<16*25_000 + 1} {
		tr := flows.NewTracker(flows.Config{MaxFlows: 256})
		segs, client := liveIn(tr, nil, 0, "half-open")
		again := segs[1]
		again.IPID++ // no copy that the capture made
		segs, _ = liveIn(tr, segs, client, "open")
		ahead := due*1e9 - int64(flows.Patience) - again.Time
		var notes []flows.Note
		for _, s := range append(segs, again) {
			s.Time += ahead
			notes = tr.Observe(&s).Notes
		}
		if len(notes) == 0 || notes[0].Kind != flows.NoteGoesOn || notes[0].N != uint32(due) {
			t.Errorf("notes %v, want one of a flow that goes on and is due in %d", notes, due)
		}
	}
}

// What comes of a flow that is forgotten is another flow, also where it was over and had its row: so many are told of.
func TestShedForgets(t *testing.T) {
	const connections, later = 10_000, 9_000
	tr := flows.NewTracker(flows.Config{MaxFlows: 256})
	var one, ends []flows.Segment
	for i, now := 0, int64(1e18); len(ends) < connections; i++ {
		one = live(one[:0], i, "finished")
		if tr.Shard(&one[0]) != 0 {
			continue
		}
		ends = append(ends, one[len(one)-1])
		if n := len(ends); n > later {
			late := ends[n-later]
			late.Flags = flows.RST
			one = append(one, late)
		}
		for _, s := range one {
			now++
			s.Time = now
			tr.Observe(&s)
		}
	}
	rests, forgotten := uint64(0), tr.Ceiling().Forgotten
	tr.End()
	var f flows.Flow
	for tr.Finished(&f) {
		if f.Capture.Resumed {
			rests++
		}
	}
	if twice := tr.Flows() - rests - connections; twice == 0 || twice > forgotten {
		t.Errorf("%d flows count twice, and %d were forgotten", twice, forgotten)
	}
}

// A flow that was shed half-closed is that still when it goes on, where the FIN is a minute old: it passed before the rest began.
func TestShedHalfClosed(t *testing.T) {
	const goesOn = 5 // packet of the half-closed life
	for _, test := range []struct {
		after, end int64 // seconds from the FIN until it goes on, and to the end
		want       flows.ClosingOutcome
	}{
		{10, 30, flows.ClosingOpen},
		{10, 65, flows.ClosingHalfClosed},
		{10, 75, flows.ClosingHalfClosed},
		{70, 75, flows.ClosingHalfClosed}, // it was, when it was shed
	} {
		tr := flows.NewTracker(flows.Config{MaxFlows: 256})
		segs, client := liveIn(tr, nil, 0, "half-closed")
		other, _ := liveIn(tr, nil, client, "open")
		last := live(nil, 0, "unanswered")
		for i := 1; tr.Shard(&last[0]) == 0; i++ {
			last = live(nil, i, "unanswered")
		}
		var f, rest flows.Flow
		finished := func() {
			for tr.Finished(&f) {
				if f.Capture.Resumed && f.Shed == flows.NotShed {
					rest = f
				}
			}
		}
		at := func(segs []flows.Segment, second int64) {
			for i := range segs {
				segs[i].Time += second * 1e9
				tr.Observe(&segs[i])
				finished()
			}
		}
		at(segs[:goesOn], 0)
		at(other, test.after-1)
		at(segs[goesOn:], test.after)
		at(last, test.end)
		tr.End()
		finished()
		if rest.Closing.Outcome != test.want || rest.Closing.First != flows.ByClient {
			t.Errorf("goes on %ds after the FIN, and the capture ends after %ds: %v, %v first; want %v", test.after, test.end, rest.Closing.Outcome, rest.Closing.First, test.want)
		}
	}
}

// turned is a packet of a connection that was given up before.
type turned struct {
	side     int // 0: the client
	flags    flows.Flags
	seq, ack flows.Seq // from both ends' ISS
	hours    int64     // later than the packet before, else 0.1 s
}

// goneOn is what is told at the end of a connection of which so many packets of the handshake passed, and then others; where shed, it is
// given up after each from the last of the handshake on.
func goneOn(handshake int, then []turned, shed bool) (last flows.Flow) {
	tr := flows.NewTracker(flows.Config{MaxFlows: 256})
	segs, client := liveIn(tr, nil, 70_000, "open")
	end := [2]flows.Segment{segs[0], segs[1]}
	segs = segs[:handshake]
	for i, p := range then {
		one := end[p.side]
		one.Flags, one.IPID = p.flags, uint16(10+i) // no copy that the capture made
		one.Seq, one.Ack = end[p.side].Seq+p.seq, end[1-p.side].Seq+p.ack
		segs = append(segs, one)
	}
	var f flows.Flow
	finished := func() {
		for tr.Finished(&f) {
			if f.Client().Addr.Addr() == segs[0].Src.Netip() {
				last = f
			}
		}
	}
	var other []flows.Segment
	now := int64(0)
	for i := range segs {
		now += 1e8
		if i >= handshake {
			now += then[i-handshake].hours * int64(time.Hour)
		}
		segs[i].Time = now
		tr.Observe(&segs[i])
		finished()
		if shed && i >= handshake-1 {
			other, client = liveIn(tr, nil, client, "unanswered")
			other[0].Time = segs[i].Time
			tr.Observe(&other[0])
			finished()
		}
	}
	tr.End()
	finished()
	return last
}

// Numbers that do not fit a handshake are not believed of one that was given up in the middle, either (RFC 9293 §3.10.7.3).
func TestShedOpenings(t *testing.T) {
	const s, ack, synack = 1, flows.ACK, flows.SYN | flows.ACK
	for _, test := range []struct {
		name    string
		then    []turned
		outcome flows.OpeningOutcome
		states  [2]flows.State
	}{
		{"RST of the SYN", []turned{{s, flows.RST | ack, 0, 1, 0}}, flows.OpeningRefused, [2]flows.State{flows.Closed, flows.Closed}},
		{"RST of another SYN", []turned{{s, flows.RST | ack, 0, 1001, 0}}, flows.OpeningInvalid, [2]flows.State{flows.SynSent, flows.Unknown}},
		{"SYN-ACK", []turned{{s, synack, 0, 1, 0}}, flows.OpeningInProgress, [2]flows.State{flows.Established, flows.SynReceived}},
		{"SYN-ACK, and the ACK of it", []turned{{s, synack, 0, 1, 0}, {0, ack, 1, 1, 0}}, flows.OpeningComplete, [2]flows.State{flows.Established, flows.Established}},
		{"SYN-ACK of another SYN", []turned{{s, synack, 0, 1001, 0}}, flows.OpeningInvalid, [2]flows.State{flows.SynSent, flows.Unknown}},
	} {
		for _, shed := range []bool{false, true} {
			f := goneOn(1, test.then, shed)
			if states := [2]flows.State{f.Client().State(), f.Server().State()}; f.Opening.Outcome != test.outcome || states != test.states {
				t.Errorf("%s, shed %v: %v, %v; want %v, %v", test.name, shed, f.Opening.Outcome, states, test.outcome, test.states)
			}
		}
	}
}

// A close goes on where the flow was shed between its packets (RFC 9293 §3.6): after each of them, or after none.
func TestShedCloses(t *testing.T) {
	const c, s, ack, fin = 0, 1, flows.ACK, flows.FIN | flows.ACK
	for _, test := range []struct {
		name    string
		close   []turned // of a connection without data
		outcome flows.ClosingOutcome
		first   flows.Closer
		states  [2]flows.State
	}{
		{"figure 12", []turned{{c, fin, 1, 1, 0}, {s, ack, 1, 2, 0}, {s, fin, 1, 2, 0}, {c, ack, 2, 2, 0}},
			flows.ClosingOrderly, flows.ByClient, [2]flows.State{flows.TimeWait, flows.Closed}},
		{"three packets", []turned{{s, fin, 1, 1, 0}, {c, fin, 1, 2, 0}, {s, ack, 2, 2, 0}},
			flows.ClosingOrderly, flows.ByServer, [2]flows.State{flows.Closed, flows.TimeWait}},
		{"figure 13", []turned{{c, fin, 1, 1, 0}, {s, fin, 1, 1, 0}, {c, ack, 2, 2, 0}, {s, ack, 2, 2, 0}},
			flows.ClosingOrderly, flows.ByBoth, [2]flows.State{flows.TimeWait, flows.TimeWait}},
		{"figure 13, last ACK missing", []turned{{c, fin, 1, 1, 0}, {s, fin, 1, 1, 0}, {c, ack, 2, 2, 0}},
			flows.ClosingOpen, flows.ByBoth, [2]flows.State{flows.Closing, flows.TimeWait}},
		{"the FIN does not arrive", []turned{{c, fin, 1, 1, 0}, {s, ack, 1, 1, 0}},
			flows.ClosingOpen, flows.ByClient, [2]flows.State{flows.FinWait1, flows.Established}},
		{"the ACK of the FIN does not arrive", []turned{{c, fin, 1, 1, 0}, {s, ack, 1, 2, 0}, {c, fin, 1, 1, 0}},
			flows.ClosingOpen, flows.ByClient, [2]flows.State{flows.FinWait1, flows.CloseWait}},
		{"nothing for hours", []turned{{c, fin, 1, 1, 0}, {s, ack, 1, 2, 0}, {c, ack, 2, 1, 10}},
			flows.ClosingHalfClosed, flows.ByClient, [2]flows.State{flows.FinWait2, flows.CloseWait}},
		{"the last ACK is of data", []turned{{c, fin, 1, 1, 0}, {s, fin, 1, 2, 0}, {c, ack, 2, 1, 0}},
			flows.ClosingOpen, flows.ByClient, [2]flows.State{flows.FinWait2, flows.LastAck}},
		{"the last ACK is missing", []turned{{c, fin, 1, 1, 0}, {s, fin, 1, 2, 0}, {s, fin, 1, 2, 0}},
			flows.ClosingMissingFinalACK, flows.ByClient, [2]flows.State{flows.TimeWait, flows.LastAck}},
		{"the last ACK does not arrive", []turned{{c, fin, 1, 1, 0}, {s, fin, 1, 2, 0}, {c, ack, 2, 2, 0}, {s, fin, 1, 2, 0}},
			flows.ClosingMissingFinalACK, flows.ByClient, [2]flows.State{flows.TimeWait, flows.LastAck}},
		{"RST to TIME_WAIT", []turned{{c, fin, 1, 1, 0}, {s, fin, 1, 2, 0}, {c, ack, 2, 2, 0}, {s, flows.RST, 2, 0, 0}},
			flows.ClosingRSTAfterFIN, flows.ByClient, [2]flows.State{flows.Closed, flows.Closed}},
		{"RST for FIN", []turned{{c, fin, 1, 1, 0}, {s, flows.RST | flows.ACK, 1, 2, 0}},
			flows.ClosingRSTAfterFIN, flows.ByClient, [2]flows.State{flows.Closed, flows.Closed}},
	} {
		for _, shed := range []bool{false, true} {
			last := goneOn(3, test.close, shed)
			got, states := last.Closing, [2]flows.State{last.Client().State(), last.Server().State()}
			if got.Outcome != test.outcome || got.First != test.first || states != test.states {
				t.Errorf("%s, shed %v: %v, first %v, %v; want %v, %v, %v", test.name, shed, got.Outcome, got.First, states, test.outcome, test.first, test.states)
			}
		}
	}
}

// How far an end's windows were scaled went with its SYN: what may be within one is (RFC 7323 §2.3).
func TestShedWindow(t *testing.T) {
	tr := flows.NewTracker(flows.Config{MaxFlows: 256})
	segs, client := liveIn(tr, nil, 0, "open")
	for i := range segs[:2] {
		segs[i].HasWScale, segs[i].WScale = true, 7
	}
	other, _ := liveIn(tr, nil, client, "open")
	data, ahead := segs[1], segs[1]
	data.Flags, data.Len = flows.ACK|flows.PSH, 1000
	data.Seq, data.Ack = segs[1].Seq+1, segs[0].Seq+1
	ahead = data
	ahead.Seq += 1_000_000 // of a window of 8 MB
	data.IPID, ahead.IPID = 100, 101
	var step *flows.Step
	for i, s := range slices.Concat(segs[:2], other, segs[2:3], []flows.Segment{data, ahead}) {
		s.Time = int64(i + 1)
		step = tr.Observe(&s)
	}
	if step.Quiet != flows.QuietOutOfOrder {
		t.Errorf("data within the window: %d, want %d", step.Quiet, flows.QuietOutOfOrder)
	}
}

// A packet of a flow that was shed does not look like one of a connection from before the capture.
func TestShedIsRecognised(t *testing.T) {
	tr := flows.NewTracker(flows.Config{MaxFlows: 256})
	segs := live(nil, 0, "open")
	var f flows.Flow
	for i := range segs {
		tr.Observe(&segs[i])
	}
	last := segs[len(segs)-1]
	for i := 0; ; i++ {
		p := pair{client: flows.Addr4([4]byte{10, 9, byte(i >> 8), byte(i)}), server: last.Src, clientPort: 1, serverPort: 443}
		s := flows.Segment{Time: last.Time + int64(i)}
		for _, step := range []struct {
			side  int
			flags flows.Flags
		}{{0, flows.SYN}, {1, flows.SYN | flows.ACK}, {0, flows.ACK}, {0, flows.ACK | flows.PSH}, {1, flows.ACK}} {
			p.segment(&s, step.side, step.flags, 0)
			tr.Observe(&s)
		}
		shed := false
		for tr.Finished(&f) {
			shed = shed || f.Number == 1
		}
		if shed {
			break
		}
		if i == 100_000 {
			t.Fatal("never shed")
		}
	}
	if step := tr.Observe(&last); len(step.Notes) != 1 || step.Notes[0].Kind != flows.NoteGoesOn {
		t.Errorf("notes %v of a flow that was shed", step.Notes)
	}
	stranger := last
	stranger.DstPort++
	tr.Observe(&stranger)
	tr.End()
	var got []string
	for tr.Finished(&f) {
		if a := f.Client().Addr.Addr().String(); a == "10.0.0.0" || a == "0.0.0.0" || f.Capture.Resumed || f.Capture.Midstream {
			got = append(got, fmt.Sprintf("evicted %v, midstream %v", f.Capture.Resumed, f.Capture.Midstream))
		}
	}
	want := []string{"evicted true, midstream false", "evicted false, midstream true"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The ceiling holds where every flow has all that one may keep: events, transitions that were taken back, a long history.
func TestShedWeighsWhatFlowsKeep(t *testing.T) {
	const room, clients = 32 << 20, 20_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	tr := flows.NewLanes(flows.Config{MaxBytes: room, Events: true, Transitions: true})
	var f flows.Flow
	s := flows.Segment{Time: 1e18}
	pairs := make([]pair, clients)
	most := uint64(0)
	for round := range 80 {
		for i := range pairs {
			p := &pairs[i]
			if round == 0 {
				*p = pair{client: flows.Addr4([4]byte{10, 0, byte(i >> 8), byte(i)}), server: flows.Addr4([4]byte{192, 0, 2, 1}), clientPort: 50000, serverPort: 443}
				for _, step := range []struct {
					side  int
					flags flows.Flags
				}{{0, flows.SYN}, {1, flows.SYN | flows.ACK}, {0, flows.ACK}} {
					p.segment(&s, step.side, step.flags, 0)
					tr.Observe(&s)
				}
			}
			// A RST that cannot be right, each time another one.
			forged := *p
			forged.next[1] += flows.Seq(1<<30 + 1000*round)
			forged.segment(&s, 1, flows.RST, 0)
			tr.Observe(&s)
			for tr.Finished(&f) {
			}
		}
		if round%10 == 9 {
			runtime.GC()
			runtime.ReadMemStats(&after)
			most = max(most, after.HeapAlloc-min(after.HeapAlloc, before.HeapAlloc))
		}
	}
	t.Logf("%d flows held, %d MB at the most", tr.Live(), most>>20)
	// Beside the room there is what is known of those that went, and what records that were freed once held.
	const gone, freed = 24 << 20, room * 2 / 3
	if most > room+gone+freed {
		t.Errorf("%d MB for flows that may take %d", most>>20, room>>20)
	}
	if n := tr.Live(); n < 1000 {
		t.Errorf("%d flows are held", n)
	}
}
