package flows

import (
	"math/rand/v2"
	"slices"
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

// TestPlainTellsTuplesApart: the hash without the secret knows a flow that was given up, and spreads flows over the
// shards. Addresses and ports that go up together were one once.
func TestPlainTellsTuplesApart(t *testing.T) {
	const n = 25_600
	tr := NewTracker(Config{})
	four := func(a, b, c, d byte) Addr { return Addr4([4]byte{a, b, c, d}) }
	six := func(net, host uint16) Addr {
		return Addr{0: 0x20, 1: 0x01, 2: 0x0d, 3: 0xb8, 7: byte(net), 14: byte(host >> 8), 15: byte(host)}
	}
	for name, end := range map[string]func(i int) (src, dst Addr, port uint16){
		"ports": func(i int) (src, dst Addr, port uint16) { return four(192, 0, 2, 1), four(198, 51, 100, 1), uint16(i) },
		"clients": func(i int) (src, dst Addr, port uint16) {
			return four(10, 1, byte(i>>8), byte(i)), four(10, 0, 1, 1), 5555
		},
		"servers": func(i int) (src, dst Addr, port uint16) {
			return four(10, 1, 1, 1), four(192, 0, byte(i>>8), byte(i)), 5555
		},
		"servers, ports": func(i int) (src, dst Addr, port uint16) {
			return four(10, 1, 1, 1), four(192, 0, byte(i>>8), byte(i)), uint16(i)
		},
		"servers, ports down": func(i int) (src, dst Addr, port uint16) {
			return four(10, 1, 1, 1), four(192, 0, byte(i>>8), byte(i)), uint16(n - i)
		},
		"IPv6: ports":          func(i int) (src, dst Addr, port uint16) { return six(1, 1), six(2, 1), uint16(i) },
		"IPv6: servers, ports": func(i int) (src, dst Addr, port uint16) { return six(1, 1), six(2, uint16(i)), uint16(i) },
		"IPv6: clients, ports": func(i int) (src, dst Addr, port uint16) { return six(1, uint16(i)), six(2, 1), uint16(i) },
		"IPv6: networks, ports": func(i int) (src, dst Addr, port uint16) {
			return six(uint16(i&0xff), 1), six(2, uint16(i>>8)), uint16(i)
		},
	} {
		met := map[[2]uint32]bool{}
		var held [shards]int
		for i := range n {
			s := Segment{DstPort: 443}
			s.Src, s.Dst, s.SrcPort = end(i)
			var k tuple
			k.of(&s)
			tr.digest(&k)
			met[[2]uint32{k.unseeded, k.check}] = true
			held[tr.Shard(&s)]++
		}
		if len(met) != n {
			t.Errorf("%s: %d four-tuples have %d hashes", name, n, len(met))
		}
		if least, most := slices.Min(held[:]), slices.Max(held[:]); least < n/shards/2 || most > n/shards*3/2 {
			t.Errorf("%s: shards have %d to %d of %d four-tuples", name, least, most, n)
		}
	}
}
