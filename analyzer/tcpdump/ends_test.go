package tcpdump_test

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
	"testing"

	"tcpwhy/analyzer/tcpdump"
)

// Ends that are all 0 are printed as any others, by a printer that has printed none before.
func TestEndsOfZeros(t *testing.T) {
	ip := over4(6, header(ack, "", 0))
	clear(ip[12:24])
	seg := segmentOf(ip, 0)
	p := tcpdump.Printer{Time: tcpdump.TimeNone, Absolute: true}
	if got := string(p.Append(nil, &seg)); !strings.HasPrefix(got, "IP 0.0.0.0.0 > 0.0.0.0.0: Flags [.], ") {
		t.Errorf("got %s", got)
	}
}

// The ends of a line are its packet's own, whichever the printer has written before.
func TestEndsAfterOthers(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	p := tcpdump.Printer{Time: tcpdump.TimeNone, Absolute: true}
	ip := over4(6, header(ack, "", 0))
	for i := range 10_000 {
		switch i % 3 {
		case 0:
			binary.BigEndian.PutUint32(ip[12:], random.Uint32())
		case 1:
			binary.BigEndian.PutUint32(ip[16:], random.Uint32())
		case 2:
			binary.BigEndian.PutUint32(ip[20:], random.Uint32())
		}
		seg := segmentOf(ip, 0)
		alone := tcpdump.Printer{Time: tcpdump.TimeNone, Absolute: true}
		if got, want := string(p.Append(nil, &seg)), string(alone.Append(nil, &seg)); got != want {
			t.Fatalf("packet %d: got %s\nwant %s", i, got, want)
		}
	}
}
