package pcaps

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"tcpwhy/flows"
)

// fragments4 cuts a payload of IPv4 into fragments behind the given multiples of 8 bytes.
func fragments4(id, protocol int, payload []byte, cuts ...int) (parts [][]byte) {
	for i, from := range append([]int{0}, cuts...) {
		to, more := len(payload), 0
		if i < len(cuts) {
			to, more = cuts[i], 0x2000
		}
		p := ip4between(testSrc4, testDst4, protocol, more|from/8, 20+to-from, nil, payload[from:to])
		binary.BigEndian.PutUint16(p[4:], uint16(id))
		parts = append(parts, p)
	}
	return parts
}

func fragments6(id int64, next int, payload []byte, cuts ...int) (parts [][]byte) {
	for i, from := range append([]int{0}, cuts...) {
		to, more := len(payload), 0
		if i < len(cuts) {
			to, more = cuts[i], 1
		}
		parts = append(parts, ip6(44, join([]byte{byte(next), 0}, be16(from|more), be32(id), payload[from:to])))
	}
	return parts
}

// timed is a frame so many milliseconds after the first.
type timed struct {
	ms    int
	frame []byte
}

// inRow is at once: frames a microsecond apart are as good as that.
func inRow(frames ...[]byte) (list []timed) {
	for _, f := range frames {
		list = append(list, timed{0, f})
	}
	return list
}

func captureOf(list []timed) []byte {
	f := newFile(false)
	f.pcapHeader(0xa1b2c3d4, 1)
	for i, p := range list {
		us := p.ms*1000 + i
		f.record(at+uint32(us/1e6), uint32(us%1e6), p.frame, len(p.frame))
	}
	return f.b
}

// lengths reads a capture, and gives each segment's packet and length.
func lengths(t testing.TB, list []timed, c Config) (got []string, s Stats) {
	t.Helper()
	source, err := Open([]string{put(t, "f.pcap", captureOf(list))}, c)
	if err != nil {
		t.Skip(err)
	}
	defer source.Close()
	var seg flows.Segment
	for {
		if _, err := source.Next(&seg); err != nil {
			if err != io.EOF {
				t.Error(err)
			}
			return got, source.Stats()
		}
		if f := source.Frame(); f.Number != seg.Packet || f.Time != seg.Time {
			t.Errorf("frame %d at %d, segment %d at %d", f.Number, f.Time, seg.Packet, seg.Time)
		}
		got = append(got, fmt.Sprintf("%d: %d", seg.Packet, seg.Len))
	}
}

func TestFragments(t *testing.T) {
	const length = 3000 // of the payload; the fragments below carry it in 1480 + 1480 + 60 bytes with the header
	whole := segment(flows.ACK|flows.PSH, nil, data(length))
	four, six := fragments4(7, 6, whole, 1480, 2960), fragments6(7, 6, whole, 1448, 2896)
	frames := func(kind int, parts [][]byte) (list [][]byte) {
		for _, p := range parts {
			list = append(list, eth(kind, p))
		}
		return list
	}
	f, g := frames(0x0800, four), frames(0x86dd, six)
	other := frames(0x0800, fragments4(8, 6, segment(flows.ACK, nil, data(2000)), 1480))
	ack := eth(0x0800, ip4(6, segment(flows.ACK, nil, nil)))
	options := frames(0x86dd, fragments6(9, 60, join(optionHeader(6), whole), 1448))
	guarded := frames(0x0800, fragments4(9, 51, join(x("06 04 0000 00000001 00000002"), data(12), whole), 1480))
	inVLAN := func(vlan int, frame []byte) []byte { return eth(0x8100, tagged(vlan, 0x0800, frame[14:])) }
	udp := fragments4(7, 17, make([]byte, 4000), 1480)[1]
	gap := make([]timed, aheadFrames+5)
	for i := range gap {
		gap[i].frame = ack
	}
	many := func(n int) (want []string) {
		want = append(want, "1: 1460")
		for i := range n {
			want = append(want, fmt.Sprintf("%d: 0", i+2))
		}
		return want
	}
	for _, c := range []struct {
		name string
		list []timed
		want []string
	}{
		{"one after the other", inRow(f[0], f[1], f[2]), []string{"1: 3000"}},
		{"IPv6", inRow(g[0], g[1], g[2]), []string{"1: 3000"}},
		{"behind other headers", inRow(options[0], options[1], guarded[0], guarded[1]), []string{"1: 3000", "3: 3000"}},
		{"others in between", inRow(ack, f[0], ack, f[1], ack, g[0], ack, f[2], g[1], g[2], ack),
			[]string{"1: 0", "2: 3000", "3: 0", "5: 0", "6: 3000", "7: 0", "11: 0"}},
		{"two at a time", inRow(f[0], other[0], f[2], other[1], f[1]), []string{"1: 3000", "2: 2000"}},
		{"the last one first", inRow(f[2], f[1], f[0], ack), []string{"3: 3000", "4: 0"}},
		{"each twice", inRow(f[0], f[0], f[1], f[1], f[2], f[2]), []string{"1: 3000", "2: 3000"}},
		{"the one in the middle was not captured", inRow(f[0], f[2], ack), []string{"1: 3000", "3: 0"}},
		{"the last one was not captured", inRow(f[0], f[1], ack, ack), []string{"1: 1460", "3: 0", "4: 0"}},
		{"the last one too late", []timed{{0, f[0]}, {150, ack}, {151, f[2]}}, []string{"1: 1460", "2: 0"}},
		{"the last one too early", []timed{{0, f[2]}, {1500, f[0]}}, []string{"2: 1460"}},
		{"the last one too far away", append(append(inRow(f[0]), gap...), timed{0, f[2]}), many(len(gap))},
		{"of UDP with the same id", inRow(f[0], eth(0x0800, udp), ack), []string{"1: 1460", "3: 0"}},
		{"of another VLAN with the same id", inRow(inVLAN(5, f[0]), inVLAN(6, f[2]), ack), []string{"1: 1460", "3: 0"}},
		{"in a VLAN", inRow(inVLAN(5, f[0]), inVLAN(5, f[2])), []string{"1: 3000"}},
		{"a last one that ends before the first", inRow(f[0], eth(0x0800, fragments4(7, 6, whole[:24], 16)[1]), ack),
			[]string{"1: 1460", "3: 0"}},
		{"the capture ends", inRow(f[0]), []string{"1: 1460"}},
		{"plain packets behind it", inRow(f[2], f[0], ack, ack), []string{"2: 3000", "3: 0", "4: 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, s := lengths(t, c.list, Config{})
			if !slices.Equal(got, c.want) {
				t.Errorf("got  %v\nwant %v", got, c.want)
			}
			sum := s.TCP
			for _, n := range s.Skipped {
				sum += n
			}
			if s.Read != uint64(len(c.list)) || sum != s.Read {
				t.Errorf("the counts do not add up: %+v", s)
			}
		})
	}

	t.Run("not beyond the count", func(t *testing.T) {
		tapped := 0
		c := Config{Count: 2, Tap: func(*Frame) error { tapped++; return nil }}
		got, s := lengths(t, inRow(ack, f[0], f[1], f[2]), c)
		if want := []string{"1: 0", "2: 1460"}; !slices.Equal(got, want) || s.Read != 2 || tapped != 2 {
			t.Errorf("got %v, want %v; %d read, %d tapped", got, want, s.Read, tapped)
		}
	})
	t.Run("held back by the filter", func(t *testing.T) {
		c := Config{Filter: "port 443"} // of which a later fragment knows nothing
		got, s := lengths(t, inRow(f[0], ack, f[1], f[2], ack), c)
		if want := []string{"1: 3000", "2: 0", "5: 0"}; !slices.Equal(got, want) || s.Filtered != 2 || s.Read != 5 {
			t.Errorf("got %v, want %v; %+v", got, want, s)
		}
	})
	t.Run("an error waits for its turn", func(t *testing.T) {
		b := captureOf(inRow(f[0], ack, ack))
		s, err := Open([]string{put(t, "f.pcap", b[:len(b)-1])}, Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if packets, err := drain(t, s); !slices.Equal(packets, []uint64{1, 2}) || err == io.EOF {
			t.Errorf("packets %v, %v", packets, err)
		}
	})
	t.Run("quoted", func(t *testing.T) {
		quote := eth(0x0800, ip4(1, join(x("0b 01 0000 00000000"), four[0])))
		later := eth(0x0800, ip4(1, join(x("0b 01 0000 00000000"), four[2])))
		if got, _ := lengths(t, inRow(later, quote, f[0]), Config{}); !slices.Equal(got, []string{"2: 1460", "3: 1460"}) {
			t.Error(got)
		}
	})
}

// Whatever the order, the packets come out in that of the capture, each with the length of its segment.
func TestFragmentsInAnyOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		type piece struct {
			frame []byte
			want  int // -1: no segment
		}
		var pieces []piece
		for id := range 40 {
			n := r.IntN(4000)
			whole := segment(flows.ACK, nil, data(n))
			var cuts []int
			for at := 24; at < len(whole); at += 8 + 8*r.IntN(200) {
				cuts = append(cuts, at)
			}
			for i, p := range fragments4(id, 6, whole, cuts...) {
				if i > 0 {
					n = -1
				}
				pieces = append(pieces, piece{eth(0x0800, p), n})
			}
		}
		r.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		var list []timed
		var want []string
		for i, p := range pieces {
			list = append(list, timed{0, p.frame})
			if p.want >= 0 {
				want = append(want, fmt.Sprintf("%d: %d", i+1, p.want))
			}
		}
		if got, _ := lengths(t, list, Config{}); !slices.Equal(got, want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	}
}

// First fragments whose last one never comes cost a bounded amount of memory, however many.
func TestFragmentsAreBounded(t *testing.T) {
	var list []timed
	for id := range 20000 {
		list = append(list, timed{0, eth(0x0800, fragments4(id, 6, segment(flows.ACK, nil, data(3000)), 1480)[0])})
	}
	s, err := Open([]string{put(t, "f.pcap", captureOf(list))}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list = nil
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if packets, err := drain(t, s); len(packets) != 20000 || err != io.EOF {
		t.Errorf("%d packets, %v", len(packets), err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 3*aheadBytes {
		t.Errorf("%d bytes more are held than before", grown)
	}
	runtime.KeepAlive(s)
}
