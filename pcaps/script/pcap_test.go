package script

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tcpwhy/flows"
)

// plain has no VLAN tags, which some link layers cannot carry, and no AE flag, which tcpdump
// 4.99.3 does not print.
const plain = `
flow b v6 iss 1000,2000
+0       >  S    0:0(0)      win 64240  <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>
+20ms    <  S.   0:0(0)      ack 1 <mss 1460,sackOK,TS val 7 ecr 100,nop,wscale 7>
+1234us  >  .    1:1(0)      ack 1 <nop,nop,TS val 120 ecr 7>
+500ms   >  P.   1:102(101)  ack 1
+1ms     <  .U   1:1(0)      ack 1 urg 77 <nop,nop,sack 51:102 20:40>
12.5s    b> SEW 0:100(100)  <tfo 0011aabbccddeeff,nop,nop>
+1ms     b< S.   0:0(0)      ack 1 <mss 1440,nop,wscale 14>
+1ms     b< FP.  1:1001(1000) ack 101
+1ms     b> R    1:1(0)
+1ms     b> -    1:1(0)
+1ms     >  F.   102:102(0)  ack 1 win 0
`

func writePcap(t *testing.T, s *Script, f Format) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.WritePcap(&b, f); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "script.pcap")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func tcpdump(t *testing.T, args ...string) []string {
	t.Helper()
	program, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("tcpdump is not installed")
	}
	cmd := exec.Command(program, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("tcpdump: %v\n%s", err, &stderr)
	}
	return strings.Split(strings.TrimSpace(stdout.String()), "\n")
}

// tcpdumpLine is what tcpdump -tt -nn -S must say of p, without its options.
func tcpdumpLine(s *Script, p *Packet, nano bool) (before, after string) {
	at := s.Start.Add(p.Time)
	version, clock := "IP", fmt.Sprintf("%d.%06d", at.Unix(), at.Nanosecond()/1000)
	if nano {
		clock = fmt.Sprintf("%d.%09d", at.Unix(), at.Nanosecond())
	}
	if p.Flow.Is6() {
		version = "IP6"
	}
	from, to := p.Flow.Ends[p.Dir].Addr, p.Flow.Ends[1-p.Dir].Addr
	flags := formatFlags(p.Flags)
	if flags == "-" {
		flags = "none"
	}
	before = fmt.Sprintf("%s %s %v.%d > %v.%d: Flags [%s]", clock, version, from.Addr(), from.Port(), to.Addr(), to.Port(), flags)
	switch {
	case p.Len > 0:
		before += fmt.Sprintf(", seq %d:%d", p.Seq, p.Seq+flows.Seq(p.Len))
	case p.Flags.Any(flows.SYN | flows.FIN | flows.RST):
		before += fmt.Sprintf(", seq %d", p.Seq)
	}
	if p.Flags.Has(flows.ACK) {
		before += fmt.Sprintf(", ack %d", p.Ack)
	}
	before += fmt.Sprintf(", win %d", p.Window)
	if p.Flags.Has(flows.URG) {
		before += fmt.Sprintf(", urg %d", p.Urgent)
	}
	return before, fmt.Sprintf(", length %d", p.Len)
}

func TestTcpdumpReads(t *testing.T) {
	s := mustParse(t, plain, Options{})
	for _, link := range []Link{Ethernet, Raw, Null, SLL, SLL2} {
		for bits := range 8 {
			f := Format{Link: link, Nano: bits&1 != 0, BigEndian: bits&2 != 0, NG: bits&4 != 0}
			t.Run(fmt.Sprintf("%v-nano=%v-big=%v-ng=%v", link, f.Nano, f.BigEndian, f.NG), func(t *testing.T) {
				args := []string{"-tt", "-nn", "-S", "-r", writePcap(t, s, f)}
				if f.Nano {
					args = append(args, "--nano")
				}
				lines := tcpdump(t, args...)
				if len(lines) != len(s.Packets) {
					t.Fatalf("%d lines, want %d:\n%s", len(lines), len(s.Packets), strings.Join(lines, "\n"))
				}
				for i := range s.Packets {
					got := lines[i]
					if link == SLL2 { // the interface and the direction come first
						clock, rest, _ := strings.Cut(got, " ")
						_, rest, _ = strings.Cut(rest, "IP")
						got = clock + " IP" + rest
					}
					before, after := tcpdumpLine(s, &s.Packets[i], f.Nano)
					if !strings.HasPrefix(got, before) || !strings.Contains(got[len(before):], after) {
						t.Errorf("packet %d: got\n%s\nwant\n%s, …%s", i+1, lines[i], before, after)
					}
				}
			})
		}
	}
}

func TestTcpdumpOptions(t *testing.T) {
	s := mustParse(t, plain, Options{ISS: &[2]flows.Seq{1000, 2000}})
	lines := tcpdump(t, "-nn", "-S", "-r", writePcap(t, s, Format{}))
	for i, want := range []string{
		"options [mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7]",
		"options [mss 1460,sackOK,TS val 7 ecr 100,nop,wscale 7]",
		"options [nop,nop,TS val 120 ecr 7]",
		"length 101",
		"options [nop,nop,sack 2 {1051:1102}{1020:1040}]",
		"options [tfo  cookie 0011aabbccddeeff,nop,nop]",
	} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("packet %d: got\n%s\nwant …%s", i+1, lines[i], want)
		}
	}
}

func TestTcpdumpChecksums(t *testing.T) {
	s := mustParse(t, plain+`
+1ms icmp < unreach port quoting > S 0:0(0)
+1ms icmp b< frag 1280 quoting b> S 0:0(0)
+1ms > S 0:0(0) badsum`, Options{})
	text := strings.Join(tcpdump(t, "-v", "-nn", "-r", writePcap(t, s, Format{})), "\n")
	if got := strings.Count(text, "(correct)"); got != 11 {
		t.Errorf("%d TCP checksums are correct, want 11:\n%s", got, text)
	}
	if got := strings.Count(text, "(incorrect"); got != 1 {
		t.Errorf("%d TCP checksums are incorrect, want that of badsum:\n%s", got, text)
	}
	for _, wrong := range []string{"bad cksum", "wrong icmp cksum", "bad icmp6 cksum"} {
		if strings.Contains(text, wrong) {
			t.Errorf("%s:\n%s", wrong, text)
		}
	}
	for _, want := range []string{
		"203.0.113.9 > 192.0.2.1: ICMP 198.51.100.1 tcp port 443 unreachable",
		"ICMP6, packet too big, mtu 1280",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestTcpdumpVLAN(t *testing.T) {
	s := mustParse(t, "flow vlan 5,7\n+0 > S 0:0(0)\n+0 < R. 0:0(0) ack 1 vlan 9", Options{})
	for _, link := range []Link{Ethernet, SLL, SLL2} {
		text := strings.Join(tcpdump(t, "-e", "-nn", "-r", writePcap(t, s, Format{Link: link})), "\n")
		for _, want := range []string{"vlan 5", "vlan 7", "vlan 9", "Flags [S]", "Flags [R.]"} {
			if !strings.Contains(text, want) {
				t.Errorf("%v: no %q in\n%s", link, want, text)
			}
		}
	}
}

func TestWritePcapErrors(t *testing.T) {
	s := mustParse(t, "\n+0 > S 0:0(0) vlan 5", Options{})
	if err := s.WritePcap(&bytes.Buffer{}, Format{Link: Raw}); err == nil || err.Error() != "line 2: link layer raw has no VLAN tags" {
		t.Errorf("got %v", err)
	}
	s = mustParse(t, "+0 > S 0:0(0)", Options{Start: time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)})
	if err := s.WritePcap(&bytes.Buffer{}, Format{}); err == nil {
		t.Error("a time before 1970 must be an error")
	}
}

// An odd payload and a snap length: lengths in the file say what was there and what was kept.
func TestSnap(t *testing.T) {
	s := mustParse(t, "+0 > P 1:102(101) snap 40", Options{})
	lines := tcpdump(t, "-e", "-nn", "-r", writePcap(t, s, Format{}))
	if !strings.Contains(lines[0], "length 155:") || !strings.Contains(lines[0], "length 101") {
		t.Errorf("got %s, want a frame of 155 bytes with 101 of payload", lines[0])
	}
}
