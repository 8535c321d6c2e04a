package analyzer

import (
	"cmp"
	"net/netip"
	"slices"

	"tcpwhy/flows"
)

// strange are the segments with flags that no TCP sends together.
type strange struct {
	kinds []StrangeFlags
	total uint64
}

// StrangeFlags are segments with the same flags that cannot be.
type StrangeFlags struct {
	Flags    flows.Flags // FIN SYN RST PSH ACK URG of them
	Segments uint64
	Sources  Distinct // addresses that sent them
	Targets  Distinct // addresses with ports that they went to
	First    Example
	Last     int64    // time of the last one, ns since 1970 UTC
	Packets  []uint64 // of the first few
	File     int32    // of these
}

// strangeKept is how many packet numbers are kept of each kind.
const strangeKept = 5

func (t *strange) add(seg *flows.Segment, flow uint64) {
	const told = flows.FIN | flows.SYN | flows.RST | flows.PSH | flows.ACK | flows.URG
	t.total++
	flags := seg.Flags & told
	i := slices.IndexFunc(t.kinds, func(k StrangeFlags) bool { return k.Flags == flags })
	source := netip.AddrPortFrom(seg.Src.Netip(), seg.SrcPort)
	target := netip.AddrPortFrom(seg.Dst.Netip(), seg.DstPort)
	if i < 0 {
		i = len(t.kinds)
		t.kinds = append(t.kinds, StrangeFlags{Flags: flags, File: seg.File, First: Example{Flow: flow, File: seg.File,
			Packet: seg.Packet, Time: seg.Time, Client: source, Server: target}})
	}
	k := &t.kinds[i]
	k.Segments++
	k.Last = max(k.Last, seg.Time)
	k.Sources.add(hashAddr(source.Addr()))
	k.Targets.add(hashAddrPort(target))
	if len(k.Packets) < strangeKept && seg.File == k.File {
		k.Packets = append(k.Packets, seg.Packet)
	}
}

// sorted are the kinds, most segments first.
func (t *strange) sorted() []StrangeFlags {
	all := slices.Clone(t.kinds)
	slices.SortFunc(all, func(a, b StrangeFlags) int {
		return cmp.Or(cmp.Compare(b.Segments, a.Segments), cmp.Compare(a.Flags, b.Flags))
	})
	return all
}
