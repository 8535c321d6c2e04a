package pcaps

import (
	"testing"

	"tcpwhy/flows"
)

func TestSpacesAreTold(t *testing.T) {
	d := NewDecoder()
	number := func(frame []byte) uint32 {
		var seg flows.Segment
		if v := d.Decode(&Frame{LinkType: 1, Data: frame, Wire: len(frame)}, &seg); v != TCP {
			t.Fatalf("got %v", v)
		}
		return seg.Space
	}
	plain := number(eth(0x0800, plain4))
	one := number(eth(0x8100, tagged(1, 0x0800, plain4)))
	two := number(eth(0x8100, tagged(2, 0x0800, plain4)))
	both := number(eth(0x88a8, tagged(1, 0x8100, tagged(2, 0x0800, plain4))))
	swapped := number(eth(0x88a8, tagged(2, 0x8100, tagged(1, 0x0800, plain4))))
	numbers := map[uint32]bool{plain: true, one: true, two: true, both: true, swapped: true}
	if plain != 0 || len(numbers) != 5 {
		t.Errorf("got %d, %d, %d, %d, %d: want 0 and four others", plain, one, two, both, swapped)
	}
	if again := number(eth(0x8100, tagged(0xe001, 0x86dd, plain6))); again != one {
		t.Errorf("VLAN 1 again: got %d want %d", again, one)
	}
}

// Forged tags and ids must not take memory without end.
func TestSpacesAreBounded(t *testing.T) {
	d := NewDecoder()
	var seg flows.Segment
	for outer := 1; outer <= 17; outer++ {
		for inner := 1; inner < 4096; inner++ {
			frame := eth(0x88a8, tagged(outer, 0x8100, tagged(inner, 0x0800, plain4)))
			d.Decode(&Frame{LinkType: 1, Data: frame, Wire: len(frame)}, &seg)
		}
	}
	const made, told = 17 * 4095, 65535
	if got := d.SpacesOverflowed(); got != made-told {
		t.Errorf("overflowed: got %d want %d", got, made-told)
	}
	if seg.Space != overflowSpace || d.Space(seg.Space).Tunnel != "other" {
		t.Errorf("got space %d %+v", seg.Space, d.Space(seg.Space))
	}
	if got := d.Space(65535).VLANs; len(got) != 2 || got[0] != 17 {
		t.Errorf("the last space that is told apart: got %v", got)
	}
	if got := d.Space(1 << 20); got.Tunnel != "" || got.VLANs != nil {
		t.Errorf("a space that never was: got %+v", got)
	}
}
