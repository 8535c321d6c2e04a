package netlab

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const kernelData = "../testdata/kernel"

// What was recorded must be whole: an end has states if, and only if, the capture at its side has a
// segment that it sent.
func TestRecorded(t *testing.T) {
	files, err := filepath.Glob(kernelData + "/*.states")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded scenarios in %s: %v", kernelData, err)
	}
	for _, file := range files {
		base := strings.TrimSuffix(file, ".states")
		t.Run(filepath.Base(base), func(t *testing.T) {
			truth, err := ReadTruth(file)
			if err != nil {
				t.Fatal(err)
			}
			if truth.Name != filepath.Base(base) || len(truth.Flows) == 0 || len(truth.Raw) == 0 {
				t.Errorf("tells of %q, %d flows, %d pieces of evidence", truth.Name, len(truth.Flows), len(truth.Raw))
			}
			for _, at := range []Side{Client, Server} {
				frames, err := readPcap(base + "." + at.String() + ".pcap")
				if os.IsNotExist(err) {
					continue
				}
				if err != nil {
					t.Error(err)
				}
				for _, f := range truth.Flows {
					from, to := f.Client, f.Server
					if at == Server {
						from, to = to, from
					}
					states, sent := f.Want(at, at), 0
					for _, frame := range frames {
						if s, ok := parse(at, frame); ok && s.Src == from && s.Dst == to {
							sent++
						}
					}
					if (len(states) > 0) != (sent > 0) {
						t.Errorf("%s went through %v, but its own capture has %d segments from it", at, states, sent)
					}
				}
			}
		})
	}
}

// readPcap reads what pcap wrote. Other link types than Ethernet are not for this test.
func readPcap(file string) (frames [][]byte, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	if len(b) < 24 || le.Uint32(b) != 0xa1b23c4d {
		return nil, fmt.Errorf("%s: no nanosecond pcap of this byte order", file)
	}
	for b = b[24:]; len(b) > 0; {
		if len(b) < 16 || len(b) < 16+int(le.Uint32(b[8:])) {
			return nil, fmt.Errorf("%s: cut off", file)
		}
		n := 16 + int(le.Uint32(b[8:]))
		frames = append(frames, b[16:n])
		b = b[n:]
	}
	return frames, nil
}

func TestTruthText(t *testing.T) {
	want := Truth{
		Name: "x.v4", About: "Something happens.", Kernel: "Linux 6.18",
		Flows: []FlowTruth{{
			Client: netip.MustParseAddrPort("10.0.0.1:1"), Server: netip.MustParseAddrPort("[fd00::2]:2"),
			States: [2][]string{{"CLOSED", "SYN_SENT"}, nil},
			Unseen: []string{"client: SYN_SENT > CLOSED by timer"},
			At:     []View{{Server, Client, nil, "why: because"}, {Client, Server, []string{"CLOSED"}, "so"}},
		}},
		Raw: []string{"1.5 evidence"},
	}
	var text bytes.Buffer
	if err := want.Write(&text); err != nil {
		t.Fatal(err)
	}
	got, err := parseTruth(&text)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	for _, wrong := range []string{
		"", "name x\nclient CLOSED\n", "name x\nflow a b\n", "name x\nflow 10.0.0.1:1 10.0.0.2:2\nclient OPEN\n",
		"name x\nflow 10.0.0.1:1 10.0.0.2:2\nat here client CLOSED: x\n", "name x\nwhat 1\n",
	} {
		if _, err := parseTruth(strings.NewReader(wrong)); err == nil {
			t.Errorf("%q was read without an error", wrong)
		}
	}
}
