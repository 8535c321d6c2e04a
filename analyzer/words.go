package analyzer

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

func commas(n uint64) string               { return amount.Commas(n) }
func of(n uint64, one, many string) string { return amount.Of(n, one, many) }
func percent(n, all uint64) string         { return amount.Percent(n, all) }

// Words is how many of what, "about" where that is an estimate, to three digits.
func (d *Distinct) Words(one, many string) string {
	return words(d.N(), d.all, d.Exact(), one, many)
}

// ClientsWords is how many clients n is of, in the same way.
func (n *Finding) ClientsWords() string {
	return words(n.Clients, max(n.Clients, n.Flows), n.Clients <= distinctFew, "client", "clients")
}

// words is n of what, or about n, and never more than most.
func words(n, most uint64, exact bool, one, many string) string {
	if exact {
		return of(n, one, many)
	}
	step := uint64(1)
	for n/step >= 1000 {
		step *= 10
	}
	about := (n + step/2) / step * step
	if about > most {
		about -= step
	}
	return "about " + of(about, one, many)
}

// packets names packets in a sentence; of many only the first.
func packets(numbers ...uint64) string {
	const most = 6
	var b strings.Builder
	b.WriteString("packet")
	if len(numbers) > 1 {
		b.WriteByte('s')
	}
	for i, n := range numbers {
		switch {
		case i == most && len(numbers) > most+1:
			return b.String() + fmt.Sprintf(" and %d more", len(numbers)-most)
		case i > 0 && i == len(numbers)-1:
			b.WriteString(" and")
		case i > 0:
			b.WriteByte(',')
		}
		b.WriteByte(' ')
		b.WriteString(strconv.FormatUint(n, 10))
	}
	return b.String()
}

// times is how often something happened.
func times[N int | uint32](n N) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	}
	return fmt.Sprintf("%d times", n)
}

// bytes is so much data.
func bytes[N uint32 | uint64](n N) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// between is the time from a to b, in words.
func between(a, b int64) string { return span.String(time.Duration(b - a)) }

// took is a measured time, in words.
func took(e flows.Elapsed) string {
	if !e.OK {
		return "an unknown time"
	}
	return span.String(e.D)
}

// ssState is a state as ss wants it.
func ssState(s flows.State) string {
	switch s {
	case flows.SynReceived:
		return "syn-recv"
	case flows.Listen:
		return "listening"
	}
	return strings.ReplaceAll(strings.ToLower(s.String()), "_", "-")
}

// word is a state in a sentence.
func word(s flows.State) string {
	if s == flows.Unknown || s == flows.Closed {
		return "an unknown state"
	}
	return s.String()
}
