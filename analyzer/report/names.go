package report

// Names says what the numbers in the segments and flows of one capture stand for.
type Names struct {
	files  []string
	many   bool
	lookup func(space uint32) (vlan []uint16, tunnel string)
	spaces map[uint32]space // looked up before
}

type space struct {
	vlan   []uint16
	tunnel string
}

// NewNames is the names of files, as the user gave them and by Segment.File, and of what segments
// came through, by Segment.Space and Via: VLAN tags from the outermost to the innermost, and a tunnel ("vxlan/42"). Where many
// files are read, as one capture or one by one, a packet is told with its file.
func NewNames(files []string, many bool, lookup func(space uint32) (vlan []uint16, tunnel string)) *Names {
	return &Names{files: files, many: many, lookup: lookup, spaces: make(map[uint32]space)}
}

// File is the name of a file.
func (n *Names) File(i int32) string { return n.files[i] }

func (n *Names) space(number uint32) space {
	if number == 0 {
		return space{}
	}
	s, ok := n.spaces[number]
	if !ok {
		s.vlan, s.tunnel = n.lookup(number)
		n.spaces[number] = s
	}
	return s
}
