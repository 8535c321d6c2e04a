package pcaps

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

// Connections as they go well and not so well: one is reset, and its four-tuple used again.
const ofEachKind = `
flow a client 192.0.2.1:%[1]d
flow b client 192.0.2.1:%[1]d iss 77,88
flow c client 192.0.2.1:%[2]d
+0     a>  S   0:0(0)          win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+20ms  a<  S.  0:0(0)   ack 1  win 65160 <mss 1460,sackOK,TS val 2 ecr 1,nop,wscale 7>
+20ms  a>  .   1:1(0)   ack 1  <nop,nop,TS val 3 ecr 2>
+20ms  c>  SEW 0:0(0)
+20ms  a>  P.  1:52(51) ack 1  <nop,nop,TS val 3 ecr 2>
+20ms  c<  R.  0:0(0)   ack 1  win 0
+20ms  a<  .   1:1(0)   ack 1  <nop,nop,TS val 3 ecr 2,nop,nop,sack 20:52>
+300ms a>  P.  1:52(51) ack 1  <nop,nop,TS val 4 ecr 2>
+20ms  a<  R   1:1(0)          win 0
+1s    b>  S   0:0(0)          <mss 1460>
+20ms  b<  S.  0:0(0)   ack 1
+20ms  b>  .   1:1(0)   ack 1
+20ms  b<  P.  1:4(3)   ack 1  urg 2
+20ms  b>  F.  1:1(0)   ack 4
+20ms  b<  F.  4:4(0)   ack 2
+20ms  b>  .   2:2(0)   ack 5
`

// wrapped is a capture of ofEachKind in frames of one kind.
type wrapped struct {
	wholeFrame
	frames []Frame
	inner  [][]byte // the IP packets
}

// ofAllKinds has the four-tuples differ from kind to kind, so that they can be in one capture.
func ofAllKinds(t *testing.T) []wrapped {
	t.Helper()
	list := make([]wrapped, len(wholeFrames))
	for i := range list {
		w := &list[i]
		w.wholeFrame = wholeFrames[i]
		s, err := script.Parse(fmt.Sprintf(ofEachKind, 1024+2*i, 1025+2*i), script.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for j := range s.Packets {
			p := &s.Packets[j]
			in := inner{testSrc4, testDst4, testSrc6, testDst6, p.Bytes()[20:]}
			if p.Dir == script.ToClient {
				in = inner{testDst4, testSrc4, testDst6, testSrc6, in.tcp}
			}
			data := in.frames()[i].frame
			w.frames = append(w.frames, Frame{Time: s.Start.Add(p.Time).UnixNano(), LinkType: w.link, Data: data, Wire: len(data)})
			if w.six {
				w.inner = append(w.inner, in.ip6(6, in.tcp))
			} else {
				w.inner = append(w.inner, in.ip4(6, in.tcp))
			}
		}
	}
	return list
}

// pcapOf is a capture file of frames of one link type, with nanoseconds.
func pcapOf(frames []Frame) []byte {
	f := newFile(false)
	f.pcapHeader(0xa1b23c4d, frames[0].LinkType)
	f.PutUint32(f.b[16:], 1<<18) // the snap length: tcpdump prints no more of a packet
	for i := range frames {
		p := &frames[i]
		f.record(uint32(p.Time/1e9), uint32(p.Time%1e9), p.Data, p.Wire)
	}
	return f.b
}

// ngOf is a capture file of frames of any link types, with nanoseconds.
func ngOf(frames []Frame) []byte {
	f := newFile(false)
	f.section(1<<64 - 1)
	interfaces := map[uint32]uint32{}
	for i := range frames {
		p := &frames[i]
		n, known := interfaces[p.LinkType]
		if !known {
			n = uint32(len(interfaces))
			interfaces[p.LinkType] = n
			f.iface(uint16(p.LinkType), 0, func() { f.option(9, []byte{9}) })
		}
		f.enhanced(n, uint64(p.Time), p.Data, p.Wire)
	}
	return f.b
}

// followed is a capture as tcpwhy reads it.
type followed struct {
	segments []flows.Segment // without their bytes
	packet   [][]byte        // of each segment: the captured bytes from its IP header on
	flow     []uint64        // of each segment; 0: none
	flows    map[uint64]flows.Flow
	spaces   map[uint64]Space // of each flow
	packets  uint64
}

func follow(t *testing.T, path string) (f followed) {
	t.Helper()
	s, err := Open([]string{path}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	f.flows, f.spaces = map[uint64]flows.Flow{}, map[uint64]Space{}
	tracker := flows.NewTracker(flows.Config{})
	var flow flows.Flow
	finished := func() {
		for tracker.Finished(&flow) {
			f.flows[flow.Number] = flow
			f.spaces[flow.Number] = s.Decoder().Space(flow.Via)
		}
	}
	for {
		var seg flows.Segment
		v, err := s.Next(&seg)
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		step := tracker.Observe(&seg)
		finished()
		if v == TCP {
			f.packet = append(f.packet, bytes.Clone(seg.IP))
			seg.IP = nil
			f.segments, f.flow = append(f.segments, seg), append(f.flow, step.Flow)
		}
	}
	tracker.End()
	finished()
	f.packets = s.Stats().Read
	return f
}

// bare is a capture of the IP packets that were followed, each without what it came in. By itself each is the same segment.
func (f *followed) bare(t *testing.T) string {
	t.Helper()
	d := NewDecoder()
	var frames []Frame
	for i := range f.segments {
		want := f.segments[i]
		frame := Frame{Time: want.Time, Number: want.Packet, File: want.File, Interface: want.Interface, LinkType: fuzzRaw, Data: f.packet[i], Wire: want.IPLen}
		var got flows.Segment
		v := d.Decode(&frame, &got)
		got.IP, want.Space, want.Via = nil, 0, 0
		if v != TCP || !reflect.DeepEqual(got, want) {
			t.Errorf("packet %d by itself: %v %+v\nin its frame: %+v", want.Packet, v, got, want)
		}
		frames = append(frames, frame)
	}
	return put(t, "bare.pcap", pcapOf(frames))
}

// packetsAre holds what was followed of a capture against what tshark says of its packets: which hold TCP, and what
// is in their headers.
func (f *followed) packetsAre(want []sharked) (differ []string) {
	found := map[uint64]bool{}
	for i := range f.segments {
		s := &f.segments[i]
		found[s.Packet] = true
		w := &want[s.Packet-1]
		if w.stream < 0 {
			differ = append(differ, fmt.Sprintf("packet %d: no TCP in %s", s.Packet, w.protocols))
			continue
		}
		if int(s.Flags) != w.flags || int(s.Len) != w.length || uint32(s.Seq) != w.seq || uint32(s.Ack) != w.ack && s.Flags.Has(flows.ACK) {
			differ = append(differ, fmt.Sprintf("packet %d: flags, length, seq, ack: we %#x %d %d %d, tshark %#x %d %d %d",
				s.Packet, s.Flags, s.Len, s.Seq, s.Ack, w.flags, w.length, w.seq, w.ack))
		}
	}
	for i, w := range want {
		if w.stream >= 0 && !found[uint64(i+1)] {
			differ = append(differ, fmt.Sprintf("packet %d: TCP in %s", i+1, w.protocols))
		}
	}
	return differ
}

// streamsAre does likewise with what packets are together: flows here, streams there, and their completeness.
func (f *followed) streamsAre(want []sharked) (differ []string) {
	completeness := map[int]int{} // by stream: what its last packet shows
	for _, p := range want {
		completeness[p.stream] = p.completeness
	}
	streamOf, flowOf := map[uint64]int{}, map[int]uint64{}
	for i := range f.segments {
		packet, flow := f.segments[i].Packet, f.flow[i]
		stream := want[packet-1].stream
		if s, known := streamOf[flow]; known && s != stream {
			differ = append(differ, fmt.Sprintf("packet %d: flow %d is in stream %d and %d", packet, flow, s, stream))
			continue
		}
		if other, known := flowOf[stream]; known && other != flow {
			differ = append(differ, fmt.Sprintf("packet %d: stream %d is flow %d and %d", packet, stream, other, flow))
			continue
		}
		streamOf[flow], flowOf[stream] = stream, flow
	}
	for flow, stream := range streamOf {
		if got := int(f.flows[flow].Completeness); got != completeness[stream] {
			differ = append(differ, fmt.Sprintf("flow %d: completeness %d, tshark %d", flow, got, completeness[stream]))
		}
	}
	return differ
}

var behindLength = regexp.MustCompile(`(, length \d+).*`)

// tcpdumped is what tcpdump prints of a capture, each line as far as its length.
func tcpdumped(t *testing.T, file string, arguments ...string) []string {
	t.Helper()
	program, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("tcpdump is not installed: nothing to compare with")
	}
	cmd := exec.Command(program, append([]string{"-nn", "-r", file}, arguments...)...)
	cmd.Env = append(cmd.Environ(), "TZ=UTC")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("%v: %v: %s", cmd, err, stderr.Bytes())
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		lines = append(lines, behindLength.ReplaceAllString(strings.TrimSuffix(line, "\n"), "$1"))
	}
	return lines
}

// unlikeTcpdump are the kinds without a tunnel of which tcpdump 4.99 does not print the IP packet and nothing else,
// and what it does. What it has to say of the link layer, before "IP", is no part of our lines.
var unlikeTcpdump = map[string]string{
	"SLL, VLAN":          "says the EtherType behind the tag",
	"SLL2":               "says an interface of the machine that it runs on",
	"SLL2, VLAN":         "says an interface and the EtherType",
	"PPP over HDLC":      "says the protocol first",
	"Frame Relay, SNAP":  "says that there is padding",
	"OpenBSD IPsec":      "says the security association",
	"Token Ring, routed": "says the route",

	"SunATM, LAN Emulation":             "says the LAN Emulation client",
	"radiotap, time, checksum behind":   "says the time of the radio",
	"radiotap, two words of bits, time": "says the time of the radio",
	"NSH, fixed metadata":               "says the service path",
	"MPLS":                              "says the labels",
	"MPLS, upstream label":              "says the labels",
	"MPLS, three labels, IPv6":          "says the labels",
	"MPLS in a VLAN":                    "says the labels",
	"PPP, MPLS":                         "says the labels",
	"PPP, MPLS, upstream label":         "says the labels",

	"MPLS, pseudowire with control word":                "knows no pseudowire",
	"MPLS, pseudowire without control word":             "knows no pseudowire",
	"MPLS, pseudowire to an address that begins with 4": "knows no pseudowire",
	"MPLS, pseudowire to an address that begins with 6": "knows no pseudowire",
	"MPLS, pseudowire to an address that begins with 1": "knows no pseudowire",
	"MPLS, pseudowire to an address that begins with a": "knows no pseudowire",

	"Null, Windows, IPv6":              "takes 23 for IPX, which it is on BSD",
	"Null, Linux, IPv6":                "does not know Linux's number",
	"Raw, alias 14":                    "does not know it but on OpenBSD",
	"DOCSIS":                           "does not know it",
	"DOCSIS, extended header":          "does not know it",
	"ERF, Ethernet":                    "does not know it",
	"ERF, Ethernet, extension headers": "does not know it",
	"ERF, PPP":                         "does not know it",
	"ERF, Cisco HDLC":                  "does not know it",
	"ERF, IPv4":                        "does not know it",
	"ERF, IPv6":                        "does not know it",
	"TRILL":                            "does not know it",
	"TRILL, options":                   "does not know it",
	"FabricPath":                       "does not know it",
	"Cisco MetaData":                   "does not know it",
	"HSR":                              "does not know it",
	"B.A.T.M.A.N., unicast":            "does not know it",
	"B.A.T.M.A.N., four addresses":     "does not know it",
	"B.A.T.M.A.N., broadcast":          "does not know it",
	"VN-Tag":                           "does not know it",
	"E-Tag":                            "does not know it",
	"PPP, bridged":                     "does not follow it",
	"PPP, bridged, LAN id":             "does not follow it",
	"PPP, multilink":                   "does not follow it",
	"PPP with direction":               "does not know it",
	"Cisco HDLC with direction":        "does not know it",
	"Frame Relay with direction":       "does not know it",
	"MPLS as link":                     "does not know it",
	"802.11, four addresses, QoS, HT control": "does not look behind HT control",
	"802.11, A-MSDU":          "does not know it",
	"NFLOG, big endian, IPv6": "takes the order of this machine",
	"ATM, bare IP":            "takes it for LLC",
}

// In frames of every kind tcpwhy finds what tshark finds, and tcpdump prints of the packets that it finds what it prints of those
// that were put there.
func TestKinds(t *testing.T) {
	list := ofAllKinds(t)
	var all, inner []Frame
	for i := range list {
		all = append(all, list[i].frames...)
		for j, p := range list[i].inner {
			inner = append(inner, Frame{Time: list[i].frames[j].Time, LinkType: 101, Data: p, Wire: len(p)})
		}
	}
	want := tshark(t, put(t, "all.pcapng", ngOf(all)),
		"-d", "udp.port==8472,vxlan", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE")
	lines := tcpdumped(t, put(t, "inner.pcap", pcapOf(inner)))
	if len(want) != len(all) || len(lines) != len(inner) {
		t.Fatalf("tshark read %d packets of %d, tcpdump %d of %d", len(want), len(all), len(lines), len(inner))
	}
	alike := 0
	for i := range list {
		w := &list[i]
		n := len(w.frames)
		file := put(t, "kind.pcap", pcapOf(w.frames))
		got := follow(t, file)
		if len(got.segments) != n {
			t.Errorf("%s: %d segments in %d packets", w.name, len(got.segments), n)
			continue
		}
		printed := lines[:n]
		if w.space.Tunnel == "" && unlikeTcpdump[w.name] == "" {
			printed = tcpdumped(t, file)
		}
		if found := tcpdumped(t, got.bare(t)); !slices.Equal(found, printed) {
			t.Errorf("%s: tcpdump prints of what was found\n%s\nand of what was put there\n%s", w.name, strings.Join(found, "\n"), strings.Join(printed, "\n"))
		}
		for _, space := range got.spaces {
			checkSpace(t, space, w.space)
		}
		differ := append(got.packetsAre(want[:n]), got.streamsAre(want[:n])...)
		why, known := unlikeTshark[w.name]
		switch {
		case len(differ) == 0:
			alike++
		case !known:
			t.Errorf("%s: not as tshark:\n%s", w.name, strings.Join(differ, "\n"))
		default:
			t.Logf("%s: tshark %s", w.name, why)
		}
		want, lines = want[n:], lines[n:]
	}
	if alike < 60 {
		t.Errorf("tshark follows %d kinds as we do", alike)
	}
	t.Logf("%d of %d kinds are as tshark has them", alike, len(list))
}
