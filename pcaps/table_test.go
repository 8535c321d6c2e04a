package pcaps

import (
	"testing"

	"tcpwhy/flows"
)

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

// Every row has a frame among the samples that leads by way of it to TCP.
func TestEveryRowIsTested(t *testing.T) {
	led := map[follows]bool{}
	for _, c := range samples() {
		var on []follows
		d := NewDecoder()
		for _, r := range table() {
			d.after[r.carrier][r.number] = func(d *Decoder) step {
				on = append(on, r.follows)
				return r.step(d)
			}
		}
		d.lastLinkStep = d.after[linkType][d.lastLink]
		var seg flows.Segment
		if v := d.walk(&Frame{LinkType: c.link, Data: c.frame, Wire: len(c.frame)}, &seg); v > Quote {
			t.Errorf("%s: got %v", c.name, v)
			continue
		}
		for _, f := range on {
			led[f] = true
		}
	}
	for _, r := range table() {
		if !led[r.follows] && r.follows != (follows{ipProtocol, 50}) { // ESP leads nowhere
			t.Errorf("no sample with %v %#x, %s", r.carrier, r.number, r.name)
		}
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
}
