package tcpdump_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"tcpwhy/analyzer/tcpdump"
	"tcpwhy/flows"
)

// judge is the real tcpdump, where it is the version whose lines are promised.
func judge(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("tcpdump is not installed: nothing to compare with")
	}
	// It ends with another status after --version when built without some libraries.
	version, _ := exec.Command(path, "--version").CombinedOutput()
	if !bytes.Contains(version, []byte("tcpdump version 4.99.")) {
		t.Skipf("tcpdump is not version 4.99: %s", version)
	}
	return path
}

// writeCapture writes a pcap file of link type RAW with nanoseconds.
func writeCapture(t *testing.T, segments []flows.Segment) string {
	t.Helper()
	const linkRaw = 101
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, 262144)
	b = binary.LittleEndian.AppendUint32(b, linkRaw)
	for i := range segments {
		s := &segments[i]
		b = binary.LittleEndian.AppendUint32(b, uint32(s.Time/1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(s.Time%1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s.IP)))
		b = binary.LittleEndian.AppendUint32(b, uint32(s.IPLen))
		b = append(b, s.IP...)
	}
	path := filepath.Join(t.TempDir(), "capture.pcap")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var afterLength = regexp.MustCompile(`(, length \d+).*`)

// judged is what tcpdump prints, one line a packet, cut after "length N".
func judged(t *testing.T, program, capture, zone string, arguments ...string) []string {
	t.Helper()
	cmd := exec.Command(program, append([]string{"-nn", "-r", capture}, arguments...)...)
	cmd.Env = append(os.Environ(), "TZ="+zone)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s", cmd, err, stderr.Bytes())
	}
	lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	for i := range lines {
		lines[i] = afterLength.ReplaceAllString(lines[i], "$1")
	}
	return lines
}

var variants = []struct {
	arguments []string
	printer   tcpdump.Printer
}{
	{nil, tcpdump.Printer{}},
	{[]string{"-S"}, tcpdump.Printer{Absolute: true}},
	{[]string{"--nano"}, tcpdump.Printer{Nano: true}},
	{[]string{"-#"}, tcpdump.Printer{Number: true}},
	{[]string{"-t"}, tcpdump.Printer{Time: tcpdump.TimeNone}},
	{[]string{"-tt"}, tcpdump.Printer{Time: tcpdump.TimeUnix}},
	{[]string{"-ttt"}, tcpdump.Printer{Time: tcpdump.TimeDelta}},
	{[]string{"-tttt"}, tcpdump.Printer{Time: tcpdump.TimeDate}},
	{[]string{"-ttttt"}, tcpdump.Printer{Time: tcpdump.TimeOffset}},
	{[]string{"-tt", "--nano"}, tcpdump.Printer{Time: tcpdump.TimeUnix, Nano: true}},
	{[]string{"-ttt", "--nano", "-#"}, tcpdump.Printer{Time: tcpdump.TimeDelta, Nano: true, Number: true}},
	{[]string{"-tttt", "--nano", "-S"}, tcpdump.Printer{Time: tcpdump.TimeDate, Nano: true, Absolute: true}},
	{[]string{"-ttttt", "--nano"}, tcpdump.Printer{Time: tcpdump.TimeOffset, Nano: true}},
}

// The installed tcpdump is the specification: over generated packets, sound and broken,
// every line must be its line.
func TestAsTcpdumpPrints(t *testing.T) {
	program := judge(t)
	zone, location := "America/New_York", time.UTC
	if l, err := time.LoadLocation(zone); err == nil {
		location = l
	} else {
		zone = "UTC" // no time zones on this machine, for tcpdump neither
	}
	segments := newGenerator(1).segments(20000)
	capture := writeCapture(t, segments)
	for _, v := range variants {
		t.Run(strings.Join(v.arguments, " "), func(t *testing.T) {
			want := judged(t, program, capture, zone, v.arguments...)
			if len(want) != len(segments) {
				t.Fatalf("tcpdump printed %d lines of %d packets", len(want), len(segments))
			}
			p := v.printer
			p.Location = location
			differences := 0
			for i := range segments {
				got := string(p.Append(nil, &segments[i]))
				if got == want[i] {
					continue
				}
				t.Errorf("packet %d, %d of %d bytes: %s\n got %s\nwant %s", i+1,
					len(segments[i].IP), segments[i].IPLen, hex.EncodeToString(segments[i].IP), got, want[i])
				if differences++; differences == 10 {
					t.FailNow()
				}
			}
		})
	}
}

// A first packet at time 0 is for tcpdump no packet yet, and seconds with bit 31 set it does not
// convert. Differences to these are left out: libpcap takes them for negative, but only
// where they come from a pcap file, not from pcapng.
func TestTimesAsTcpdumpPrints(t *testing.T) {
	program := judge(t)
	at := func(seconds ...int64) (segments []flows.Segment) {
		for i, second := range seconds {
			seg := segmentOf(over4(6, header(ack, "", 0)), 0)
			seg.Time = second*1e9 + 999_999_999*(second&1)
			seg.Packet = uint64(i + 1)
			segments = append(segments, seg)
		}
		return segments
	}
	near := at(0, 0, 1, 1<<31-1, 1_000_000_000, 1<<31-2)
	far := at(1<<31, 1<<32-1, 1, 1<<31-1)
	for _, v := range variants {
		sets := [][]flows.Segment{near, far}
		if m := v.printer.Time; m == tcpdump.TimeDelta || m == tcpdump.TimeOffset {
			sets = sets[:1]
		}
		for _, segments := range sets {
			p := v.printer
			p.Location = time.UTC
			for i, want := range judged(t, program, writeCapture(t, segments), "UTC", v.arguments...) {
				if got := string(p.Append(nil, &segments[i])); got != want {
					t.Errorf("%v, packet %d:\n got %s\nwant %s", v.arguments, i+1, got, want)
				}
			}
		}
	}
}
