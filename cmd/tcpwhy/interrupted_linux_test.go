package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/build"
	"io"
	"strings"
	"testing"
	"time"
)

// interrupting is an output that is interrupted when something comes.
type interrupting struct {
	bytes.Buffer
	interrupt context.CancelFunc
}

func (i *interrupting) Write(b []byte) (int, error) {
	i.interrupt()
	return i.Buffer.Write(b)
}

// TestInterrupted: a file that is not read to its end is one whose limits cannot be judged, and the report says of what it is.
func TestInterrupted(t *testing.T) {
	many := manyPackets(t, t.TempDir(), 2000)
	for _, c := range []struct{ line, stdout, stderr string }{
		{"", "", ""}, {"flows", "", ""}, {"flows --workers 2", "", ""}, {"-q", "", ""},
		{"report", "0 packets until it was interrupted, ", ""},
		{"report -o markdown", "0 packets until it was interrupted, ", ""},
		{"report -o json", `"interrupted": true`, ""},
		{"report -o jsonl", `"variant":"interrupted"`, ""},
		{"flows --fail-on dead-peer", "", "--fail-on dead-peer cannot be judged: "},
		{"check --fail-on dead-peer", "NOT JUDGED", ""},
	} {
		ctx, interrupt := context.WithCancel(context.Background())
		interrupt()
		var out bytes.Buffer
		stderr, status := invokeTo(ctx, &out, append(strings.Fields(c.line), many)...)
		if status != statusInput || !strings.Contains(stderr, "tcpwhy: "+many+": interrupted before packet 1\n") || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%s: status %d: %s", c.line, status, stderr)
		}
		if !strings.Contains(out.String(), c.stdout) {
			t.Errorf("%s: want %q in %s", c.line, c.stdout, out.String())
		}
	}
}

// TestInterruptedInTheMidst: what was printed until then is whole, and how much that is of is said.
func TestInterruptedInTheMidst(t *testing.T) {
	many := manyPackets(t, t.TempDir(), 4000)
	ctx, interrupt := context.WithCancel(context.Background())
	out := interrupting{interrupt: interrupt}
	stderr, status := invokeTo(ctx, &out, "-o", "jsonl", many)
	read := number(t, stderr, "packets read")
	if said := fmt.Sprintf("interrupted before packet %d\n", read+1); status != statusInput || read == 0 || !strings.Contains(stderr, said) {
		t.Errorf("status %d: %s", status, stderr)
	}
	d := json.NewDecoder(&out)
	for d.More() {
		var packet map[string]any
		if err := d.Decode(&packet); err != nil {
			t.Fatal(err)
		}
	}
}

// TestInterruptedBetween: files that come after the one that was interrupted are not passed over in silence.
func TestInterruptedBetween(t *testing.T) {
	many, other := manyPackets(t, t.TempDir(), 1), manyPackets(t, t.TempDir(), 1)
	ctx, interrupt := context.WithCancel(context.Background())
	out := interrupting{interrupt: interrupt}
	stderr, status := invokeTo(ctx, &out, "report", "--separate", many, other)
	if status != statusInput || !strings.Contains(stderr, "tcpwhy: "+other+": interrupted") || !strings.Contains(out.String(), "VERDICT") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

// TestInterruptedFilter: libpcap takes a second for a filter as long as this one, and does not hear of it. That is for Ethernet,
// where a host may be one of ARP too; for raw IP it takes no time to speak of.
func TestInterruptedFilter(t *testing.T) {
	if !build.Default.CgoEnabled {
		t.Skip("needs filters")
	}
	const file = "testdata/example/captures/balancer.pcap"
	hosts := make([]string, 250)
	for i := range hosts {
		hosts[i] = fmt.Sprintf("192.0.%d.%d", i/200, i%200)
	}
	ctx, interrupt := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, interrupt)
	stderr, status := invokeTo(ctx, io.Discard, "-f", "host "+strings.Join(hosts, " or "), file)
	if want := "tcpwhy: " + file + ": interrupted\n"; status != statusInput || stderr != want {
		t.Errorf("status %d: %s", status, stderr)
	}
}
