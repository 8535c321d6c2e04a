package tcpdump_test

import (
	"encoding/binary"
	"testing"

	"tcpwhy/analyzer/tcpdump"
	"tcpwhy/flows"
)

// conversation is a segment in mid-flow, with the options that almost all have.
func conversation4() flows.Segment {
	ip := []byte{
		0x45, 0, 0x05, 0xdc, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 3, 17, 10, 0, 8, 20,
		0xc9, 0x9e, 0x20, 0xfb, 0x82, 0x66, 0x10, 1, 0x5f, 0xa2, 0, 2, 0x80, 0x18, 1, 0xf6, 0, 0, 0, 0,
		1, 1, 8, 10, 0x2e, 0x90, 1, 2, 5, 0x62, 3, 4,
	}
	return flows.Segment{Time: 1_763_694_341_118_804_000, Packet: 1, IP: ip, IPLen: 1500}
}

func BenchmarkAppend(b *testing.B) {
	b.Run("one flow", func(b *testing.B) {
		var p tcpdump.Printer
		seg := conversation4()
		dst := make([]byte, 0, 1024)
		b.ReportAllocs()
		for b.Loop() {
			seg.Time += 1000
			dst = p.Append(dst[:0], &seg)
		}
		b.SetBytes(int64(len(dst)))
	})
	b.Run("500k flows", func(b *testing.B) {
		var p tcpdump.Printer
		seg := conversation4()
		dst := make([]byte, 0, 1024)
		next := uint32(0)
		advance := func() {
			next = (next + 190_001) % 500_000 // no order that a cache would like
			binary.BigEndian.PutUint32(seg.IP[12:], 10<<24|next)
		}
		for range 500_000 {
			advance()
			dst = p.Append(dst[:0], &seg)
		}
		b.ReportAllocs()
		for b.Loop() {
			advance()
			seg.Time += 1000
			dst = p.Append(dst[:0], &seg)
		}
	})
	b.Run("absolute", func(b *testing.B) {
		p := tcpdump.Printer{Absolute: true}
		seg := conversation4()
		dst := make([]byte, 0, 1024)
		for b.Loop() {
			dst = p.Append(dst[:0], &seg)
		}
	})
}
