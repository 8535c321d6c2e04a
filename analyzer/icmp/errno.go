package icmp

import "tcpwhy/flows"

// Errno names the error with which connect() fails on Linux when the ICMP error answers its SYN,
// or is "" where the attempt goes on (net/ipv4/icmp.c icmp_err_convert, net/ipv6/icmp.c
// icmpv6_err_convert). Other systems take most of them as soft, go on trying, and may tell the
// program of a timeout in the end (RFC 1122 §4.2.3.9).
func Errno(q *flows.Quote) string {
	const protocol = "EPROTO" // parameter problem, and codes that came later
	switch {
	case q.Version == 4 && q.Type == 3:
		if int(q.Code) < len(errnos) {
			return errnos[q.Code]
		}
	case q.Version == 6 && q.Type == 1:
		if int(q.Code) < len(errnos6) {
			return errnos6[q.Code]
		}
		return protocol
	case q.Version == 4 && q.Type == 11, q.Version == 6 && q.Type == 3:
		return "EHOSTUNREACH"
	case q.Version == 4 && q.Type == 12, q.Version == 6 && q.Type == 4:
		return protocol
	}
	return ""
}

// errnos are by the codes of ICMP's destination unreachable.
var errnos = [...]string{
	"ENETUNREACH", "EHOSTUNREACH", "ENOPROTOOPT", "ECONNREFUSED",
	"", "EOPNOTSUPP", "ENETUNREACH", "EHOSTDOWN", "ENONET",
	"ENETUNREACH", "EHOSTUNREACH", "ENETUNREACH", "EHOSTUNREACH", "EHOSTUNREACH",
	"EHOSTUNREACH", "EHOSTUNREACH",
}

// errnos6 are by the codes of ICMPv6's destination unreachable.
var errnos6 = [...]string{
	"ENETUNREACH", "EACCES", "EHOSTUNREACH", "EHOSTUNREACH", "ECONNREFUSED", "EACCES", "EACCES",
}
