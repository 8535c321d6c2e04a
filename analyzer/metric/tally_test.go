package metric

import (
	"slices"
	"testing"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/verdict"
	"tcpwhy/flows"
)

// capture tells a tally of flows whose handshakes take 1ms, 2ms, ...; of every tenth, that it was refused instead.
func capture(t *Tally, n int) { captured(t, n, flows.Capture{}) }

// captured is the same of flows of which the ceiling had this.
func captured(t *Tally, n int, c flows.Capture) {
	rule := analyzer.RuleNamed("refused")
	for i := 1; i <= n; i++ {
		f := &flows.Flow{Number: uint64(i), Capture: c}
		var found []*analyzer.Finding
		if i%10 == 0 {
			f.Opening.Outcome = flows.OpeningRefused
			found = []*analyzer.Finding{{Rule: rule, Flow: uint64(i), Severity: analyzer.Notice, Packets: []uint64{7}, Summary: "words"}}
		} else {
			f.Opening.Outcome = flows.OpeningComplete
			f.Opening.Handshake = flows.Elapsed{D: time.Duration(i) * time.Millisecond, OK: true}
		}
		_ = t.Flow(f, found)
	}
}

func TestTallies(t *testing.T) {
	// 40 flows: 4 refused (10, 20, 30, 40), 36 handshakes from 1 to 39 ms.
	for _, c := range []struct {
		expr      string
		every     bool
		want      Truth
		seen      string
		offenders uint64
		first     uint64
		why       string
	}{
		{"refused", false, Yes, "4 of 40 flows", 4, 10, "refused"},
		{"half-open", false, No, "0 of 40 flows", 0, 0, ""},
		{"refused > 5%", false, Yes, "refused: 4 of 40 flows (10%)", 4, 10, "refused"},
		{"refused > 10%", false, No, "refused: 4 of 40 flows (10%)", 4, 10, "refused"},
		{"refused >= 10%", false, Yes, "refused: 4 of 40 flows (10%)", 4, 10, "refused"},
		{"refused > 4", false, No, "refused: 4 of 40 flows", 4, 10, "refused"},
		{"refused == 4", true, Yes, "refused: 4 of 40 flows", 36, 1, "no refused"},
		{"refused == 3", true, No, "refused: 4 of 40 flows", 4, 10, "refused"},
		{"opening.complete >= 95%", true, No, "opening.complete: 36 of 40 flows (90%)", 4, 10, "no opening.complete"},
		{"opening.refused < 5%", true, No, "opening.refused: 4 of 40 flows (10%)", 4, 10, "opening.refused"},
		{"handshake > 38ms", false, Yes, "1 of 36 flows; of 4 it was not measured", 1, 39, "handshake 39.0ms"},
		{"handshake < 38ms", true, No, "34 of 36 flows; of 4 it was not measured", 2, 38, "handshake 38.0ms"},
		{"handshake.max == 39ms", true, Yes, "handshake.max 39.0ms of 36 flows", 35, 1, "handshake 1.00ms"},
		{"handshake.min < 1ms", false, No, "handshake.min 1.00ms of 36 flows", 0, 0, ""},
		{"handshake.p50 > 19ms", false, No, "handshake.p50 19.0ms of 36 flows", 18, 39, "handshake 39.0ms"}, // half of 36 have 1 to 9 and 11 to 19
		{"handshake.p99 > 38.9ms", false, Yes, "handshake.p99 39.0ms of 36 flows", 1, 39, "handshake 39.0ms"},
		{"handshake.count == 36", true, Yes, "handshake.count 36 of 36 flows", 0, 0, ""},
		{"handshake.sum == 720ms", true, Yes, "handshake.sum 720ms of 36 flows", 0, 0, ""},
		{"handshake.mean == 20ms", true, Yes, "handshake.mean 20.0ms of 36 flows", 0, 0, ""},
		{"connect.p99 > 50ms", false, Unknown, "no connect", 0, 0, ""},
		{"connect > 50ms", false, Unknown, "0 of 0 flows; of 40 it was not measured", 0, 0, ""},
		{"flows < 41", true, Yes, "40 flows", 0, 0, ""},
		{"refused > 5% and flows >= 100", false, No, "refused: 4 of 40 flows (10%); 40 flows", 0, 0, ""},
		{"refused > 5% and flows >= 20", false, Yes, "refused: 4 of 40 flows (10%); 40 flows", 4, 10, "refused"},
		{"refused and handshake.max > 30ms", false, Yes, "4 of 40 flows; handshake.max 39.0ms of 36 flows", 4, 10, "refused"},
		{"connect.max > 1s or refused", false, Yes, "no connect; 4 of 40 flows", 4, 10, "refused"},
		{"refused >= 4 and handshake < 38ms", true, No, "refused: 4 of 40 flows; 34 of 36 flows; of 4 it was not measured", 2, 38, "handshake 38.0ms"},
		{"connect.max > 1s or half-open", false, Unknown, "no connect; 0 of 40 flows", 0, 0, ""},
		{"not handshake.max < 1s", false, No, "handshake.max 39.0ms of 36 flows", 36, 1, "handshake 1.00ms"},
		{"refused or opening == complete", true, Yes, "40 of 40 flows", 0, 0, ""},
		{"warning", false, No, "warning: 0 of 40 flows", 0, 0, ""},
		{"notice", false, Yes, "notice: 4 of 40 flows", 4, 10, "notice"},
		{"syn-flood", false, No, "syn-flood: 0 findings", 0, 0, ""},
	} {
		e, err := Parse(c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		tally := NewLimit(e)
		if c.every {
			tally = NewExpectation(e)
		}
		capture(tally, 40)
		r := tally.Result()
		var first verdict.Flow
		if len(r.First) > 0 {
			first = r.First[0]
		}
		if r.Truth != c.want || r.Seen != c.seen || r.N != c.offenders || first.Number != c.first || first.Why != c.why {
			t.Errorf("%s: got %d, %q, %d offenders, first #%d %q; want %d, %q, %d, #%d %q", c.expr, r.Truth, r.Seen, r.N, first.Number, first.Why,
				c.want, c.seen, c.offenders, c.first, c.why)
		}
		if (r.Truth == Unknown) != (r.Reason != "") {
			t.Errorf("%s: is known, %d, for a reason: %q", c.expr, r.Truth, r.Reason)
		}
	}
}

// lasting is what lasts of an expression that was told of 40 flows of which the ceiling had this; it has to be so of 400 more, too.
func lasting(t *testing.T, expr string, every bool, c flows.Capture) Result {
	t.Helper()
	e, err := Parse(expr)
	if err != nil {
		t.Fatal(err)
	}
	tally := NewLimit(e)
	if every {
		tally = NewExpectation(e)
	}
	captured(tally, 40, c)
	r := tally.Lasting()
	captured(tally, 400, flows.Capture{Resumed: true})
	if of := tally.Result().Truth; r.Truth != Unknown && of != r.Truth {
		t.Errorf("%s, of every flow %v: of more flows %d, which was told to stay %d", expr, every, of, r.Truth)
	}
	return r
}

// Of the rests of 40 flows, where there may be more: what is told holds of all that come.
func TestLasting(t *testing.T) {
	for _, c := range []struct {
		expr  string
		every bool
		want  Truth
	}{
		{"refused", false, Yes}, {"refused", true, Unknown}, {"half-open", false, Unknown}, {"half-open", true, Unknown},
		{"not half-open", false, Unknown}, {"not refused", true, No}, {"notice", false, Yes}, {"notice > 4", false, Unknown},
		{"refused > 3", false, Yes}, {"refused > 3%", false, Unknown}, {"refused < 4", true, No}, {"refused <= 4", true, Unknown},
		{"refused >= 4", true, Yes}, {"refused < 99", false, Unknown}, {"refused == 4", true, Unknown}, {"refused == 3", true, No},
		{"refused != 3", false, Yes}, {"flows > 39", false, Yes}, {"flows < 41", true, Unknown}, {"flows < 40", true, No},
		{"opening == refused", false, Yes}, {"opening == complete", true, Unknown}, {"opening != refused", true, No},
		{"opening.in-progress < 1", false, Unknown}, {"closing == open", false, Unknown}, {"midstream < 1", false, Unknown},
		{"handshake > 38ms", false, Unknown}, {"handshake.max > 38ms", false, Unknown}, {"handshake.p50 > 1ms", false, Unknown},
		{"handshake.count > 35", false, Yes}, {"handshake.count < 37", false, Unknown}, {"packets < 1", false, Unknown}, {"packets >= 0", false, Yes},
		{"packets > 0", true, Unknown}, {"packets < 0", true, No}, {"refused > 3% or flows > 3", false, Yes},
		{"refused > 3% and flows > 3", false, Unknown}, {"not (flows <= 3)", false, Yes}, {"refused and opening == refused", false, Yes},
		{"refused and packets < 1", false, Unknown}, {"flow > 39", false, Unknown}, {"port == 0", false, Yes}, {"packets.max >= 0", false, Yes},
	} {
		if got := lasting(t, c.expr, c.every, flows.Capture{Resumed: true}); got.Truth != c.want || got.Truth == Unknown && len(got.First) > 0 {
			t.Errorf("%s, of every flow %v: got %d by %v, want %d", c.expr, c.every, got.Truth, got.First, c.want)
		}
	}
}

// One flow that was seen whole is enough, or from its beginning for how it opened; that there is none is not known.
func TestWitness(t *testing.T) {
	whole, early, midstream := flows.Capture{}, flows.Capture{Early: true}, flows.Capture{Midstream: true}
	for _, c := range []struct {
		expr  string
		every bool
		seen  flows.Capture
		want  Truth
		first uint64
	}{
		{"handshake > 38ms", false, whole, Yes, 39}, {"handshake > 38ms", false, early, Yes, 39}, {"handshake > 39ms", false, early, Unknown, 0},
		{"handshake <= 38ms", true, early, No, 39}, {"handshake <= 39ms", true, early, Unknown, 0}, {"handshake < 2ms", false, early, Yes, 1},
		{"handshake.max > 38ms", false, early, Yes, 39}, {"handshake.max > 39ms", false, early, Unknown, 0}, {"handshake.max <= 38ms", true, early, No, 39},
		{"handshake.min < 2ms", false, early, Yes, 1}, {"handshake.min < 1ms", false, early, Unknown, 0}, {"handshake.min >= 2ms", true, early, No, 1},
		{"handshake.min > 0ms", true, whole, Unknown, 0}, {"handshake.min <= 1ms", false, whole, Yes, 1},
		{"handshake.sum > 719ms", false, early, Yes, 0}, {"handshake.sum > 720ms", false, whole, Unknown, 0},
		{"handshake.p99 > 1ms", false, whole, Unknown, 0}, {"handshake.mean > 1ms", false, whole, Unknown, 0},
		{"packets < 1", false, whole, Yes, 1}, {"packets < 1", false, early, Unknown, 0}, {"packets.max > 0", false, whole, Unknown, 0},
		{"not half-open", false, whole, Unknown, 0}, {"half-open", true, whole, Unknown, 0}, {"one-way", true, whole, No, 1},
		{"opening.not-captured < 1", false, whole, Unknown, 0}, {"flow > 39", false, whole, Unknown, 0},
		{"refused and handshake > 38ms", false, whole, Unknown, 0}, {"opening == refused or handshake > 38ms", true, whole, No, 1},
		{"handshake > 38ms", false, midstream, Unknown, 0}, {"handshake.max > 38ms", false, midstream, Unknown, 0},
		{"handshake.sum > 719ms", false, midstream, Unknown, 0}, {"packets >= 0", false, midstream, Yes, 1}, {"port == 0", false, early, Yes, 1}, {"port == 0", false, midstream, Unknown, 0},
		{"flows > 39", false, whole, Yes, 0}, {"flows > 39", false, midstream, Unknown, 0}, {"flows < 40", true, midstream, Unknown, 0},
		{"packets.count > 39", false, whole, Yes, 0}, {"packets.count > 39", false, midstream, Unknown, 0},
		{"server == 0", false, early, Yes, 1}, {"server != 443", true, early, Unknown, 0}, {"server == 443", true, early, No, 1},
		{"server == 0", false, midstream, Unknown, 0},
	} {
		first := uint64(0)
		got := lasting(t, c.expr, c.every, c.seen)
		if len(got.First) > 0 {
			first = got.First[0].Number
		}
		if got.Truth != c.want || first != c.first {
			t.Errorf("%s, of every flow %v, early %v, midstream %v: got %d by #%d, want %d by #%d", c.expr, c.every, c.seen.Early, c.seen.Midstream,
				got.Truth, first, c.want, c.first)
		}
	}
}

// Of flows of which the ceiling took some, only those prove something of which it took nothing that matters.
func TestProof(t *testing.T) {
	for _, c := range []struct {
		expr  string
		every bool
		want  Truth
		by    []uint64
	}{
		{"one-way", false, Yes, []uint64{2, 4}}, {"one-way > 1", false, Yes, []uint64{2, 4}}, {"one-way < 1", true, No, []uint64{2, 4}},
		{"handshake.max >= 1ms", false, Yes, []uint64{4, 2}}, {"handshake.max > 2ms", false, Yes, []uint64{4}}, {"handshake.max < 1ms", true, No, []uint64{4, 2}},
		{"handshake.min < 9ms", false, Yes, []uint64{2, 4}}, {"handshake.min > 2ms", true, No, []uint64{2}},
		{"duration.max >= 1ms", false, Yes, []uint64{4, 3, 2, 1}}, {"duration.min < 9ms", false, Yes, []uint64{2, 4}},
		{"handshake.max > 1ms and one-way < 1", true, No, []uint64{2, 4}},
		{"flows > 3 and handshake.max > 2ms", false, Yes, []uint64{4}}, {"flows > 4 or one-way > 1", false, Yes, []uint64{2, 4}},
	} {
		e, err := Parse(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		tally := NewLimit(e)
		if c.every {
			tally = NewExpectation(e)
		}
		for n := int64(1); n <= 4; n++ {
			f := &flows.Flow{Number: uint64(n), Last: n * 1e6, Capture: flows.Capture{OneWay: true, Resumed: n%2 == 1}}
			f.Opening.Handshake = flows.Elapsed{D: time.Duration(n) * time.Millisecond, OK: true}
			_ = tally.Flow(f, nil)
		}
		got := tally.Lasting()
		var by []uint64
		for _, f := range got.First {
			by = append(by, f.Number)
		}
		if got.Truth != c.want || got.N != uint64(len(c.by)) || !slices.Equal(by, c.by) {
			t.Errorf("%s, of every flow %v: got %d by %v of %d, want %d by %v", c.expr, c.every, got.Truth, by, got.N, c.want, c.by)
		}
	}
}

// A capture that nothing was captured in meets nothing that is said of flows.
func TestNoFlowsTellNothing(t *testing.T) {
	for expr, want := range map[string]Truth{"half-open": Unknown, "half-open > 5%": Unknown, "half-open == 0": Unknown, "warning": Unknown,
		"syn-flood": Unknown, "connect.max > 1s": Unknown, "flows >= 1": No, "flows == 0": Yes} {
		e, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		if got := NewLimit(e).Result(); got.Truth != want {
			t.Errorf("%s: got %d, want %d", expr, got.Truth, want)
		}
	}
}

// A limit on a severity is one on what is found of the whole capture, too.
func TestFindingsOfTheWholeCapture(t *testing.T) {
	flood := &analyzer.Finding{Rule: analyzer.RuleNamed("syn-flood"), Severity: analyzer.Error, Packets: []uint64{3}, Summary: "a flood"}
	for expr, want := range map[string]Truth{"warning": Yes, "error > 0": Yes, "syn-flood": Yes, "syn-flood > 1": No, "accept-queue-full": No,
		"half-open or error": Yes} {
		e, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		tally := NewLimit(e)
		capture(tally, 1)
		_ = tally.Finding(flood)
		_ = tally.Finding(&analyzer.Finding{Rule: flood.Rule, Severity: analyzer.Error, Flow: 1}) // told with its flow
		r := tally.Result()
		if r.Truth != want {
			t.Errorf("%s: got %d, want %d", expr, r.Truth, want)
		}
		if want == Yes && (len(r.First) == 0 || r.First[0].Summary != "a flood") {
			t.Errorf("%s: does not tell what was found: %v", expr, r.First)
		}
	}
}

// What a limit is about is shown by its own packets, and by no finding of something else.
func TestPacketsOfMeasures(t *testing.T) {
	f := &flows.Flow{Number: 1, Opening: flows.Handshake{Outcome: flows.OpeningComplete,
		Handshake: flows.Elapsed{D: time.Second, OK: true}, Connect: flows.Elapsed{D: time.Second, OK: true}},
		Closing: flows.Teardown{Outcome: flows.ClosingOrderly, Close: flows.Elapsed{D: time.Second, OK: true}},
		Transitions: []flows.Transition{
			{Packet: 1, Side: flows.Client, From: flows.Closed, To: flows.SynSent},
			{Packet: 3, Side: flows.Server, From: flows.Listen, To: flows.SynReceived},
			{Packet: 3, Side: flows.Client, From: flows.SynSent, To: flows.Established},
			{Packet: 4, Side: flows.Client, From: flows.Established, To: flows.Established, Certainty: flows.Proved},
			{Packet: 4, Side: flows.Server, From: flows.SynReceived, To: flows.Established},
			{Packet: 6, Side: flows.Server, From: flows.Established, To: flows.CloseWait, RevisedBy: 7},
			{Packet: 7, Side: flows.Server, From: flows.CloseWait, To: flows.Established, Certainty: flows.Revised},
			{Packet: 8, Side: flows.Client, From: flows.Established, To: flows.FinWait1},
			{Packet: 9, Side: flows.Client, From: flows.FinWait1, To: flows.FinWait2},
		},
		Events: []flows.Event{{Note: flows.Note{Kind: flows.NoteSYNAgain}, At: 2}, {Note: flows.Note{Kind: flows.NoteRST}, At: 5}}}
	found := []*analyzer.Finding{{Rule: analyzer.RuleNamed("gone-silent"), Flow: 1, Severity: analyzer.Warning, Packets: []uint64{9}, Summary: "silent"}}
	opening, closing := []uint64{1, 2, 3, 4}, []uint64{8, 9}
	for expr, want := range map[string][]uint64{"handshake.p99 > 1ms": opening, "connect > 1ms": opening, "connect > 1ms and port == 0": opening,
		"close.max > 1ms": closing, "opening == complete": opening, "opening.complete > 0": opening, "packets < 1": nil, "ambiguous < 1": nil,
		"refused < 1": nil} {
		e, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		tally := NewLimit(e)
		_ = tally.Flow(f, found)
		r := tally.Result()
		first := append(tally.root.holders.First, tally.root.others.First...)
		if r.Truth != Yes || len(first) != 1 || !slices.Equal(first[0].Packets, want) || first[0].Summary != "" {
			t.Errorf("%s: got %d, %+v, want packets %v and no finding", expr, r.Truth, first, want)
		}
	}
}

func TestPercentile(t *testing.T) {
	v := make(sample, 1000)
	for i := range v {
		v[i] = int64(len(v) - i) // 1000 ... 1
	}
	for name, want := range map[string]int64{"min": 1, "max": 1000, "p1": 10, "p7": 70, "p50": 500, "p99": 990, "p99.9": 999, "p0.01": 1,
		"mean": 501, "sum": 500500, "count": 1000} {
		w, err := parseStatistic(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.statistic(&w); got != want {
			t.Errorf("%s: got %d, want %d", name, got, want)
		}
	}
}

// A number too many to keep is still counted, and those kept are the first whatever the order in which flows finish.
func TestFirstOffenders(t *testing.T) {
	var o verdict.Offenders
	for _, n := range []uint64{50, 40, 45, 1, 30, 20, 21, 22, 23, 24, 25, 26, 2} {
		o.Add(&flows.Flow{Number: n}, nil, nil, func() string { return "" })
	}
	var got []uint64
	for _, f := range o.First {
		got = append(got, f.Number)
	}
	if want := []uint64{1, 2, 20, 21, 22, 23, 24, 25, 26, 30}; o.N != 13 || len(got) != len(want) || got[0] != 1 || got[9] != 30 {
		t.Errorf("got %v of %d, want %v of 13", got, o.N, want)
	}
}
