package diff

import "slices"

// Shown is a flow drawn for people.
type Shown struct {
	In     *Snapshot // whose flow it is; nil: none is shown
	Flow   uint64
	Ladder string // in lines, each ended
	Again  string // the command that shows it again
}

func (s *Shown) is(side *Snapshot, f Flow) bool { return s.In == side && s.Flow == f.Number }

// newest is the flow of a pair that is told of: as it is now or, where it is gone, as it was.
func (d *Diff) newest(p *Pair) (*Snapshot, Flow) {
	if p.Is.Number == 0 {
		return d.Old, p.Was
	}
	return d.New, p.Is
}

// Wanted are the flows of a side that are told of, in order: numbers by which its capture can be looked at again.
// First is the one to be drawn, 0 where that is of the other side.
func (d *Diff) Wanted(side *Snapshot) (flows []uint64, first uint64) {
	none := true
	for i := range d.Differences {
		for j := range d.Differences[i].First {
			of, f := d.newest(&d.Differences[i].First[j])
			if of == side {
				flows = append(flows, f.Number)
				if none {
					first = f.Number
				}
			}
			none = false
		}
	}
	slices.Sort(flows)
	return slices.Compact(flows), first
}

// Found sets the packets that show what was found of a flow.
func (d *Diff) Found(side *Snapshot, flow uint64, packets []uint64) {
	for i := range d.Differences {
		for j := range d.Differences[i].First {
			p := &d.Differences[i].First[j]
			if of, f := d.newest(p); of == side && f.Number == flow {
				p.Packets = packets
			}
		}
	}
}
