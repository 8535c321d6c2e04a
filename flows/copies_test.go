package flows_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

var duplicates = regexp.MustCompile(` duplicates=[0-9]+`)

// TestSeenOnSeveralInterfaces: a capture of all interfaces has each packet as often as it passes one. The
// checksum is filled in on the way, if at all. Every golden is to read as if it had been captured once, also where two packets
// alike are two.
func TestSeenOnSeveralInterfaces(t *testing.T) {
	for _, file := range goldens(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		if strings.HasPrefix(name, "mirror-port") {
			continue // has copies of its own
		}
		t.Run(name, func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			once := parse(t, string(section(a, "packets").Data), script.Options{}).Segments()
			var often []flows.Segment
			for _, s := range once {
				for i := range int32(3) {
					s.Interface = i
					s.Time += int64(i) * 2_000
					s.Checksum += uint16(i)
					often = append(often, s)
				}
			}
			steps, rows := track(once)
			gotSteps, gotRows := track(often)
			if gotSteps != steps {
				t.Errorf("got\n%s\nwant, as captured on one interface,\n%s", gotSteps, steps)
			}
			if got, want := originals(often), originals(once); got != want {
				t.Errorf("packets that are no copies, by flow and end: got %s, want %s", got, want)
			}
			if got, want := duplicates.ReplaceAllString(gotRows, ""), duplicates.ReplaceAllString(rows, ""); got != want {
				t.Errorf("got\n%s\nwant, as captured on one interface,\n%s", got, want)
			}
		})
	}
}

// TestCopiesAmongOthers: a busy mirror. Whatever passes between a packet and its copy, hardly one goes unrecognised.
func TestCopiesAmongOthers(t *testing.T) {
	const packets, between = 50_000, 400
	tr := flows.NewTracker(flows.Config{})
	observe := func(n int, at int64) {
		tr.Observe(&flows.Segment{
			Time: at, Src: flows.Addr4([4]byte{192, 0, 2, 1}), Dst: flows.Addr4([4]byte{198, 51, 100, 1}),
			SrcPort: uint16(40000 + n%1000), DstPort: 443, HeaderOK: true, Flags: flows.ACK, IPID: uint16(n%9 + 1),
			Seq: flows.Seq(n), Len: 1, Ack: 1, TTL: 64,
		})
	}
	for n := range packets + between {
		if n < packets {
			observe(n, int64(n)*2500)
		}
		if n >= between {
			observe(n-between, int64(n)*2500)
		}
	}
	tr.End()
	copied := 0
	for f := (flows.Flow{}); tr.Finished(&f); {
		copied += int(f.Capture.Duplicates)
	}
	if missed := packets - copied; missed < 0 || missed > packets/10_000 {
		t.Errorf("%d of %d copies were taken for packets", missed, packets)
	}
}

// originals counts the packets of each end of each flow, copies left out.
func originals(segs []flows.Segment) string {
	tr := flows.NewTracker(flows.Config{})
	var f flows.Flow
	var counts string
	drain := func() {
		for tr.Finished(&f) {
			counts += fmt.Sprintf("#%d %d %d ", f.Number, f.Ends[0].Packets, f.Ends[1].Packets)
		}
	}
	for i := range segs {
		tr.Observe(&segs[i])
		drain()
	}
	tr.End()
	drain()
	return counts
}
