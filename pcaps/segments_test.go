package pcaps

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"tcpwhy/flows"
)

// Segments that are read many at a time are those that Next reads, and stay as they are until the next call: where the buffer
// ends, too, where a first fragment has to be looked for the last one of, and in a file that is damaged.
func TestSegmentsAtOnce(t *testing.T) {
	var list []timed
	for i := range 900 {
		whole := segment(flows.ACK, nil, data(1+i%1400))
		list = append(list, timed{i, eth(0x0800, ip4(6, whole))}, timed{i, eth(0x0806, make([]byte, 28))})
		if i%200 == 0 {
			for _, p := range fragments4(i, 6, segment(flows.ACK, nil, data(3000)), 1480, 2960) {
				list = append(list, timed{i, eth(0x0800, p)})
			}
		}
	}
	pcap := captureOf(list)
	if len(pcap) < 3*bufferOfOne/2 {
		t.Fatalf("%d bytes fit into one buffer", len(pcap))
	}
	for name, file := range map[string][]byte{"pcap": pcap, "pcapng": asPcapng(t, pcap), "cut off": pcap[:len(pcap)-7]} {
		path := put(t, "f", file)
		for _, c := range []Config{{}, {CheckSums: true}, {Count: 100}} {
			want, wantStats, wantErr := atOnce(t, path, 1, c)
			for _, n := range []int{2, 7, 100} {
				got, stats, err := atOnce(t, path, n, c)
				if got != want || stats != wantStats || fmt.Sprint(err) != fmt.Sprint(wantErr) {
					t.Errorf("%s, %+v: %d at once are others than one: %+v, %v; want %+v, %v", name, c, n, stats, err, wantStats, wantErr)
				}
			}
		}
	}
}

// What is decoded without a Frame of it is what Next makes of it: frames of all kinds, cut off anywhere, in every kind of pcap file.
func TestPlainSegmentsAtOnce(t *testing.T) {
	for _, big := range []bool{false, true} {
		for magic, more := range map[uint32][]byte{magicMicro: nil, magicNano: nil, magicModified: make([]byte, 8)} {
			f := newFile(big)
			f.pcapHeader(magic, linkEthernet)
			for _, c := range samples() {
				if c.link != linkEthernet {
					continue
				}
				for cut := range len(c.frame) + 1 {
					f.record(at, uint32(cut), c.frame[:cut], len(c.frame), more...)
				}
				f.record(at, 0, append(c.frame[:len(c.frame):len(c.frame)], 0, 0), 0, more...)
			}
			path := put(t, "f", f.b)
			want, wantStats, wantErr := atOnce(t, path, 1, Config{})
			for _, n := range []int{2, 100} {
				if got, stats, err := atOnce(t, path, n, Config{}); got != want || stats != wantStats || err != wantErr {
					t.Errorf("%#x, big-endian %v: %d at once are others than one: %+v, %v; want %+v, %v", magic, big, n, stats, err, wantStats, wantErr)
				}
			}
		}
	}
}

// atOnce reads segments so many at a time, and says what they are.
func atOnce(t *testing.T, path string, n int, c Config) (string, Stats, error) {
	s, err := Open([]string{path}, c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var said bytes.Buffer
	segs, most := make([]flows.Segment, n), 0
	for {
		k, err := s.Segments().Read(segs)
		if err != nil {
			if c.Count == 0 && most != n {
				t.Errorf("%d segments came at once, not %d", most, n)
			}
			return said.String(), s.Stats(), err
		}
		most = max(most, k)
		for i := range segs[:k] {
			fmt.Fprintf(&said, "%+v\n", segs[i])
		}
	}
}

// asPcapng is what a pcap file holds, as pcapng.
func asPcapng(t *testing.T, pcap []byte) []byte {
	s, err := Open([]string{put(t, "f.pcap", pcap)}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var b bytes.Buffer
	w := NewPcapng(&b, s)
	s.config.Tap = w.Write
	var seg flows.Segment
	for err == nil {
		_, err = s.Next(&seg)
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
