package analyzer

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"

	"github.com/axiomhq/hyperloglog"
)

// Distinct counts different things: exactly up to a few, then by an estimate that says so. The zero
// value has counted none. It must not be copied once something was added.
type Distinct struct {
	all    uint64   // added, that of one thing as often as it was
	few    []uint64 // hashes in order, until there are too many
	sketch *hyperloglog.Sketch
}

const (
	distinctFew = 512 // hashes kept: 4 kB
	// 2^11 registers are 2 kB, and an estimate that is mostly within 3 % (1.04/√2^11 standard error).
	distinctPrecision = 11
)

// N is how many there are, never more than were added.
func (d *Distinct) N() uint64 {
	if d.sketch != nil {
		return min(d.sketch.Estimate(), d.all)
	}
	return uint64(len(d.few))
}

// Exact reports whether N is the number itself, not an estimate within some 3 % of it.
func (d *Distinct) Exact() bool { return d.sketch == nil }

// add counts what hashes to h, which two things may share only by chance.
func (d *Distinct) add(h uint64) {
	d.all++
	d.insert(h)
}

func (d *Distinct) insert(h uint64) {
	if d.sketch != nil {
		d.sketch.InsertHash(h)
		return
	}
	i, found := slices.BinarySearch(d.few, h)
	switch {
	case found:
	case len(d.few) < distinctFew:
		d.few = slices.Insert(d.few, i, h)
	default:
		d.sketch, _ = hyperloglog.NewSketch(distinctPrecision, false) // an error: of the precision only
		for _, h := range append(d.few, h) {
			d.sketch.InsertHash(h)
		}
		d.few = nil
	}
}

// merge counts what o has counted.
func (d *Distinct) merge(o *Distinct) {
	d.all += o.all
	if o.sketch == nil {
		for _, h := range o.few {
			d.insert(h)
		}
		return
	}
	few := d.few
	if d.sketch == nil {
		d.few, d.sketch = nil, o.sketch.Clone()
	} else {
		_ = d.sketch.Merge(o.sketch) // an error: where the precisions differ
	}
	for _, h := range few {
		d.sketch.InsertHash(h)
	}
}

// hashAddr is an even hash of an address; not seeded, as what is counted must come out the same each time.
func hashAddr(a netip.Addr) uint64 {
	b := a.As16()
	return fold(binary.LittleEndian.Uint64(b[:8])^0x9e3779b97f4a7c15, binary.LittleEndian.Uint64(b[8:]))
}

func hashAddrPort(ap netip.AddrPort) uint64 { return fold(hashAddr(ap.Addr()), uint64(ap.Port())) }

// fold mixes two words as the finalizer of MurmurHash3 does one, so that every bit of either counts.
func fold(a, b uint64) uint64 {
	h := bits.RotateLeft64(a*0xff51afd7ed558ccd, 31) ^ b
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
