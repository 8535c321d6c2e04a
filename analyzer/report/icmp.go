package report

import (
	"tcpwhy/analyzer/icmp"
	"tcpwhy/flows"
)

// appendQuote appends an ICMP error in words, and who sent it.
func appendQuote(b []byte, q *flows.Quote) []byte {
	if q.Version == 6 {
		b = append(b, "v6"...)
	}
	b = icmp.AppendWords(append(b, ' '), q)
	return q.From.Netip().AppendTo(append(b, " from "...))
}
