package pcaps

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

const at = 1700000000 // seconds; what the packets below were captured at

var (
	first  = []byte("the first packet")
	second = []byte("the second packet is longer, and of odd length")
)

// variant is a capture in one format, and the frames that are in it.
type variant struct {
	name string
	file *file
	want []Frame
}

func variants() []variant {
	var vs []variant
	order := func(big bool) string {
		if big {
			return "big-endian"
		}
		return "little-endian"
	}
	for _, big := range []bool{false, true} {
		for _, v := range []struct {
			name     string
			magic    uint32
			fraction uint32 // in a microsecond
			more     []byte
		}{
			{"microseconds", 0xa1b2c3d4, 1, nil},
			{"nanoseconds", 0xa1b23c4d, 1000, nil},
			{"modified", 0xa1b2cd34, 1, make([]byte, 8)},
		} {
			f := newFile(big)
			f.pcapHeader(v.magic, 0x24000114) // FCS of 4 bytes, SLL2
			f.record(at, 1*v.fraction, first, len(first), v.more...)
			f.record(at+1, 999999*v.fraction, second, 1500, v.more...)
			f.record(at+1, 0, nil, 60, v.more...)
			vs = append(vs, variant{"pcap " + v.name + " " + order(big), f, []Frame{
				{Time: at*1e9 + 1000, Number: 1, LinkType: 276, Data: first, Wire: len(first)},
				{Time: (at+1)*1e9 + 999999000, Number: 2, LinkType: 276, Data: second, Wire: 1500},
				{Time: (at + 1) * 1e9, Number: 3, LinkType: 276, Data: []byte{}, Wire: 60},
			}})
		}

		f := newFile(big)
		f.section(math.MaxUint64)
		f.iface(1, 0, nil)
		f.block(0xbad, func() { f.raw(make([]byte, 1000)) })
		f.iface(101, 16, func() {
			f.option(2, []byte("tun0"))
			f.option(9, []byte{9})
			f.option(14, f.AppendUint64(nil, 1000000000))
		})
		f.iface(113, 0, func() { f.option(9, []byte{0x80 | 10}) })
		f.enhanced(1, 700000000*1e9+5, second[:16], 1500)
		f.enhanced(0, at*1e6+7, first, len(first))
		f.simple(first, len(first))
		f.obsolete(2, at<<10+512, second, len(second))
		f.statistics(1, 10, 2, 3)
		f.statistics(1, 100, 20, 30)
		// A second section, in the other byte order, whose interfaces are its own.
		g := newFile(!big)
		g.section(0)
		g.iface(276, 5, nil)
		g.enhanced(0, at*1e6+9, first, len(first))
		g.simple(second[:5], len(second))
		for i := range g.ends {
			g.ends[i].at += len(f.b)
		}
		f.raw(g.b)
		f.ends = append(f.ends, g.ends...)
		vs = append(vs, variant{"pcapng " + order(big), f, []Frame{
			{Time: at*1e9 + 5, Number: 1, Interface: 1, LinkType: 101, Data: second[:16], Wire: 1500},
			{Time: at*1e9 + 7000, Number: 2, LinkType: 1, Data: first, Wire: len(first)},
			{Time: at*1e9 + 7000, Number: 3, LinkType: 1, Data: first, Wire: len(first)}, // has no time of its own
			{Time: at*1e9 + 5e8, Number: 4, Interface: 2, LinkType: 113, Data: second, Wire: len(second)},
			{Time: at*1e9 + 9000, Number: 5, Interface: 3, LinkType: 276, Data: first, Wire: len(first)},
			{Time: at*1e9 + 9000, Number: 6, Interface: 3, LinkType: 276, Data: second[:5], Wire: len(second)},
		}})
	}
	return vs
}

func TestFormats(t *testing.T) {
	for _, v := range variants() {
		half := len(v.file.b) / 2
		for _, packing := range []struct {
			name string
			b    []byte
		}{
			{"plain", v.file.b},
			{"gzip", gzipped(t, v.file.b)},
			{"gzip members", gzipped(t, v.file.b[:half], v.file.b[half:])},
			{"gzip members, and zeros", append(gzipped(t, v.file.b[:half], v.file.b[half:]), make([]byte, 100_000)...)},
			{"gzip members between zeros", slices.Concat(gzipped(t, v.file.b[:half]), make([]byte, 512), gzipped(t, v.file.b[half:]))},
			{"zstd", zstandard(t, v.file.b)},
			{"zstd frames", zstandard(t, v.file.b[:half], v.file.b[half:])},
			{"zstd after a skippable frame", append([]byte{0x5e, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2}, zstandard(t, v.file.b)...)},
		} {
			t.Run(v.name+" "+packing.name, func(t *testing.T) {
				for name, r := range map[string]io.Reader{
					"at once":      bytes.NewReader(packing.b),
					"byte by byte": iotest.OneByteReader(bytes.NewReader(packing.b)),
					"EOF at once":  iotest.DataErrReader(bytes.NewReader(packing.b)),
				} {
					got, in, err := readAll(r)
					if err != io.EOF {
						t.Errorf("%s: ends with %v", name, err)
					}
					if !reflect.DeepEqual(got, v.want) {
						t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, v.want)
					}
					if in.raw.n != int64(len(packing.b)) {
						t.Errorf("%s: counts %d bytes read of %d", name, in.raw.n, len(packing.b))
					}
				}
			})
		}
	}
}

// What libpcap wrote before pcap 2.4 has the lengths of a packet the other way round, or may have.
func TestSwappedLengths(t *testing.T) {
	for _, v := range variants() {
		if !strings.HasPrefix(v.name, "pcap ") {
			continue
		}
		header := 16
		if strings.Contains(v.name, "modified") {
			header = 24
		}
		for major, minors := range map[uint16][]uint16{2: {0, 1, 2, 3}, 543: {0}} {
			for _, minor := range minors {
				b := bytes.Clone(v.file.b)
				copy(b[4:], v.file.AppendUint16(v.file.AppendUint16(nil, major), minor))
				for i, at := 0, 24; at < len(b); i++ {
					if minor < 3 || i == 1 {
						lengths := b[at+8 : at+16]
						copy(lengths, slices.Concat(lengths[4:], lengths[:4]))
					}
					at += header + len(v.want[i].Data)
				}
				got, _, err := readAll(bytes.NewReader(b))
				if err != io.EOF || !reflect.DeepEqual(got, v.want) {
					t.Errorf("%s, version %d.%d:\ngot  %+v, %v\nwant %+v", v.name, major, minor, got, err, v.want)
				}
				if _, _, err := readAll(bytes.NewReader(b[:24+header+5])); !errors.Is(err, ErrCutOff) || !strings.Contains(err.Error(), "after 5 of its 16 bytes") {
					t.Errorf("%s, version %d.%d, cut off: %v", v.name, major, minor, err)
				}
			}
		}
	}
}

func TestInterfaces(t *testing.T) {
	for _, v := range variants() {
		if !strings.HasPrefix(v.name, "pcapng") {
			continue
		}
		_, in, _ := readAll(bytes.NewReader(v.file.b))
		want := []Interface{
			{LinkType: 1},
			{Name: "tun0", LinkType: 101, Snaplen: 16, Received: Count{100, true}, Dropped: Count{20, true}, DroppedByOS: Count{30, true}},
			{LinkType: 113},
			{LinkType: 276, Snaplen: 5},
		}
		if got := in.format.interfaces(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", v.name, got, want)
		}
	}
}

// Whatever the byte at which a file is cut off, every packet before is given.
func TestCutAnywhere(t *testing.T) {
	for _, v := range variants() {
		for n := range len(v.file.b) {
			got, _, err := readAll(bytes.NewReader(v.file.b[:n]))
			want, whole := v.file.wholePackets(n)
			if len(got) != want {
				t.Errorf("%s, cut at %d: %d packets, want %d", v.name, n, len(got), want)
			}
			expect := ErrCutOff
			switch {
			case n == 0:
				expect = ErrEmpty
			case n < 4:
				expect = ErrNotCapture
			case whole:
				expect = io.EOF
			}
			if !errors.Is(err, expect) {
				t.Errorf("%s, cut at %d: %v, want %v", v.name, n, err, expect)
			}
		}
	}
}

func TestCutCompressed(t *testing.T) {
	v := variants()[0]
	for name, b := range map[string][]byte{"gzip": gzipped(t, v.file.b), "zstd": zstandard(t, v.file.b)} {
		for n := 4; n < len(b); n++ {
			got, _, err := readAll(bytes.NewReader(b[:n]))
			if !errors.Is(err, ErrCutOff) {
				t.Errorf("%s cut at %d: %v", name, n, err)
			}
			if len(got) > len(v.want) || len(got) > 0 && !reflect.DeepEqual(got, v.want[:len(got)]) {
				t.Errorf("%s cut at %d: %+v", name, n, got)
			}
		}
	}
}

func TestSentences(t *testing.T) {
	pcap := func(more func(f *file)) []byte {
		f := newFile(false)
		f.pcapHeader(0xa1b2c3d4, 1)
		f.record(at, 0, first, len(first))
		more(f)
		return f.b
	}
	pcapng := func(more func(f *file)) []byte {
		f := newFile(true)
		f.section(0)
		f.iface(1, 0, nil)
		f.enhanced(0, at, first, len(first))
		more(f)
		return f.b
	}
	tests := []struct {
		name string
		b    []byte
		is   error
		want string
	}{
		{"empty", nil, ErrEmpty, "test.pcap: an empty file"},
		{"text", []byte("hello, world"), ErrNotCapture, "test.pcap: not a capture file (pcap or pcapng, plain or in gzip or zstd)"},
		{"compressed text", gzipped(t, []byte("hello, world")), ErrNotCapture, "test.pcap: not a capture file (pcap or pcapng, plain or in gzip or zstd)"},
		{"compressed, and zeros without an end", append(gzipped(t, pcap(func(*file) {})), make([]byte, 2<<20)...), ErrDamaged, "test.pcap: damaged gzip data (gzip: invalid header), in packet 2"},
		{"compressed, and a few other bytes", append(gzipped(t, pcap(func(*file) {})), "else"...), ErrDamaged, "test.pcap: damaged gzip data (gzip: invalid header), in packet 2"},
		{"twice compressed", gzipped(t, gzipped(t, pcap(func(*file) {}))), ErrNotCapture, "test.pcap: not a capture file (pcap or pcapng, plain or in gzip or zstd)"},
		{"file header", pcap(func(*file) {})[:10], ErrCutOff, "test.pcap: cut off in the file header (after 10 of its 24 bytes)"},
		{"packet", pcap(func(f *file) { f.record(at, 0, second, 80); f.b = f.b[:len(f.b)-6] }), ErrCutOff,
			"test.pcap: cut off in packet 2 (after 40 of its 46 bytes)"},
		{"packet header", pcap(func(f *file) { f.raw(make([]byte, 7)) }), ErrCutOff, "test.pcap: cut off in packet 2 (after 7 of its 16 bytes)"},
		{"huge packet", pcap(func(f *file) { f.u64(0); f.u32(math.MaxUint32); f.u32(60) }), ErrDamaged,
			"test.pcap: damaged after packet 1, at byte 56: a packet of 4294967295 bytes, more than any link carries"},
		{"gzip checksum", func() []byte { b := gzipped(t, pcap(func(*file) {})); b[len(b)-8] ^= 1; return b }(), ErrDamaged,
			"test.pcap: damaged gzip data (gzip: invalid checksum), in packet 2"},
		{"no section", []byte("\x0a\x0d\x0d\x0aGET / HTTP/1.1\r\nHost: a\r\n\r\n"), ErrDamaged,
			"test.pcap: damaged after packet 0, at byte 0: a section header of no known byte order"},
		{"later version", func() []byte { b := pcapng(func(*file) {}); b[13] = 2; return b }(), ErrDamaged,
			"test.pcap: damaged after packet 0, at byte 0: a section of pcapng version 2, not 1"},
		{"block too short", pcapng(func(f *file) { f.u32(6); f.u32(8) }), ErrDamaged,
			"test.pcap: damaged after packet 1, at byte 148: a block of 8 bytes, less than its own frame"},
		{"huge packet block", pcapng(func(f *file) { f.u32(6); f.u32(math.MaxUint32 - 3) }), ErrDamaged,
			"test.pcap: damaged after packet 1, at byte 148: a block of type 0x6 of 4294967292 bytes"},
		{"huge other block", pcapng(func(f *file) { f.u32(0xbad); f.u32(math.MaxUint32); f.u32(0) }), ErrCutOff,
			"test.pcap: cut off in a block of type 0xbad after packet 1 (after 12 of its 4294967296 bytes)"},
		{"ends disagree", pcapng(func(f *file) { f.simple(first, len(first)); f.b[len(f.b)-1]++ }), ErrDamaged,
			"test.pcap: damaged after packet 1, at byte 148: a block of 32 bytes that ends as one of 33"},
		{"packet larger than its block", pcapng(func(f *file) { f.enhanced(0, at, first, 16); f.b[148+23] = 200 }), ErrDamaged,
			"test.pcap: damaged after packet 1, at byte 148: a packet of 200 bytes in a block of 68"},
		{"unknown interface", pcapng(func(f *file) { f.enhanced(1, at, first, 16) }), ErrDamaged,
			"test.pcap: damaged after packet 1, at byte 148: a packet of interface 1, of which the section says nothing"},
		{"section without interfaces", pcapng(func(f *file) { f.section(0); f.simple(first, 16) }), ErrDamaged,
			"test.pcap: damaged after packet 1, at byte 208: a packet of interface 0, of which the section says nothing"},
		{"time resolution", pcapng(func(f *file) { f.iface(1, 0, func() { f.option(9, []byte{100}) }) }), ErrDamaged,
			"test.pcap: damaged after packet 1, at byte 148: an interface with the time resolution 0x64"},
		{"interfaces without end", pcapng(func(f *file) {
			for range 1 << 16 {
				f.iface(1, 0, nil)
			}
		}), ErrDamaged, fmt.Sprintf("test.pcap: damaged after packet 1, at byte %d: more than 65536 interfaces", 148+65535*20)},
		{"device", nil, errDevice, "test.pcap: the device is on fire, in packet 2"},
		{"device under gzip", nil, errDevice, "test.pcap: the device is on fire, in packet 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := io.Reader(bytes.NewReader(test.b))
			switch test.name {
			case "device":
				r = io.MultiReader(bytes.NewReader(pcap(func(*file) {})), iotest.ErrReader(errDevice))
			case "device under gzip":
				b := gzipped(t, pcap(func(*file) {}))
				r = io.MultiReader(bytes.NewReader(b[:len(b)-4]), iotest.ErrReader(errDevice))
			}
			_, in, err := readAll(r)
			err = in.fail(err)
			if got := err.Error(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if !errors.Is(err, test.is) {
				t.Errorf("%v is no %v", err, test.is)
			}
		})
	}
}

var errDevice = errors.New("the device is on fire")

func TestTimes(t *testing.T) {
	tests := []struct {
		tsresol byte
		offset  int64
		units   uint64
		want    int64
	}{
		{0, 0, at, at * 1e9},
		{3, 0, at*1e3 + 1, at*1e9 + 1e6},
		{6, 0, at*1e6 + 1, at*1e9 + 1e3},
		{9, 0, at*1e9 + 1, at*1e9 + 1},
		{12, 0, 1e18 + 1999, 1e15 + 1},
		{28, 0, math.MaxUint64, 1}, // 1.8 ns
		{0x80, 0, at, at * 1e9},
		{0x80 | 32, 0, at<<32 | 1<<31, at*1e9 + 5e8},
		{0x80 | 63, 0, 3 << 62, 15e8},
		// 2554 is the last year that 64 bits of nanoseconds can tell; ours have 63.
		{9, 0, math.MaxUint64, lastTime},
		{6, 0, math.MaxUint64, lastTime},
		{0, 0, math.MaxUint64, lastTime},
		{0x80, 0, math.MaxUint64, lastTime},
		{9, 0, math.MaxInt64, lastTime},
		{0, 0, math.MaxUint64/1000000000 + 1, lastTime}, // a little more than 2^64 ns
		{9, 0, math.MaxInt64 + 1, lastTime},
		{6, at, 1, at*1e9 + 1e3},
		{6, -at, (at + 1) * 1e6, 1e9},
		{6, -at, 5, 0}, // before 1970
		{6, math.MinInt64, math.MaxUint64, 0},
		{6, math.MaxInt64, 0, lastTime},
		{6, lastTime/1e9 - 1, 0, lastTime - 1e9},
		{6, math.MaxInt64 / 1000000000, 1e6, lastTime},
		{6, math.MaxInt64, math.MaxUint64, lastTime},
		{9, -1, math.MaxUint64, lastTime},
	}
	for _, test := range tests {
		r, ok := newResolution(test.tsresol)
		r.offset = test.offset
		if got := r.nanoseconds(test.units); !ok || got != test.want {
			t.Errorf("%d units, if_tsresol %#x, if_tsoffset %d: got %d, want %d", test.units, test.tsresol, test.offset, got, test.want)
		}
	}
	for _, v := range []byte{29, 127, 0x80 | 64, 0xff} {
		if _, ok := newResolution(v); ok {
			t.Errorf("if_tsresol %#x is taken for possible", v)
		}
	}
}

// A file that claims 4 GB costs no more memory than what there is of it.
func TestClaimsCostNothing(t *testing.T) {
	claims := map[string]func(f *file){
		"pcap record": func(f *file) { f.pcapHeader(0xa1b2c3d4, 1); f.u64(0); f.u32(math.MaxUint32); f.u32(60) },
		"largest possible pcap record": func(f *file) {
			f.pcapHeader(0xa1b2c3d4, 1)
			f.u64(0)
			f.u32(maxRecord)
			f.u32(60)
		},
		"section": func(f *file) {
			f.u32(0x0a0d0d0a)
			f.u32(math.MaxUint32)
			f.u32(0x1a2b3c4d)
			f.u32(1)
			f.u64(0)
			f.u32(0)
		},
		"interface":   func(f *file) { f.section(0); f.u32(1); f.u32(math.MaxUint32) },
		"packet":      func(f *file) { f.section(0); f.iface(1, 0, nil); f.u32(6); f.u32(math.MaxUint32) },
		"other block": func(f *file) { f.section(0); f.u32(99); f.u32(math.MaxUint32) },
	}
	for name, claim := range claims {
		f := newFile(false)
		claim(f)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, _, err := readAll(bytes.NewReader(f.b))
		runtime.ReadMemStats(&after)
		if !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrCutOff) || len(got) != 0 {
			t.Errorf("%s: %d packets, %v", name, len(got), err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<10 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
}

// A zstd frame whose window is 2 GiB or more is refused, as by the zstd program.
func TestZstdWindow(t *testing.T) {
	b := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0x01, 0x00, 0x00} // window descriptor: 2^31
	_, in, err := readAll(bytes.NewReader(b))
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("%v", in.fail(err))
	}
}

// BIG TCP: Linux builds packets of up to 512 KiB.
func TestBigPackets(t *testing.T) {
	big := bytes.Repeat([]byte{7}, 512<<10)
	f := newFile(false)
	f.pcapHeader(0xa1b2c3d4, 1) // with a snap length of 96
	f.record(at, 0, big, len(big))
	g := newFile(false)
	g.section(0)
	g.iface(1, 96, nil)
	g.enhanced(0, at, big, len(big))
	for _, b := range [][]byte{f.b, g.b} {
		got, _, err := readAll(bytes.NewReader(b))
		if err != io.EOF || len(got) != 1 || !bytes.Equal(got[0].Data, big) {
			t.Errorf("%d packets, %v", len(got), err)
		}
	}
}

// check holds what is true of every capture, however broken.
func check(t *testing.T, b []byte) {
	t.Helper()
	got, in, err := readAll(bytes.NewReader(b))
	if err == nil {
		t.Fatal("no end")
	}
	data := 0
	for i, f := range got {
		if f.Number != uint64(i+1) || f.Time < 0 || f.Wire < len(f.Data) || f.LinkType > 0xffff || len(f.Data) > maxRecord {
			t.Fatalf("frame %d: %+v", i, f)
		}
		if int(f.Interface) >= len(in.format.interfaces()) || in.format.interfaces()[f.Interface].LinkType != f.LinkType {
			t.Fatalf("frame %d: interface %d", i, f.Interface)
		}
		data += len(f.Data)
	}
	if in.unpacker == nil && data > len(b) {
		t.Fatalf("%d bytes of packets in %d", data, len(b))
	}
	// However the bytes arrive, they mean the same.
	again, _, err2 := readAll(iotest.HalfReader(bytes.NewReader(b)))
	if !reflect.DeepEqual(got, again) || err.Error() != err2.Error() {
		t.Fatalf("in one piece: %d frames, %v; in many: %d frames, %v", len(got), err, len(again), err2)
	}
}

func TestCorruption(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, v := range variants() {
		for _, b := range [][]byte{v.file.b, gzipped(t, v.file.b), zstandard(t, v.file.b)} {
			for range 300 {
				c := bytes.Clone(b)
				for range 1 + rnd.IntN(4) {
					c[rnd.IntN(len(c))] = byte(rnd.Uint32())
				}
				check(t, c)
			}
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, v := range variants() {
		f.Add(v.file.b)
	}
	v := variants()[0]
	f.Add(gzipped(f, v.file.b))
	f.Add(zstandard(f, v.file.b))
	f.Fuzz(func(t *testing.T, b []byte) { check(t, b) })
}
