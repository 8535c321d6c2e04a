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
	Young     uint64                                  // of these, those that had not been there for long enough to be judged: in progress
	MidClose  uint64                                  // flows that were shed while they were closing, and did not go on
	Rests     uint64                                  // flows of which only the rest has a row
	Outdated  uint64                                  // flows whose row had to be written early, as orderly closed, and that what came later shows to be closed otherwise
	Repeated  struct{ SYN, SYNACK, Data, FIN uint64 } // segments sent again

	HalfOpen Gauge   // connections in SYN_RCVD, as last seen
	Attempts Rate    // first SYNs
	Found    []Tally // flows with each finding, those of forgotten servers too; in the order of Rules
}

// Forgotten is what was left out of Servers and Hosts, the quietest first, for there were too many. Its flows are in
// Totals. Who comes back is counted anew.
type Forgotten struct {
	Servers     Distinct // that had flows; some may be back
	ServerFlows uint64
	HostFlows   uint64
}

func (t *Totals) finished(f *flows.Flow, now *flows.Standing) {
	count(t, f, now)
	for i := range f.Ends {
		e := &f.Ends[i]
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
	if c.MissingSegments > 0 && !c.OneWay {
		t.Missing += uint64(c.MissingSegments)
	}
	if c.EndedOpen {
		t.EndedOpen++
	}
	if !c.EndedOpen && f.Server().State() == flows.SynReceived && f.Shed != flows.ShedHalfOpen {
		t.HalfOpen.leave()
	}
	switch {
	case !c.Resumed:
	case c.Before.Row == flows.ClosingOrderly:
		switch was := c.Before.Closing == flows.ClosingOrderly; {
		case was && now.Closing != flows.ClosingOrderly:
			t.Outdated++
		case !was && now.Closing == flows.ClosingOrderly:
			t.Outdated -= min(t.Outdated, 1) // of those chosen
		}
	case c.Before.Shed != flows.NotShed && f.Shed == flows.NotShed:
		t.Rests++
	}
}

func (t *Totals) stands(s *flows.Standing) { t.counters(s, make(counters, 0, 16)).add() }

func (t *Totals) stood(s *flows.Standing) bool {
	return t.counters(s, make(counters, 0, 16)).takeBack()
}

// counters appends to all what a flow that stands so counts in.
func (t *Totals) counters(s *flows.Standing, all counters) counters {
	all = append(all, &t.Flows, &t.Opening[s.Opening], &t.Closing[s.Closing], &t.Shed[s.Shed],
		&t.States[s.States[flows.Client]], &t.States[s.States[flows.Server]])
	if s.Shed != flows.NotShed && s.Opening == flows.OpeningInProgress {
		all = append(all, &t.Young)
	}
	if s.Shed != flows.NotShed && midClose(s) {
		all = append(all, &t.MidClose)
	}
	switch {
	case s.OneWay && s.Spoke[flows.Client]:
		all = append(all, &t.OneWay, &t.OneWayBy[flows.Client])
	case s.OneWay:
		all = append(all, &t.OneWay, &t.OneWayBy[flows.Server])
	case s.Spoke[flows.Client] && s.Spoke[flows.Server]:
		all = append(all, &t.TwoWay)
	}
	if s.Duplicated {
		all = append(all, &t.CopiesIn)
	}
	if s.Missing && !s.OneWay {
		all = append(all, &t.MissingIn)
	}
	if s.Truncated {
		all = append(all, &t.Truncated)
	}
	if s.Midstream {
		all = append(all, &t.Midstream)
	}
	return all
}

// midClose reports whether an end has begun to close, and not come to an end.
func midClose(s *flows.Standing) bool {
	for _, state := range s.States {
		if flows.FinWait1 <= state && state <= flows.LastAck {
			return true
		}
	}
	return false
}
