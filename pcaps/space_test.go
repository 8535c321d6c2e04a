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

// A tunnel without an id tells no network, and is named all the same: a segment may be in it and its answer not.
func TestSpaceOfTunnelWithoutID(t *testing.T) {
	d := NewDecoder()
	var seg flows.Segment
	via := map[uint32]string{}
	space := func(frame []byte) uint32 {
		if v := d.Decode(&Frame{LinkType: 1, Data: frame, Wire: len(frame)}, &seg); v != TCP {
			t.Fatalf("got %v", v)
		}
		via[seg.Via] = d.Space(seg.Via).Tunnel
		return seg.Space
	}
	inVXLAN := overUDP(4789, join(vni(8, 0, 42), eth(0x0800, plain4)))
	if n := space(behindIPv4(4, plain4)); n != 0 || d.Space(seg.Via).Tunnel != "ipip" {
		t.Errorf("IPIP: network %d, via %q", n, d.Space(seg.Via).Tunnel)
	}
	if n := space(behindIPv4(47, join(x("0000 0800"), plain4))); n != 0 || d.Space(seg.Via).Tunnel != "gre" {
		t.Errorf("GRE without a key: network %d, via %q", n, d.Space(seg.Via).Tunnel)
	}
	within := space(behindIPv4(47, join(x("0000 0800"), inVXLAN[14:])))
	if got := d.Space(within).Tunnel; got != "vxlan/42" || d.Space(seg.Via).Tunnel != "gre > vxlan/42" {
		t.Errorf("VXLAN in GRE: network %q, via %q", got, d.Space(seg.Via).Tunnel)
	}
	if alone := space(inVXLAN); alone != within || d.Space(seg.Via).Tunnel != "vxlan/42" {
		t.Errorf("VXLAN: network %d, in GRE %d", alone, within)
	}
	one := space(eth(0x8100, tagged(5, 0x0800, plain4)))
	mirrored := space(behindIPv4(47, join(x("0000 88be"), eth(0x8100, tagged(5, 0x0800, plain4))))) // ERSPAN I
	if one != mirrored || d.Space(seg.Via).Tunnel != "erspan" || one == 0 {
		t.Errorf("VLAN 5: network %d, mirrored %d", one, mirrored)
	}
	if len(via) != 6 {
		t.Errorf("told apart: %v", via)
	}
	if again := space(inVXLAN); again != within {
		t.Errorf("VXLAN again: network %d, before %d", again, within)
	}
}
