package verdict

import "testing"

func TestTotals(t *testing.T) {
	r := Run{Captures: []Capture{
		{Expectations: []Expectation{{Outcome: Met}, {Outcome: Failed}, {}}},
		{Expectations: []Expectation{{Outcome: Allowed}}},
	}}
	got := r.Totals()
	if got.Captures != 2 || got.Expectations != 4 || got.By != [NumOutcomes]uint64{1, 1, 1, 1} {
		t.Errorf("got %+v, want one of each in two captures; what says nothing is not judged", got)
	}
}

// Of many packets the first are named, in one line as in several.
func TestManyPackets(t *testing.T) {
	f := &Flow{Number: 3, Packets: []uint64{1, 2, 3, 4, 5, 6, 7, 8}}
	if got, want := packetsOf(f), "flow 3, packets 1, 2, 3, 4, 5, 6 and 2 more"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
