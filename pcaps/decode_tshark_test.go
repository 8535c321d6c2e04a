package pcaps

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tcpwhy/flows"
)

// unlikeTshark are the samples in which tshark 4.0 finds no TCP, or no length, and why.
var unlikeTshark = map[string]string{
	"three tags":              "has no 0x9200 among its tags",
	"Null, Windows, IPv6":     "takes 23 for IPX, which it is on BSD",
	"Null, Linux, IPv6":       "does not know Linux's number",
	"IPv4, first fragment":    "gives fragments no length",
	"IPv6, first fragment":    "gives fragments no length",
	"IPv6, HIP":               "stops there",
	"IPv6, Shim6":             "stops there",
	"GTP-U, PPP":              "does not follow it",
	"GUE":                     "does not know it",
	"GUE, private data":       "does not know it",
	"GUE, version 1":          "does not know it",
	"PPP, bridged, LAN id":    "leaves the LAN id to the frame",
	"PPP of pppd":             "does not know it",
	"NFLOG, big endian, IPv6": "takes the order of the file",
	"SLIP":                    "does not know it",
	"ATM, bare IP":            "takes it for LLC",
	"ATM, classical IP, LLC":  "takes it for IP",
	"MPLS as link":            "does not know it",

	"CAPWAP, 802.11":          "exchanges the first two bytes, as Cisco's access points do",
	"CAPWAP, radio's address": "exchanges the first two bytes, as Cisco's access points do",
	"FabricPath":              "takes the last four bytes for a checksum",

	"IPv6, BIG TCP without jumbo option": "takes 0 for the length",
	"Cisco HDLC with direction":          "does not know it",
	"Frame Relay with direction":         "does not know it",

	"MPLS, pseudowire to an address that begins with 4": "goes by the first digit alone",
	"MPLS, pseudowire to an address that begins with 6": "goes by the first digit alone",
	"MPLS, pseudowire to an address that begins with 1": "goes by the first digit alone",
	"MPLS, pseudowire to an address that begins with a": "does not know its maker",
}

// What the samples were meant to be is one opinion, the decoder's another by the same people;
// tshark's is a third.
func TestSamplesAgreeWithTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	list := samples()
	file := filepath.Join(t.TempDir(), "samples.pcapng")
	if err := os.WriteFile(file, pcapngOf(list), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"-n", "-r", file, "-d", "udp.port==8472,vxlan", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE",
		"-T", "fields", "-E", "occurrence=l", "-E", "separator=,"}
	for _, field := range []string{"frame.number", "tcp.srcport", "tcp.dstport", "tcp.seq_raw", "tcp.ack_raw", "tcp.len", "frame.protocols"} {
		args = append(args, "-e", field)
	}
	var stderr strings.Builder
	cmd := exec.Command(tshark, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark: %v: %s", err, stderr.String())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != len(list) {
		t.Fatalf("tshark read %d packets of %d: %s", len(lines), len(list), stderr.String())
	}
	for i, c := range list {
		d := NewDecoder()
		var seg flows.Segment
		v := d.Decode(&Frame{LinkType: c.link, Data: c.frame, Wire: len(c.frame)}, &seg)
		ours := fmt.Sprintf("%d,%d,%d,", i+1, seg.SrcPort, seg.DstPort)
		if v == TCP {
			ours += fmt.Sprintf("%d,%d,%d,", uint32(seg.Seq), uint32(seg.Ack), seg.Len)
		}
		if why, known := unlikeTshark[c.name]; !known && !strings.HasPrefix(lines[i], ours) {
			t.Errorf("%s: tshark %s, we %s", c.name, lines[i], ours)
		} else if known && strings.HasPrefix(lines[i], ours) {
			t.Logf("%s: tshark no longer %s", c.name, why)
		}
	}
}

// pcapngOf is a capture file of frames, each on an interface of its link type.
func pcapngOf(list []sample) []byte {
	le := binary.LittleEndian
	block := func(b []byte, kind uint32, body []byte) []byte {
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
		length := uint32(12 + len(body))
		b = le.AppendUint32(le.AppendUint32(b, kind), length)
		return le.AppendUint32(append(b, body...), length)
	}
	file := block(nil, 0x0a0d0d0a, x("4d3c2b1a 0100 0000 ffffffffffffffff"))
	interfaces := map[uint32]uint32{}
	for _, c := range list {
		n, known := interfaces[c.link]
		if !known {
			n = uint32(len(interfaces))
			interfaces[c.link] = n
			file = block(file, 1, le.AppendUint32(le.AppendUint32(nil, c.link), 0))
		}
		head := le.AppendUint32(le.AppendUint32(le.AppendUint32(nil, n), 0), 0)
		head = le.AppendUint32(le.AppendUint32(head, uint32(len(c.frame))), uint32(len(c.frame)))
		file = block(file, 6, append(head, c.frame...))
	}
	return file
}
