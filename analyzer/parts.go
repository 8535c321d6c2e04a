package analyzer

import (
	"cmp"
	"net/netip"
	"slices"

	"tcpwhy/flows"
)

// explain fills in what is said of the flows that a finding is about: how many, of whom, which symptoms they show, and the
// first, whose packets stand for all.
func (p *CapturePass) explain(f *Finding, s *Server) {
	var clients Distinct
	for _, g := range p.Parts(s) {
		f.Flows += g.Flows
		clients.merge(&g.Clients)
		if f.Example.Flow == 0 || g.First < f.Example.Time {
			f.Example = g.example()
			f.File, f.Packet, f.Packets = g.Earliest.File, g.Earliest.Packet, g.Earliest.Packets
		}
		f.addPart(g.Rule, g.Flows, g.waits())
	}
	f.sortParts()
	f.Clients = min(clients.N(), f.Flows)
}

// explainHost fills in the same of a host's flows.
func (p *CapturePass) explainHost(f *Finding, h *Host) {
	f.Client, f.Space, f.Endpoint, f.Clients = netip.AddrPortFrom(h.Addr, 0), h.Space, flows.ByClient, 1
	f.Since, f.Until = h.First, h.Last
	f.Example, f.File, f.Packet, f.Packets = h.Example, h.Example.File, h.Example.Packet, h.Packets
	for _, t := range h.Found {
		if p.rule.explainsOfHost(t.Rule.Name, t.Endpoint) {
			f.addPart(t.Rule, t.Flows, &Steps{})
		}
	}
	f.sortParts()
}

func (f *Finding) sortParts() {
	slices.SortStableFunc(f.Parts, func(a, b Part) int {
		return cmp.Or(cmp.Compare(b.Flows, a.Flows), cmp.Compare(a.Rule.Name, b.Rule.Name))
	})
}

// addPart counts flows among the symptoms; those of one rule are one.
func (f *Finding) addPart(r *Rule, flows uint64, waits *Steps) {
	for i := range f.Parts {
		if f.Parts[i].Rule == r {
			f.Parts[i].Flows += flows
			f.Parts[i].Retries.merge(waits)
			return
		}
	}
	f.Parts = append(f.Parts, Part{Rule: r, Flows: flows, Words: symptom(r.Name), Retries: *waits})
}

// waits are the steps at which what a group's flows waited for was sent again.
func (g *Group) waits() *Steps {
	if g.SYNACKs.Again() > 0 {
		return &g.SYNACKs
	}
	return &g.Retries
}

// symptom is what a finding of a flow means for who was concerned.
func symptom(rule string) string {
	switch rule {
	case "syn-retransmitted":
		return "connect() waited: SYN not answered"
	case "syn-unanswered":
		return "connect() failed: SYN never answered"
	case "syn-ack-after-ack":
		return "connect() returned at once, request ignored"
	case "half-open":
		return "SYN-ACK never acknowledged, or its ACK never taken"
	case "refused":
		return "connect() failed: refused"
	case "unreachable":
		return "connect() failed: unreachable"
	case "reset":
		return "dropped as soon as it was open"
	case "close-wait":
		return "closed by the other end, never by this one"
	case "fin-wait-2":
		return "waits in FIN_WAIT_2 for the other end to close"
	case "time-wait-reuse":
		return "port taken again while still in TIME_WAIT"
	}
	return ""
}
