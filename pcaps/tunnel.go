package pcaps

// tunnelName is the name of a kind of tunnel in Space.Tunnel.
type tunnelName uint8

const (
	tunnelGRE tunnelName = iota
)

func (t tunnelName) String() string { return [...]string{"gre"}[t] }

// enter passes into a tunnel: VLAN tags met so far were those of what carries it.
func (d *Decoder) enter(t tunnel) bool {
	p := &d.path
	if p.nTunnels == maxTunnels {
		return false
	}
	clear(p.vlans[:p.nVLANs])
	p.nVLANs = 0
	p.tunnels[p.nTunnels] = t
	p.nTunnels++
	return true
}
