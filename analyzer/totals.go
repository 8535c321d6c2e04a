package analyzer

import "tcpwhy/flows"

// Totals are facts of all flows, exact whatever was forgotten of servers and hosts.
type Totals struct {
	Flows       uint64
	First, Last int64                     // of the packets, ns since 1970 UTC
	Opening     [flows.NumOpenings]uint64 // flows by flows.OpeningOutcome
	Closing     [flows.NumClosings]uint64 // flows by flows.ClosingOutcome
	// States are the ends by the state that they were last seen in, by flows.State: flows.Unknown are those
	// that showed nothing.
	States [flows.NumStates]uint64

	Segments  uint64                                  // TCP segments, copies included
	Copies    uint64                                  // that the capture holds twice
	Payload   uint64                                  // bytes
	Missing   uint64                                  // times that something was acknowledged that the capture lacks
	MissingIn uint64                                  // flows
	CopiesIn  uint64                                  // flows with copies
	OneWay    uint64                                  // flows of which one direction was captured
	OneWayBy  [2]uint64                               // of these, by the flows.Side that was captured
	TwoWay    uint64                                  // flows of which both were
	Truncated uint64                                  // flows with a header cut short
	Midstream uint64                                  // flows that began before the capture
	EndedOpen uint64                                  // flows that the capture ended before
	Shed      Sheds                                   // flows that were more than are held
	Evicted   uint64                                  // flows whose beginning was one of these
	Repeated  struct{ SYN, SYNACK, Data, FIN uint64 } // segments sent again

	HalfOpen Gauge   // connections in SYN_RCVD, as last seen
	Attempts Rate    // first SYNs
	Found    []Tally // flows with each finding, those of forgotten servers too; in the order of Rules
}

// Forgotten is what was left out of Servers and Hosts, the quietest first, for there were too many. Its flows are in
// Totals. Who comes back is counted anew.
type Forgotten struct {
	Servers, ServerFlows uint64
	Hosts, HostFlows     uint64
}

func (t *Totals) finished(f *flows.Flow) {
	if countOpening(f, &t.Flows, &t.Opening) {
		t.Closing[f.Closing.Outcome]++
	}
	for i := range f.Ends {
		e := &f.Ends[i]
		t.States[e.State()]++
		t.Segments += e.Packets
		t.Payload += e.PayloadBytes
		r := &e.Retransmissions
		t.Repeated.SYN += uint64(r.SYN)
		t.Repeated.SYNACK += uint64(r.SYNACK)
		t.Repeated.Data += uint64(r.Data)
		t.Repeated.FIN += uint64(r.FIN)
	}
	c := &f.Capture
	t.Segments += uint64(c.Duplicates)
	t.Copies += uint64(c.Duplicates)
	if c.Duplicates > 0 {
		t.CopiesIn++
	}
	if c.MissingSegments > 0 && !c.OneWay {
		t.Missing += uint64(c.MissingSegments)
		t.MissingIn++
	}
	switch {
	case c.OneWay:
		t.OneWay++
		if f.Client().Packets > 0 {
			t.OneWayBy[flows.Client]++
		} else {
			t.OneWayBy[flows.Server]++
		}
	case f.Client().Packets > 0 && f.Server().Packets > 0:
		t.TwoWay++
	}
	if c.Truncated {
		t.Truncated++
	}
	if c.Midstream {
		t.Midstream++
	}
	if c.Evicted {
		t.Evicted++
	}
	if c.EndedOpen {
		t.EndedOpen++
	}
	if !c.EndedOpen && f.Shed == flows.NotShed && f.Server().State() == flows.SynReceived {
		t.HalfOpen.leave()
	}
}
