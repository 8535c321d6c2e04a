package analyzer

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"tcpwhy/flows"
)

// Server is what is known of one server, an address and port in one network: facts of all flows to it
// that have finished, but where a field says that it is of the packets as they pass.
type Server struct {
	Addr        netip.AddrPort
	Space       uint32 // as in flows.Flow
	Flows       uint64
	First, Last int64 // first packet and last of its flows, ns since 1970 UTC

	Opening  [flows.NumOpenings]uint64 // flows by flows.OpeningOutcome
	Closing  [flows.NumClosings]uint64 // flows by flows.ClosingOutcome
	Closer   [flows.NumClosers]uint64  // flows by whose FIN went first, a flows.Closer
	Resetter [flows.NumClosers]uint64  // flows by whose RST ended them, a flows.Closer
	Clients  Distinct                  // addresses
	Shed     Sheds                     // flows that were more than are held
	Insisted uint64                    // flows of which no SYN was answered, and that had more than one
	ShedOnce uint64                    // of those shed before they were open, those with one SYN at the most
	InVain   uint64                    // flows with one SYN that went on after they were shed, and came to nothing all the same: they have no finding

	Late      bool   // it came when others had been forgotten, and may itself have been: what is counted as it passes may lack a part
	Attempts  Rate   // first SYNs, by the second, as they pass
	HalfOpen  Gauge  // that it holds in SYN_RCVD, as last seen; as they pass
	CloseWait Gauge  // that it holds in CLOSE_WAIT; as they pass
	TimeWait  Window // that it took to TIME_WAIT; as they pass
	Retries   Steps  // SYNs sent again until one was answered, or the client gave up
	SYNACKs   Steps  // SYN-ACKs sent again after a valid ACK had passed
	// HalfOpens are its half-open flows, in which no ACK of its SYN-ACK was valid, or none was taken.
	HalfOpens struct {
		Silent   uint64  // in which the client sent one SYN and nothing more
		Sources  Present // addresses of these
		Repeated uint64  // of the silent, in which it sent its SYN-ACK again
		Young    uint64  // of the silent, those that were shed before they could be judged: in no Opening. See peers.shed
	}

	// How long things took; the percentiles that Timing gives.
	SYNToSYNACK Timing // of the SYN that was answered
	SYNACKToACK Timing
	Handshake   Timing // from the SYN that was answered to the ACK
	Connect     Timing // from the first SYN to the ACK, as the client waited
	Ready       Timing // from the first SYN until the server can first have left SYN_RCVD

	Slowest []Slow // handshakes that are no finding by themselves, the slowest first, at most three

	Groups []*Group // what was found of its flows: the gravest first, then the most frequent

	hops      hops
	pressure  episodes // when it took no valid ACKs
	unheard   episodes // when it took hardly any SYN
	admission admission
	flood     episodes // when it held many connections half open
}

// Steps counts flows by how often something was repeated: none, once, and so on; the last is of that
// many and more.
type Steps [8]Step

// Step is one of Steps.
type Step struct {
	Flows uint64
	// Wait is the shortest time from the first to the last of them: with one retry some 1s, with two 3s where
	// the wait doubles (RFC 6298 §5.5), or 2s where Linux repeats the first SYNs by the second
	// (tcp_syn_linear_timeouts).
	Wait time.Duration
}

func (s *Steps) add(repeats uint32, wait time.Duration) {
	n := &s[min(int(repeats), len(s)-1)]
	if n.Flows == 0 || wait < n.Wait {
		n.Wait = wait
	}
	n.Flows++
}

func (s *Steps) merge(o *Steps) {
	for i := range s {
		if t := &s[i]; o[i].Flows > 0 {
			if t.Flows == 0 || o[i].Wait < t.Wait {
				t.Wait = o[i].Wait
			}
			t.Flows += o[i].Flows
		}
	}
}

// Linear reports whether the second retry came as soon after the first as that after the SYN: retries by
// the second, as Linux sends the first few. It is false where no flow shows two retries.
func (s *Steps) Linear() bool {
	return s[2].Flows > 0 && s[2].Wait < 2500*time.Millisecond && s[2].Wait > 1500*time.Millisecond
}

// Again is how many flows had any.
func (s *Steps) Again() (n uint64) {
	for _, step := range s[1:] {
		n += step.Flows
	}
	return n
}

// Open is how many connections to it were opened.
func (s *Server) Open() uint64 { return s.Opening[flows.OpeningComplete] }

// Judged is how many openings can be said to have gone well or not: neither still going on when the
// capture ended nor begun before it.
func (s *Server) Judged() uint64 {
	return s.Flows - s.Opening[flows.OpeningNotCaptured] - s.Opening[flows.OpeningInProgress]
}

// Passed reports whether all that is counted of s as it passes (Attempts, HalfOpen) is of all its flows.
func (s *Server) Passed() bool {
	return !s.Late || s.Attempts.N+s.Opening[flows.OpeningNotCaptured] >= s.Flows
}

// Failed is how many of these did not go well.
func (s *Server) Failed() uint64 { return s.Judged() - s.Open() }

// finished counts f, and reports whether it was counted before s was forgotten.
func (s *Server) finished(f *flows.Flow, now *flows.Standing) (again bool) {
	if s.Flows == 0 || f.First < s.First {
		s.First = f.First
	}
	again = count(s, f, now)
	s.Last = max(s.Last, f.Last)
	client := hashAddr(f.Client().Addr.Addr())
	if again || !f.Capture.Resumed { // else it was added then
		s.Clients.add(client)
	}
	switch state := f.Server().State(); {
	case f.Capture.EndedOpen: // it still holds what it held
	case f.Shed == flows.ShedHalfOpen && state == flows.SynReceived: // that, too: see shed
	case state == flows.SynReceived:
		s.HalfOpen.leave()
	case state == flows.CloseWait:
		s.CloseWait.leave()
	}
	if before := &f.Capture.Before; f.Capture.Resumed && !again && before.Shed != flows.NotShed && silent(before) {
		s.HalfOpens.Sources.remove(client)
	}
	if silent(now) {
		s.HalfOpens.Sources.add(client)
	}
	if f.Capture.Resumed {
		if f.Shed == flows.NotShed && f.Capture.Before.Shed != flows.NotShed && inVain(now) {
			s.InVain++
		}
		return again // how long it took is not known
	}
	o := &f.Opening
	s.SYNToSYNACK.Add(o.SYNToSYNACK)
	s.SYNACKToACK.Add(o.SYNACKToACK)
	s.Handshake.Add(o.Handshake)
	s.Connect.Add(o.Connect)
	s.Ready.Add(o.ServerReady)
	if o.SYNs > 0 {
		s.Retries.add(o.SYNs-1, connectWait(f))
	}
	s.SYNACKs.add(ignoredACK(f))
	s.hops.add(f)
	return again
}

func (s *Server) stands(f *flows.Standing) { s.counters(f, make(counters, 0, 16)).add() }

func (s *Server) stood(f *flows.Standing) bool {
	return s.counters(f, make(counters, 0, 16)).takeBack()
}

// counters appends to all what a flow that stands so counts in.
func (s *Server) counters(f *flows.Standing, all counters) counters {
	all = append(all, &s.Flows, &s.Opening[f.Opening], &s.Closing[f.Closing], &s.Closer[f.First], &s.Resetter[f.ResetBy], &s.Shed[f.Shed])
	if f.SYNs <= 1 && (f.Shed == flows.ShedAttempt || f.Shed == flows.ShedHalfOpen) {
		all = append(all, &s.ShedOnce)
	}
	switch h := &s.HalfOpens; {
	case silent(f) && f.SYNACKs > 1:
		all = append(all, &h.Silent, &h.Repeated)
	case silent(f):
		all = append(all, &h.Silent)
	case f.Opening == flows.OpeningUnanswered && f.SYNs > 1:
		all = append(all, &s.Insisted)
	}
	return all
}

// silent reports whether the client sent one SYN and nothing more, which was answered.
func silent(f *flows.Standing) bool {
	return f.Opening == flows.OpeningHalfOpen && f.Alone && !f.ClientReset
}

// inVain reports whether a client sent one SYN, and nothing was opened.
func inVain(f *flows.Standing) bool {
	return f.SYNs == 1 && (f.Opening == flows.OpeningHalfOpen || f.Opening == flows.OpeningUnanswered)
}

// connectWait is how long the client waited from its first SYN to the last that is known of: the one that
// was answered, or the last of the flow.
func connectWait(f *flows.Flow) time.Duration {
	o := &f.Opening
	switch {
	case o.SYNs < 2:
		return 0
	case o.Connect.OK && o.Handshake.OK:
		return o.Connect.D - o.Handshake.D
	}
	return time.Duration(f.Client().Last - f.First)
}

// ignoredACK is how many SYN-ACKs the server repeated after a valid ACK had passed, and how long after
// that ACK the last of them came.
func ignoredACK(f *flows.Flow) (n uint32, wait time.Duration) {
	var ack int64
	for i := range f.Events {
		switch e := &f.Events[i]; {
		case e.Kind == flows.NoteACKIgnored && e.D.OK && n == 0:
			ack, n, wait = e.Time-int64(e.D.D), 1, e.D.D
		case e.Kind == flows.NoteSYNACKAgain && n > 0 && e.Time > ack+int64(wait):
			n, wait = n+1, time.Duration(e.Time-ack)
		}
	}
	return n, wait
}

func (s *Server) sortGroups() {
	slices.SortFunc(s.Groups, func(a, b *Group) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Flows, a.Flows),
			cmp.Compare(a.Rule.Name, b.Rule.Name), cmp.Compare(a.Variant, b.Variant),
			cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Cause, b.Cause))
	})
}
