package report

// Names says what the numbers in segments and flows stand for.
type Names struct {
	Files []string // as the user named them, by Segment.File
	// Space names the network of a Segment.Space other than 0: its VLAN tags, outermost
	// first, and its tunnel ("vxlan/42").
	Space func(space uint32) (vlan []uint16, tunnel string)
}

func (n *Names) file(i int32) string {
	if int(i) >= len(n.Files) {
		return ""
	}
	return n.Files[i]
}

func (n *Names) space(s uint32) (vlan []uint16, tunnel string) {
	if s == 0 || n.Space == nil {
		return nil, ""
	}
	return n.Space(s)
}
