package pcaps

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// sharked is what tshark says of one packet.
type sharked struct {
	stream       int // -1: no TCP, or only quoted
	flags        int
	length       int // -1: not told
	seq, ack     uint32
	completeness int
	rtt          string // initial, in seconds; "" where it is not told
	sums         string // checksum status of IP and TCP: 0 wrong, 1 right, 2 not verified
	protocols    string
}

var sharkFields = []string{"tcp.stream", "tcp.flags", "tcp.len", "tcp.seq_raw", "tcp.ack_raw", "tcp.completeness",
	"tcp.analysis.initial_rtt", "ip.checksum.status", "tcp.checksum.status", "frame.protocols"}

// tshark reads a capture in two passes: in one, completeness is what it was before the packet. Of several
// packets in each other, it is asked for the innermost.
func tshark(t *testing.T, file string, options ...string) []sharked {
	t.Helper()
	program, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed: nothing to compare with")
	}
	args := append([]string{"-2", "-n", "-r", file, "-T", "fields", "-E", "occurrence=l", "-E", "separator=;"}, options...)
	for _, f := range sharkFields {
		args = append(args, "-e", f)
	}
	cmd := exec.Command(program, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark %s: %v: %s", file, err, stderr.String())
	}
	var packets []sharked
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ";")
		p := sharked{stream: -1, protocols: f[9]}
		if f[0] != "" && !strings.Contains(p.protocols, "icmp") {
			p.stream, p.flags, p.length = number(t, f[0]), number(t, f[1]), -1
			p.seq, p.ack = uint32(number(t, f[3])), uint32(number(t, f[4]))
			p.completeness, p.rtt, p.sums = number(t, f[5]), f[6], f[7]+f[8]
			if f[2] != "" {
				p.length = number(t, f[2])
			}
		}
		packets = append(packets, p)
	}
	return packets
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}
