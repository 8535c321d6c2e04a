package main

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// repeated is a zstd file that unpacks to first, and n times 128 KiB of zeros, 4 bytes for each (RFC 8878 §3.1.1.2).
func repeated(first []byte, n int) []byte {
	const raw, rle, last = 0 << 1, 1 << 1, 1
	header := func(b []byte, kind, size int) []byte {
		return append(b, byte(size<<3|kind), byte(size>>5), byte(size>>13))
	}
	b := append(header([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3}, raw, len(first)), first...)
	for range n - 1 {
		b = append(header(b, rle, 128<<10), 0)
	}
	return append(header(b, rle|last, 128<<10), 0)
}

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var to bytes.Buffer
	w := gzip.NewWriter(&to)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return to.Bytes()
}

// words is a file of 32-bit numbers.
func words(v ...uint32) (b []byte) {
	for _, v := range v {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// TestBounds: whatever a file claims, the answer is one sentence or a count, soon, and in little memory.
func TestBounds(t *testing.T) {
	const hundredGB = 100_000_000_000 / (128 << 10)
	var (
		pcap      = words(0xa1b2c3d4, 2|4<<16, 0, 0, 0, 1)
		section   = words(0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 1<<32-1, 1<<32-1, 28)
		iface     = words(1, 20, 1, 0, 20)
		zeros     = repeated(pcap, hundredGB)
		zeroBlock = repeated(append(section, words(99, 0xfffffffc)...), hundredGB)
		packet    = words(6, 32, 0, 0, 0, 0, 0, 32)
	)
	// An interface whose clock counts in seconds, and a packet of the year 2554.
	late := append(append([]byte{}, section...), words(1, 32, 1, 0, 1<<16|9, 0, 0, 32, 6, 32, 0, 4, 0x4b82fa09, 0, 0, 32)...)
	for _, c := range []struct {
		name   string
		file   []byte
		status int
		says   string
	}{
		{"3 MB, 100 GB of empty packets", zeros, statusInput, "unpacks to more than 10000 times its size"},
		{"3 MB, 100 GB in blocks of 4 GB", zeroBlock, statusInput, "unpacks to more than 10000 times its size"},
		{"1 kB, 100 GB, packed three times", gzipped(t, gzipped(t, zeros)), statusInput, "not a capture file"},
		{"a block of 4 GB", append(append([]byte{}, section...), words(99, 0xfffffffc)...), statusInput, "cut off"},
		{"a packet of 4 GB", append(append([]byte{}, pcap...), words(0, 0, 1<<32-1, 1<<32-1)...), statusInput, "more than any link carries"},
		{"a million interfaces", append(append([]byte{}, section...), bytes.Repeat(iface, 1_000_000)...), statusInput, "more than 65536 interfaces"},
		{"a million sections", bytes.Repeat(append(append([]byte{}, section...), iface...), 1_000_000), statusInput, "more than 65536 interfaces"},
		{"a section without interfaces", append(append([]byte{}, section...), packet...), statusInput, "of which the section says nothing"},
		{"nothing but sections", bytes.Repeat(section, 1_000_000), 0, "0 packets read"},
		{"the year 2554", late, 0, "1 packet later than the year 2255"},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "x")
			if err := os.WriteFile(name, c.file, 0o644); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"flows"}, {"report", "-o", "json"}} {
				status, said := bounded(t, append(args, name)...)
				if status != c.status || args[0] == "flows" && !strings.Contains(said, c.says) || strings.Count(said, "\n") > 4 {
					t.Errorf("%v: status %d: %s", args, status, said)
				}
			}
		})
	}
}

// bounded runs a command, and fails where that takes more than a moment and little memory.
func bounded(t *testing.T, args ...string) (status int, stderr string) {
	t.Helper()
	var said bytes.Buffer
	// The limit is on what is reserved, of which much is never touched.
	p := exec.Command("sh", "-c", `ulimit -v 2500000; exec "$@"`, "sh", "tcpwhy")
	p.Args = append(p.Args, args...)
	p.Stderr = &said
	over := time.AfterFunc(2*time.Minute, func() { p.Process.Kill() })
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	memory := make(chan int)
	go peak(p.Process.Pid, memory)
	p.Wait()
	over.Stop()
	most := <-memory
	cpu := p.ProcessState.UserTime() + p.ProcessState.SystemTime()
	t.Logf("%.100q: %d MB of memory, %v of CPU", args, most>>10, cpu)
	if !underRace && (most > 150<<10 || cpu > 20*time.Second) {
		t.Errorf("%.100q: %d MB of memory, %v of CPU", args, most>>10, cpu)
	}
	return p.ProcessState.ExitCode(), said.String()
}

// TestBoundsOfExpectations: a file of them is one that somebody may send along with captures.
func TestBoundsOfExpectations(t *testing.T) {
	t.Chdir(t.TempDir())
	folders := strings.Repeat("a/", 18)
	if err := os.MkdirAll(folders, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x.pcapng", folders + "x.pcapng"} {
		if err := os.WriteFile(name, captureOf(t, "eth0", packetsOf(sick)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var names strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&names, "- {files: %d.pcap, expect: [{count: 1}]}\n", i)
	}
	for _, c := range []struct {
		name, text string
		status     int
		says       string
	}{
		{"7 kB, 1.7 million expectations", "captures:\n- files: x.pcapng\n  expect: &x\n  - &i {metrics: &m [" + strings.Repeat("'handshake.p99 < 50ms',", 120) + "]}\n" +
			strings.Repeat("  - *i\n", 120) + strings.Repeat("- {files: x.pcapng, expect: *x}\n", 120), statusUsage, "more than 100,000 values"},
		{"80 kB of mistakes", "captures: [" + strings.Repeat("a,", 40_000) + "]", statusUsage, "and more is wrong from here on"},
		{"patterns that match in many ways", "captures:\n- files: '" + strings.Repeat("**/", 16) + "y.pcapng'\n  expect: [{count: 1}]\n", statusUsage, "names no capture that is there"},
		{"3,000 names", "captures:\n" + names.String(), statusInput, "0.pcap: no such file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.WriteFile("e.yaml", []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			if status, said := bounded(t, "check", "-q", "--expect", "e.yaml"); status != c.status || !strings.Contains(said, c.says) {
				t.Errorf("status %d: %.1000s", status, said)
			}
		})
	}
	if status, said := bounded(t, "check", "--expect", "/dev/zero", "x.pcapng"); status != statusUsage || said != "tcpwhy: /dev/zero:1:1: more than 2 MiB\n" {
		t.Errorf("/dev/zero: status %d: %s", status, said)
	}
}

// peak tells the most memory that a process had, in kB, as far as it was seen before its end. (What wait4 tells counts
// that of the parent, from before the program was loaded.)
func peak(pid int, to chan<- int) {
	most := 0
	for {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		_, line, ok := strings.Cut(string(status), "VmHWM:")
		if err != nil || !ok {
			to <- most
			return
		}
		if !strings.HasPrefix(string(status), "Name:\tsh\n") {
			var n int
			fmt.Sscan(line, &n)
			most = max(most, n)
		}
		time.Sleep(time.Millisecond)
	}
}
