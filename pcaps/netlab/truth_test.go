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
					states, sent := truth.anyOf(f, at), 0
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

// anyOf is what the end went through on the four-tuple of f, in any of the flows on it.
func (t *Truth) anyOf(f FlowTruth, end Side) (states []string) {
	for _, g := range t.Flows {
		if g.Client == f.Client && g.Server == f.Server {
			states = append(states, g.Want(end, end)...)
		}
	}
	return states
}

// readPcap reads a nanosecond pcap, and gives its frames as untagged Ethernet.
func readPcap(file string) (frames [][]byte, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	le := binary.LittleEndian
	if len(b) < 24 || le.Uint32(b) != 0xa1b23c4d {
		return nil, fmt.Errorf("%s: no nanosecond pcap of this byte order", file)
	}
	link := le.Uint32(b[20:])
	for b = b[24:]; len(b) > 0; {
		if len(b) < 16 || len(b) < 16+int(le.Uint32(b[8:])) {
			return nil, fmt.Errorf("%s: cut off", file)
		}
		n := 16 + int(le.Uint32(b[8:]))
		frames = append(frames, ethernet(link, b[16:n]))
		b = b[n:]
	}
	return frames, nil
}

func ethernet(link uint32, frame []byte) []byte {
	const ethernet, cooked2 = 1, 276
	switch {
	case link == cooked2 && len(frame) >= 20:
		return append(append(make([]byte, 12), frame[:2]...), frame[20:]...)
	case link == ethernet && len(frame) >= 18 && binary.BigEndian.Uint16(frame[12:]) == 0x8100:
		return append(append([]byte(nil), frame[:12]...), frame[16:]...)
	}
	return frame
}

func TestTruthText(t *testing.T) {
	want := Truth{
		Name: "x.v4", About: "Something happens.", Kernel: "Linux 6.18",
		Flows: []FlowTruth{{
			Client: netip.MustParseAddrPort("10.0.0.1:1"), Server: netip.MustParseAddrPort("[fd00::2]:2"),
			States: [2][]string{{"CLOSED", "SYN_SENT"}, nil},
			Unseen: []string{"client: SYN_SENT > CLOSED by timer"},
			At: []View{
				{Capture: Server, End: Client, Why: "why: because"},
				{Capture: Client, End: Server, States: []string{"CLOSED"}, Why: "so"},
			},
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
