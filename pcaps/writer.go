package pcaps

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"math"
)

// Writer writes frames to a capture file. It is not safe for concurrent use.
type Writer interface {
	Write(*Frame) error
	// Size is how many bytes were written, buffers included.
	Size() int64
	// Flush writes out what is in buffers.
	Flush() error
	// Close ends the file's contents, and flushes; it does not close what was written to.
	Close() error
}

const writeBuffer = 64 << 10

// records writes records through a buffer that is emptied between two of them, so that what a full disk holds ends with a
// whole one.
type records struct {
	w       *bufio.Writer
	size    int64  // bytes written, buffers included
	packets uint64 // likewise
	kept    kept
}

// kept is what has left the buffers whole.
type kept struct {
	size    int64
	packets uint64
}

func newRecords(w io.Writer) records { return records{w: bufio.NewWriterSize(w, writeBuffer)} }

// write writes the parts of a record; those of a packet are counted.
func (r *records) write(packets uint64, parts ...[]byte) error {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if n > r.w.Available() {
		if err := r.Flush(); err != nil {
			return err
		}
	}
	for _, p := range parts {
		if _, err := r.w.Write(p); err != nil {
			return err
		}
	}
	r.size += int64(n)
	r.packets += packets
	return nil
}

func (r *records) Flush() error {
	err := r.w.Flush()
	if err == nil {
		r.kept = kept{r.size, r.packets}
	}
	return err
}

func (r *records) Size() int64 { return r.size }
func (r *records) whole() kept { return r.kept }

// Origin is where frames come from, as a Source is.
type Origin interface {
	// Interfaces are those known so far, file by file; within a file in the order of Frame.Interface.
	Interfaces() []Interface
	// Interface is that of a frame; where nothing else is known of it, with the frame's link type alone.
	Interface(*Frame) Interface
}

// Known is an Origin of which all is known before.
type Known []Interface

// Interfaces are k.
func (k Known) Interfaces() []Interface { return k }

// Interface finds that of f.
func (k Known) Interface(f *Frame) Interface {
	for at, i := range places(k) {
		if at == (place{f.File, f.Interface}) {
			return i
		}
	}
	return Interface{LinkType: f.LinkType}
}

// NewPcapng is a Writer of pcapng: nanoseconds, each interface by its name, and in the end what was lost on it. It asks
// for the interface of a frame from one that it has not met, and for all when it closes.
func NewPcapng(w io.Writer, from Origin) Writer {
	return newPcapng(w, from, nil)
}

// newPcapng is NewPcapng for a file that comes after others: before is what had been counted until then.
func newPcapng(w io.Writer, from Origin, before []Interface) *pcapngWriter {
	p := &pcapngWriter{
		records: newRecords(w), from: from, ids: make(map[place]uint32), before: make(map[place]Interface),
	}
	for at, i := range places(before) {
		p.before[at] = i
	}
	p.section()
	return p
}

// place is an interface of an input.
type place struct{ file, number int32 }

// places tells of each interface which of its file it is.
func places(all []Interface) iter.Seq2[place, Interface] {
	return func(yield func(place, Interface) bool) {
		at := place{}
		for _, i := range all {
			if i.File != at.file {
				at = place{file: i.File}
			}
			if !yield(at, i) {
				return
			}
			at.number++
		}
	}
}

type pcapngWriter struct {
	records
	from   Origin
	ids    map[place]uint32
	before map[place]Interface // with what others have counted
	last   place               // of the frame before, and its id
	lastID uint32
	time   int64 // of the last frame
	block  []byte
}

var le = binary.LittleEndian

// begin begins a block, to be ended with end. Errors of the writes before show there.
func (p *pcapngWriter) begin(kind uint32) {
	p.block = le.AppendUint32(le.AppendUint32(p.block[:0], kind), 0)
}

func (p *pcapngWriter) end() error {
	size := uint32(len(p.block) + 4)
	le.PutUint32(p.block[4:], size)
	p.block = le.AppendUint32(p.block, size)
	packets := uint64(0)
	if le.Uint32(p.block) == blockEnhancedPacket {
		packets = 1
	}
	return p.write(packets, p.block)
}

func (p *pcapngWriter) option(code uint16, value []byte) {
	p.block = le.AppendUint16(le.AppendUint16(p.block, code), uint16(len(value)))
	p.block = append(p.block, value...)
	p.pad()
}

func (p *pcapngWriter) pad() {
	for len(p.block)%4 != 0 {
		p.block = append(p.block, 0)
	}
}

func (p *pcapngWriter) section() {
	const application = 4
	p.begin(blockSection)
	p.block = le.AppendUint32(p.block, byteOrderMagic)
	p.block = le.AppendUint32(p.block, 1)       // version 1.0
	p.block = le.AppendUint64(p.block, 1<<64-1) // of no known length
	p.option(application, []byte("tcpwhy"))
	p.option(optionEnd, nil)
	p.end()
}

// describe writes the description of an interface.
func (p *pcapngWriter) describe(at place, i *Interface) error {
	p.ids[at] = uint32(len(p.ids))
	p.begin(blockInterface)
	p.block = le.AppendUint16(le.AppendUint16(p.block, uint16(i.LinkType)), 0)
	p.block = le.AppendUint32(p.block, i.Snaplen)
	if i.Name != "" {
		p.option(optionInterfaceName, []byte(i.Name))
	}
	p.option(optionResolution, []byte{9})
	p.option(optionEnd, nil)
	return p.end()
}

func (p *pcapngWriter) Write(f *Frame) error {
	at := place{f.File, f.Interface}
	if at != p.last || len(p.ids) == 0 {
		if _, ok := p.ids[at]; !ok {
			i := p.from.Interface(f)
			i.LinkType = f.LinkType
			if err := p.describe(at, &i); err != nil {
				return err
			}
		}
		p.last, p.lastID = at, p.ids[at]
	}
	p.time = f.Time
	p.begin(blockEnhancedPacket)
	b := le.AppendUint32(p.block, p.lastID)
	b = le.AppendUint32(b, uint32(uint64(f.Time)>>32))
	b = le.AppendUint32(b, uint32(f.Time))
	b = le.AppendUint32(b, uint32(len(f.Data)))
	b = le.AppendUint32(b, uint32(f.Wire))
	p.block = append(b, f.Data...)
	p.pad()
	return p.end()
}

// Close writes what was lost on each interface, where that is known, also on those without a packet.
func (p *pcapngWriter) Close() error {
	var err error
	for at, i := range places(p.from.Interfaces()) {
		before := p.before[at]
		i.Received = i.Received.since(before.Received)
		i.Dropped = i.Dropped.since(before.Dropped)
		i.DroppedByOS = i.DroppedByOS.since(before.DroppedByOS)
		if i.Received.OK || i.Dropped.OK || i.DroppedByOS.OK {
			err = errors.Join(err, p.statistics(at, &i))
		}
	}
	return errors.Join(err, p.Flush())
}

// since is what came on top of an earlier count.
func (c Count) since(before Count) Count {
	c.N -= min(before.N, c.N)
	return c
}

func (p *pcapngWriter) statistics(at place, i *Interface) error {
	if _, ok := p.ids[at]; !ok {
		if err := p.describe(at, i); err != nil {
			return err
		}
	}
	p.begin(blockStatistics)
	p.block = le.AppendUint32(p.block, p.ids[at])
	p.block = le.AppendUint32(p.block, uint32(uint64(p.time)>>32))
	p.block = le.AppendUint32(p.block, uint32(p.time))
	for _, o := range []struct {
		code uint16
		n    Count
	}{{optionReceived, i.Received}, {optionDropped, i.Dropped}, {optionDroppedByOS, i.DroppedByOS}} {
		if o.n.OK {
			p.option(o.code, le.AppendUint64(nil, o.n.N))
		}
	}
	p.option(optionEnd, nil)
	return p.end()
}

// NewPcap is a Writer of pcap with nanoseconds. The file holds one link type, and times up to 2106: a frame of
// another is an error. It tells of no interface, and of no loss.
func NewPcap(w io.Writer) Writer { return newPcap(w) }

func newPcap(w io.Writer) *pcapWriter { return &pcapWriter{records: newRecords(w)} }

type pcapWriter struct {
	records
	begun    bool
	linkType uint32
	header   [24]byte
}

// What a pcap file cannot hold.
var (
	ErrLinkTypes = errors.New("packets of two link types, and a pcap file holds one: a pcapng file holds them all")
	ErrAfter2106 = errors.New("a packet of a time that a pcap file cannot hold, after 2106-02-07: a pcapng file holds it")
)

func (p *pcapWriter) begin(linkType uint32) error {
	p.begun, p.linkType = true, linkType
	h := p.header[:]
	le.PutUint32(h, magicNano)
	le.PutUint16(h[4:], 2)
	le.PutUint16(h[6:], 4)
	le.PutUint64(h[8:], 0)
	le.PutUint32(h[16:], DefaultSnaplen)
	le.PutUint32(h[20:], linkType)
	return p.write(0, h)
}

func (p *pcapWriter) Write(f *Frame) error {
	if !p.begun {
		if err := p.begin(f.LinkType); err != nil {
			return err
		}
	}
	if f.LinkType != p.linkType {
		return ErrLinkTypes
	}
	if f.Time/1e9 > math.MaxUint32 {
		return ErrAfter2106
	}
	h := p.header[:16]
	le.PutUint32(h, uint32(f.Time/1e9))
	le.PutUint32(h[4:], uint32(f.Time%1e9))
	le.PutUint32(h[8:], uint32(len(f.Data)))
	le.PutUint32(h[12:], uint32(f.Wire))
	return p.write(1, h, f.Data)
}

// Close makes a capture of the file even where no packet came.
func (p *pcapWriter) Close() error {
	var err error
	if !p.begun {
		err = p.begin(linkEthernet)
	}
	return errors.Join(err, p.Flush())
}
