package analyzer

import (
	"net/netip"
	"testing"

	"tcpwhy/flows"
)

// Whether a host scans is asked anew as it goes on, and not for each of its flows.
func TestScanSoFar(t *testing.T) {
	var h Host
	f := flows.Flow{Opening: flows.Handshake{Outcome: flows.OpeningRefused}}
	f.Ends[flows.Client].Addr = netip.MustParseAddrPort("192.0.2.1:40000")
	asked, due := 0, uint64(0)
	flow := func(port int) scanKind {
		f.Ends[flows.Server].Addr = netip.AddrPortFrom(netip.MustParseAddr("198.51.100.1"), uint16(port))
		now := f.Standing()
		h.finished(&f, &now)
		kind := h.scanSoFar()
		if h.Probes != nil && h.Probes.scanDue != due {
			asked, due = asked+1, h.Probes.scanDue
		}
		return kind
	}
	for i := range 5000 {
		if got, want := flow(1+i), h.scan(); got != want && i > 100 {
			t.Fatalf("after %d probes: %v, want %v", i+1, got, want)
		}
	}
	f.Opening.Outcome = flows.OpeningComplete
	f.Ends[flows.Client].PayloadBytes = 100
	for range 20_000 {
		flow(443)
	}
	if got := flow(443); got != scanNone || h.scan() != scanNone {
		t.Errorf("who mostly does something else scans: %v, %v", got, h.scan())
	}
	if asked > 700 {
		t.Errorf("asked %d times in 25,000 flows", asked)
	}
}
