package flows

import "testing"

// TestLookups: what was found out of a four-tuple is not taken for what is known of another one that has its place.
func TestLookups(t *testing.T) {
	six := func(last byte) Addr { return Addr{0: 0x20, 1: 0x01, 2: 0x0d, 3: 0xb8, 15: last} }
	segment := func(src, dst Addr, sport, dport uint16, space uint32) Segment {
		return Segment{Time: 1e18, Src: src, Dst: dst, SrcPort: sport, DstPort: dport, Space: space, Flags: SYN, HeaderOK: true, Window: 1}
	}
	four := func(i int) Addr { return Addr4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
	all := []Segment{segment(six(1), six(2), 40000, 443, 0), segment(six(0), six(2), 40000, 443, 0), segment(six(0), six(3), 40000, 443, 0),
		segment(six(1), six(2), 40000, 443, 1)}
	for i := range 300 { // in 64 places, each with others that differ in one thing
		all = append(all, segment(four(i), four(1000), 40000, 443, 0), segment(four(0), four(1000+i), 40000, 443, 0), segment(four(0), four(1000), 40000+uint16(i), 443, 0),
			segment(four(0), four(1000), 40000, 443+uint16(i), 0), segment(four(0), four(1000), 40000, 443, uint32(i)))
	}
	tr := NewTracker(Config{})
	flow := map[tuple]uint64{}
	for round := range 2 {
		for i := range all {
			s := &all[i]
			tr.arrivals.all[0] = arrival{} // of IPv4 the addresses of another may be left in it
			a := tr.arrivals.one(s, tr.tables)
			var k tuple
			k.of(s)
			if tr.digest(&k); a.tuple != k {
				t.Fatalf("segment %d is known as %+v, want %+v", i, a.tuple, k)
			}
			s.Packet++
			step := tr.Observe(s)
			if round == 0 && flow[k] == 0 {
				flow[k] = step.Flow
			}
			again := tr.arrivals.one(s, tr.tables)
			if tr.lookUp(again); step.Flow != flow[k] || again.head != tr.find(&k) {
				t.Fatalf("segment %d: flow %d, want %d", i, step.Flow, flow[k])
			}
		}
	}
	for from := 0; from < len(all); from += atOnce {
		group := all[from:min(from+atOnce, len(all))]
		tr.arrivals.fill(group, tr.tables)
		for i := range group {
			tr.lookUp(&tr.arrivals.all[i])
		}
		for i := range group {
			a := tr.arrivals.one(&group[i], tr.tables)
			if tr.lookUp(a); a.head != tr.find(&a.tuple) {
				t.Errorf("segment %d is looked up as another one", from+i)
			}
		}
	}
	if want := 4 + 300 + 4*299; len(flow) != want || tr.Flows() != uint64(want) {
		t.Errorf("%d four-tuples, %d flows, want %d", len(flow), tr.Flows(), want)
	}
}
