package diff

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

// flowsOf are rows from "outcome:client port" words, in order.
func flowsOf(words string) (rows []row) {
	for i, w := range strings.Fields(words) {
		var port uint16
		var outcome rune
		if _, err := fmt.Sscanf(w, "%c:%d", &outcome, &port); err != nil {
			panic(err)
		}
		rows = append(rows, row{client: netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), port), number: uint64(i + 1), outcome: outcome})
	}
	return rows
}

// TestMatch: a letter is an outcome, and the number after it the client's port. A pair is what was > what is.
func TestMatch(t *testing.T) {
	for _, c := range []struct {
		name, was, is string
		alike         uint64
		pairs         string
	}{
		{"same ports", "a:1 b:2 a:3", "a:1 b:2 a:3", 3, ""},
		{"same ports, in another order", "a:1 b:2 c:3", "c:3 b:2 a:1", 3, ""},
		{"same ports, one went otherwise", "a:1 b:2 a:3", "a:1 c:2 a:3", 2, "b:2>c:2"},
		{"same ports, two exchanged", "a:1 b:2", "b:1 a:2", 0, "a:1>b:1 b:2>a:2"},
		{"same port again", "a:1 b:1 c:1", "a:1 c:1 d:1", 1, "b:1>c:1 c:1>d:1"},
		{"same ports, one gone and another new", "a:1 b:2 a:3", "a:1 a:3 c:4", 2, "b:2> >c:4"},
		{"same ports, the last of the same port gone", "a:1 b:1", "a:1", 1, "b:1>"},
		{"other ports", "a:1 b:2 a:3", "a:4 b:5 a:6", 3, ""},
		{"other ports, one went otherwise", "a:1 a:2 a:3", "a:4 b:5 a:6", 2, "a:2>b:5"},
		{"other ports, one more", "a:1 b:2", "a:3 c:4 b:5", 2, ">c:4"},
		{"other ports, one fewer", "a:1 c:2 b:3", "a:4 b:5", 2, "c:2>"},
		{"other ports, another order", "a:1 b:2 c:3", "c:4 a:5 b:6", 3, ""},
		{"other ports, moved and changed", "a:1 b:2 c:3 d:4", "d:5 a:6 b:7 e:8", 3, "c:3>e:8"},
		{"few ports are the same by chance", "a:1 a:2 a:3 a:4 b:5", "b:1 a:6 a:7 a:8 a:9", 5, ""},
		{"none before", "", "a:1", 0, ">a:1"},
		{"none now", "a:1 a:2", "", 0, "a:1> a:2>"},
		{"nothing", "", "", 0, ""},
	} {
		alike, pairs := match(flowsOf(c.was), flowsOf(c.is))
		word := func(r *row) string {
			if r == nil {
				return ""
			}
			return fmt.Sprintf("%c:%d", r.outcome, r.client.Port())
		}
		var words []string
		for _, p := range pairs {
			words = append(words, word(p.was)+">"+word(p.is))
		}
		if got := strings.Join(words, " "); alike != c.alike || got != c.pairs {
			t.Errorf("%s: got %d alike, %q, want %d, %q", c.name, alike, got, c.alike, c.pairs)
		}
	}
}

// TestMatchAddsUp: each flow is alike, or in one pair, also where there is more to compare than the longest common
// subsequence is looked for in.
func TestMatchAddsUp(t *testing.T) {
	outcomes := "aaaaaaaabaaacaaadaabba"
	for _, n := range []int{10, 1000, 20000} {
		var was, is strings.Builder
		for i := range n {
			fmt.Fprintf(&was, "%c:%d ", outcomes[i*7%len(outcomes)], 1+i%30000)
			fmt.Fprintf(&is, "%c:%d ", outcomes[i*i%len(outcomes)], 30001+i%30000)
		}
		before, now := flowsOf(was.String()), flowsOf(is.String())
		alike, pairs := match(before, now)
		was0, is0 := alike, alike
		for _, p := range pairs {
			if p.was != nil {
				was0++
			}
			if p.is != nil {
				is0++
			}
			if p.was != nil && p.is != nil && p.was.outcome == p.is.outcome {
				t.Fatalf("%d flows: a pair that is alike is told", n)
			}
		}
		if was0 != uint64(n) || is0 != uint64(n) {
			t.Errorf("%d flows: %d of those before are accounted for, %d of those now", n, was0, is0)
		}
	}
}
