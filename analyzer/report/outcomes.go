package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/flows"
)

// opening says how connections were opened, and what of it failed.
func (t *OverviewText) opening(p *page, o *Overview) {
	s := &o.Summary.Totals
	var parts []part
	for i, n := range s.Opening {
		if n > 0 {
			parts = append(parts, part{flows.OpeningOutcome(i).String(), n})
		}
	}
	p.section("OPENING", bold, mostFirst(parts))
	if n := s.Opening[flows.OpeningHalfOpen]; n > 0 || s.HalfOpen.Peak >= manyHalfOpen {
		line := "half-open: " + amount.Of(n, "flow", "flows") + o.variants("half-open")
		line += fmt.Sprintf("; at most %s at a time, at %s", amount.Commas(s.HalfOpen.Peak), clock(s.HalfOpen.PeakAt))
		p.beside("", "", line)
	}
	if line := young(s); line != "" {
		p.beside("", "", line)
	}
	r := &s.Repeated
	if r.SYN+r.SYNACK+r.Data+r.FIN > 0 {
		p.beside("", "", fmt.Sprintf("sent again: SYN %s · SYN-ACK %s · data %s · FIN %s", amount.Commas(r.SYN), amount.Commas(r.SYNACK), o.atLeast(r.Data), amount.Commas(r.FIN)))
	}
}

// manyHalfOpen is from how many connections on, half open at a time, the peak is worth a word where all of them
// came to be open.
const manyHalfOpen = 10

// part is so many of something.
type part struct {
	name string
	n    uint64
}

func (p part) String() string { return p.name + " " + amount.Commas(p.n) }

// closing says how they were closed, and by whom.
func (t *OverviewText) closing(p *page, o *Overview) {
	s := &o.Summary.Totals
	var parts []part
	for i, n := range s.Closing {
		if n > 0 && flows.ClosingOutcome(i) != flows.ClosingNever {
			parts = append(parts, part{flows.ClosingOutcome(i).String(), n})
		}
	}
	if len(parts) == 0 {
		return
	}
	p.section("CLOSING", bold, mostFirst(parts))
	if n := s.Closing[flows.ClosingMissingFinalACK]; n > 0 {
		p.beside("", "", "final ACK missing: "+amount.Of(n, "flow", "flows")+o.variants("missing-final-ack"))
	}
	if n := s.Closing[flows.ClosingRSTAfterFIN]; n > 0 {
		p.beside("", "", "RST after FIN: "+amount.Of(n, "flow", "flows")+o.variants("rst-after-fin"))
	}
	var closer, resetter [flows.NumClosers]uint64
	for _, server := range o.Summary.Servers {
		for i := range closer {
			closer[i] += server.Closer[i]
			resetter[i] += server.Resetter[i]
		}
	}
	who := func(by [flows.NumClosers]uint64) string {
		var parts []part
		for _, c := range []flows.Closer{flows.ByClient, flows.ByServer, flows.ByBoth} {
			if by[c] > 0 {
				parts = append(parts, part{c.String(), by[c]})
			}
		}
		return joinParts(parts)
	}
	if c := who(closer); c != "" {
		line := "closes first: " + c
		if r := who(resetter); r != "" {
			line += "; resets: " + r
		}
		p.beside("", "", line)
	} else if r := who(resetter); r != "" {
		p.beside("", "", "resets: "+r)
	}
	for _, line := range []string{midClose(s), outdated(s)} {
		if line != "" {
			p.beside("", "", line)
		}
	}
}

// mostFirst joins parts, those of which there are most first.
func mostFirst(parts []part) string {
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.name, b.name)) })
	return joinParts(parts)
}

func joinParts(parts []part) string {
	var s []string
	for _, p := range parts {
		s = append(s, p.String())
	}
	return strings.Join(s, " · ")
}

// variants are those of a finding over all servers, in brackets.
func (o *Overview) variants(rule string) string {
	var parts []part
	var first *analyzer.Finding
	for _, s := range o.Summary.Servers {
		for _, g := range s.Groups {
			if g.Rule.Name != rule {
				continue
			}
			if first == nil || g.Earliest.Flow < first.Flow {
				first = &g.Earliest
			}
			i := slices.IndexFunc(parts, func(p part) bool { return p.name == g.Variant })
			if i < 0 {
				parts = append(parts, part{name: g.Variant})
				i = len(parts) - 1
			}
			parts[i].n += g.Flows
		}
	}
	if first == nil {
		return ""
	}
	s := ""
	if len(parts) > 1 || parts[0].name != "" {
		s = " (" + mostFirst(parts) + ")"
	}
	return s + fmt.Sprintf(", first #%d", first.Flow)
}

// states says what the ends were last seen in, as a look at all their sockets would have shown it.
func (t *OverviewText) states(p *page, o *Overview) {
	var parts []part
	for i, n := range o.Summary.Totals.States {
		if n > 0 && flows.State(i) != flows.Unknown {
			parts = append(parts, part{flows.State(i).String(), n})
		}
	}
	line := mostFirst(parts)
	if n := o.Summary.Totals.States[flows.Unknown]; n > 0 {
		line += " · " + part{"nothing shown", n}.String()
	}
	p.section("STATES", bold, "of both ends, as last seen: "+line)
}
