package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/flows"
)

// One cause is one finding, however many servers show it: a path that loses one SYN in a hundred is no fault of any of
// those behind it. So what manyServers show alike is one entry, and what those that stand out among them show is another,
// or one of each. Notices cost nobody anything, and are not told apart.
const manyServers = 4

// kind is what findings of flows to different servers have in common if they are alike.
type kind struct {
	rule     *analyzer.Rule
	severity analyzer.Severity
	variant  string
	endpoint flows.Closer
	cause    string
}

// acrossServers makes one entry of those that many servers have alike.
func acrossServers(all []entry) []entry {
	var kept []entry
	var kinds []kind // in their order in all
	alike := map[kind][]entry{}
	for _, e := range all {
		if e.group == nil {
			kept = append(kept, e)
			continue
		}
		k := kind{e.group.Rule, e.group.Severity, e.group.Variant, e.group.Endpoint, e.group.Cause}
		if alike[k] == nil {
			kinds = append(kinds, k)
		}
		alike[k] = append(alike[k], e)
	}
	for _, k := range kinds {
		for apart := alike[k]; len(apart) > 0; {
			var common []entry
			if common, apart = divide(apart); len(common) >= manyServers {
				common = []entry{join(common)}
			}
			kept = append(kept, common...)
		}
	}
	return kept
}

// divide tells the servers that stand out from those that have a rate in common. It goes from the lowest share of flows
// to the highest, so that those that stand out do not hide each other; and none counts for more than most do, as the rate
// of one that is flooded says nothing of the others.
func divide(alike []entry) (common, apart []entry) {
	slices.SortStableFunc(alike, func(a, b entry) int { return cmp.Compare(a.of, b.of) })
	most := alike[(len(alike)-1)/2].of
	slices.SortStableFunc(alike, func(a, b entry) int { return cmp.Compare(a.flows*b.of, b.flows*a.of) })
	var n, of uint64 // of those in common
	for _, e := range alike {
		if e.severity() > analyzer.Notice && of > 0 && standsOut(e.flows, e.of, n, of) {
			apart = append(apart, e)
			continue
		}
		common = append(common, e)
		counted := min(e.of, most)
		n, of = n+(e.flows*counted+e.of/2)/e.of, of+counted
	}
	return common, apart
}

// standsOut reports whether k of a server's n flows are far more than the rate of others lets expect, k0 of n0: twice
// as many, and no chance. That is four standard deviations, of a Poisson count and of the rate, which is itself
// counted, and three more where counts are too small for these.
func standsOut(k, n, k0, n0 uint64) bool {
	scale := float64(n) / float64(n0)
	expected := float64(k0+1) * scale
	chance := 4*math.Sqrt(expected*(1+scale)) + 3
	return float64(k) > expected+max(expected, chance)
}

// join is one entry of several.
func join(servers []entry) entry {
	slices.SortStableFunc(servers, compareEntries)
	all := entry{server: servers[0].server, servers: servers}
	groups := make([]*analyzer.Group, len(servers))
	for i, e := range servers {
		groups[i] = e.group
		all.flows += e.flows
		all.of += e.of
	}
	all.group = analyzer.Together(groups)
	return all
}

// most are the servers that have most of the flows: of how many each.
func (e *entry) most() string {
	const few = 3
	var parts []string
	for _, s := range e.servers[:min(few, len(e.servers))] {
		parts = append(parts, fmt.Sprintf("%s (%s of %s)", s.where(), amount.Commas(s.flows), amount.Commas(s.of)))
	}
	return strings.Join(parts, " · ")
}

// shared is what follows from many servers showing the same.
func (e *entry) shared() string {
	return fmt.Sprintf("%s show it, none of them far more than the others: the cause is likelier one that they share, as the way to them, than any of them",
		amount.Of(uint64(len(e.servers)), "server", "servers"))
}
