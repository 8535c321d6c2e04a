package amount

import "testing"

func TestAmounts(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 flows", 1: "1 flow", 999: "999 flows", 1000: "1,000 flows",
		1234567: "1,234,567 flows"} {
		if got := Of(n, "flow", "flows"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, c := range []struct {
		n, all uint64
		want   string
	}{{0, 0, "0%"}, {1, 3, "33%"}, {47, 1000, "4.7%"}, {3, 3, "100%"}} {
		if got := Percent(c.n, c.all); got != c.want {
			t.Errorf("%d of %d: got %s, want %s", c.n, c.all, got, c.want)
		}
	}
}
