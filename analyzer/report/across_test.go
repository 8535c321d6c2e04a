package report

import (
	"strings"
	"testing"

	"tcpwhy/analyzer"
)

// What a path does to all servers behind it is told once, of all of them: flows, of how many, and clients.
func TestAcrossServers(t *testing.T) {
	text := textOf(t, overviewOf(t, late(1, 5, 20, 2)+late(6, 1, 20, 4)+late(7, 1, 3, 3)), false)
	for _, want := range []string{
		"\nVERDICT  7 servers: 17 of 123 flows: ",
		"\nWARNING  syn-retransmitted  7 servers             17 flows, 7 clients, 1.000s, likely\n",
		"\n  most   203.0.113.6:443 (4 of 20) · 203.0.113.7:443 (3 of 3) · 203.0.113.1:443 (2 of 20)\n",
		"7 servers show it, none of them far more than the others",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "\nWARNING"); n != 1 {
		t.Errorf("got %d warnings, want one, in\n%s", n, text)
	}
}

// A server that stands out has a cause of its own, also where others do, too.
func TestAcrossServersOneStandsOut(t *testing.T) {
	text := textOf(t, overviewOf(t, late(1, 6, 20, 1)+late(7, 2, 20, 18)), false)
	for _, want := range []string{
		"\nWARNING  syn-retransmitted  203.0.113.7:443       18 flows, 1 client, 1.000s, likely\n",
		"\nWARNING  syn-retransmitted  203.0.113.8:443       18 flows, 1 client, 1.000s, likely\n",
		"\nWARNING  syn-retransmitted  6 servers             6 flows, 6 clients, 1.000s, likely\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
}

// Several that stand out, but not from each other, are one entry, too.
func TestAcrossServersSeveralStandOut(t *testing.T) {
	text := textOf(t, overviewOf(t, late(1, 4, 20, 1)+late(5, 4, 20, 18)), false)
	for _, want := range []string{"  4 servers             72 flows, 4 clients, ", "  4 servers             4 flows, 4 clients, "} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
}

// One that has very many flows does not make the rest stand out, and stands out itself where it has cause to.
func TestDivideByRateOfMost(t *testing.T) {
	server := func(n, of uint64) entry {
		return entry{group: &analyzer.Group{Severity: analyzer.Warning}, flows: n, of: of}
	}
	var most []entry
	for i := range uint64(100) {
		most = append(most, server(1+i%8, 440+i))
	}
	for _, c := range []struct {
		words string
		one   entry
		apart int
	}{
		{"a server that is flooded", server(3, 10_000_000), 0},
		{"one that has all else", server(100_000, 10_000_000), 0},
		{"one that is worse than most, too", server(1_000_000, 10_000_000), 1},
		{"one that is worse", server(44, 440), 1},
	} {
		common, apart := divide(append([]entry{c.one}, most...))
		if len(apart) != c.apart || len(common)+len(apart) != 101 {
			t.Errorf("%s: %d stand out, want %d", c.words, len(apart), c.apart)
		}
	}
}

// Few servers are each told of.
func TestAcrossFewServers(t *testing.T) {
	text := textOf(t, overviewOf(t, late(1, manyServers-1, 20, 2)), false)
	if n := strings.Count(text, "\nWARNING  syn-retransmitted  203.0.113."); n != manyServers-1 {
		t.Errorf("got %d warnings of servers in\n%s", n, text)
	}
}

func TestStandsOut(t *testing.T) {
	for _, c := range []struct {
		words        string
		k, n, k0, n0 uint64
		want         bool
	}{
		{"the same rate", 10, 1000, 100, 10_000, false},
		{"the most of 300 servers of which each loses 1 in 100 of 230", 9, 230, 660, 66_000, false},
		{"one of these that loses 1 in 10", 23, 230, 660, 66_000, true},
		{"all of its three flows, which is little to go by", 3, 3, 100, 10_000, false},
		{"all of ten", 10, 10, 100, 10_000, true},
		{"no chance, but not twice the rate", 15_000, 1_000_000, 10_000, 1_000_000, false},
		{"three times the rate", 30_000, 1_000_000, 10_000, 1_000_000, true},
		{"others of which hardly anything is known", 40, 1000, 1, 50, false},
	} {
		if got := standsOut(c.k, c.n, c.k0, c.n0); got != c.want {
			t.Errorf("%s: %d of %d where others have %d of %d: got %t", c.words, c.k, c.n, c.k0, c.n0, got)
		}
	}
}
