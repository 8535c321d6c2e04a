package flows

import (
	"math/rand/v2"
	"net/netip"
	"testing"
)

// The first two are the examples published with the specification; the others were read
// off tshark's communityid field.
func TestCommunityID(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"128.232.110.120:34855", "66.35.250.204:80", "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"10.0.0.1:10", "10.0.0.2:11569", "1:SXBGMX1lBOwhhoDrZynfROxnhnM="},
		{"[2001:db8::1]:51000", "[2001:db8::2]:443", "1:TZebe/ybIXr8J9lX26/lqPRYGuk="},
		{"[fe80::2]:80", "[fe80::1]:1234", "1:nkXIU2DL0kNmr+5ZSk5xzBxMmPk="},
		{"10.0.0.1:99", "10.0.0.1:7", "1:QkHy8i3fvI4syq8N+jA9UmzQlrk="}, // one host: ports decide the order
	} {
		a, b := netip.MustParseAddrPort(test.a), netip.MustParseAddrPort(test.b)
		if got := string(AppendCommunityID(nil, a, b)); got != test.want {
			t.Errorf("%s > %s: got %s, want %s", a, b, got, test.want)
		}
		if got := string(AppendCommunityID([]byte("x"), b, a)); got != "x"+test.want {
			t.Errorf("%s > %s: got %s, want x%s", b, a, got, test.want)
		}
	}
}

func TestCommunityIDZone(t *testing.T) {
	server := netip.MustParseAddrPort("[fe80::1]:80")
	plain := string(AppendCommunityID(nil, netip.MustParseAddrPort("[fe80::1]:99"), server))
	for _, zone := range []string{"[fe80::1%a]:99", "[fe80::1%z]:99"} {
		if got := string(AppendCommunityID(nil, netip.MustParseAddrPort(zone), server)); got != plain {
			t.Errorf("%s: got %s, want %s as without a zone", zone, got, plain)
		}
	}
}

func TestCommunityIDTellsTuplesApart(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	seen := map[string][2]netip.AddrPort{}
	endpoint := func() netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(rnd.Uint32N(8))}), uint16(rnd.Uint32N(8)))
	}
	for range 5000 {
		a, b := endpoint(), endpoint()
		id := string(AppendCommunityID(nil, a, b))
		if was, ok := seen[id]; ok && was != [2]netip.AddrPort{a, b} && was != [2]netip.AddrPort{b, a} {
			t.Fatalf("%s is the ID of both %v and %v > %v", id, was, a, b)
		}
		seen[id] = [2]netip.AddrPort{a, b}
	}
}

func TestCommunityIDAllocates(t *testing.T) {
	a, b := netip.MustParseAddrPort("[2001:db8::2]:443"), netip.MustParseAddrPort("[2001:db8::1]:51000")
	buf := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() { buf = AppendCommunityID(buf[:0], a, b) }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkCommunityID(b *testing.B) {
	from, to := netip.MustParseAddrPort("128.232.110.120:34855"), netip.MustParseAddrPort("66.35.250.204:80")
	buf := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendCommunityID(buf[:0], from, to)
	}
}
