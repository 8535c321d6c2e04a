package pcaps

import "testing"

func TestTableIsSorted(t *testing.T) {
	rows := table()
	for i, r := range rows {
		if r.name == "" || r.step == nil {
			t.Errorf("%v %d: has no name or no step", r.carrier, r.number)
		}
		if i == 0 {
			continue
		}
		if p := rows[i-1]; r.carrier < p.carrier || r.carrier == p.carrier && r.number <= p.number {
			t.Errorf("%v %d follows %v %d", r.carrier, r.number, p.carrier, p.number)
		}
	}
	if got := len(Encapsulations()); got != len(rows) {
		t.Errorf("listed: got %d want %d", got, len(rows))
	}
}

func TestLinkName(t *testing.T) {
	for linktype, want := range map[uint32]string{
		1: "1 (ETHERNET)", 147: "147 (USER0)", 276: "276 (LINUX_SLL2)", 60000: "60000",
	} {
		if got := LinkName(linktype); got != want {
			t.Errorf("got %q want %q", got, want)
		}
	}
	if d := NewDecoder(); !d.KnowsLink(276) || d.KnowsLink(147) {
		t.Errorf("knows 276: %v, 147: %v", d.KnowsLink(276), d.KnowsLink(147))
	}
}
