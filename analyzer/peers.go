package analyzer

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"

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
	forgets   bool             // there were too many servers
	leaving   waiting[uint64]  // how many
	young     waiting[Present] // clients of those that are too young to be judged
	invalid   invalid
	clock     clock
	events    []serverEvent // of the segment at hand
	causes    map[cause]bool
	causesBy  map[*Rule]bool // is there any by it
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

func keyOfServer(at netip.AddrPort, space uint32) serverKey {
	return serverKey{flows.AddrFrom(at.Addr()), uint32(at.Port()), space}
}

type hostKey struct {
	addr  flows.Addr
	space uint32
}

func keyOfHost(at netip.Addr, space uint32) hostKey { return hostKey{flows.AddrFrom(at), space} }

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
		s = &Server{Addr: netip.AddrPortFrom(k.addr.Netip(), uint16(k.port)), Space: k.space, Late: p.forgets}
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
		all = append(all, rank[serverKey]{busy(max(s.Flows, s.Attempts.N)+s.HalfOpen.Now, max(s.Last, s.Attempts.PeakAt)), k})
	}
	for _, r := range quietest(all) {
		if s := p.byServer[r.key]; s.Flows > 0 {
			p.forgotten.Servers.add(fold(hashAddrPort(s.Addr), uint64(s.Space)))
			p.forgotten.ServerFlows += s.Flows
		}
		delete(p.byServer, r.key)
	}
	p.recent = [len(p.recent)]recent{}
	p.forgets = true
}

func (p *peers) forgetHosts() {
	all := make([]rank[hostKey], 0, len(p.byHost))
	for k, h := range p.byHost {
		all = append(all, rank[hostKey]{busy(h.Flows, h.Last), k})
	}
	for _, r := range quietest(all) {
		h := p.byHost[r.key]
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
	p.events = serverEvents(p.events[:0], seg, step)
	for i := range p.events {
		p.apply(&p.events[i])
	}
}

// finished counts a flow for its server and its host.
func (p *peers) finished(f *flows.Flow) (*Server, *Host) {
	s := p.server(keyOfServer(f.Server().Addr, f.Space))
	h := p.host(keyOfHost(f.Client().Addr.Addr(), f.Space))
	now := f.Standing()
	if s.finished(f, &now) {
		p.forgotten.ServerFlows -= min(p.forgotten.ServerFlows, 1)
	}
	if h.finished(f, &now) {
		p.forgotten.HostFlows -= min(p.forgotten.HostFlows, 1)
	}
	p.totals.finished(f, &now)
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
