package flows

import (
	"math/rand/v2"
	"testing"
)

// However far from its place a slot has been pushed, taking others out leaves it where its hash finds it.
func TestReplaceShiftsBack(t *testing.T) {
	for _, hashes := range []int{1, 2, 7, 1000} { // of 1, the last is as many places away as there are others
		tr := NewTracker(Config{})
		s := &tr.shards[0]
		order := rand.New(rand.NewPCG(1, uint64(hashes)))
		var refs []ref
		for i := range 1000 {
			f := refTo(0, formRecord, s.records.take())
			s.records.ptr(f.index()).hash = uint32(i%hashes) * 0x01000193
			refs = append(refs, f)
			if 4*(s.used+1) > 3*len(s.slots) {
				tr.grow(s, 0)
			}
			hash := tr.hashOf(f)
			s.put(hash, slotOf(hash, f))
			s.used++
		}
		order.Shuffle(len(refs), func(i, j int) { refs[i], refs[j] = refs[j], refs[i] })
		for len(refs) > 0 {
			out := refs[0]
			refs = refs[1:]
			tr.replace(tr.hashOf(out), out, 0)
			if head := tr.headOf(tr.hashOf(out), out); head != 0 {
				t.Fatalf("%d hashes: %x is still there", hashes, out)
			}
			for _, f := range refs[:min(len(refs), 50)] {
				if head := tr.headOf(tr.hashOf(f), f); head != f {
					t.Fatalf("%d hashes: %x is not found any more, with %d others left", hashes, f, len(refs))
				}
			}
		}
		if s.used != 0 {
			t.Errorf("%d hashes: %d are left", hashes, s.used)
		}
	}
}
