package report

import (
	"strings"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/span"
)

// barWidth is that of the longest bar of a histogram, in characters.
const barWidth = 40

// bar is n of most as a bar. What is there at all shows.
func bar(n, most uint64) string {
	width := (n*barWidth + most/2) / most
	if width == 0 {
		return "|"
	}
	return strings.Repeat("#", int(width))
}

// A bin of the histogram of waits: from..to, and what makes somebody wait so long.
type bin struct {
	from, to time.Duration
	words    string
	flows    uint64
}

// The times at which something is sent again, counted from the first time.
var (
	// RFC 6298 §5.5: the wait doubles, from one second on.
	doubling = []time.Duration{1 * time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second, 31 * time.Second,
		63 * time.Second, 127 * time.Second}
	// Linux since 6.5 (net.ipv4.tcp_syn_linear_timeouts=4): the first retries come each second, then the wait doubles.
	linear = []time.Duration{1 * time.Second, 2 * time.Second, 3 * time.Second, 4 * time.Second, 5 * time.Second,
		7 * time.Second, 11 * time.Second, 19 * time.Second, 35 * time.Second, 67 * time.Second}
)

var ordinals = [...]string{"no retry", "one retry", "two retries", "three retries", "four retries", "five retries",
	"six retries", "seven retries", "eight retries", "nine retries", "ten retries"}

// bins are those of a schedule: by tens up to one second, then a second for each retry, and what lies between.
func bins(schedule []time.Duration) []bin {
	all := []bin{{to: time.Millisecond}}
	for from := time.Millisecond; from < time.Second; from *= 10 {
		all = append(all, bin{from: from, to: 10 * from})
	}
	at := time.Second
	for i, retry := range schedule {
		if at < retry {
			all = append(all, bin{from: at, to: retry})
		}
		all = append(all, bin{from: retry, to: retry + time.Second, words: ordinals[i+1]})
		at = retry + time.Second
	}
	return append(all, bin{from: at})
}

// ready draws how long it took until the servers could take the connections.
func (t *OverviewText) ready(p *page, o *Overview, waiting []*analyzer.Server) {
	for i, s := range waiting {
		if i == shownServers && !t.Verbose {
			break
		}
		t.histogram(p, o, s)
	}
}

// waiting are the servers at which more than one waited for a retry, those first that the report speaks of first.
func (o *Overview) waiting(all []entry) []*analyzer.Server {
	var servers []*analyzer.Server
	seen := map[*analyzer.Server]bool{}
	take := func(s *analyzer.Server) {
		if !seen[s] && s.Ready.N > 0 && s.Ready.Max >= time.Second && s.Retries.Again()+s.SYNACKs.Again() > 1 {
			seen[s] = true
			servers = append(servers, s)
		}
	}
	for i := range all {
		e := &all[i]
		if e.server != nil {
			take(e.server)
			continue
		}
		for _, s := range o.Summary.Servers {
			if s.Addr == e.whole.Server && s.Space == e.whole.Space {
				take(s)
			}
		}
	}
	for _, s := range o.Summary.Servers {
		take(s)
	}
	return servers
}

func (t *OverviewText) histogram(p *page, o *Overview, s *analyzer.Server) {
	schedule, words := schedule(s)
	all := bins(schedule)
	s.Ready.Each(func(d time.Duration, flows uint64) {
		for i := range all {
			if b := &all[i]; d < b.to || b.to == 0 {
				b.flows += flows
				return
			}
		}
	})
	var most uint64
	for _, b := range all {
		most = max(most, b.flows)
	}
	flows := amount.Of(s.Ready.N, "flow", "flows")
	if o.lacksTimes(s) {
		flows += " seen whole"
	}
	p.section("READY", bold, s.Addr.String()+", first SYN until the server can have taken the connection, "+flows)
	width := len(amount.Commas(most))
	for _, b := range all {
		if b.flows > 0 {
			p.line("  ", column(b.between(), 14), rightAligned(amount.Commas(b.flows), max(8, width)), "  ", column(bar(b.flows, most), barWidth+2), b.words)
		}
	}
	p.text("  ", words)
}

// between is the bin in words.
func (b bin) between() string {
	switch {
	case b.from == 0:
		return "below " + short(b.to)
	case b.to == 0:
		return short(b.from) + " and more"
	}
	return short(b.from) + " to " + short(b.to)
}

// short is a round time.
func short(d time.Duration) string {
	if d%time.Second == 0 {
		return stepTime(d)
	}
	if d%time.Millisecond == 0 {
		return amount.Commas(uint64(d/time.Millisecond)) + "ms"
	}
	return span.String(d)
}

// schedule is when the clients of s send their SYN again, and the words for it.
func schedule(s *analyzer.Server) ([]time.Duration, string) {
	const synacks = "; SYN-ACKs at 1s, 3s, 7s"
	switch {
	case s.Retries.Again() == 0:
		return doubling, "SYN-ACKs are sent again after 1s, 3s, 7s: the wait doubles (RFC 6298)"
	case s.Retries.Linear():
		words := "SYNs are sent again each second, as Linux does (net.ipv4.tcp_syn_linear_timeouts=4), not at 1s, 3s, 7s"
		if s.SYNACKs.Again() > 0 {
			words += synacks
		}
		return linear, words
	case doubled(&s.Retries):
	case s.Retries.Again() == s.Retries[1].Flows:
		return doubling, "one retry at the most: whether each second (Linux) or after 1s, 3s, 7s (RFC 6298), nothing shows"
	default:
		return doubling, "SYNs are sent again neither each second (Linux) nor after 1s, 3s, 7s (RFC 6298)"
	}
	return doubling, "SYNs are sent again after 1s, 3s, 7s: the wait doubles (RFC 6298)"
}

// doubled reports whether a second retry came two seconds after the first.
func doubled(s *analyzer.Steps) bool {
	return s[2].Flows > 0 && s[2].Wait >= 2500*time.Millisecond || s[3].Flows > 0
}
