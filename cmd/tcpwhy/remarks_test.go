package main

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps"
)

// Forged tags make more networks than are told apart: those that are taken for one are told.
func TestRemarkOnNetworksTakenForOne(t *testing.T) {
	name := filepath.Join(t.TempDir(), "tags.pcap")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	frame := make([]byte, 12, 62)
	frame = append(frame, 0x88, 0xa8, 0, 0, 0x81, 0, 0, 0, 0x08, 0x00)
	frame = append(frame, 0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2)
	frame = append(frame, 0x80, 0, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02, 0xff, 0xff, 0, 0, 0, 0)
	w := pcaps.NewPcap(file)
	for i := range 1<<16 + 2 {
		binary.BigEndian.PutUint16(frame[14:], uint16(1+i/4095))
		binary.BigEndian.PutUint16(frame[18:], uint16(1+i%4095))
		if err := w.Write(&pcaps.Frame{Time: int64(i), LinkType: 1, Data: frame, Wire: len(frame)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	source, err := pcaps.Open([]string{name}, pcaps.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	var seg flows.Segment
	for err == nil {
		_, err = source.Next(&seg)
	}
	var out strings.Builder
	remark(&out, source)
	const want = "more VLANs and tunnels than can be told apart: 3 TCP segments of the last of them taken for one network\n"
	if got := out.String(); got != want {
		t.Errorf("got %q want %q", got, want)
	}
}
