package analyzer

import (
	"fmt"
	"net/netip"
	"strings"

	"tcpwhy/flows"
)

// Segments with flags that no TCP sends together: SYN with FIN or RST, FIN without ACK, none at all. They come from scanners,
// which tell systems apart by the answer, and from devices that damage packets. Linux drops them; nothing is
// concluded from them here.
var invalidFlags = &Rule{
	Name:     "invalid-flags",
	Title:    "flags that no TCP sends together",
	RFC:      "RFC 9293 §3.1, §3.10.7; RFC 3360 §2",
	Severity: Notice,
	Capture:  judgeInvalidFlags,
}

func judgeInvalidFlags(p *CapturePass) {
	for i := range p.Invalid {
		k := &p.Invalid[i]
		f := Finding{Confidence: Certain, Variant: scannerName(k.Flags), File: k.First.File, Packets: k.Packets, Packet: k.First.Packet, Time: k.First.Time,
			Since: k.First.Time, Until: k.Last, Example: k.First, Clients: k.Sources.N()}
		if k.Sources.N() == 1 {
			f.Client = netip.AddrPortFrom(k.First.Client.Addr(), 0)
		}
		f.Summary = fmt.Sprintf("%s with %s, from %s to %s", of(k.Segments, "segment", "segments"), flagNames(k.Flags),
			k.Sources.Words("address", "addresses"), k.Targets.Words("port", "ports"))
		f.Why = "no TCP sends these flags together, in any state; Linux drops such a segment to a listening port without an answer"
		f.Next = fmt.Sprintf("who is %s? a scanner (nmap -sN, -sF, -sX, --scanflags), or a device on the way that damages packets; a firewall may drop them: nft add rule inet filter input ct state invalid drop", k.First.Client.Addr())
		if f.Variant == "null" || f.Variant == "fin" || f.Variant == "xmas" {
			f.Why += "; a closed port answers with RST (RFC 9293 §3.10.7.1), an open one not at all, which is what a scan looks for"
		}
		p.Report(f)
	}
}

// scannerName is what scanners call such flags, or "other".
func scannerName(f flows.Flags) string {
	switch {
	case f == 0:
		return "null"
	case f == flows.FIN:
		return "fin"
	case f.Has(flows.FIN | flows.PSH | flows.URG):
		return "xmas"
	case f.Has(flows.SYN | flows.FIN):
		return "syn-fin"
	case f.Has(flows.SYN | flows.RST):
		return "syn-rst"
	case f.Has(flows.FIN | flows.RST):
		return "fin-rst"
	}
	return "other"
}

func flagNames(f flows.Flags) string {
	if f == 0 {
		return "no flag at all"
	}
	var names []string
	for i, name := range []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG"} {
		if f.Has(1 << i) {
			names = append(names, name)
		}
	}
	if len(names) == 1 {
		return names[0] + " alone"
	}
	return strings.Join(names, ", ")
}
