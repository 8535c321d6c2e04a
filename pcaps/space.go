package pcaps

import (
	"strconv"
	"strings"
	"sync"
)

// Space is what a segment came through, or as much of that as makes it another network: equal four-tuples in two
// networks are two flows.
//
// A VLAN counts with its whole stack of tags, but for priority tags (VLAN 0, which says that
// there is none). A tunnel counts with its id. One without an id tells no network: it is often there in one
// direction only, as with a load balancer whose servers answer past it, or with segment routing. What
// carries a tunnel does not count: neither the ends of the tunnel, so that both directions are one flow, nor
// VLAN tags outside of it.
type Space struct {
	VLANs  []uint16 // from the outermost tag to the innermost
	Tunnel string   // "vxlan/42", "gre/7 > vxlan/3" from the outermost to the innermost, or ""
}

const (
	maxVLANs   = 8 // tags on top of each other
	maxTunnels = 8 // inside each other

	// maxSpaces bounds the memory that forged tags and ids can take, at some 20 MB. Segments of
	// all further spaces share one more, overflowSpace.
	maxSpaces     = 1 << 16
	overflowSpace = maxSpaces
)

// tunnel is one tunnel passed through: its kind, and its id where it has one. Numbers that stand for a way
// through the network (MPLS labels) are none: they would tear the two directions of a flow apart.
// It is one number, so that a path is compared and hashed as plain memory.
type tunnel uint64

func unkeyed(k tunnelKind) tunnel          { return tunnel(k) << 33 }
func keyed(k tunnelKind, id uint32) tunnel { return tunnel(k)<<33 | 1<<32 | tunnel(id) }

func (t *tunnel) setID(id uint32) { *t = keyed(tunnelKind(*t>>33), id) }
func (t *tunnel) dropID()         { *t = unkeyed(tunnelKind(*t >> 33)) }
func (t tunnel) hasID() bool      { return t>>32&1 != 0 }

func (t tunnel) String() string {
	kind, id := tunnelKind(t>>33), uint64(uint32(t))
	switch {
	case !t.hasID():
		return kind.String()
	case kind == tunnelL2TP: // tunnel and session
		return kind.String() + "/" + strconv.FormatUint(id>>16, 10) + "." + strconv.FormatUint(id&0xffff, 10)
	}
	return kind.String() + "/" + strconv.FormatUint(id, 10)
}

// path is what tells spaces apart.
type path struct {
	tunnels  [maxTunnels]tunnel
	vlans    [maxVLANs]uint16
	nTunnels uint8
	nVLANs   uint8
}

// network is p without what tells none.
func (p *path) network() path {
	n := path{vlans: p.vlans, nVLANs: p.nVLANs}
	for _, t := range p.tunnels[:p.nTunnels] {
		if t.hasID() {
			n.tunnels[n.nTunnels] = t
			n.nTunnels++
		}
	}
	return n
}

// spaces numbers the paths met. Number 0 is the plain one.
type spaces struct {
	single     [1 << 12]uint32 // numbers of the paths that are one VLAN and nothing else; 0: not yet met
	numbers    map[path]uint32
	paths      []numbered   // by number, from 1
	adding     sync.RWMutex // to them: who prints what was decoded does not wait for who decodes
	last       path         // what was asked for last, and its number
	lastNumber uint32
	overflowed uint64
}

// numbered is a path, and the number of its network.
type numbered struct {
	path
	network uint32
}

// intern is the number of p, and that of its network.
func (s *spaces) intern(p *path) (via, space uint32) {
	if p.nVLANs == 0 && p.nTunnels == 0 {
		return 0, 0
	}
	if s.last != *p { // 5 ns instead of the map's 40
		n, known := s.numbers[*p]
		if !known {
			if n = s.add(p); n == overflowSpace {
				return n, n
			}
		}
		s.last, s.lastNumber = *p, n
	}
	return s.lastNumber, s.paths[s.lastNumber-1].network
}

// add numbers a path that is new.
func (s *spaces) add(p *path) uint32 {
	network := p.network()
	other := uint32(0)
	if network != *p {
		if _, other = s.intern(&network); other == overflowSpace {
			return overflowSpace
		}
	}
	if len(s.paths) == maxSpaces-1 {
		s.overflowed++
		return overflowSpace
	}
	if s.numbers == nil {
		s.numbers = make(map[path]uint32)
	}
	n := uint32(len(s.paths) + 1)
	if network == *p {
		other = n
	}
	s.adding.Lock()
	s.paths = append(s.paths, numbered{*p, other})
	s.adding.Unlock()
	s.numbers[*p] = n
	if p.nVLANs == 1 && p.nTunnels == 0 {
		s.single[p.vlans[0]] = n
	}
	return n
}

// Space is what a Segment.Space or Segment.Via of this decoder's stands for; the zero Space for 0. It may be called from any
// goroutine.
func (d *Decoder) Space(number uint32) Space {
	d.spaces.adding.RLock()
	defer d.spaces.adding.RUnlock()
	switch {
	case number == 0 || number > overflowSpace:
		return Space{}
	case number == overflowSpace:
		return Space{Tunnel: "other"}
	case int(number) > len(d.spaces.paths):
		return Space{}
	}
	p := &d.spaces.paths[number-1]
	var tunnels []string
	for _, t := range p.tunnels[:p.nTunnels] {
		tunnels = append(tunnels, t.String())
	}
	return Space{
		VLANs:  append([]uint16(nil), p.vlans[:p.nVLANs]...),
		Tunnel: strings.Join(tunnels, " > "),
	}
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

// enter passes into a tunnel; false if there were too many.
func (d *Decoder) enter(t tunnel) bool {
	p := &d.path
	if p.nTunnels == maxTunnels {
		return false
	}
	p.vlans, p.nVLANs = [maxVLANs]uint16{}, 0 // the tags of what carries it
	p.tunnels[p.nTunnels] = t
	p.nTunnels++
	return true
}
