package analyzer

import (
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"strings"
	"testing"
)

func addr4(n uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], 10<<24+n)
	return netip.AddrFrom4(b)
}

func TestDistinct(t *testing.T) {
	for _, n := range []uint32{0, 1, 2, distinctFew, distinctFew + 1, 1000, 10_000, 1_000_000} {
		var d Distinct
		for range 2 { // what comes again is not another
			for i := range n {
				d.add(hashAddr(addr4(i)))
			}
		}
		exact := n <= distinctFew
		if d.Exact() != exact {
			t.Errorf("%d: exact is %v", n, d.Exact())
		}
		got := d.N()
		if off := math.Abs(float64(got)-float64(n)) / float64(max(n, 1)); exact && got != uint64(n) || off > 0.08 {
			t.Errorf("%d addresses count as %d, off by %.1f%%", n, got, 100*off)
		}
	}
}

func TestDistinctMerge(t *testing.T) {
	for _, c := range []struct{ a, b, want uint32 }{{3, 5, 8}, {3, 2000, 2003}, {2000, 3, 2003}, {2000, 2000, 4000}, {400, 400, 800}} {
		var a, b Distinct
		for i := range c.a {
			a.add(hashAddr(addr4(i)))
		}
		for i := range c.b {
			b.add(hashAddr(addr4(1<<20 + i)))
		}
		before := b.N()
		a.merge(&b)
		if off := math.Abs(float64(a.N())-float64(c.want)) / float64(c.want); a.Exact() && a.N() != uint64(c.want) || off > 0.08 {
			t.Errorf("%d and %d are %d, want %d", c.a, c.b, a.N(), c.want)
		}
		a.add(1)
		if b.N() != before {
			t.Errorf("%d and %d: what is added to one shows in the other", c.a, c.b)
		}
	}
}

// An estimate is never more than what it is one of, added to one, to several that are merged, or in words.
func TestDistinctIsOfWhatWasAdded(t *testing.T) {
	over := 0 // estimates that are held down
	for n := uint32(1000); n < 100_000; n += 1709 {
		var d, left, right Distinct
		for i := range n {
			h := hashAddr(addr4(i))
			d.add(h)
			if i%2 == 0 {
				left.add(h)
			} else {
				right.add(h)
			}
		}
		left.merge(&right)
		var words uint32
		fmt.Sscanf(strings.ReplaceAll(d.Words("address", "addresses"), ",", ""), "about %d", &words)
		if d.N() > uint64(n) || left.N() != d.N() || words == 0 || words > n {
			t.Errorf("%d addresses count as %d, as %d where they are merged, and in words as %d", n, d.N(), left.N(), words)
		}
		if d.N() == uint64(n) {
			over++
		}
	}
	if over == 0 {
		t.Error("no estimate is too high: nothing was tried")
	}
}

// An IPv4 address is the same however it is written, and has another hash than its neighbours.
func TestHashAddr(t *testing.T) {
	a := netip.MustParseAddr("192.0.2.1")
	if hashAddr(a) != hashAddr(netip.AddrFrom16(a.As16())) {
		t.Error("192.0.2.1 and ::ffff:192.0.2.1 differ")
	}
	if hashAddrPort(netip.AddrPortFrom(a, 1)) == hashAddrPort(netip.AddrPortFrom(a, 2)) {
		t.Error("two ports of one address are alike")
	}
}

func TestDistinctWords(t *testing.T) {
	var few, many Distinct
	few.add(1)
	if got := few.Words("client", "clients"); got != "1 client" {
		t.Errorf("got %q", got)
	}
	for i := range uint32(50_000) {
		many.add(hashAddr(addr4(i)))
	}
	// An estimate is said to be one, and has no more digits than it knows.
	if got := many.Words("client", "clients"); len(got) != len("about 50,000 clients") || got[:6] != "about " || got[10:] != "00 clients" {
		t.Errorf("got %q", got)
	}
}
