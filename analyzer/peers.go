package analyzer

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"tcpwhy/flows"
)

// peers is the one bounded table of servers and hosts. Where there are more than it holds, the quietest half
// is forgotten: those with the fewest flows, of these the longest silent. All of it is O(1) for a flow.
type peers struct {
	maxServers, maxHosts int // 0: defaultServers, defaultHosts

	byServer  map[serverKey]*Server
	byHost    map[hostKey]*Host
	free      []*Host // forgotten, to be used again: a flood has a new one with each packet
	recent    [1 << recentBits]recent
	totals    Totals
	forgotten Forgotten
	leaving   leaving
	strange   strange
	clock     clock
	causes    map[subject]bool
}

// What is kept at the most: some 60 MB where every server is busy, 20 MB of hosts.
const (
	defaultServers = 20_000
	defaultHosts   = 50_000
)

// recentBits: 1024 recent look-ups, 32 kB.
const recentBits = 10

// serverKey has no padding, which would make Go hash it field by field.
type serverKey struct {
	addr  flows.Addr
	port  uint32
	space uint32
}

type hostKey struct {
	addr  flows.Addr
	space uint32
}

// recent is a look-up of a server that is likely to be made again: packets of one come in runs.
type recent struct {
	key    serverKey
	server *Server
}

func (p *peers) server(k serverKey) *Server {
	slot := &p.recent[(binary.LittleEndian.Uint32(k.addr[12:])^k.port<<8)*0x9e3779b1>>(32-recentBits)]
	if slot.server != nil && slot.key == k {
		return slot.server
	}
	s := p.byServer[k]
	if s == nil {
		if len(p.byServer) >= cmp.Or(p.maxServers, defaultServers) {
			p.forgetServers()
		}
		if p.byServer == nil {
			p.byServer = map[serverKey]*Server{}
		}
		s = &Server{Addr: netip.AddrPortFrom(k.addr.Netip(), uint16(k.port)), Space: k.space}
		p.byServer[k] = s
	}
	*slot = recent{k, s}
	return s
}

func (p *peers) host(k hostKey) *Host {
	h := p.byHost[k]
	if h == nil {
		if len(p.byHost) >= cmp.Or(p.maxHosts, defaultHosts) {
			p.forgetHosts()
		}
		if p.byHost == nil {
			p.byHost = map[hostKey]*Host{}
		}
		if n := len(p.free); n > 0 {
			h, p.free = p.free[n-1], p.free[:n-1]
			*h = Host{}
		} else {
			h = new(Host)
		}
		h.Addr, h.Space = k.addr.Netip(), k.space
		p.byHost[k] = h
	}
	return h
}

func (p *peers) forgetServers() {
	all := make([]rank[serverKey], 0, len(p.byServer))
	for k, s := range p.byServer {
		all = append(all, rank[serverKey]{busy(s.Flows+s.HalfOpen.Now, max(s.Last, s.Attempts.PeakAt)), k})
	}
	for _, r := range quietest(all) {
		p.forgotten.Servers++
		p.forgotten.ServerFlows += p.byServer[r.key].Flows
		delete(p.byServer, r.key)
	}
	p.recent = [len(p.recent)]recent{}
}

func (p *peers) forgetHosts() {
	all := make([]rank[hostKey], 0, len(p.byHost))
	for k, h := range p.byHost {
		all = append(all, rank[hostKey]{busy(h.Flows, h.Last), k})
	}
	for _, r := range quietest(all) {
		h := p.byHost[r.key]
		p.forgotten.Hosts++
		p.forgotten.HostFlows += h.Flows
		p.free = append(p.free, h)
		delete(p.byHost, r.key)
	}
}

// rank is how busy a server or a host is.
type rank[K any] struct {
	busy uint64
	key  K
}

// quietest is the quieter half, and whoever is as quiet as they are.
func quietest[K any](all []rank[K]) []rank[K] {
	busy := make([]uint64, len(all))
	for i := range all {
		busy[i] = all[i].busy
	}
	slices.Sort(busy)
	limit := busy[(len(busy)-1)/2]
	return slices.DeleteFunc(all, func(r rank[K]) bool { return r.busy > limit })
}

// busy is an order of who is worth keeping: by flows, then by when the last one ended, in units of 65 us. One number
// for both, as sorting a million spoofed sources by two fields, again and again, took a fifth of all time.
func busy(flows uint64, last int64) uint64 {
	const bits = 48
	return min(flows, 1<<(64-bits)-1)<<bits | uint64(last)>>(64-bits)
}

// servers are those known, most flows first; what it holds open now counts as well, before it is finished.
func (p *peers) servers() []*Server {
	all := make([]*Server, 0, len(p.byServer))
	for _, s := range p.byServer {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *Server) int {
		return cmp.Or(cmp.Compare(b.Flows+b.HalfOpen.Now, a.Flows+a.HalfOpen.Now), cmp.Compare(b.Last, a.Last),
			a.Addr.Compare(b.Addr), cmp.Compare(a.Space, b.Space))
	})
	return all
}

// hosts are those known, most flows first.
func (p *peers) hosts() []*Host {
	all := make([]*Host, 0, len(p.byHost))
	for _, h := range p.byHost {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b *Host) int {
		return cmp.Or(cmp.Compare(b.Flows, a.Flows), cmp.Compare(b.Last, a.Last), a.Addr.Compare(b.Addr),
			cmp.Compare(a.Space, b.Space))
	})
	return all
}

// step follows what a segment changed: most change nothing, and cost nothing here.
func (p *peers) step(seg *flows.Segment, step *flows.Step) {
	p.clock.tick(seg)
	for i := range step.Notes {
		switch step.Notes[i].Kind {
		case flows.NoteInvalidFlags:
			p.strange.add(seg, step)
		case flows.NoteSYNACKAgain:
			p.synAckAgain(seg, step, &step.Notes[i])
		case flows.NoteSYNAgain:
			p.synAgain(seg, step, &step.Notes[i])
		}
	}
	for i := range step.Changes {
		if c := &step.Changes[i]; c.From != c.To {
			p.change(seg, step, c)
		}
	}
}

func (p *peers) change(seg *flows.Segment, step *flows.Step, c *flows.Transition) {
	if c.Side == flows.Client {
		if c.To == flows.SynSent && c.From == flows.Closed {
			p.totals.Attempts.add(seg.Time)
			p.serverOf(seg, step).Attempts.add(seg.Time)
		}
		return
	}
	switch {
	case c.From == flows.SynReceived:
		p.totals.HalfOpen.leave()
		p.serverOf(seg, step).HalfOpen.leave()
	case c.To == flows.SynReceived:
		p.leaving.until(seg.Time, &p.totals.HalfOpen)
		p.totals.HalfOpen.enter(seg.Time)
		s := p.serverOf(seg, step)
		s.HalfOpen.enter(seg.Time)
		if c.From == flows.Listen {
			s.admission.take(seg.Time)
		}
		if s.HalfOpen.Now >= floodAt {
			s.flood.mark(seg.Time, seg.Time, int64(time.Minute))
		}
	case c.From == flows.CloseWait:
		p.serverOf(seg, step).CloseWait.leave()
	case c.To == flows.CloseWait:
		p.serverOf(seg, step).CloseWait.enter(seg.Time)
	case c.To == flows.TimeWait && c.Certainty != flows.Revised:
		p.serverOf(seg, step).TimeWait.add(seg.Time)
	}
}

// synAckAgain marks when a server took no valid ACK: one that had passed between its SYN-ACKs. Their waits
// double, so the one before came after half of the time at the latest.
func (p *peers) synAckAgain(seg *flows.Segment, step *flows.Step, n *flows.Note) {
	if !n.D.OK || step.Side != flows.Server || n.D.D < soonestRepeat {
		return
	}
	for i := range step.Changes {
		if c := &step.Changes[i]; c.Side == flows.Server && c.Certainty == flows.Revised && c.To == flows.SynReceived {
			from := seg.Time - int64(n.D.D)
			p.serverOf(seg, step).pressure.mark(from, from+int64(n.D.D)/2, pressureGap)
			return
		}
	}
}

// synAgain marks when a server took no SYNs: the first of those that come again tells.
func (p *peers) synAgain(seg *flows.Segment, step *flows.Step, n *flows.Note) {
	if n.N != 2 || !n.D.OK || n.D.D < soonestRepeat || step.Side != flows.Client {
		return
	}
	s, sent := p.serverOf(seg, step), seg.Time-int64(n.D.D)
	if s.admission.ignore(sent) {
		second := sent - sent%int64(time.Second)
		s.unheard.mark(second, second+int64(time.Second), int64(time.Second))
	}
}

// soonestRepeat is when a SYN-ACK is sent again at the soonest; what comes sooner answers a SYN that came again
// (RFC 6298 §2.1: one second; Linux takes 200 ms where it measures).
const soonestRepeat = 200 * time.Millisecond

// pressureGap joins moments at which a server took no ACK: 10 s.
const pressureGap = int64(10 * time.Second)

// serverOf is the server of the flow that a segment belongs to.
func (p *peers) serverOf(seg *flows.Segment, step *flows.Step) *Server {
	if step.Side == flows.Server {
		return p.server(serverKey{seg.Src, uint32(seg.SrcPort), seg.Space})
	}
	return p.server(serverKey{seg.Dst, uint32(seg.DstPort), seg.Space})
}

// finished counts a flow for its server and its host.
func (p *peers) finished(f *flows.Flow) (*Server, *Host) {
	server := f.Server().Addr
	s := p.server(serverKey{flows.AddrFrom(server.Addr()), uint32(server.Port()), f.Space})
	h := p.host(hostKey{flows.AddrFrom(f.Client().Addr.Addr()), f.Space})
	s.finished(f)
	h.finished(f)
	p.totals.finished(f)
	return s, h
}

// found counts a finding of a flow, and sets its cause where that is certain so far.
func (p *peers) found(f *flows.Flow, n *Finding, s *Server, h *Host) {
	p.totals.found(n.Rule)
	h.found(f, n)
	for _, r := range Rules {
		switch x := r.Explains; {
		case !r.explains(n.Rule.Name):
		case r.explainsOfHost(n.Rule.Name, n.Endpoint) && x.Host(h):
			n.Cause = r.Name
			s.group(n, nil).add(n, f)
			return
		case x.Part != nil && x.Part(f, n, s):
			s.group(n, r).add(n, f) // the end of the capture tells
			if x.Stands(s) {
				n.Cause = r.Name
			}
			return
		}
	}
	s.group(n, nil).add(n, f)
}

func (s *Server) group(n *Finding, part *Rule) *Group {
	for _, g := range s.Groups {
		if g.same(n, part) {
			return g
		}
	}
	g := &Group{Rule: n.Rule, Severity: n.Severity, Variant: n.Variant, Endpoint: n.Endpoint, Cause: n.Cause, part: part}
	s.Groups = append(s.Groups, g)
	return g
}

func (t *Totals) found(r *Rule) {
	for i := range t.Found {
		if t.Found[i].Rule == r {
			t.Found[i].Flows++
			return
		}
	}
	t.Found = append(t.Found, Tally{Rule: r, Flows: 1})
}
