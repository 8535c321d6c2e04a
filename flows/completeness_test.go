package flows

import (
	"strings"
	"testing"
)

// Every value here was read off tshark -2 -T fields -e tcp.completeness on the same packets.
func TestCompleteness(t *testing.T) {
	for _, test := range []struct {
		packets string // flags as tcpdump writes them; +: with payload
		want    Completeness
	}{
		{"S", 1},
		{"S S.", 3},
		{"S S. .", 7},
		{"S S. . .+", 15},
		{"S S. . .+ F. F. .", 31},
		{"S S. F. F. .", 23},
		{"S R.", 1 + 4 + 32}, // refused: the ACK of a RST counts
		{"S R", 1 + 32},
		{"S R.+", 1 + 8 + 32},
		{"S .+", 1 + 8}, // data alone is not an ACK
		{"S F.", 1 + 4 + 16},
		{"S F.+", 1 + 8 + 16},
		{"S FR.", 1 + 4 + 16 + 32},
		{"S F", 1}, // a FIN counts with ACK alone
		{"S F+", 1},
		{"S none", 1},
		{"S none+", 1}, // data counts with ACK alone
		{"S SF.", 1 + 2 + 16},
		{"S SR.", 1 + 2 + 32},
		{"S SFR.+", 1 + 2 + 16 + 32},
		{"S SF", 1},
		{"S SR+", 1 + 32},
		{"S+", 1 + 8}, // Fast Open
		{"S+ S.", 1 + 2 + 8},
		{"S+ S.+", 1 + 2 + 8},
		{"S+ S+", 1 + 8},
		{"S S+", 1}, // payload on a later SYN does not count
		{"S S.+", 3},
		{"S S. S.+", 3},
	} {
		var got Completeness
		for _, p := range strings.Fields(test.packets) {
			flags, data := strings.CutSuffix(p, "+")
			var payload uint32
			if data {
				payload = 5
			}
			got.update(parseFlags(t, flags), payload)
		}
		if got != test.want {
			t.Errorf("%s: got %d, want %d", test.packets, got, test.want)
		}
	}
}

func TestCompletenessIgnoresOtherFlags(t *testing.T) {
	for flags := Flags(0); flags < 512; flags++ {
		for _, payload := range []uint32{0, 1, 1448} {
			var plain, all Completeness
			plain.update(flags&control, payload)
			all.update(flags, payload)
			if plain != all {
				t.Fatalf("flags %#x, %d bytes: got %d, want %d as without PSH, URG, ECE, CWR, AE",
					flags, payload, all, plain)
			}
		}
	}
}

func parseFlags(t testing.TB, s string) (f Flags) {
	t.Helper()
	if s == "none" {
		return 0
	}
	for _, c := range s {
		switch c {
		case 'F':
			f |= FIN
		case 'S':
			f |= SYN
		case 'R':
			f |= RST
		case 'P':
			f |= PSH
		case '.':
			f |= ACK
		case 'U':
			f |= URG
		case 'E':
			f |= ECE
		case 'W':
			f |= CWR
		default:
			t.Fatalf("flag %q in %q", c, s)
		}
	}
	return f
}

func BenchmarkCompleteness(b *testing.B) {
	var c Completeness
	for b.Loop() {
		c.update(ACK|PSH, 1448)
		c.update(ACK, 0)
	}
}
