package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps"
)

// realTcpdump is tcpdump, where it is the version whose lines are promised.
func realTcpdump(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("tcpdump is not installed: nothing to compare with")
	}
	// It ends with another status after --version when built without some libraries.
	if version, _ := exec.Command(program, "--version").CombinedOutput(); !bytes.Contains(version, []byte("tcpdump version 4.99.")) {
		t.Skipf("tcpdump is not version 4.99: %s", version)
	}
	return program
}

var (
	behindLength = regexp.MustCompile(`(, length \d+).*`)
	ofInterface  = regexp.MustCompile(`\S+ +(In|Out|B|M|P) +(IP6? )`) // before the packet, on cooked captures
)

// tcpdumped are tcpdump's lines, by packet.
func tcpdumped(t *testing.T, program, file string, arguments ...string) map[int]string {
	t.Helper()
	cmd := exec.Command(program, append([]string{"-nn", "-#", "-r", file}, arguments...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s", cmd, err, stderr.Bytes())
	}
	lines := map[int]string{}
	for line := range strings.Lines(string(out)) {
		number, line, _ := strings.Cut(strings.TrimSpace(line), "  ")
		n, err := strconv.Atoi(number)
		if err != nil {
			continue // of a packet that has several
		}
		lines[n] = ofInterface.ReplaceAllString(behindLength.ReplaceAllString(line, "$1"), "$2")
	}
	return lines
}

// inProcess runs tcpwhy, and returns its standard output.
func inProcess(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&errs)
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("tcpwhy %q: %v", args, err)
	}
	return out.String()
}

// sampleCaptures are the capture files of the project.
func sampleCaptures(t *testing.T) (files []string) {
	t.Helper()
	err := filepath.WalkDir("../../pcaps/testdata", func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".pcap" {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatal("no captures: ", err)
	}
	return files
}

// TestTcpdumpOfSamples: over all sample captures each packet line is tcpdump's, and every one of tcpdump's of a TCP packet
// is there; with each way of showing times and numbers.
func TestTcpdumpOfSamples(t *testing.T) {
	t.Parallel()
	program := realTcpdump(t)
	variants := [][]string{{"-S"}, {"--nano"}, {"-t"}, {"-tt"}, {"-ttt"}, {"-tttt"}, {"-ttttt"}, {"-tt", "--nano"},
		{"-ttt", "--nano"}, {"-tttt", "--nano", "-S"}, {"-ttttt", "--nano"}}
	for i, file := range sampleCaptures(t) {
		for _, arguments := range [][]string{nil, variants[i%len(variants)]} {
			want := tcpdumped(t, program, file, arguments...)
			others := 0
			for n, line := range want {
				if !strings.Contains(line, ": Flags [") {
					delete(want, n)
					others++
				}
			}
			if others > 0 && arguments != nil && strings.HasPrefix(arguments[0], "-ttt") && arguments[0] != "-tttt" {
				continue // tcpdump counts from packets that we do not print
			}
			for line := range strings.Lines(inProcess(t, append([]string{"-#", file}, arguments...)...)) {
				if strings.HasPrefix(line, "    #") {
					continue // ours
				}
				number, line, _ := strings.Cut(strings.TrimSpace(line), "  ")
				n, err := strconv.Atoi(number)
				if err != nil || want[n] != line {
					t.Fatalf("%s %q: packet %s\n    got %s\ntcpdump %s", file, arguments, number, line, want[n])
				}
				delete(want, n)
			}
			for n, line := range want {
				t.Errorf("%s %q: we have no packet %d: %s", file, arguments, n, line)
			}
		}
	}
}

// TestTcpdumpOfDamagedSamples: likewise where bytes of the packets are wrong, or cut off.
func TestTcpdumpOfDamagedSamples(t *testing.T) {
	t.Parallel()
	program := realTcpdump(t)
	r := rand.New(rand.NewPCG(1, 2))
	compared := 0
	for _, file := range sampleCaptures(t) {
		damaged := filepath.Join(t.TempDir(), "damaged.pcap")
		damage(t, r, file, damaged)
		want := tcpdumped(t, program, damaged)
		for line := range strings.Lines(inProcess(t, "-o", "jsonl", damaged)) {
			var p struct {
				Packet int
				Line   string
				Tunnel string
			}
			if err := json.Unmarshal([]byte(line), &p); err != nil {
				t.Fatal(err)
			}
			if p.Line == "" || p.Tunnel != "" {
				continue // an ICMP error's findings; what is in a tunnel, of which tcpdump has no line of its own
			}
			if want[p.Packet] != p.Line {
				t.Errorf("%s: packet %d\n    got %s\ntcpdump %s", damaged, p.Packet, p.Line, want[p.Packet])
			}
			delete(want, p.Packet)
			compared++
		}
		for n, line := range want {
			if strings.Contains(line, ": Flags [") {
				t.Errorf("%s: we have no packet %d: %s", damaged, n, line)
			}
		}
	}
	t.Logf("%d packets", compared)
}

// damage copies a capture, with some bytes of some packets changed from the IP header on, and some packets cut off.
func damage(t *testing.T, r *rand.Rand, from, to string) {
	t.Helper()
	var b []byte
	s, err := pcaps.Open([]string{from}, pcaps.Config{Tap: func(f *pcaps.Frame) error {
		link := map[uint32]int{0: 4, 1: 14, 101: 0, 113: 16, 276: 20}[f.LinkType]
		if b == nil {
			b = binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d)
			b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0)
			b = binary.LittleEndian.AppendUint32(b, f.LinkType)
		}
		data := bytes.Clone(f.Data)
		if r.IntN(3) > 0 {
			for range 1 + r.IntN(3) {
				data[link+r.IntN(min(len(data)-link, 80))] = byte(r.Uint32())
			}
		}
		if r.IntN(4) == 0 {
			data = data[:link+r.IntN(len(data)-link)]
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(f.Time/1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(f.Time%1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
		b = binary.LittleEndian.AppendUint32(b, uint32(f.Wire))
		b = append(b, data...)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for err == nil {
		_, err = s.Next(new(flows.Segment))
	}
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
