package analyzer

import (
	"cmp"
	"net/netip"
	"slices"

	"tcpwhy/flows"
)

// Group is one finding of one server: all flows to it that show it in the same way, as gravely, at the same end and
// for the same cause.
type Group struct {
	Rule     *Rule
	Variant  string
	Endpoint flows.Closer
	Cause    string // name of the finding of the whole capture that they are part of, or ""

	Severity   Severity
	Confidence Confidence // the surest of them
	Flows      uint64
	Clients    Distinct // addresses
	First      int64    // first packet of the first of them, and last of the last, ns since 1970 UTC
	Last       int64
	Lasted     Timing // of those that say how long
	Retries    Steps  // SYNs that they sent again, as Server.Retries
	SYNACKs    Steps  // SYN-ACKs sent again to them after a valid ACK, as Server.SYNACKs

	Earliest Finding   // of the flow that began first
	Worst    []Finding // those that lasted longest, at most three; none where they do not say how long

	part    *Rule // what would be the cause, if that is found at the end of the capture
	clients [4]share
}

// share is how many flows of a group are one client's.
type share struct {
	addr  netip.Addr
	flows uint64
}

// worstKept is how many examples a group keeps beside the earliest.
const worstKept = 3

func (g *Group) add(n *Finding, f *flows.Flow) {
	client := f.Client().Addr.Addr()
	if g.Flows == 0 || f.First < g.First || f.First == g.First && n.Flow < g.Earliest.Flow {
		g.Earliest, g.First = n.kept(), f.First
	}
	g.Flows++
	g.Severity, g.Confidence = n.Severity, max(g.Confidence, n.Confidence)
	g.Clients.add(hashAddr(client))
	g.Last = max(g.Last, f.Last)
	if n.Lasted > 0 {
		g.Lasted.Add(flows.Elapsed{D: n.Lasted, OK: true})
		g.keepWorst(n)
	}
	if o := &f.Opening; o.SYNs > 0 {
		g.Retries.add(o.SYNs-1, connectWait(f))
	}
	g.SYNACKs.add(ignoredACK(f))
	g.share(client, 1)
}

// kept is a finding that outlives its flow.
func (n *Finding) kept() Finding {
	n.say()
	k := *n
	k.Packets = slices.Clone(n.Packets)
	return k
}

func (g *Group) keepWorst(n *Finding) {
	if len(g.Worst) == worstKept {
		if n.Lasted <= g.Worst[worstKept-1].Lasted {
			return
		}
		g.Worst = g.Worst[:worstKept-1]
	}
	g.Worst = append(g.Worst, n.kept())
	g.sortWorst()
}

func (g *Group) sortWorst() {
	slices.SortStableFunc(g.Worst, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Lasted, a.Lasted), cmp.Compare(a.Flow, b.Flow))
	})
}

// Together is what several servers show alike, of which there is one at least. Their groups stay as they are.
func Together(groups []*Group) *Group {
	g := groups[0]
	all := &Group{Rule: g.Rule, Variant: g.Variant, Endpoint: g.Endpoint, Cause: g.Cause, Severity: g.Severity,
		First: g.First, Earliest: g.Earliest}
	for _, g := range groups {
		all.merge(g)
	}
	return all
}

// merge takes in what was kept apart: by another server, or in case it had a cause of its own.
func (g *Group) merge(o *Group) {
	g.Confidence = max(g.Confidence, o.Confidence)
	g.Flows += o.Flows
	g.Clients.merge(&o.Clients)
	if o.First < g.First || o.First == g.First && o.Earliest.Flow < g.Earliest.Flow {
		g.Earliest, g.First = o.Earliest, o.First
	}
	g.Last = max(g.Last, o.Last)
	g.Lasted.merge(&o.Lasted)
	g.Retries.merge(&o.Retries)
	g.SYNACKs.merge(&o.SYNACKs)
	g.Worst = append(g.Worst, o.Worst...)
	g.sortWorst()
	g.Worst = g.Worst[:min(len(g.Worst), worstKept)]
	for _, s := range o.clients {
		if s.flows > 0 {
			g.share(s.addr, s.flows)
		}
	}
}

// example is the first flow of g.
func (g *Group) example() Example {
	n := &g.Earliest
	return Example{Flow: n.Flow, File: n.File, Packet: n.Packet, Time: g.First, Client: n.Client}
}

// share counts n flows for a client, as long as there are few clients.
func (g *Group) share(client netip.Addr, n uint64) {
	for i := range g.clients {
		if s := &g.clients[i]; s.flows == 0 || s.addr == client {
			s.addr = client
			s.flows += n
			return
		}
	}
}

// same reports whether a finding of the same kind and cause belongs in g.
func (g *Group) same(n *Finding, part *Rule) bool {
	return g.Rule == n.Rule && g.part == part && g.Severity == n.Severity && g.Endpoint == n.Endpoint &&
		g.Variant == n.Variant && g.Cause == n.Cause
}
