// Package icmp says what an ICMP error means: in words, and as the error that a program got.
package icmp

import (
	"strconv"

	"tcpwhy/flows"
)

// unreachable are the codes of ICMP's destination unreachable (RFC 792, RFC 1122 §3.2.2.1, RFC 1812
// §5.2.7.1).
var unreachable = [...]string{
	"net unreachable", "host unreachable", "protocol unreachable", "port unreachable",
	"fragmentation needed", "source route failed", "net unknown", "host unknown", "source host isolated",
	"net prohibited", "host prohibited", "net unreachable for this type of service",
	"host unreachable for this type of service", "communication prohibited",
	"host precedence violation", "precedence cutoff",
}

// unreachable6 are the codes of ICMPv6's destination unreachable (RFC 4443 §3.1, RFC 8883).
var unreachable6 = [...]string{
	"no route", "communication prohibited", "beyond scope of source address", "address unreachable",
	"port unreachable", "source address failed policy", "route rejected", "error in source routing header",
	"headers too long",
}

// AppendWords appends an ICMP error in words.
func AppendWords(b []byte, q *flows.Quote) []byte {
	codes, kind := unreachable[:], ""
	switch {
	case q.Version == 4 && q.Type == 3:
	case q.Version == 6 && q.Type == 1:
		codes = unreachable6[:]
	case q.Version == 4 && q.Type == 4:
		kind = "source quench"
	case q.Version == 6 && q.Type == 2:
		kind = "packet too big"
	case q.Version == 4 && q.Type == 11, q.Version == 6 && q.Type == 3:
		kind = "time exceeded in transit"
		if q.Code == 1 {
			kind = "time exceeded in reassembly"
		}
	case q.Version == 4 && q.Type == 12, q.Version == 6 && q.Type == 4:
		kind = "parameter problem"
	}
	switch {
	case kind != "":
		b = append(b, kind...)
	case int(q.Code) < len(codes) && (q.Type == 3 || q.Type == 1):
		b = append(b, codes[q.Code]...)
	default:
		b = strconv.AppendUint(append(b, "type "...), uint64(q.Type), 10)
		b = strconv.AppendUint(append(b, " code "...), uint64(q.Code), 10)
	}
	if q.MTU != 0 {
		b = append(strconv.AppendUint(append(b, " (MTU "...), uint64(q.MTU), 10), ')')
	}
	return b
}
