package analyzer

import (
	"net/netip"
	"slices"

	"tcpwhy/flows"
)

// cause is a finding of the whole capture that explains others: its rule, and the server or host (port 0) that it is about.
type cause struct {
	rule string
	key  serverKey
}

// explained takes note of a finding of the whole capture that is the cause of others.
func (p *peers) explained(n *Finding) {
	if n.Rule.Explains == nil {
		return
	}
	if p.causes == nil {
		p.causes, p.causesBy = map[cause]bool{}, map[*Rule]bool{}
	}
	at := n.Server
	if !at.IsValid() {
		at = n.Client
	}
	p.causesBy[n.Rule] = true
	p.causes[cause{n.Rule.Name, keyOfServer(at, n.Space)}] = true
}

// blamesServer and blamesHost report whether such a finding was made of them.
func (p *peers) blamesServer(r *Rule, s *Server) bool {
	return s != nil && p.causes[cause{r.Name, keyOfServer(s.Addr, s.Space)}]
}

func (p *peers) blamesHost(r *Rule, h *Host) bool {
	return h != nil && p.causes[cause{r.Name, keyOfServer(netip.AddrPortFrom(h.Addr, 0), h.Space)}]
}

// explains reports whether findings of that name can be part of one by r.
func (r *Rule) explains(finding string) bool {
	return r.Explains != nil && slices.Contains(r.Explains.Findings, finding)
}

// explainsOfHost reports whether findings of that name, at that end, are part of one by r of the client's host.
func (r *Rule) explainsOfHost(finding string, at flows.Closer) bool {
	return r.explains(finding) && r.Explains.Host != nil && (r.Explains.HostPart == nil || r.Explains.HostPart(finding, at))
}

// causeOf is the name of the finding of the whole capture that n is part of, once all are known.
func (p *peers) causeOf(f *flows.Flow, n *Finding) string {
	s := p.byServer[keyOfServer(f.Server().Addr, f.Space)]
	h := p.byHost[keyOfHost(f.Client().Addr.Addr(), f.Space)]
	for _, r := range Rules {
		if r.explainsOfHost(n.Rule.Name, n.Endpoint) && p.blamesHost(r, h) ||
			r.explains(n.Rule.Name) && p.blamesServer(r, s) && r.Explains.Part(f, n, s) {
			return r.Name
		}
	}
	return ""
}

// resolve gives the groups of all servers their causes, and puts together what was kept apart in vain.
func (p *peers) resolve() {
	for _, s := range p.byServer {
		s.resolve(p)
	}
}

func (s *Server) resolve(p *peers) {
	groups := s.Groups
	s.Groups = nil
	for _, g := range groups {
		if g.part != nil && p.blamesServer(g.part, s) {
			g.Cause = g.part.Name
		}
		if r := RuleNamed(g.Cause); r != nil && r.Explains != nil && r.Explains.Host != nil && !p.causesBy[r] {
			g.Cause = "" // it was found of a host so far, and in the end of none
		}
		g.part = nil
		s.take(g)
	}
	for _, g := range slices.Clone(s.Groups) {
		if g.Cause == "" || g.Cause == closeWait.Name {
			s.split(g, p)
		}
	}
	s.Groups = slices.DeleteFunc(s.Groups, func(g *Group) bool { return g.Flows == 0 })
	s.sortGroups()
}

// take puts g to the groups of s.
func (s *Server) take(g *Group) {
	for _, o := range s.Groups {
		if o.Rule == g.Rule && o.Severity == g.Severity && o.Variant == g.Variant && o.Endpoint == g.Endpoint && o.Cause == g.Cause {
			o.merge(g)
			return
		}
	}
	s.Groups = append(s.Groups, g)
}

// split takes the flows of hosts out of a group that have a cause of their own there.
func (s *Server) split(g *Group, p *peers) {
	for _, r := range Rules {
		if !r.explainsOfHost(g.Rule.Name, g.Endpoint) {
			continue
		}
		for _, c := range g.clients {
			if c.flows == 0 || !p.blamesHost(r, p.byHost[keyOfHost(c.addr, s.Space)]) {
				continue
			}
			part := *g
			part.Cause, part.Flows = r.Name, c.flows
			if part.Flows == g.Flows {
				g.Flows = 0
				s.take(&part)
				return
			}
			part.Clients, part.Lasted, part.Worst = Distinct{}, Timing{}, nil
			part.Clients.add(hashAddr(c.addr))
			part.clients = [4]share{c}
			part.Retries, part.SYNACKs = Steps{}, Steps{}
			g.Flows -= c.flows
			s.take(&part)
		}
	}
}

// parts are the groups that a finding of that name would explain.
func (s *Server) parts(rule string) (of []*Group) {
	for _, g := range s.Groups {
		if g.part != nil && g.part.Name == rule {
			of = append(of, g)
		}
	}
	return of
}

// summary is what is known, the groups of each server in order.
func (p *peers) summary(facts Facts) *Summary {
	s := &Summary{Facts: facts, Totals: p.totals, Servers: p.servers(), Hosts: p.hosts(), Forgotten: &p.forgotten,
		Back: p.clock.back, Invalid: p.invalid.sorted()}
	s.Totals.First, s.Totals.Last = p.clock.first, p.clock.last
	s.Totals.Found = sortTallies(p.totals.Found)
	for _, server := range s.Servers {
		server.sortGroups()
	}
	for _, h := range s.Hosts {
		h.Found = sortTallies(h.Found)
	}
	s.Vantage = vantage(s.Servers, s.Hosts)
	return s
}

// sortTallies puts them in the order of Rules.
func sortTallies(t []Tally) []Tally {
	t = slices.Clone(t)
	slices.SortFunc(t, func(a, b Tally) int { return slices.Index(Rules, a.Rule) - slices.Index(Rules, b.Rule) })
	return t
}
