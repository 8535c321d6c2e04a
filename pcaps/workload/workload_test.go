package workload_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps"
	"tcpwhy/pcaps/workload"
)

var workloads = map[string]workload.Workload{
	"mixed": workload.Mixed(3000), "full": workload.Full(200), "elephants": workload.Elephants(20_000),
	"flood": workload.Flood(20_000, 100), "live": {Live: 500, Rounds: 3}, "live6": {Live: 500, Rounds: 3, IPv6: true},
}

func capture(t *testing.T, w workload.Workload) (file []byte, plans []workload.Plan) {
	t.Helper()
	var b bytes.Buffer
	to := pcaps.NewPcap(&b)
	if err := w.Write(to, func(p *workload.Plan) { plans = append(plans, *p) }); err != nil {
		t.Fatal(err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), plans
}

// Every packet is a TCP segment with the right checksums, no time steps back, and the plans hold all packets.
func TestWellFormed(t *testing.T) {
	for name, w := range workloads {
		t.Run(name, func(t *testing.T) {
			w.Snap = 0
			b, plans := capture(t, w)
			file := filepath.Join(t.TempDir(), "w.pcap")
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := pcaps.Open([]string{file}, pcaps.Config{CheckSums: true})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var seg flows.Segment
			last, payload := int64(0), uint64(0)
			for {
				verdict, err := s.Next(&seg)
				if err == io.EOF {
					break
				} else if err != nil || verdict != pcaps.TCP {
					t.Fatalf("packet %d: %v, %v", seg.Packet, verdict, err)
				}
				if seg.Time < last {
					t.Fatalf("packet %d: its time is before that of the one before", seg.Packet)
				}
				last = seg.Time
				payload += uint64(seg.Len)
			}
			var packets, bytes uint64
			for _, p := range plans {
				packets += p.Packets.Client + p.Packets.Server
				bytes += p.PayloadBytes.Client + p.PayloadBytes.Server
			}
			if w.Live > 0 { // without plans
				packets, bytes = uint64(w.Live*(3+w.Rounds)), uint64(w.Live*w.Rounds*100)
			}
			if got := s.Stats().TCP; got != packets || payload != bytes {
				t.Errorf("got %d packets with %d bytes, want those of the plans: %d with %d", got, payload, packets, bytes)
			}
		})
	}
}

// Measurements of different days are of the same bytes, and the seed makes others.
func TestSeed(t *testing.T) {
	for name, w := range workloads {
		first, _ := capture(t, w)
		again, _ := capture(t, w)
		w.Seed++
		other, _ := capture(t, w)
		if !bytes.Equal(first, again) || bytes.Equal(first, other) {
			t.Errorf("%s: the same bytes with the same seed: %v; with another: %v", name, bytes.Equal(first, again), bytes.Equal(first, other))
		}
	}
}

// A full disk ends the writing, with its error.
func TestWriteError(t *testing.T) {
	want := fmt.Errorf("disk full")
	r, w := io.Pipe()
	r.CloseWithError(want)
	if err := workload.Mixed(3000).Write(pcaps.NewPcap(w), func(*workload.Plan) {}); err != want {
		t.Errorf("got %v, want %v", err, want)
	}
}

// Every kind of connection that there is comes up.
func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range workloads {
		_, plans := capture(t, w)
		for _, p := range plans {
			seen[p.Kind] = true
		}
	}
	want := []string{"bulk", "forged", "forged-answered", "half-closed", "half-open", "missing-final-ack", "never-closed",
		"orderly", "refused", "reset", "rst-after-close", "rst-after-fin", "simultaneous-close", "tuple-reused", "unanswered"}
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
