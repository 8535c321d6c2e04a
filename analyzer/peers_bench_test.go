package analyzer

import (
	"net/netip"
	"testing"
	"time"

	"tcpwhy/flows"
)

// BenchmarkPeers is what a healthy flow costs: five changes as they pass, and to be counted, with 2,000 servers and
// clients that hardly ever come back.
func BenchmarkPeers(b *testing.B) {
	var j Judge
	took := func(d time.Duration) flows.Elapsed { return flows.Elapsed{D: d, OK: true} }
	f := flows.Flow{Opening: flows.Handshake{Outcome: flows.OpeningComplete, SYNs: 1, SYNACKs: 1}, Closing: flows.Teardown{Outcome: flows.ClosingOrderly}}
	for side := range f.Ends {
		f.Ends[side] = flows.Endpoint{Packets: 5, TTL: 64, NumStates: 1, StateList: [flows.MaxStates]flows.State{flows.Closed}}
	}
	seg := flows.Segment{DstPort: 443}
	change := func(side flows.Side, from, to flows.State) *flows.Step {
		return &flows.Step{Side: flows.Client, Changes: []flows.Transition{{Side: side, From: from, To: to}}}
	}
	steps := []*flows.Step{
		change(flows.Client, flows.Closed, flows.SynSent), change(flows.Server, flows.Listen, flows.SynReceived),
		change(flows.Server, flows.SynReceived, flows.Established), change(flows.Server, flows.Established, flows.CloseWait),
		change(flows.Server, flows.CloseWait, flows.LastAck), change(flows.Server, flows.LastAck, flows.Closed), {},
	}
	b.ReportAllocs()
	for i := range uint32(b.N) {
		server, client := addr4(i*2654435761>>21), addr4(1<<20+i*40503)
		f.Ends[flows.Server].Addr, f.Ends[flows.Client].Addr = netip.AddrPortFrom(server, 443), netip.AddrPortFrom(client, 40000)
		d := time.Duration(200+i%1000) * time.Microsecond
		f.Opening.SYNToSYNACK, f.Opening.SYNACKToACK = took(d/3), took(d-d/3)
		f.Opening.Handshake, f.Opening.Connect, f.Opening.ServerReady = took(d), took(d), took(d)
		f.First = int64(i) * 10_000
		f.Last, seg.Time = f.First, f.First
		seg.Dst = flows.AddrFrom(server)
		for _, step := range steps {
			j.peers.step(&seg, step)
		}
		j.peers.finished(&f)
	}
}
