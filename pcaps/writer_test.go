package pcaps

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tcpwhy/flows"
)

// reread opens what was written, and returns its frames and interfaces.
func reread(t *testing.T, paths ...string) ([]Frame, []Interface) {
	t.Helper()
	s, err := Open(paths, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var frames []Frame
	for {
		f, err := s.frames.next()
		if err == io.EOF {
			return frames, s.Interfaces()
		}
		if err != nil {
			t.Fatal(err)
		}
		g := *f
		g.Data = bytes.Clone(f.Data)
		frames = append(frames, g)
	}
}

// asked counts how often all of its interfaces are asked for.
type asked struct {
	Known
	times int
}

func (a *asked) Interfaces() []Interface { a.times++; return a.Known }

// A file may tell of a new interface before each packet: that is no reason to go through all of them each time.
func TestManyInterfaces(t *testing.T) {
	const many = 1000
	from := &asked{}
	var b bytes.Buffer
	w := NewPcapng(&b, from)
	for i := range int32(many) {
		from.Known = append(from.Known, Interface{Name: fmt.Sprint("if", i), LinkType: 101, Dropped: Count{1, true}})
		if i%2 == 0 {
			if err := w.Write(&Frame{Interface: i, LinkType: 101}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.pcapng")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	frames, got := reread(t, path)
	if from.times != 1 || len(frames) != many/2 || len(got) != many || got[1].Name != "if2" || got[many-1].Name != fmt.Sprint("if", many-1) {
		t.Errorf("asked %d times, got %d frames of %d interfaces: %v, %v", from.times, len(frames), len(got), got[1], got[many-1])
	}
}

func TestWriteAndReadAgain(t *testing.T) {
	known := Known{
		{Name: "eth0", LinkType: 1, Snaplen: 96},
		{Name: "tun0", LinkType: 101, Snaplen: 96, Received: Count{7, true}, Dropped: Count{1, true}, DroppedByOS: Count{2, true}},
		{File: 1, Name: "", LinkType: 276, Snaplen: 0},
		{File: 1, Name: "silent", LinkType: 1, DroppedByOS: Count{5, true}},
	}
	at := time.Date(2026, 11, 20, 3, 5, 41, 123456789, time.UTC).UnixNano()
	frames := []Frame{
		{Time: at, Interface: 1, LinkType: 101, Data: []byte("first"), Wire: 1500},
		{Time: at + 1, LinkType: 1, Data: []byte("seco"), Wire: 4},
		{Time: at - 5, Interface: 1, LinkType: 101, Data: []byte{}, Wire: 0}, // back in time
		{Time: at + 2, File: 1, LinkType: 276, Data: bytes.Repeat([]byte("x"), 70000), Wire: 70001},
	}
	path := filepath.Join(t.TempDir(), "a.pcapng")
	var b bytes.Buffer
	counting := slices.Clone(known)
	counting[1].Received, counting[1].Dropped, counting[1].DroppedByOS = Count{3, true}, Count{}, Count{2, true} // before
	counting[3].DroppedByOS = Count{}
	w := newPcapng(&b, &counting, counting)
	for i := range frames {
		if err := w.Write(&frames[i]); err != nil {
			t.Fatal(err)
		}
	}
	counting = known
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	got, interfaces := reread(t, path)
	for i, want := range frames {
		want.Number = uint64(i + 1)
		want.Interface = []int32{0, 1, 0, 2}[i]
		want.File = 0
		if fmt.Sprint(got[i]) != fmt.Sprint(want) {
			t.Errorf("frame %d: got %.200v, want %.200v", i, got[i], want)
		}
	}
	wantInterfaces := []Interface{
		{Name: "tun0", LinkType: 101, Snaplen: 96, Received: Count{4, true}, Dropped: Count{1, true}, DroppedByOS: Count{0, true}},
		{Name: "eth0", LinkType: 1, Snaplen: 96},
		{LinkType: 276},
		{Name: "silent", LinkType: 1, DroppedByOS: Count{5, true}},
	}
	if !slices.Equal(interfaces, wantInterfaces) {
		t.Errorf("got interfaces %+v\nwant %+v", interfaces, wantInterfaces)
	}
	if w.Size() != int64(b.Len()) {
		t.Errorf("size %d of %d bytes", w.Size(), b.Len())
	}
}

func TestWritePcap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcap")
	s, err := NewSavefile(Save{Path: path}, Known(nil))
	if err != nil {
		t.Fatal(err)
	}
	frames := []Frame{
		{Time: 1700000000123456789, LinkType: 276, Data: []byte("first"), Wire: 1500},
		{Time: 1700000001000000000, LinkType: 276, Interface: 3, Data: []byte{}, Wire: 9},
		{Time: math.MaxUint32*1e9 + 999999999, LinkType: 276, Data: []byte("last"), Wire: 4},
	}
	for i := range frames {
		if err := s.Write(&frames[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Write(&Frame{LinkType: 1}); !errors.Is(err, ErrLinkTypes) || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("a second link type: got %v", err)
	}
	if err := s.Write(&Frame{Time: math.MaxUint32*1e9 + 1e9, LinkType: 276}); !errors.Is(err, ErrAfter2106) || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("a time of 33 bits: got %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got, _ := reread(t, path)
	if len(got) != len(frames) {
		t.Fatalf("got %d frames", len(got))
	}
	for i, want := range frames {
		want.Number, want.Interface = uint64(i+1), 0
		if fmt.Sprint(got[i]) != fmt.Sprint(want) {
			t.Errorf("frame %d: got %v, want %v", i, got[i], want)
		}
	}
}

// TestEmptyCaptureIsOne: no packet came, and the file says so.
func TestEmptyCaptureIsOne(t *testing.T) {
	for _, name := range []string{"a.pcap", "a.pcapng"} {
		path := filepath.Join(t.TempDir(), name)
		s, err := NewSavefile(Save{Path: path}, Known(nil))
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		if frames, _ := reread(t, path); len(frames) != 0 {
			t.Errorf("%s: got %v", name, frames)
		}
	}
}

// TestRotation: file names as tcpdump 4.99 makes them, and what is in each.
func TestRotation(t *testing.T) {
	start := time.Date(2026, 11, 20, 3, 5, 41, 0, time.UTC)
	t.Setenv("TZ", "UTC")
	for _, c := range []struct {
		name   string
		save   Save
		size   int             // of a packet
		gaps   []time.Duration // before each packet
		want   string          // files and their packets
		ending error           // of the last write
	}{
		{"one file", Save{Path: "x"}, 100, make([]time.Duration, 3), "x:1,2,3", nil},
		{"by size", Save{Path: "x", Size: 1000}, 1100, make([]time.Duration, 3), "x:1 x1:2 x2:3", nil},
		{"the packet that is too much is still in", Save{Path: "x", Size: 1000}, 600, make([]time.Duration, 5), "x:1,2 x1:3,4 x2:5", nil},
		{"in turn", Save{Path: "x", Size: 1000, Files: 11}, 1100, make([]time.Duration, 12), "x00:12 x01:2 x02:3 x03:4 x04:5 x05:6 x06:7 x07:8 x08:9 x09:10 x10:11", nil},
		{"two in turn", Save{Path: "x", Size: 1000, Files: 2}, 1100, make([]time.Duration, 5), "x0:5 x1:4", nil},
		{"by time", Save{Path: "x-%H%M%S", Every: 10 * time.Second}, 100,
			[]time.Duration{0, 9 * time.Second, time.Second, 25 * time.Second}, "x-030541:1,2 x-030551:3 x-030616:4", nil},
		{"by time, so many", Save{Path: "x-%s", Every: 10 * time.Second, Files: 2}, 100,
			[]time.Duration{0, 10 * time.Second, 10 * time.Second}, fmt.Sprintf("x-%d:1 x-%d:2", start.Unix(), start.Unix()+10), io.EOF},
		{"by time, one name", Save{Path: "x", Every: 10 * time.Second}, 100,
			[]time.Duration{0, 10 * time.Second, 10 * time.Second}, "x:1 x1:2 x2:3", nil},
		{"by time, a ring of two names", Save{Path: "x-%S", Every: 30 * time.Second}, 100,
			[]time.Duration{0, 30 * time.Second, 30 * time.Second}, "x-11:2 x-41:3", nil},
		{"by both", Save{Path: "x-%S-", Every: 10 * time.Second, Size: 1000}, 1100,
			[]time.Duration{0, 0, 10 * time.Second, 0}, "x-41-:1 x-41-1:2 x-51-:3 x-51-1:4", nil},
		{"by both, one name", Save{Path: "x-%H-", Every: 10 * time.Second, Size: 1000}, 1100,
			[]time.Duration{0, 0, 10 * time.Second, 0}, "x-03-:1 x-03-1:2 x-03-2:3 x-03-3:4", nil},
		{"by both, one name, in turn", Save{Path: "x-%H-", Every: 10 * time.Second, Size: 1000, Files: 3}, 1100,
			[]time.Duration{0, 0, 10 * time.Second, 0}, "x-03-0:4 x-03-1:2 x-03-2:3", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			s, err := NewSavefile(c.save, Known(nil))
			if err != nil {
				t.Fatal(err)
			}
			at := start
			for i, gap := range c.gaps {
				at = at.Add(gap)
				data := make([]byte, c.size)
				data[0] = byte(i + 1)
				err = s.Write(&Frame{Time: at.UnixNano(), LinkType: 1, Data: data, Wire: c.size})
			}
			if err != c.ending {
				t.Errorf("the last write: got %v, want %v", err, c.ending)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			files, err := filepath.Glob("*")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range files {
				frames, _ := reread(t, f)
				var packets []string
				for _, frame := range frames {
					packets = append(packets, fmt.Sprint(frame.Data[0]))
				}
				got = append(got, f+":"+strings.Join(packets, ","))
			}
			if all := strings.Join(got, " "); all != c.want {
				t.Errorf("got  %s\nwant %s", all, c.want)
			}
		})
	}
}

func TestStrftime(t *testing.T) {
	at := time.Date(2026, 11, 2, 3, 5, 41, 0, time.FixedZone("CET", 3600))
	for format, want := range map[string]string{
		"%Y-%m-%d_%H:%M:%S.pcap": "2026-11-02_03:05:41.pcap",
		"%F %T %y %j %e %b %a":   "2026-11-02 03:05:41 26 306  2 Nov Mon",
		"100%% %q %":             "100% %q %",
		"%s%z":                   fmt.Sprint(at.Unix()) + "+0100",
	} {
		if got := strftime(format, at); got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
}

func TestSavefileThatCannotBe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", "such", "folder")
	_, err := NewSavefile(Save{Path: path}, nil)
	if !errors.Is(err, os.ErrNotExist) || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("got %v", err)
	}
	full, err := NewSavefile(Save{Path: "/dev/full"}, Known(nil))
	if err != nil {
		t.Skip("no /dev/full: ", err)
	}
	if err := full.Close(); err == nil || !strings.HasPrefix(err.Error(), "/dev/full: ") {
		t.Errorf("a full disk: got %v", err)
	}
}

// TestReplaceUnasked: what is there is replaced where nobody has anything against it.
func TestReplaceUnasked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, want := range []string{"new", "again"} {
		if err := Replace(path, []byte(want), nil); err != nil {
			t.Fatal(err)
		}
		if is, err := os.ReadFile(path); err != nil || string(is) != want {
			t.Errorf("it is %q, %v", is, err)
		}
	}
}

// TestTap: what is written beside the reading is what passed the filter, TCP or not, and its error ends the reading.
func TestTap(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.pcapng")
	if err := os.WriteFile(path, ngWith([]byte("not IP"), plainFrame()), 0o600); err != nil {
		t.Fatal(err)
	}
	var seg flows.Segment
	var tapped [][]byte
	s, err := Open([]string{path}, Config{Tap: func(f *Frame) error {
		tapped = append(tapped, bytes.Clone(f.Data))
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err = s.Next(&seg); err != nil {
			break
		}
	}
	if err != io.EOF || len(tapped) != 2 || string(tapped[0]) != "not IP" {
		t.Errorf("got %q, %v", tapped, err)
	}
	full := errors.New("full")
	if s, err = Open([]string{path}, Config{Tap: func(*Frame) error { return full }}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(&seg); err != full || s.Stats().Read != 0 {
		t.Errorf("got %v after %d packets", err, s.Stats().Read)
	}
}

// ngWith is a pcapng capture of these frames, on Ethernet.
func ngWith(frames ...[]byte) []byte {
	var b bytes.Buffer
	w := NewPcapng(&b, Known(nil))
	for i, data := range frames {
		w.Write(&Frame{Time: int64(i), LinkType: linkEthernet, Data: data, Wire: len(data)})
	}
	w.Close()
	return b.Bytes()
}

// plainFrame is a TCP segment over IPv4 on Ethernet.
func plainFrame() []byte {
	b := make([]byte, 54)
	b[12], b[14], b[17], b[23], b[46] = 8, 0x45, 40, protoTCP, 5<<4
	return b
}
