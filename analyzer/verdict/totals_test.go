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
