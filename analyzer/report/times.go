package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/span"
)

// timings are what is measured of the openings of a server's connections, in the order in which it is told.
func timings(s *analyzer.Server) []struct {
	name, key string
	of        *analyzer.Timing
} {
	return []struct {
		name, key string
		of        *analyzer.Timing
	}{
		{"SYN to SYN-ACK", "syn_to_syn_ack", &s.SYNToSYNACK},
		{"SYN-ACK to ACK", "syn_ack_to_ack", &s.SYNACKToACK},
		{"handshake", "handshake", &s.Handshake},
		{"connect, from first SYN", "connect", &s.Connect},
		{"ready, from first SYN", "server_ready", &s.Ready},
	}
}

// times writes a table for each of some servers: where somebody waited, and the busiest.
func (t *OverviewText) times(p *page, o *Overview, waiting []*analyzer.Server) {
	shown := map[*analyzer.Server]bool{}
	said := ""
	for _, s := range slices.Concat(waiting, o.Summary.Servers) {
		if shown[s] || s.SYNToSYNACK.N+s.SYNACKToACK.N == 0 {
			continue
		}
		if len(shown) == shownServers && !t.Verbose {
			break
		}
		shown[s] = true
		p.line()
		addr := s.Addr.String()
		p.line(p.colored("TIMES", bold), strings.Repeat(" ", pageIndent-len("TIMES")), addr,
			rightAligned(" count", 27-len(addr)), cells("min", "p50", "p90", "p99", "max"))
		for _, m := range timings(s) {
			if m.of.N > 0 {
				p.line("  ", column(m.name, 25), cells(amount.Commas(m.of.N), span.String(m.of.Min), span.String(m.of.Quantile(0.5)),
					span.String(m.of.Quantile(0.9)), span.String(m.of.Quantile(0.99)), span.String(m.of.Max)))
			}
		}
		if words := o.timesOf(s); words != "" {
			p.text("  ", words)
		}
		if words := measures(s); words != said {
			said = words
			p.text("  ", words)
		}
	}
}

// cells are right-aligned in columns of nine.
func cells(texts ...string) string {
	line := ""
	for _, s := range texts {
		line += rightAligned(s, 9)
	}
	return line
}

// measures says what the two halves of a handshake are the time of, from where the capture was taken.
func measures(s *analyzer.Server) string {
	v := s.Vantage()
	if v.SYNToSYNACK == "" {
		return ""
	}
	return fmt.Sprintf("SYN to SYN-ACK is here the time of %s; SYN-ACK to ACK that of %s.", v.SYNToSYNACK, v.SYNACKToACK)
}

// servers writes a row for each of the busiest servers, where there are several.
func (t *OverviewText) servers(p *page, o *Overview) {
	all := o.Summary.Servers
	if len(all) < 2 {
		return
	}
	p.line()
	width := 21
	for _, s := range all[:min(len(all), shownRows)] {
		width = max(width, len(s.Addr.String()))
	}
	row := func(label string, cells ...string) {
		line := column(cells[0], width+1)
		for i, c := range cells[1:6] {
			line += rightAligned(c, []int{9, 9, 8, 10, 10}[i])
		}
		p.line(p.colored(label, bold), strings.Repeat(" ", pageIndent-len(label)), line, "  ", cells[6])
	}
	row("SERVERS", "", "flows", "opened", "failed", "ready p50", "p99", "findings")
	for i, s := range all {
		if i == shownRows && !t.Verbose {
			break
		}
		p50, p99 := "-", "-"
		if s.Ready.N > 0 {
			p50, p99 = span.String(s.Ready.Quantile(0.5)), span.String(s.Ready.Quantile(0.99))
		}
		row("", s.Addr.String(), amount.Commas(s.Flows), amount.Commas(s.Open()), amount.Commas(s.Failed()), p50, p99, o.found(s))
	}
	if n := len(all) - shownRows; n > 0 && !t.Verbose {
		p.beside("", "", "and "+amount.Of(uint64(n), "server more", "servers more"))
	}
	if slices.ContainsFunc(all, o.lacksTimes) {
		p.beside("", "", "ready: of handshakes seen whole")
	}
	if n := o.Summary.Totals.Young; n > 0 {
		p.beside("", "", "in all, "+amount.Of(n, "flow", "flows")+" given up at the ceiling in opening, neither opened nor failed")
	}
	if f := o.Summary.Forgotten; f.ServerFlows > 0 {
		p.beside("", "", fmt.Sprintf("%s with %s, the quietest, were more than could be told apart; they are in the totals",
			f.Servers.Words("server", "servers"), amount.Of(f.ServerFlows, "flow", "flows")))
	}
}

// found are the names of what is found of a server, and of its flows, the gravest first, at most three.
func (o *Overview) found(s *analyzer.Server) string {
	type sign struct {
		name     string
		severity analyzer.Severity
	}
	var all []sign
	for _, n := range o.Findings {
		if n.Server == s.Addr && n.Space == s.Space {
			all = append(all, sign{n.Rule.Name, n.Severity})
		}
	}
	for _, g := range s.Groups {
		all = append(all, sign{cmp.Or(g.Cause, g.Rule.Name), g.Severity})
	}
	slices.SortStableFunc(all, func(a, b sign) int { return cmp.Compare(b.severity, a.severity) })
	var names []string
	for _, of := range all {
		if slices.Contains(names, of.name) {
			continue
		}
		if len(names) == 3 {
			return strings.Join(names, ", ") + ", ..."
		}
		names = append(names, of.name)
	}
	return strings.Join(names, ", ")
}
