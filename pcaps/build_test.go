package pcaps

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// file is a capture file in the making. ends holds where its blocks end, and whether with a packet.
type file struct {
	binary.AppendByteOrder
	b    []byte
	ends []end
}

type end struct {
	at     int
	packet bool
}

func (f *file) u16(v uint16) { f.b = f.AppendUint16(f.b, v) }
func (f *file) u32(v uint32) { f.b = f.AppendUint32(f.b, v) }
func (f *file) u64(v uint64) { f.b = f.AppendUint64(f.b, v) }
func (f *file) raw(b []byte) { f.b = append(f.b, b...) }
func (f *file) end(pkt bool) { f.ends = append(f.ends, end{len(f.b), pkt}) }
func (f *file) pad()         { f.b = append(f.b, make([]byte, -len(f.b)&3)...) }
func newFile(big bool) *file {
	if big {
		return &file{AppendByteOrder: binary.BigEndian}
	}
	return &file{AppendByteOrder: binary.LittleEndian}
}

// wholePackets is how many packets a reader finds in the first n bytes, and whether they end with a block.
func (f *file) wholePackets(n int) (packets int, whole bool) {
	for _, e := range f.ends {
		if e.at > n {
			break
		}
		if e.packet {
			packets++
		}
		whole = e.at == n
	}
	return packets, whole
}

// pcapHeader begins a pcap file.
func (f *file) pcapHeader(magic, network uint32) {
	f.u32(magic)
	f.u16(2)
	f.u16(4)
	f.u64(0)
	f.u32(96)
	f.u32(network)
	f.end(false)
}

// record adds a packet to a pcap file; more is what the modified format has besides.
func (f *file) record(sec, frac uint32, data []byte, wire int, more ...byte) {
	f.u32(sec)
	f.u32(frac)
	f.u32(uint32(len(data)))
	f.u32(uint32(wire))
	f.raw(more)
	f.raw(data)
	f.end(true)
}

// block adds a pcapng block whose body is what fill writes.
func (f *file) block(kind uint32, fill func()) {
	start := len(f.b)
	f.u32(kind)
	f.u32(0)
	fill()
	f.pad()
	size := uint32(len(f.b) - start + 4)
	f.u32(size)
	f.PutUint32(f.b[start+4:], size)
	f.end(kind == 2 || kind == 3 || kind == 6)
}

// PutUint32 is what AppendByteOrder lacks.
func (f *file) PutUint32(b []byte, v uint32) { copy(b, f.AppendUint32(nil, v)) }

func (f *file) option(code uint16, value []byte) {
	f.u16(code)
	f.u16(uint16(len(value)))
	f.raw(value)
	f.pad()
}

func (f *file) section(length uint64) {
	f.block(0x0a0d0d0a, func() {
		f.u32(0x1a2b3c4d)
		f.u16(1)
		f.u16(0)
		f.u64(length)
		f.option(4, []byte("a program that captures"))
		f.option(0, nil)
	})
}

func (f *file) iface(link uint16, snaplen uint32, options func()) {
	f.block(1, func() {
		f.u16(link)
		f.u16(0)
		f.u32(snaplen)
		if options != nil {
			options()
			f.option(0, nil)
		}
	})
}

func (f *file) stamp(units uint64) {
	f.u32(uint32(units >> 32))
	f.u32(uint32(units))
}

func (f *file) enhanced(id uint32, units uint64, data []byte, wire int) {
	f.block(6, func() {
		f.u32(id)
		f.stamp(units)
		f.u32(uint32(len(data)))
		f.u32(uint32(wire))
		f.raw(data)
		f.pad()
		f.option(1, []byte("a comment"))
		f.option(0, nil)
	})
}

func (f *file) simple(data []byte, wire int) {
	f.block(3, func() {
		f.u32(uint32(wire))
		f.raw(data)
	})
}

func (f *file) obsolete(id uint16, units uint64, data []byte, wire int) {
	f.block(2, func() {
		f.u16(id)
		f.u16(0xffff)
		f.stamp(units)
		f.u32(uint32(len(data)))
		f.u32(uint32(wire))
		f.raw(data)
	})
}

func (f *file) statistics(id uint32, received, dropped, byOS uint64) {
	f.block(5, func() {
		f.u32(id)
		f.stamp(0)
		f.option(4, f.AppendUint64(nil, received))
		f.option(5, f.AppendUint64(nil, dropped))
		f.option(7, f.AppendUint64(nil, byOS))
		f.option(0, nil)
	})
}

// gzipped is b in as many gzip members.
func gzipped(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, b := range parts {
		w := gzip.NewWriter(&out)
		write(t, w, b)
	}
	return out.Bytes()
}

func zstandard(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	for _, b := range parts {
		w, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		write(t, w, b)
	}
	return out.Bytes()
}

func write(t testing.TB, w io.WriteCloser, b []byte) {
	t.Helper()
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// readAll reads a capture to its end.
func readAll(r io.Reader) (frames []Frame, in *input, err error) {
	in = newInput("test.pcap", 0)
	in.raw.r = r
	if err := in.begin(make([]byte, 512)); err != nil {
		return nil, in, err
	}
	for {
		if err := in.format.next(&in.frame); err != nil {
			return frames, in, err
		}
		f := in.frame
		f.Data = bytes.Clone(f.Data)
		frames = append(frames, f)
	}
}
