package pcaps

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

// scripted are the packets of a script, whose checksums are right but where it says badsum.
func scripted(t *testing.T, text string) (packets [][]byte) {
	t.Helper()
	s, err := script.Parse(text, script.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Packets {
		packets = append(packets, s.Packets[i].Bytes())
	}
	return packets
}

const bothVersions = `
flow a
flow b v6
+0   a> S  0:0(0) <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7>
+1ms a< S. 0:0(0) ack 1
+1ms a> P. 1:102(101) ack 1
+1ms b> S  0:0(0) <mss 1440>
+1ms b< P. 1:1001(1000) ack 1
+1ms b> .  1:4(3) ack 1001
`

func verified(packet []byte, wire int) (Verdict, flows.Damage) {
	var seg flows.Segment
	v := NewDecoder().Decode(&Frame{LinkType: 101, Data: packet, Wire: wire}, &seg)
	if v != TCP {
		return v, flows.Undamaged
	}
	return v, damage(&seg)
}

// No single bit can be wrong and pass, where a checksum covers it.
func TestDamageOfOneBit(t *testing.T) {
	for n, p := range scripted(t, bothVersions) {
		if v, d := verified(p, len(p)); v != TCP || d != flows.Undamaged {
			t.Errorf("packet %d: %v, damage %d", n+1, v, d)
		}
		for bit := range 8 * len(p) {
			at := bit / 8
			b := bytes.Clone(p)
			b[at] ^= 1 << (bit % 8)
			v, d := verified(b, len(b))
			var want flows.Damage
			switch {
			case v != TCP: // of another protocol, say
				continue
			case p[0]>>4 == 4 && at < 20:
				want = flows.DamagedIP
			case p[0]>>4 == 4 || at >= 8:
				want = flows.DamagedTCP
			case at == 4 || at == 5: // a length: then another part of it is verified, or none
				if d == flows.Undamaged && 40+(int(b[4])<<8|int(b[5])) <= len(b) && int(b[4])<<8|int(b[5]) >= 20 {
					t.Errorf("packet %d, bit %d: passes with another length", n+1, bit)
				}
				continue
			default: // class, flow label, hop limit: no checksum covers them
				want = flows.Undamaged
			}
			if d != want {
				t.Errorf("packet %d, bit %d: damage %d, want %d", n+1, bit, d, want)
			}
		}
	}
}

// sumOf computes the checksum of a TCP segment.
func sumOf(src, dst netip.Addr, tcp []byte) []byte {
	tcp = bytes.Clone(tcp)
	tcp[16], tcp[17] = 0, 0
	pseudo := join(src.AsSlice(), dst.AsSlice(), []byte{0, 6}, be16(len(tcp)), tcp, make([]byte, len(tcp)%2))
	sum := 0
	for i := 0; i < len(pseudo); i += 2 {
		sum += int(pseudo[i])<<8 | int(pseudo[i+1])
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	copy(tcp[16:], be16(^sum&0xffff))
	return tcp
}

func TestDamage(t *testing.T) {
	good4, good6 := sumOf(testSrc4, testDst4, tcpData), sumOf(testSrc6, testDst6, tcpData)
	stop := netip.MustParseAddr("2001:db8::77")
	for _, c := range []struct {
		name   string
		packet []byte
		wire   int // beyond what was captured
		want   flows.Damage
	}{
		{"right", ip4(6, good4), 0, flows.Undamaged},
		{"wrong", ip4(6, tcpData), 0, flows.DamagedTCP},
		{"right, IPv6", ip6(6, good6), 0, flows.Undamaged},
		{"wrong, IPv6", ip6(6, tcpData), 0, flows.DamagedTCP},
		{"padding does not count", join(ip4(6, good4), data(7)), 0, flows.Undamaged},
		{"behind other headers", ip6(0, join(optionHeader(60), optionHeader(6), good6)), 0, flows.Undamaged},
		{"wrong behind other headers", ip6(0, join(optionHeader(60), optionHeader(6), tcpData)), 0, flows.DamagedTCP},
		{"AH", ip4(51, join(x("06 04 0000 00000001 00000002"), data(12), good4)), 0, flows.Undamaged},
		{"under way: the pseudo-header has the last address", ip6between(testSrc6, stop, 43, 24+len(good6),
			join(x("06 02 00 01 00000000"), testDst6.AsSlice(), good6)), 0, flows.Undamaged},
		{"IPv4 options", ip4between(testSrc4, testDst4, 6, 0, 28+len(good4), x("01 0703 04 01010101"), good4), 0, flows.Undamaged},
		{"IPv4 options, wrong", ip4between(testSrc4, testDst4, 6, 0, 28+len(good4), x("01 0703 04 01010101"), tcpData), 0, flows.DamagedTCP},
		{"a source route under way is not verified", ip4between(testSrc4, testDst4, 6, 0, 28+len(good4), x("830704 c6336402 00"), tcpData), 0, flows.Undamaged},
		{"a source route at its end", ip4between(testSrc4, testDst4, 6, 0, 28+len(good4), x("830708 c6336401 00"), tcpData), 0, flows.DamagedTCP},
		{"cut", ip4(6, tcpData)[:40], tcpDataLen, flows.Undamaged},
		{"still to be cut up", ip4between(testSrc4, testDst4, 6, 0x4000, 0, nil, tcpData), 0, flows.Undamaged},
		{"a length that holds no header", ip4between(testSrc4, testDst4, 6, 0, 39, nil, tcpData), 0, flows.Undamaged},
	} {
		if v, got := verified(c.packet, len(c.packet)+c.wire); v != TCP || got != c.want {
			t.Errorf("%s: %v, damage %d, want %d", c.name, v, got, c.want)
		}
	}
}

// checked reads packets with their checksums verified, and gives those found damaged.
func checked(t *testing.T, packets [][]byte, c Config) (damaged []uint64, s *Source) {
	t.Helper()
	f := newFile(false)
	f.pcapHeader(0xa1b2c3d4, 101)
	for i, p := range packets {
		f.record(at, uint32(i), p, len(p))
	}
	s, err := Open([]string{put(t, "f.pcap", f.b)}, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for {
		var seg flows.Segment
		v, err := s.Next(&seg)
		if err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if (v == Damaged) != (seg.Damage != flows.Undamaged) {
			t.Errorf("packet %d: %v, damage %d", seg.Packet, v, seg.Damage)
		}
		if v == Damaged {
			damaged = append(damaged, seg.Packet)
		}
	}
	if n := s.Stats().Skipped[Damaged]; n != uint64(len(damaged)) || s.Stats().TCP+n != uint64(len(packets)) {
		t.Errorf("%d damaged: %+v", len(damaged), s.Stats())
	}
	return damaged, s
}

func TestCheckSums(t *testing.T) {
	for _, c := range []struct {
		name, script string
		damaged      []uint64
		hosts        string
		all          bool
	}{
		{"all is well", bothVersions, nil, "[]", false},
		{"the client's host", `
+0   > S  0:0(0) badsum
+1ms < S. 0:0(0) ack 1
+1ms > .  1:1(0) ack 1 badsum
+1ms > P. 1:9(8) ack 1 badsum
+1ms < .  1:1(0) ack 9
`, []uint64{1, 3, 4}, "[192.0.2.1]", false},
		{"both its addresses", `
flow a
flow b v6
+0   a< S.  0:0(0) ack 1 badsum
+1ms a< S.  0:0(0) ack 1 badsum
+1ms a< S.  0:0(0) ack 1 badsum
+1ms b< S.  0:0(0) ack 1 badsum
+1ms b< S.  0:0(0) ack 1 badsum
+1ms b< S.  0:0(0) ack 1 badsum
+1ms b> S   0:0(0)
`, []uint64{1, 2, 3, 4, 5, 6}, "[198.51.100.1 2001:db8:2::1]", false},
		{"nobody's are right", `
+0   > S  0:0(0) badsum
+1ms < S. 0:0(0) ack 1 badsum
+1ms > .  1:1(0) ack 1 badsum
+1ms > P. 1:9(8) ack 1 badsum
+1ms < .  1:1(0) ack 9 badsum
+1ms < .  1:1(0) ack 9 badsum
`, []uint64{1, 2, 3, 4, 5, 6}, "[192.0.2.1 198.51.100.1]", true},
		{"damaged on the way", `
+0   > S  0:0(0) badsum
+1s  > S  0:0(0)
+1ms < S. 0:0(0) ack 1
+1ms > .  1:1(0) ack 1
`, []uint64{1}, "[]", false},
		{"too few to tell", `
+0   > S  0:0(0) badsum
+1ms < S. 0:0(0) ack 1
+1ms > .  1:1(0) ack 1 badsum
`, []uint64{1, 3}, "[]", false},
		{"others' are wrong too", `
flow a
flow b client 192.0.2.2:9
+0   a> S  0:0(0) badsum
+1ms a> S  0:0(0) badsum
+1ms a> S  0:0(0) badsum
+1ms b> S  0:0(0) badsum
+1ms b> S  0:0(0)
`, []uint64{1, 2, 3, 4}, "[]", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			damaged, s := checked(t, scripted(t, c.script), Config{CheckSums: true})
			if !slices.Equal(damaged, c.damaged) {
				t.Errorf("damaged %v, want %v", damaged, c.damaged)
			}
			if hosts, all := s.Unsummed(); fmt.Sprint(hosts) != c.hosts || all != c.all {
				t.Errorf("captured at %v, all %v; want %s, %v", hosts, all, c.hosts, c.all)
			}
			if damaged, _ := checked(t, scripted(t, c.script), Config{}); len(damaged) > 0 {
				t.Errorf("%v are damaged, and nobody asked", damaged)
			}
		})
	}

	// A fragment's checksum is over all of them.
	parts := fragments4(7, 6, sumOf(testSrc4, testDst4, segment(flows.ACK, nil, data(2000))), 1480)
	if damaged, _ := checked(t, parts[:1], Config{CheckSums: true}); len(damaged) > 0 {
		t.Error("a first fragment is damaged")
	}
}
