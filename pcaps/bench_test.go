package pcaps

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"tcpwhy/flows"
)

const benchPackets = 100_000

// captures of full Ethernet frames cut to 96 bytes, as most captures of headers are.
func benchCaptures() map[string][]byte {
	p := make([]byte, 96)
	copy(p, eth(0x0800, ip4(6, segment(flows.ACK, nil, data(1448)))))
	classic, next := newFile(false), newFile(false)
	classic.pcapHeader(0xa1b2c3d4, 1)
	next.section(0)
	next.iface(1, 0, nil)
	for i := range uint32(benchPackets) {
		classic.record(i/1000, i%1000, p, 1514)
		next.block(6, func() {
			next.u32(0)
			next.stamp(uint64(i))
			next.u32(uint32(len(p)))
			next.u32(1514)
			next.raw(p)
		})
	}
	return map[string][]byte{"pcap": classic.b, "pcapng": next.b}
}

func BenchmarkRead(b *testing.B) {
	for name, capture := range benchCaptures() {
		for packing, c := range map[string][]byte{"plain": capture, "gzip": gzipped(b, capture), "zstd": zstandard(b, capture)} {
			b.Run(name+"/"+packing, func(b *testing.B) {
				buf := make([]byte, bufferOfOne)
				b.ReportAllocs()
				for b.Loop() {
					in := newInput("bench", 0)
					in.raw.r = bytes.NewReader(c)
					if err := in.begin(buf); err != nil {
						b.Fatal(err)
					}
					var err error
					for err == nil {
						err = in.format.next(&in.frame)
					}
					if err != io.EOF || in.stream.packets != benchPackets {
						b.Fatal(err)
					}
				}
				perPacket(b)
			})
		}
	}
}

// BenchmarkSource is the whole way: from files, merged, filtered, to segments.
func BenchmarkSource(b *testing.B) {
	c := benchCaptures()["pcap"]
	for _, bench := range []struct {
		files  int
		filter string
	}{{1, ""}, {1, "tcp and port 443"}, {2, ""}, {50, ""}} {
		b.Run(fmt.Sprintf("files=%d/filter=%s", bench.files, bench.filter), func(b *testing.B) {
			var paths []string
			for range bench.files {
				paths = append(paths, put(b, "f.pcap", c[:24+benchPackets/bench.files*(16+96)]))
			}
			b.ReportAllocs()
			for b.Loop() {
				s, err := Open(paths, Config{Filter: bench.filter})
				if err != nil {
					b.Skip(err)
				}
				var seg flows.Segment
				for err == nil {
					_, err = s.Next(&seg)
				}
				if err != io.EOF || s.Stats().TCP != benchPackets {
					b.Fatal(err, s.Stats())
				}
				s.Close()
			}
			perPacket(b)
		})
	}
}

func perPacket(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchPackets, "ns/packet")
	b.ReportMetric(0, "ns/op")
}
