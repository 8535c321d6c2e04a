package script

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// Link is a link layer that a capture file can have.
type Link uint8

const (
	Ethernet Link = iota
	Raw
	Null // BSD loopback
	SLL
	SLL2
)

var linkTypes = [...]uint16{Ethernet: 1, Raw: 101, Null: 0, SLL: 113, SLL2: 276}

func (l Link) String() string { return [...]string{"ethernet", "raw", "null", "sll", "sll2"}[l] }

// Format is a kind of capture file. The zero value is pcap with Ethernet frames, microseconds, little-endian.
type Format struct {
	Link      Link
	Nano      bool // nanoseconds, otherwise the time is cut to microseconds
	BigEndian bool
	NG        bool // pcapng, one interface
}

type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

func (f Format) order() byteOrder {
	if f.BigEndian {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

const snapLen = 262144

// WritePcap writes the packets as a capture file. It fails where w does, where a packet has a VLAN tag
// and the link layer none, and where a time does not fit in the file.
func (s *Script) WritePcap(w io.Writer, f Format) error {
	var b []byte
	if f.NG {
		b = f.sectionHeader()
	} else {
		b = f.fileHeader()
	}
	for i := range s.Packets {
		p := &s.Packets[i]
		wire := p.Bytes()
		link, err := f.linkHeader(p)
		if err != nil {
			return fmt.Errorf("line %d: %w", p.LineNumber, err)
		}
		at := s.Start.Add(p.Time)
		if at.Unix() < 0 || at.Unix() >= 1<<32 {
			return fmt.Errorf("line %d: %v: does not fit in a capture file", p.LineNumber, at)
		}
		captured := append(bytes.Clone(link), p.captured(wire)...)
		if f.NG {
			b = f.packetBlock(b, at, captured, len(link)+len(wire))
		} else {
			b = f.packetRecord(b, at, captured, len(link)+len(wire))
		}
	}
	_, err := w.Write(b)
	return err
}

func (f Format) fileHeader() []byte {
	o := f.order()
	magic := uint32(0xa1b2c3d4)
	if f.Nano {
		magic = 0xa1b23c4d
	}
	b := o.AppendUint32(nil, magic)
	b = o.AppendUint16(b, 2)
	b = o.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = o.AppendUint32(b, snapLen)
	return o.AppendUint32(b, uint32(linkTypes[f.Link]))
}

func (f Format) packetRecord(b []byte, at time.Time, captured []byte, wireLen int) []byte {
	o := f.order()
	fraction := at.Nanosecond()
	if !f.Nano {
		fraction /= 1000
	}
	b = o.AppendUint32(b, uint32(at.Unix()))
	b = o.AppendUint32(b, uint32(fraction))
	b = o.AppendUint32(b, uint32(len(captured)))
	b = o.AppendUint32(b, uint32(wireLen))
	return append(b, captured...)
}

// block puts a body, padded, between the two lengths of a pcapng block.
func (f Format) block(b []byte, kind uint32, body []byte) []byte {
	o := f.order()
	padded := (len(body) + 3) / 4 * 4
	b = o.AppendUint32(b, kind)
	b = o.AppendUint32(b, uint32(12+padded))
	b = append(b, body...)
	b = append(b, make([]byte, padded-len(body))...)
	return o.AppendUint32(b, uint32(12+padded))
}

func (f Format) sectionHeader() []byte {
	o := f.order()
	section := o.AppendUint32(nil, 0x1a2b3c4d)
	section = o.AppendUint16(section, 1)
	section = o.AppendUint16(section, 0)
	section = o.AppendUint64(section, 1<<64-1) // length of the section: not given

	iface := o.AppendUint16(nil, linkTypes[f.Link])
	iface = o.AppendUint16(iface, 0)
	iface = o.AppendUint32(iface, snapLen)
	if f.Nano {
		iface = o.AppendUint16(iface, 9) // if_tsresol; without it microseconds
		iface = o.AppendUint16(iface, 1)
		iface = append(iface, 9, 0, 0, 0)
		iface = append(iface, 0, 0, 0, 0) // opt_endofopt
	}
	return f.block(f.block(nil, 0x0a0d0d0a, section), 1, iface)
}

func (f Format) packetBlock(b []byte, at time.Time, captured []byte, wireLen int) []byte {
	o := f.order()
	units := uint64(at.UnixNano())
	if !f.Nano {
		units /= 1000
	}
	body := o.AppendUint32(nil, 0) // interface
	body = o.AppendUint32(body, uint32(units>>32))
	body = o.AppendUint32(body, uint32(units))
	body = o.AppendUint32(body, uint32(len(captured)))
	body = o.AppendUint32(body, uint32(wireLen))
	return f.block(b, 6, append(body, captured...))
}

const (
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd
	etherVLAN = 0x8100
)

// linkHeader is what stands before the IP header of p.
func (f Format) linkHeader(p *Packet) ([]byte, error) {
	be := binary.BigEndian
	proto := uint16(etherIPv4)
	family := uint32(2) // AF_INET
	if p.Flow.Is6() {
		proto, family = etherIPv6, 30 // AF_INET6 of macOS
	}
	var tags []byte
	for _, id := range p.VLAN {
		tags = be.AppendUint16(be.AppendUint16(tags, etherVLAN), id)
	}
	// The type of the frame is the first tag's; each tag ends with the type of what follows.
	tags = be.AppendUint16(tags, proto)
	src, dst := p.Flow.Ends[p.Dir].Addr.Addr(), p.Flow.Ends[1-p.Dir].Addr.Addr()
	if p.ICMP != nil {
		src = p.ICMP.From
	}
	switch f.Link {
	case Ethernet:
		return append(append(mac(dst), mac(src)...), tags...), nil
	case SLL:
		b := []byte{0, byte(p.Dir) * 4, 0, 1, 0, 6} // to us, or from us; Ethernet; address length
		b = append(append(b, mac(src)...), 0, 0)
		return append(b, tags...), nil
	case SLL2:
		b := append(tags[:2:2], 0, 0, 0, 0, 0, 2, 0, 1, byte(p.Dir)*4, 6) // interface 2
		b = append(append(b, mac(src)...), 0, 0)
		return append(b, tags[2:]...), nil
	}
	if len(p.VLAN) > 0 {
		return nil, fmt.Errorf("link layer %v has no VLAN tags", f.Link)
	}
	if f.Link == Null {
		return f.order().AppendUint32(nil, family), nil
	}
	return nil, nil // Raw
}

// mac is a locally administered address made of the end of an IP address.
func mac(a netip.Addr) []byte {
	b := a.AsSlice()
	return append([]byte{2, 0}, b[len(b)-4:]...)
}
