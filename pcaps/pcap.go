package pcaps

import (
	"encoding/binary"
	"math/bits"

	"tcpwhy/flows"
)

// order reads the numbers of a file in the byte order of its writer.
type order struct{ big bool }

func (o order) u16(b []byte) uint16 {
	v := binary.LittleEndian.Uint16(b)
	if o.big {
		v = bits.ReverseBytes16(v)
	}
	return v
}

func (o order) u32(b []byte) uint32 {
	v := binary.LittleEndian.Uint32(b)
	if o.big {
		v = bits.ReverseBytes32(v)
	}
	return v
}

func (o order) u64(b []byte) uint64 {
	v := binary.LittleEndian.Uint64(b)
	if o.big {
		v = bits.ReverseBytes64(v)
	}
	return v
}

// Magic numbers of pcap files: draft-ietf-opsawg-pcap, and Alexey Kuznetzov's variant, whose records
// have 8 more bytes (interface, protocol, direction).
const (
	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34
)

// pcapFile reads a pcap file.
type pcapFile struct {
	*stream
	order
	linkType uint32
	snaplen  uint32
	header   int    // bytes of a record before its packet
	fraction uint32 // nanoseconds in a unit of the time stamp's second half
	swapped  swapped
	turned   bool // a record's header is not as this machine has it
}

// swapped says of pcap before version 2.4 that a record has the length on the wire before that of what was captured. Of 2.3 some do, as
// libpcap has it: those of which more would be captured than there was.
type swapped uint8

const (
	inOrder swapped = iota
	sometimes
	always
)

// lengthsIn tells by the version in a file's header.
func lengthsIn(major, minor uint16) swapped {
	switch {
	case major == 2 && minor < 3, major == 543: // DG/UX
		return always
	case major == 2 && minor == 3:
		return sometimes
	}
	return inOrder
}

// isPcap tells by the first four bytes.
func isPcap(b []byte) bool {
	for _, o := range []order{{big: false}, {big: true}} {
		switch o.u32(b) {
		case magicMicro, magicNano, magicModified:
			return true
		}
	}
	return false
}

func newPcapFile(s *stream) (*pcapFile, error) {
	const size = 24
	b, err := s.peek(size)
	if err != nil {
		return nil, ended(err, "the file header", int64(len(b)), size)
	}
	p := &pcapFile{stream: s, order: order{big: b[0] == magicMicro>>24}, header: 16, fraction: 1000}
	switch p.u32(b) {
	case magicNano:
		p.fraction = 1
	case magicModified:
		p.header = 24
	}
	p.swapped = lengthsIn(p.u16(b[4:]), p.u16(b[6:]))
	p.turned = p.big || p.swapped != inOrder
	p.snaplen = p.u32(b[16:])
	// The upper half tells the length of the frame check sequence, of which we make no use.
	p.linkType = p.u32(b[20:]) & 0xffff
	s.take(size)
	return p, nil
}

func (p *pcapFile) next(f *Frame) error {
	if p.ready(f) {
		return nil
	}
	if err := p.more(); err != nil {
		return err
	}
	p.ready(f)
	return nil
}

func (p *pcapFile) ready(f *Frame) bool {
	b := p.buf[p.pos:p.end]
	time, size, wire := p.parse(b)
	if size == 0 {
		return false
	}
	p.record = p.offset()
	p.take(size)
	p.packets++
	f.Time = time
	f.Number = p.packets
	f.Interface = 0
	f.LinkType = p.linkType
	f.Data = b[p.header:size]
	f.Wire = max(wire, len(f.Data))
	return true
}

// parse reads the header of the record at the beginning of b. Its size is 0 where the record is not whole, or
// something is wrong with it.
func (p *pcapFile) parse(b []byte) (time int64, size, wire int) {
	if len(b) < p.header {
		return 0, 0, 0
	}
	h := (*[16]byte)(b)
	// One branch for all four: with u32 of each, a bulk transfer takes 3 % more.
	seconds, units := binary.LittleEndian.Uint32(h[:]), binary.LittleEndian.Uint32(h[4:])
	captured, length := binary.LittleEndian.Uint32(h[8:]), binary.LittleEndian.Uint32(h[12:])
	if p.turned {
		seconds, units = p.u32(h[:]), p.u32(h[4:])
		captured, length = p.lengths(h[:])
	}
	size = p.header + int(captured)
	if captured > maxRecord || size > len(b) {
		return 0, 0, 0
	}
	// At most 2^32 s and 2^32 µs after 1970: no overflow.
	return int64(seconds)*1e9 + int64(units)*int64(p.fraction), size, int(length)
}

// lengths are those in a record's header: of what was captured, and on the wire.
func (p *pcapFile) lengths(h []byte) (captured, length uint32) {
	captured, length = p.u32(h[8:]), p.u32(h[12:])
	if p.swapped == always || p.swapped == sometimes && captured > length {
		captured, length = length, captured
	}
	return captured, length
}

// decodePlain decodes packets that are in what was read already into segs, as long as they are plain, and returns how many these are. To
// make a Frame of each first, and count it, takes 80 instructions more, a third.
func (p *pcapFile) decodePlain(d *Decoder, segs []flows.Segment, file int32) (n int) {
	if p.linkType != linkEthernet {
		return 0
	}
	b, last := p.buf[p.pos:p.end], 0
	for n < len(segs) {
		time, size, wire := p.parse(b)
		if size == 0 {
			break
		}
		seg := &segs[n]
		data := b[p.header:size]
		if !d.plain(data, max(wire, len(data)), seg) {
			break
		}
		n++
		begin(seg, time, p.packets+uint64(n), file, 0)
		b, last = b[size:], size
	}
	if n > 0 {
		p.take(p.end - p.pos - len(b))
		p.record = p.offset() - int64(last)
		p.packets += uint64(n)
	}
	return n
}

// more reads on until the next record is whole.
func (p *pcapFile) more() error {
	b, err := p.peek(p.header)
	if err != nil {
		if len(b) == 0 && endsWell(err) {
			return err
		}
		return p.cutOff(err, len(b), p.header)
	}
	captured, _ := p.lengths(b)
	if captured > maxRecord {
		return p.damaged("a packet of %d bytes, more than any link carries", captured)
	}
	if b, err = p.peek(p.header + int(captured)); err != nil {
		return p.cutOff(err, len(b)-p.header, int(captured))
	}
	return nil
}

func (p *pcapFile) interfaces() []Interface {
	return []Interface{{LinkType: p.linkType, Snaplen: p.snaplen}}
}
