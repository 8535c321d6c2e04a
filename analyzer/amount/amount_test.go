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

func TestParseBytes(t *testing.T) {
	for s, want := range map[string]uint64{"0": 0, "512": 512, "512B": 512, "10kB": 10_000, "10k": 10_000, "10KB": 10_000, "200MB": 200_000_000,
		"1.5MiB": 3 << 19, "4Gi": 4 << 30, "0.5k": 500, "2TiB": 2 << 40} {
		if got, err := ParseBytes(s); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "B", "GB", "-1", "-1kB", "1.5", "0.1KiB", "3Gb", "3parsecs", "1iB", "1BB", "1kMB", "NaN"} {
		if got, err := ParseBytes(s); err == nil || err.Error() != s+" is no number of bytes (512, 10kB, 1.5MiB)" {
			t.Errorf("%s: got %d, %v", s, got, err)
		}
	}
	for _, s := range []string{"9000TiB", "99999999999GB", "infB"} {
		if got, err := ParseBytes(s); err == nil || err.Error() != s+" is more bytes than there are" {
			t.Errorf("%s: got %d, %v", s, got, err)
		}
	}
}
