package script

import (
	"encoding/binary"

	"tcpwhy/flows"
)

// Segments are the packets as a capture of them gives them, those left out of which too little was
// captured for the ports. Each has bytes of its own.
func (s *Script) Segments() []flows.Segment {
	segments := make([]flows.Segment, 0, len(s.Packets))
	for i := range s.Packets {
		p := &s.Packets[i]
		seg, ok := p.segment()
		if !ok {
			continue
		}
		seg.Time = s.Start.UnixNano() + int64(p.Time)
		seg.Packet = uint64(i + 1)
		segments = append(segments, seg)
	}
	return segments
}

func (p *Packet) segment() (seg flows.Segment, ok bool) {
	wire := p.Bytes()
	captured := p.captured(wire)
	if e := p.ICMP; e != nil {
		outer := p.ipHeaderLen() + icmpHeaderLen
		if len(captured) < outer {
			return seg, false
		}
		wire, captured = wire[outer:], captured[outer:]
		seg.Quote = flows.Quote{Version: 4, Type: e.Type, Code: e.Code, MTU: e.MTU, From: flows.AddrFrom(e.From)}
		if p.Flow.Is6() {
			seg.Quote.Version = 6
		}
	}
	header := p.ipHeaderLen()
	if len(captured) < header+4 {
		return seg, false
	}
	from := p.sender()
	sender, receiver := p.Flow.Ends[from].Addr, p.Flow.Ends[1-from].Addr
	seg.Src, seg.Dst = flows.AddrFrom(sender.Addr()), flows.AddrFrom(receiver.Addr())
	seg.SrcPort, seg.DstPort = sender.Port(), receiver.Port()
	for _, id := range p.VLAN {
		seg.Space = seg.Space<<12 | uint32(id)
	}
	seg.IPID, seg.TTL = p.ID, p.TTL
	seg.IP, seg.TCP, seg.IPLen = captured, header, len(wire)
	readTCP(&seg, captured[header:], p.tcpHeaderLen()+int(p.Len))
	return seg, true
}

// captured is what the snap length left of a packet.
func (p *Packet) captured(wire []byte) []byte {
	if p.Snap > 0 && p.Snap < len(wire) {
		return wire[:p.Snap:p.Snap]
	}
	return wire
}

// readTCP fills in what b, the captured bytes of a TCP segment of length bytes, holds.
func readTCP(seg *flows.Segment, b []byte, length int) {
	be := binary.BigEndian
	if len(b) >= 8 {
		seg.Seq = flows.Seq(be.Uint32(b[4:]))
	}
	if len(b) >= 12 {
		seg.Ack = flows.Seq(be.Uint32(b[8:]))
	}
	if len(b) < 14 {
		seg.Cut = true
		return
	}
	seg.HeaderOK = true
	seg.Flags = flows.Flags(be.Uint16(b[12:]) & 0xfff)
	if len(b) >= 16 {
		seg.Window = be.Uint16(b[14:])
	}
	if len(b) >= 18 {
		seg.Checksum = be.Uint16(b[16:])
	}
	if len(b) >= 20 {
		seg.Urgent = be.Uint16(b[18:])
	}
	header := int(b[12]>>4) * 4
	if header < 20 || header > length {
		seg.Cut = true
		return
	}
	seg.Len = uint32(length - header)
	if len(b) < header {
		seg.Cut = true
		header = len(b)
	}
	if header > 20 {
		readOptions(seg, b[20:header])
	}
}

func readOptions(seg *flows.Segment, b []byte) {
	for len(b) > 0 && b[0] != kindEOL {
		if b[0] == kindNOP {
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return
		}
		readOption(seg, b[0], b[2:b[1]])
		b = b[b[1]:]
	}
}

func readOption(seg *flows.Segment, kind byte, value []byte) {
	be := binary.BigEndian
	switch {
	case kind == kindTS && len(value) == 8:
		seg.HasTS, seg.TSVal, seg.TSEcr = true, be.Uint32(value), be.Uint32(value[4:])
	case kind == kindWScale && len(value) == 1 && seg.Flags.Has(flows.SYN):
		seg.HasWScale, seg.WScale = true, min(value[0], maxWScale)
	case kind == kindSACK && len(value) > 0 && len(value)%8 == 0:
		for ; len(value) > 0; value = value[8:] {
			right := flows.Seq(be.Uint32(value[4:]))
			if seg.HasSACK {
				right = seg.SACKEnd.Max(right)
			}
			seg.HasSACK, seg.SACKEnd = true, right
		}
	case kind == kindFastOpen:
		seg.FastOpen = true
	case kind == kindExpt && len(value) >= 2 && be.Uint16(value) == exptFastOpen:
		seg.FastOpen = true
	}
}
