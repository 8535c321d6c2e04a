package report

import (
	"strconv"

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

// appendICMP appends an ICMP error as an object; "mtu" is there only where it names one.
func appendICMP(b []byte, q *flows.Quote) []byte {
	b = strconv.AppendUint(append(b, `{"version":`...), uint64(q.Version), 10)
	b = strconv.AppendUint(append(b, `,"type":`...), uint64(q.Type), 10)
	b = strconv.AppendUint(append(b, `,"code":`...), uint64(q.Code), 10)
	if q.MTU != 0 {
		b = strconv.AppendUint(append(b, `,"mtu":`...), uint64(q.MTU), 10)
	}
	b = q.From.Netip().AppendTo(append(b, `,"from":"`...))
	b = icmp.AppendWords(append(b, `","error":"`...), q)
	return append(b, `"}`...)
}
