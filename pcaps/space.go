package pcaps

import (
	"strconv"
	"strings"
)

// Space is the network that a segment was in: equal four-tuples in two of them are two flows.
//
// A VLAN counts with its whole stack of tags, but for priority tags (VLAN 0, which says that
// there is none). A tunnel counts with its id. What carries a tunnel does not count: neither the
// ends of the tunnel, so that both directions are one flow, nor VLAN tags outside of it.
type Space struct {
	VLANs  []uint16 // from the outermost tag to the innermost
	Tunnel string   // "vxlan/42", "gre/7 > vxlan/3" from the outermost to the innermost, or ""
}

const (
	maxVLANs   = 8 // tags on top of each other
	maxTunnels = 8 // inside each other

	// maxSpaces bounds the memory that forged tags and ids can take, at some 15 MB. Segments of
	// all further spaces share one more, overflowSpace.
	maxSpaces     = 1 << 16
	overflowSpace = maxSpaces
)

// tunnel is one tunnel passed through.
type tunnel struct {
	name tunnelName
	// keyed: it has an id that is the same in both directions. Ids that each receiver picks for
	// itself (GTP-U, L2TP, PPTP) or that stand for a path (MPLS labels) would tear the two
	// directions of a flow apart.
	keyed bool
	id    uint32
}

// path is what tells spaces apart, in the form of a comparable value.
type path struct {
	vlans    [maxVLANs]uint16
	tunnels  [maxTunnels]tunnel
	nVLANs   uint8
	nTunnels uint8
}

// spaces numbers the spaces met. Number 0 is the plain one.
type spaces struct {
	single     [1 << 12]uint32 // numbers of the spaces that are one VLAN and nothing else; 0: not yet met
	numbers    map[path]uint32
	paths      []path // by number, from 1
	overflowed uint64
}

// intern is the number of p.
func (s *spaces) intern(p *path) uint32 {
	if p.nVLANs == 0 && p.nTunnels == 0 {
		return 0
	}
	if n, ok := s.numbers[*p]; ok {
		return n
	}
	if len(s.paths) == maxSpaces-1 {
		s.overflowed++
		return overflowSpace
	}
	if s.numbers == nil {
		s.numbers = make(map[path]uint32)
	}
	s.paths = append(s.paths, *p)
	n := uint32(len(s.paths))
	s.numbers[*p] = n
	if p.nVLANs == 1 && p.nTunnels == 0 {
		s.single[p.vlans[0]] = n
	}
	return n
}

// Space is the space of that number in segments of this decoder; the zero Space for 0.
func (d *Decoder) Space(number uint32) Space {
	switch {
	case number == 0 || number > overflowSpace:
		return Space{}
	case number == overflowSpace:
		return Space{Tunnel: "other"}
	case int(number) > len(d.spaces.paths):
		return Space{}
	}
	p := &d.spaces.paths[number-1]
	var names strings.Builder
	for i, t := range p.tunnels[:p.nTunnels] {
		if i > 0 {
			names.WriteString(" > ")
		}
		names.WriteString(t.name.String())
		if t.keyed {
			names.WriteByte('/')
			names.WriteString(strconv.FormatUint(uint64(t.id), 10))
		}
	}
	return Space{VLANs: append([]uint16(nil), p.vlans[:p.nVLANs]...), Tunnel: names.String()}
}

// SpacesOverflowed counts the segments that were put into one shared space, named "other",
// because there were more spaces than are told apart (65,535).
func (d *Decoder) SpacesOverflowed() uint64 { return d.spaces.overflowed }

// tag passes through a VLAN tag; false if there were too many.
func (d *Decoder) tag(vlan uint16) bool {
	p := &d.path
	if vlan == 0 {
		return true
	}
	if p.nVLANs == maxVLANs {
		return false
	}
	p.vlans[p.nVLANs] = vlan
	p.nVLANs++
	return true
}
