package analyzer

import (
	"cmp"
	"net/netip"
	"slices"

	"tcpwhy/flows"
)

// InvalidFlags are segments with the same flags, which no TCP sends together.
type InvalidFlags struct {
	Flags    flows.Flags // FIN SYN RST PSH ACK URG of them
	Segments uint64
	Sources  Distinct // addresses that sent them
	Targets  Distinct // addresses with ports that they went to
	First    Example
	Last     int64    // time of the last one, ns since 1970 UTC
	Packets  []uint64 // the first few of the file of First
}

// invalidKept is how many packet numbers are kept of each kind.
const invalidKept = 5

// invalid are the segments with invalid flags, by these.
type invalid []InvalidFlags

func (v *invalid) add(seg *flows.Segment, flow uint64) {
	const told = flows.FIN | flows.SYN | flows.RST | flows.PSH | flows.ACK | flows.URG
	flags := seg.Flags & told
	i := slices.IndexFunc(*v, func(k InvalidFlags) bool { return k.Flags == flags })
	source := netip.AddrPortFrom(seg.Src.Netip(), seg.SrcPort)
	target := netip.AddrPortFrom(seg.Dst.Netip(), seg.DstPort)
	if i < 0 {
		i = len(*v)
		*v = append(*v, InvalidFlags{Flags: flags, First: Example{Flow: flow, File: seg.File,
			Packet: seg.Packet, Time: seg.Time, Client: source}})
	}
	k := &(*v)[i]
	k.Segments++
	k.Last = max(k.Last, seg.Time)
	k.Sources.add(hashAddr(source.Addr()))
	k.Targets.add(hashAddrPort(target))
	if len(k.Packets) < invalidKept && seg.File == k.First.File {
		k.Packets = append(k.Packets, seg.Packet)
	}
}

// sorted has most segments first.
func (v invalid) sorted() []InvalidFlags {
	all := slices.Clone(v)
	slices.SortFunc(all, func(a, b InvalidFlags) int {
		return cmp.Or(cmp.Compare(b.Segments, a.Segments), cmp.Compare(a.Flags, b.Flags))
	})
	return all
}
