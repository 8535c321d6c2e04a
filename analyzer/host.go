package analyzer

import (
	"net/netip"
	"slices"

	"tcpwhy/flows"
)

// Host is what is known of one address as a client: facts of all flows from it that have finished.
type Host struct {
	Addr        netip.Addr
	Space       uint32 // as in flows.Flow
	Flows       uint64
	First, Last int64 // first packet and last of its flows, ns since 1970 UTC

	Opening   [flows.NumOpenings]uint32 // flows by flows.OpeningOutcome
	Ports     Distinct                  // that it sent from
	TimeWait  Window                    // flows that left it in TIME_WAIT
	CloseWait uint64                    // flows that left it in CLOSE_WAIT

	Found []Tally // what was found of its flows, by name

	Probes    *Probes // what its flows that came to nothing went to; nil: fewer than two did
	firstPort uint16
	here      uint64 // flows in which no router is between it and the point of capture, but to the server
	alone     probe  // the first of these, until there are two

	Example Example  // the first of its flows in which something was found, or the first
	Packets []uint64 // of that finding
}

// Probes are the flows of a Host that opened nothing, or that it gave up as soon as they were open.
type Probes struct {
	Flows                   uint64
	Targets                 Distinct // addresses with ports
	Addresses               Distinct
	Ports                   Distinct
	First, Last             int64 // first packets of the first and the last of them, ns since 1970 UTC
	Refused                 uint64
	Silent                  uint64 // unanswered, or unreachable
	Answered                uint64 // by SYN-ACK, which it answered by a RST without having acknowledged it
	Opened                  uint64 // and closed without a byte from it
	Retried                 uint64 // with more than one SYN
	LowestPort, HighestPort uint16
	Open                    []netip.AddrPort // of those that answered, the first few
	scan                    scanKind         // as it was last asked for
	scanDue                 uint64           // from so many flows of the host on it is asked for anew
}

// openKept is how many open ports are named.
const openKept = 8

// Tally is how many flows have a finding.
type Tally struct {
	Rule     *Rule
	Variant  string
	Endpoint flows.Closer // whose doing it is
	Flows    uint64
}

// Example is a flow to look at.
type Example struct {
	Flow   uint64
	File   int32
	Packet uint64 // that shows it, 0: the whole flow
	Time   int64  // ns since 1970 UTC
	Client netip.AddrPort
}

// Count is how many flows have a finding.
func (h *Host) Count(rule string) (n uint64) {
	for _, t := range h.Found {
		if t.Rule.Name == rule {
			n += t.Flows
		}
	}
	return n
}

func (h *Host) found(f *flows.Flow, n *Finding) {
	if len(h.Found) == 0 {
		h.Example = exampleOf(f)
		h.Example.Packet, h.Packets = n.Packet, slices.Clone(n.Packets)
	}
	for i := range h.Found {
		if t := &h.Found[i]; t.Rule == n.Rule && t.Variant == n.Variant && t.Endpoint == n.Endpoint {
			t.Flows++
			return
		}
	}
	h.Found = append(h.Found, Tally{Rule: n.Rule, Variant: n.Variant, Endpoint: n.Endpoint, Flows: 1})
}

// finished counts f, and reports whether it was counted before h was forgotten.
func (h *Host) finished(f *flows.Flow, now *flows.Standing) (again bool) {
	if h.Flows == 0 {
		h.Example = exampleOf(f)
	}
	if h.Flows == 0 || f.First < h.First {
		h.First = f.First
	}
	again = count(h, f, now)
	h.Last = max(h.Last, f.Last)
	if f.Capture.Resumed {
		return again
	}
	if ttl := f.Server().TTL; ttl > 0 && !initialTTL(ttl) && initialTTL(f.Client().TTL) {
		h.here++
	}
	h.sourcePort(f.Client().Addr.Port())
	if c := f.Client(); c.State() == flows.TimeWait {
		h.TimeWait.add(c.Last)
	}
	h.probe(f)
	return again
}

func (h *Host) stands(f *flows.Standing) {
	h.Flows++
	h.Opening[f.Opening]++
	if f.States[flows.Client] == flows.CloseWait {
		h.CloseWait++
	}
}

func (h *Host) stood(f *flows.Standing) bool {
	waits := f.States[flows.Client] == flows.CloseWait
	if h.Flows == 0 || h.Opening[f.Opening] == 0 || waits && h.CloseWait == 0 {
		return false
	}
	h.Flows--
	h.Opening[f.Opening]--
	if waits {
		h.CloseWait--
	}
	return true
}

// sourcePort counts ports from the second flow on, with the first's: the sources of a flood have one flow each.
func (h *Host) sourcePort(port uint16) {
	switch {
	case h.Flows == 1:
		h.firstPort = port
		return
	case h.Flows == 2:
		h.Ports.add(fold(0, uint64(h.firstPort)))
	}
	h.Ports.add(fold(0, uint64(port)))
}

func exampleOf(f *flows.Flow) Example {
	return Example{Flow: f.Number, File: f.File, Time: f.First, Client: f.Client().Addr}
}

// probe counts a flow that came to nothing. What these went to is worth memory from the second on: the
// sources of a flood have one each.
func (h *Host) probe(f *flows.Flow) {
	p := probeOf(f)
	switch {
	case p.kind == noProbe:
	case h.Probes != nil:
		h.Probes.add(p)
	case h.alone.kind == noProbe:
		h.alone = p
	default:
		h.Probes = &Probes{First: h.alone.at, LowestPort: h.alone.server.Port()}
		h.Probes.add(h.alone)
		h.Probes.add(p)
	}
}

// probe is what is kept of one flow that came to nothing.
type probe struct {
	server  netip.AddrPort
	at      int64
	kind    probeKind
	retried bool
}

type probeKind uint8

const (
	noProbe probeKind = iota
	probeRefused
	probeSilent
	probeAnswered
	probeOpened
)

func probeOf(f *flows.Flow) probe {
	p := probe{server: f.Server().Addr, at: f.First, retried: f.Opening.SYNs > 1}
	c := f.Client()
	switch f.Opening.Outcome {
	case flows.OpeningRefused:
		p.kind = probeRefused
	case flows.OpeningUnanswered, flows.OpeningUnreachable:
		p.kind = probeSilent
	case flows.OpeningHalfOpen:
		if c.Counts.RST > 0 {
			p.kind = probeAnswered
		}
	case flows.OpeningComplete:
		if c.PayloadBytes == 0 && (f.Closing.ResetBy == flows.ByClient || f.Closing.First == flows.ByClient) {
			p.kind = probeOpened
		}
	}
	return p
}

func (p *Probes) add(one probe) {
	port := one.server.Port()
	p.Flows++
	p.Targets.add(hashAddrPort(one.server))
	p.Addresses.add(hashAddr(one.server.Addr()))
	p.Ports.add(fold(0, uint64(port)))
	p.First, p.Last = min(p.First, one.at), max(p.Last, one.at)
	p.LowestPort, p.HighestPort = min(p.LowestPort, port), max(p.HighestPort, port)
	switch one.kind {
	case probeRefused:
		p.Refused++
	case probeSilent:
		p.Silent++
	case probeAnswered:
		p.Answered++
	case probeOpened:
		p.Opened++
	}
	if (one.kind == probeAnswered || one.kind == probeOpened) && len(p.Open) < openKept && !slices.Contains(p.Open, one.server) {
		p.Open = append(p.Open, one.server)
	}
	if one.retried {
		p.Retried++
	}
}
