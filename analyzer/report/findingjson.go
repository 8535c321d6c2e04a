package report

import (
	"net/netip"
	"strconv"

	"tcpwhy/analyzer"
)

// repeated reports whether an earlier one of found has the name of the i-th: a flow can show a finding in
// several ways.
func repeated(found []*analyzer.Finding, i int) bool {
	for _, n := range found[:i] {
		if n.Rule == found[i].Rule {
			return true
		}
	}
	return false
}

// appendFinding appends a finding as one object.
func appendFinding(b []byte, n *analyzer.Finding, names *Names) []byte {
	b = appendName(append(b, `{"finding":`...), n.Rule.Name)
	b = appendName(append(b, `,"severity":`...), n.Severity.String())
	b = appendName(append(b, `,"confidence":`...), n.Confidence.String())
	b = appendNumber(append(b, `,"flow":`...), n.Flow)
	b = appendEndpoint(append(b, `,"client":`...), n.Client)
	b = appendEndpoint(append(b, `,"server":`...), n.Server)
	b = appendSpace(b, names, n.Space)
	b = appendName(append(b, `,"endpoint":`...), n.Endpoint.String())
	if names.many {
		b = append(b, `,"file":`...)
		if n.Packet == 0 {
			b = append(b, "null"...)
		} else {
			b = appendJSONString(b, names.File(n.File))
		}
	}
	b = appendNumber(append(b, `,"packet":`...), n.Packet)
	b = appendMoment(append(b, `,"time":`...), n.Time)
	b = append(b, `,"packets":[`...)
	for i, packet := range n.Packets {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, packet, 10)
	}
	b = appendName(append(b, `],"variant":`...), n.Variant)
	b = appendName(append(b, `,"cause":`...), n.Cause)
	b = appendNumber(append(b, `,"flows":`...), n.Flows)
	b = appendNumber(append(b, `,"clients":`...), n.Clients)
	b = appendNumber(append(b, `,"lasted_ns":`...), uint64(n.Lasted))
	b = appendMoment(append(b, `,"since":`...), n.Since)
	b = appendMoment(append(b, `,"until":`...), n.Until)
	b = appendWords(append(b, `,"summary":`...), n.Summary)
	b = appendWords(append(b, `,"why":`...), n.Why)
	b = append(b, `,"ruled_out":[`...)
	for i, other := range n.RuledOut {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONString(b, other)
	}
	b = appendWords(append(b, `],"next":`...), n.Next)
	b = appendWords(append(b, `,"mend":`...), n.Mend)
	return append(b, '}')
}

// appendNumber appends n, and null for 0: there is none.
func appendNumber(b []byte, n uint64) []byte {
	if n == 0 {
		return append(b, "null"...)
	}
	return strconv.AppendUint(b, n, 10)
}

// appendMoment appends a time, and null for 0: there is none.
func appendMoment(b []byte, t int64) []byte {
	if t == 0 {
		return append(b, "null"...)
	}
	return append(appendTime(append(b, '"'), t), '"')
}

// appendEndpoint appends an address and port, or of a host, which has port 0 here, the address alone.
func appendEndpoint(b []byte, ap netip.AddrPort) []byte {
	switch {
	case !ap.IsValid():
		return append(b, "null"...)
	case ap.Port() == 0:
		return append(ap.Addr().AppendTo(append(b, '"')), '"')
	}
	return append(ap.AppendTo(append(b, '"')), '"')
}

// appendWords appends a sentence, and null where there is none.
func appendWords(b []byte, s string) []byte {
	if s == "" {
		return append(b, "null"...)
	}
	return appendJSONString(b, s)
}
