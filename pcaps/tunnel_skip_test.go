package pcaps

import (
	"strings"
	"testing"
)

func TestTunnelSkips(t *testing.T) {
	inner := eth(0x0800, plain4)
	ipip := func(depth int) []byte {
		p := plain4
		for range depth {
			p = carrier4(4, p)
		}
		return p
	}
	data4 := join(x("0000"), snap4())
	for _, c := range []struct {
		name  string
		link  uint32
		frame []byte
		want  Verdict
	}{
		{"as many tunnels as are followed", 228, ipip(maxTunnels), TCP},
		{"one more", 228, ipip(maxTunnels + 1), TooDeep},
		{"EtherIP of another version", 228, ip4(97, join(x("2000"), inner)), NotTCP},
		{"GRE version 2", 228, ip4(47, join(x("0002 0800"), plain4)), NotTCP},
		{"GRE keep-alive", 228, ip4(47, x("0000 0000")), NotIP},
		{"GRE, routing without end", 228, ip4(47, join(x("4000 0800 00000000"), join(x("0800 00 04 0a000001 0800 00 04 0a000001")))), CutShort},
		{"PPTP, compressed", 228, ip4(47, join(x("3001 880b 0010 0005 00000001 00fd"), data(14))), NotIP},
		{"ERSPAN III of no Ethernet", 228, ip4(47, join(x("1000 22eb 00000001 2064 0001 00000000 0000 1000"), inner)), NotIP},
		{"ARP in VXLAN", 1, overUDP(4789, join(vni(8, 0, 1), eth(0x0806, data(28)))), NotIP},
		{"VXLAN without VNI", 1, overUDP(4789, join(vni(0, 0, 1), inner)), NotTCP},
		{"VXLAN-GPE without VNI", 1, overUDP(4790, join(vni(4, 3, 1), inner)), NotTCP},
		{"VXLAN-GPE of what is not known", 1, overUDP(4790, join(vni(0xc, 77, 1), inner)), NotIP},
		{"NSH too short", 1, eth(0x894f, join(x("0fc1 02 01 000001ff"), plain4)), BadLink},
		{"Geneve of another version", 1, overUDP(6081, join(x("40 00 6558 00002a 00"), inner)), NotTCP},
		{"Geneve of what is not known", 1, overUDP(6081, join(x("00 00 1234 00002a 00"), inner)), NotIP},
		{"GTP-U echo", 1, overUDP(2152, x("32 01 0004 00000000 0000 00 00")), NotTCP},
		{"GTP'", 1, overUDP(2152, join(x("20 ff 0029 00000000"), plain4)), NotTCP},
		{"GTP-U, extension header of length 0", 1, overUDP(2152, join(x("34 ff 0040 00000001 0000 00 85 00"), plain4)), NotTCP},
		{"Teredo of something else", 1, overUDP(3544, x("0102030405060708")), NotTCP},
		{"Teredo bubble", 1, overUDP(3544, ip6(59, nil)), NotTCP},
		{"L2TP control", 1, overUDP(1701, x("c802 000c 0001 0002 0000 0000")), NotTCP},
		{"L2TP version 3", 1, overUDP(1701, join(x("0003 0000 00000001"), inner)), NotTCP},
		{"GUE control", 1, overUDP(6080, join(x("20 04 0000"), plain4)), NotTCP},
		{"GUE of another version", 1, overUDP(6080, join(x("80 04 0000"), plain4)), NotTCP},
		{"TZSP keep-alive", 1, overUDP(37008, x("01 04 0001 01")), NotTCP},
		{"TZSP of what is not known", 1, overUDP(37008, join(x("01 00 00ff 01"), inner)), NotIP},
		{"UDP header cut", 228, ip4(17, udp(4789, nil))[:27], NotTCP},
		{"MPLS without end", 1, eth(0x8847, make([]byte, 40)), CutShort},
		{"MPLS, associated channel", 1, eth(0x8847, join(x("00010140 10000007"), data(20))), NotIP},
		{"PPPoE of another version", 1, eth(0x8864, join(x("21 00 0001 002f 0021"), plain4)), BadLink},
		{"PPPoE discovery", 1, eth(0x8863, x("11 09 0000 0004 0101 0000")), NotIP},
		{"PPPoE, LCP echo", 1, eth(0x8864, x("11 00 0001 000a c021 09 01 0008 00000000")), NotIP},
		{"MACsec, encrypted", 1, eth(0x88e5, join(x("2c 00 00000001 0200000000010001"), data(60))), Encrypted},
		{"PPP multilink, later part", 9, join(x("ff03 003d 40000001"), plain4), LaterFragment},
		{"Frame Relay, LMI", 107, x("0001 03 08 00 75 01 01 00"), NotIP},
		{"802.11, protected", 105, wifiData(0, 0x41, data4), Encrypted},
		{"802.11, null data", 105, wifiData(4, 1, x("0000")), NotIP},
		{"802.11, beacon", 105, join(x("8000 0000"), data(40)), NotIP},
		{"802.11, later fragment", 105, wifiData(0, 1, join(x("0100"), snap4())), LaterFragment},
		{"radiotap of another version", 127, join(x("01 00 0800 00000000"), wifiData(0, 1, data4)), BadLink},
		{"radiotap shorter than itself", 127, join(x("00 00 0700 00000000"), wifiData(0, 1, data4)), BadLink},
		{"radiotap, words of bits beyond it", 127, join(x("00 00 0c00 00000080 000000ff"), wifiData(0, 1, data4)), BadLink},
		{"AVS shorter than itself", 163, join(x("80211001 00000004"), data4), BadLink},
		{"Prism longer than any", 119, join(x("44000000 01010101"), data4), BadLink},
		{"PPI shorter than itself", 192, join(x("00 00 0400 01000000"), inner), BadLink},
		{"PPI of what is not known", 192, join(x("00 00 0800 93000000"), inner), NotIP},
		{"PKTAP shorter than itself", 258, join(x("04000000 01000000 01000000"), inner), BadLink},
		{"NFLOG, attribute shorter than itself", 239, x("02 00 0000 0000 0000"), BadLink},
		{"NFLOG without a packet", 239, x("02 00 0000 0800 0100 0800 0100"), CutShort},
		{"PFLOG shorter than itself", 117, join(x("03 02 00 00"), plain4), BadLink},
		{"FDDI, station management", 10, join(x("41 020000000001 020000000002"), snap4()), NotIP},
		{"Token Ring, MAC frame", 6, join(x("1000 020000000001 020000000002"), snap4()), NotIP},
		{"Token Ring, route shorter than itself", 6, join(x("1040 020000000001 820000000002 0170"), snap4()), BadLink},
		{"DOCSIS, management", 143, join(x("c0 00"), be16(60), x("1234"), data(60)), NotIP},
		{"ERF of ATM", 197, join(x("0000000001020304 03 04 0048 0000 0034"), data(56)), NotIP},
		{"ERF, extension headers without end", 197, join(x("0000000001020304 82 04 0048 0000 0034"), []byte(strings.Repeat("\x80", 64))), CutShort},
		{"Juniper without its magic number", 178, join(x("4d4744 00"), inner), BadLink},
		{"TRILL, options cut", 1, eth(0x22f3, x("07c1 0002 0003 00000000")), CutShort},
		{"B.A.T.M.A.N., originator message", 1, eth(0x4305, x("00 0f 00 32 00000001 020000000009 020000000009 00 00 0000")), NotIP},
		{"B.A.T.M.A.N. of another version", 1, eth(0x4305, join(x("40 0e 32 01 020000000009"), inner)), NotIP},
		{"CAPWAP, encrypted", 1, overUDP(5247, join(x("01 000000"), data(60))), Encrypted},
		{"CAPWAP, keep-alive", 1, overUDP(5247, x("00 100208 00000000 0016 0023 0010 00000000000000000000000000000000")), NotTCP},
		{"CAPWAP, later fragment", 1, overUDP(5247, join(x("00 100280 0001 0010"), inner)), LaterFragment},
		{"CAPWAP shorter than itself", 1, overUDP(5247, join(x("00 080200 00000000"), inner)), NotTCP},
		{"CAPWAP of another radio", 1, overUDP(5247, join(x("00 100500 00000000"), inner)), NotIP},
		{"SunATM, signalling", 123, join(x("06 00 0005"), snap4()), NotIP},
	} {
		if got, _, _ := decoded(c.link, c.frame); got != c.want {
			t.Errorf("%s: got %q want %q", c.name, got, c.want)
		}
	}
}

// What the tunnel ids say of identity: the two directions of a flow are in one space,
// whichever id each end gave out, and two networks are in two.
func TestTunnelSpaces(t *testing.T) {
	d := NewDecoder()
	space := func(frame []byte) uint32 {
		t.Helper()
		_, seg, _ := decodedBy(d, 1, frame)
		return seg.Space
	}
	gtpTo := func(teid int) []byte {
		return overUDP(2152, join(x("30 ff"), be16(len(plain4)), be32(int64(teid)), plain4))
	}
	vxlanOf := func(id int) []byte { return overUDP(4789, join(vni(8, 0, id), eth(0x0800, plain4))) }
	label := func(l int) []byte { return eth(0x8847, join(be32(int64(l)<<12|0x140), plain4)) }
	if space(gtpTo(1)) != space(gtpTo(2)) {
		t.Error("GTP-U: each direction has its own id, and they are one flow")
	}
	if space(label(16)) != space(label(17)) || space(label(16)) != space(eth(0x0800, plain4)) {
		t.Error("MPLS: each direction has its own labels, and one may have none")
	}
	if space(vxlanOf(1)) == space(vxlanOf(2)) || space(vxlanOf(1)) == space(eth(0x0800, plain4)) {
		t.Error("VXLAN: two networks, and a third outside")
	}
	if space(eth(0x8100, tagged(7, 0x0800, vxlanOf(1)[14:]))) != space(vxlanOf(1)) {
		t.Error("VXLAN: the VLAN that carries it does not count")
	}
}
