package pcaps

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tcpwhy/pcaps/script"
)

// tool is a program of Wireshark's that makes captures of captures.
func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		t.Skip(name, " is not installed")
	}
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
}

// hexdump is packets as text2pcap takes them: a time, offsets and bytes.
func hexdump(frames []Frame) []byte {
	var b bytes.Buffer
	for i := range frames {
		f := &frames[i]
		fmt.Fprintf(&b, "%d.%09d\n", f.Time/1e9, f.Time%1e9)
		for at := 0; at < len(f.Data); at += 16 {
			row := hex.EncodeToString(f.Data[at:min(at+16, len(f.Data))])
			fmt.Fprintf(&b, "%06x", at)
			for ; row != ""; row = row[2:] {
				b.WriteString(" " + row[:2])
			}
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// What editcap, text2pcap and mergecap write is read as tshark and tcpdump read it.
func TestConverted(t *testing.T) {
	s, err := script.Parse(fmt.Sprintf(ofEachKind, 40001, 40002), script.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var ethernet, raw, tcp, inVXLAN []Frame
	for i := range s.Packets {
		at := s.Start.Add(s.Packets[i].Time).UnixNano()
		ip := s.Packets[i].Bytes()
		add := func(to *[]Frame, link uint32, b []byte) {
			*to = append(*to, Frame{Time: at, LinkType: link, Data: b, Wire: len(b)})
		}
		add(&raw, 101, ip)
		add(&ethernet, 1, eth(0x0800, ip))
		add(&inVXLAN, 1, join(vni(8, 0, 42), eth(0x0800, ip)))
		if s.Packets[i].Dir == script.ToServer && s.Packets[i].Flow.Name == "a" {
			add(&tcp, 1, ip[20:])
		}
	}
	from := put(t, "from.pcap", pcapOf(ethernet))
	fromRaw := put(t, "raw.pcap", pcapOf(raw))
	six := put(t, "six.pcap", pcapOf(framesOf(t, "testdata/kernel/half-close.v6.client.pcap")))
	text := func(frames []Frame) string { return put(t, "packets.txt", hexdump(frames)) }
	editcap := func(args ...string) func(*testing.T, string) {
		return func(t *testing.T, to string) { tool(t, "editcap", append(args, to)...) }
	}
	text2pcap := func(frames []Frame, args ...string) func(*testing.T, string) {
		return func(t *testing.T, to string) {
			tool(t, "text2pcap", slices.Concat([]string{"-q", "-t", "%s.%f"}, args, []string{text(frames), to})...)
		}
	}
	for _, c := range []struct {
		name    string
		convert func(t *testing.T, to string)
		// no line of tcpdump's: it does not read the format, or prints what is outside
		unprinted bool
	}{
		{name: "pcap", convert: editcap("-F", "pcap", from)},
		{name: "nanosecond pcap", convert: editcap("-F", "nsecpcap", from)},
		{name: "pcapng", convert: editcap("-F", "pcapng", from)},
		{name: "pcap of Kuznetsov's", convert: editcap("-F", "modpcap", from)},
		{name: "snap length 80", convert: editcap("-s", "80", from)},
		{name: "snap length 60", convert: editcap("-F", "pcap", "-s", "60", from)},
		{name: "without Ethernet header", convert: editcap("-L", "-C", "14", "-T", "rawip4", "-F", "pcap", from)},
		{name: "without Ethernet header, raw", convert: editcap("-L", "-C", "14", "-T", "rawip", from)},
		{name: "IPv6 without Ethernet header", convert: editcap("-L", "-C", "14", "-T", "rawip6", six)},
		{name: "with a trailer less", convert: editcap("-C", "-4", from)},
		{name: "an hour earlier", convert: editcap("-t", "-3600", from)},
		{name: "at one time", convert: editcap("-S", "-0", from)},
		{name: "the first half", convert: func(t *testing.T, to string) { tool(t, "editcap", "-r", from, to, "1-8") }},
		{name: "without its first packets", convert: func(t *testing.T, to string) { tool(t, "editcap", from, to, "1-3") }},
		{name: "with comments", convert: editcap("-a", "3:a comment", "--capture-comment", "another", from)},
		{name: "packets of text", convert: text2pcap(ethernet)},
		{name: "packets of text, pcap", convert: text2pcap(ethernet, "-F", "pcap")},
		{name: "packets of text, nanoseconds", convert: text2pcap(ethernet, "-F", "nsecpcap")},
		{name: "packets of text, raw", convert: text2pcap(raw, "-l", "101")},
		{name: "packets of text, IPv4", convert: text2pcap(raw, "-l", "228")},
		{name: "packets of text, Ethernet put before", convert: text2pcap(raw, "-e", "0800")},
		{name: "packets of text, IPv4 put before", convert: text2pcap(tcp, "-i", "6", "-4", "192.0.2.77,198.51.100.77")},
		{name: "packets of text, IPv6 put before", convert: text2pcap(tcp, "-i", "6", "-6", "2001:db8::77,2001:db8::78")},
		{name: "packets of text, UDP of VXLAN put before", convert: text2pcap(inVXLAN, "-u", "50000,4789"), unprinted: true},
		{name: "packets of text, TCP put before", convert: text2pcap(raw, "-T", "5001,5002")},
		{name: "two link types in one", convert: func(t *testing.T, to string) { tool(t, "mergecap", "-a", "-w", to, fromRaw, six) }, unprinted: true},
		{name: "merged by time", convert: func(t *testing.T, to string) { tool(t, "mergecap", "-w", to, from, six) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			to := filepath.Join(t.TempDir(), "to.cap")
			c.convert(t, to)
			got, want := follow(t, to), tshark(t, to)
			if int(got.packets) != len(want) || len(got.segments) == 0 {
				t.Fatalf("%d packets, %d segments; tshark reads %d packets", got.packets, len(got.segments), len(want))
			}
			if differ := append(got.packetsAre(want), got.streamsAre(want)...); len(differ) > 0 {
				t.Errorf("not as tshark:\n%s", strings.Join(differ, "\n"))
			}
			if c.unprinted {
				return
			}
			if found, printed := tcpdumped(t, got.bare(t)), tcpdumped(t, to); !slices.Equal(found, printed) {
				t.Errorf("tcpdump prints of what was found\n%s\nand of the file\n%s", strings.Join(found, "\n"), strings.Join(printed, "\n"))
			}
		})
	}
}
