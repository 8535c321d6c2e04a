package pcaps

import (
	"fmt"
	"math"
	"math/bits"
)

// Blocks and options of draft-ietf-opsawg-pcapng that are read; others are skipped.
const (
	blockSection        = 0x0a0d0d0a
	blockInterface      = 1
	blockPacket         = 2 // obsolete
	blockSimplePacket   = 3
	blockStatistics     = 5
	blockEnhancedPacket = 6
	blockOverhead       = 12 // type, length, and length again

	byteOrderMagic = 0x1a2b3c4d

	optionEnd           = 0
	optionInterfaceName = 2 // of an interface
	optionResolution    = 9
	optionOffset        = 14
	optionReceived      = 4 // of statistics
	optionDropped       = 5
	optionDroppedByOS   = 7
)

const (
	maxInterfaces        = 1 << 16 // in all sections together: a large host has thousands
	maxInterfaceName     = 256     // bytes kept of one
	microsecondsExponent = 6       // of 10^-6, what a time stamp counts unless told otherwise
)

// resolution turns the time stamps of an interface into nanoseconds: units * num / den.
type resolution struct {
	num, den uint64
	offset   int64 // seconds
}

// newResolution reads an if_tsresol option: 10^-v, or 2^-v where the highest bit is set.
func newResolution(v uint8) (r resolution, ok bool) {
	pow10 := func(n uint8) uint64 {
		p := uint64(1)
		for range n {
			p *= 10
		}
		return p
	}
	switch e := v &^ 0x80; {
	case v&0x80 != 0 && e <= 63:
		return resolution{num: 1e9, den: 1 << e}, true
	case v&0x80 == 0 && e <= 9:
		return resolution{num: pow10(9 - e), den: 1}, true
	case v&0x80 == 0 && e <= 9+19:
		return resolution{num: 1, den: pow10(e - 9)}, true
	}
	return r, false
}

// lastTime is the latest time that a packet can have, in the year 2255: what is reckoned with times, as when something is
// over that lasts for years, fits into 64 bits too.
const lastTime = 9_000_000_000 * int64(1e9)

// nanoseconds since 1970, to lastTime: a time outside of it is one of these, so that the difference of any two times
// is a duration.
func (r *resolution) nanoseconds(units uint64) int64 {
	hi, lo := bits.Mul64(units, r.num)
	if r.den != 1 && hi < r.den {
		lo, _ = bits.Div64(hi, lo, r.den)
		hi = 0
	}
	ns := int64(math.MaxInt64)
	if hi == 0 && lo < math.MaxInt64 {
		ns = int64(lo)
	}
	return min(addSeconds(ns, r.offset), lastTime)
}

// addSeconds adds s, which may be anything, to ns, which is not negative, within the same bounds.
func addSeconds(ns, s int64) int64 {
	const most = math.MaxInt64 / 1_000_000_000
	switch {
	case s > most || s > 0 && ns > math.MaxInt64-s*1e9:
		return math.MaxInt64
	case s < -most:
		return 0
	}
	return max(ns+s*1e9, 0)
}

// pcapngFile reads a pcapng file.
type pcapngFile struct {
	*stream
	order
	section int // index of its first interface
	clocks  []clock
	infos   []Interface
	last    int64 // time of the packet before
}

// clock is what a packet needs to know of its interface.
type clock struct {
	resolution
	linkType uint32
	snaplen  uint32
}

// isPcapng tells by the first four bytes, which are the same in either byte order.
func isPcapng(b []byte) bool { return order{}.u32(b) == blockSection }

// block is the head of a block: its type, and its size on disk.
type block struct {
	kind uint32
	size int64
}

// what names the block for an error.
func (b block) what(s *stream) string {
	switch b.kind {
	case blockPacket, blockSimplePacket, blockEnhancedPacket:
		return fmt.Sprintf("packet %d", s.packets+1)
	case blockSection:
		return "a section header"
	}
	return fmt.Sprintf("a block of type %#x after packet %d", b.kind, s.packets)
}

func (p *pcapngFile) next(f *Frame) error {
	for {
		b, err := p.peek(8)
		if err != nil {
			if len(b) == 0 && endsWell(err) {
				return err
			}
			return ended(err, fmt.Sprintf("the block after packet %d", p.packets), int64(len(b)), 8)
		}
		head := block{kind: p.u32(b)}
		if head.kind == blockSection {
			if err := p.startSection(); err != nil {
				return err
			}
			continue
		}
		claimed := p.u32(b[4:])
		// Some writers leave the padding out of the length.
		head.size = (int64(claimed) + 3) &^ 3
		if head.size < blockOverhead {
			return p.damaged("a block of %d bytes, less than its own frame", claimed)
		}
		switch head.kind {
		case blockEnhancedPacket, blockSimplePacket, blockPacket, blockInterface, blockStatistics:
		default:
			if n, err := p.skip(head.size); err != nil {
				return ended(err, head.what(p.stream), n, head.size)
			}
			continue
		}
		body, err := p.body(head, claimed)
		if err != nil {
			return err
		}
		switch head.kind {
		case blockInterface:
			err = p.addInterface(body)
		case blockStatistics:
			p.count(body)
		default:
			if err = p.packet(head.kind, body, f); err == nil {
				p.record = p.offset()
				p.take(int(head.size))
				p.packets++
				f.Number = p.packets
				return nil
			}
		}
		if err != nil {
			return err
		}
		p.take(int(head.size))
	}
}

func (p *pcapngFile) ready(f *Frame) bool {
	b := p.buf[p.pos:p.end]
	return len(b) >= 8 && p.u32(b) == blockEnhancedPacket && int64(p.u32(b[4:]))+3 <= int64(len(b)) && p.next(f) == nil
}

// body peeks at a whole block and returns what is between its frame.
func (p *pcapngFile) body(head block, claimed uint32) ([]byte, error) {
	if head.size > maxRecord {
		return nil, p.damaged("a block of type %#x of %d bytes", head.kind, claimed)
	}
	b, err := p.peek(int(head.size))
	if err != nil {
		return nil, ended(err, head.what(p.stream), int64(len(b)), head.size)
	}
	if again := p.u32(b[head.size-4:]); again != claimed {
		return nil, p.damaged("a block of %d bytes that ends as one of %d", claimed, again)
	}
	return b[8 : head.size-4], nil
}

// startSection reads a section header, which sets the byte order and forgets the interfaces. The
// section's length is of no use to one who reads it all, and is often not told.
func (p *pcapngFile) startSection() error {
	const fixed = 28
	head := block{kind: blockSection, size: fixed}
	b, err := p.peek(fixed)
	if err != nil {
		return ended(err, head.what(p.stream), int64(len(b)), fixed)
	}
	switch uint32(byteOrderMagic) {
	case order{big: false}.u32(b[8:]):
		p.big = false
	case order{big: true}.u32(b[8:]):
		p.big = true
	default:
		return p.damaged("a section header of no known byte order")
	}
	claimed := p.u32(b[4:])
	head.size = (int64(claimed) + 3) &^ 3
	if head.size < fixed {
		return p.damaged("a section header of %d bytes", claimed)
	}
	if major := p.u16(b[12:]); major != 1 {
		return p.damaged("a section of pcapng version %d, not 1", major)
	}
	if _, err := p.body(head, claimed); err != nil {
		return err
	}
	p.take(int(head.size))
	p.section = len(p.clocks)
	return nil
}

// addInterface reads an interface description.
func (p *pcapngFile) addInterface(body []byte) error {
	const fixed = 8
	if len(body) < fixed {
		return p.damaged("an interface description of %d bytes", len(body))
	}
	if len(p.clocks) == maxInterfaces {
		return p.damaged("more than %d interfaces", maxInterfaces)
	}
	c := clock{linkType: uint32(p.u16(body)), snaplen: p.u32(body[4:])}
	c.resolution, _ = newResolution(microsecondsExponent)
	info := Interface{LinkType: c.linkType, Snaplen: c.snaplen}
	for code, value := range p.options(body[fixed:]) {
		switch {
		case code == optionInterfaceName:
			info.Name = string(value[:min(len(value), maxInterfaceName)])
		case code == optionResolution && len(value) >= 1:
			offset := c.offset
			var ok bool
			if c.resolution, ok = newResolution(value[0]); !ok {
				return p.damaged("an interface with the time resolution %#x", value[0])
			}
			c.offset = offset
		case code == optionOffset && len(value) >= 8:
			c.offset = int64(p.u64(value))
		}
	}
	p.clocks = append(p.clocks, c)
	p.infos = append(p.infos, info)
	return nil
}

// count reads interface statistics. They count since the capture began, so the latest is the one to keep.
func (p *pcapngFile) count(body []byte) {
	const fixed = 12
	if len(body) < fixed || int64(p.u32(body)) >= int64(len(p.infos)-p.section) {
		return
	}
	info := &p.infos[p.section+int(p.u32(body))]
	for code, value := range p.options(body[fixed:]) {
		if len(value) < 8 {
			continue
		}
		n := Count{N: p.u64(value), OK: true}
		switch code {
		case optionReceived:
			info.Received = n
		case optionDropped:
			info.Dropped = n
		case optionDroppedByOS:
			info.DroppedByOS = n
		}
	}
}

// options walks over the options of a block, as far as they are whole. A block is a number of 4-byte
// words, so that where an option is whole its padding is, too.
func (p *pcapngFile) options(b []byte) func(yield func(uint16, []byte) bool) {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= 4 {
			code, n := p.u16(b), int(p.u16(b[2:]))
			b = b[4:]
			if code == optionEnd || n > len(b) || !yield(code, b[:n]) {
				return
			}
			b = b[(n+3)&^3:]
		}
	}
}

// packet reads one of the three blocks that hold a packet.
func (p *pcapngFile) packet(kind uint32, body []byte, f *Frame) error {
	// All of them have their lengths in the first 20 bytes, and the packet after.
	fixed := 20
	if kind == blockSimplePacket {
		fixed = 4
	}
	if len(body) < fixed {
		return p.damaged("a packet block of %d bytes", len(body)+blockOverhead)
	}
	var id, captured, wire uint32
	switch kind {
	case blockSimplePacket: // always of the first interface
		wire = p.u32(body)
	case blockPacket:
		id, captured, wire = uint32(p.u16(body)), p.u32(body[12:]), p.u32(body[16:])
	default:
		id, captured, wire = p.u32(body), p.u32(body[12:]), p.u32(body[16:])
	}
	if int64(id) >= int64(len(p.clocks)-p.section) {
		return p.damaged("a packet of interface %d, of which the section says nothing", id)
	}
	c := &p.clocks[p.section+int(id)]
	if kind == blockSimplePacket {
		// It has no time of its own: it came no earlier than the packet before it. It holds as
		// much as the snap length allows.
		captured = min(wire, uint32(len(body)-fixed))
		if c.snaplen != 0 {
			captured = min(captured, c.snaplen)
		}
	} else {
		p.last = c.nanoseconds(uint64(p.u32(body[4:]))<<32 | uint64(p.u32(body[8:])))
	}
	if int64(captured) > int64(len(body)-fixed) {
		return p.damaged("a packet of %d bytes in a block of %d", captured, len(body)+blockOverhead)
	}
	f.Time = p.last
	f.Interface = int32(p.section + int(id))
	f.LinkType = c.linkType
	f.Data = body[fixed : fixed+int(captured)]
	f.Wire = max(int(wire), len(f.Data))
	return nil
}

func (p *pcapngFile) interfaces() []Interface { return p.infos }
