package pcaps

import "encoding/binary"

// vni is the eight bytes that VXLAN and its like share.
func vni(flags byte, next byte, id int) []byte {
	return join([]byte{flags, 0, 0, next}, be32(int64(id)<<8))
}

func snap4() []byte { return join(x("aaaa03 000000 0800"), plain4) }

// wifiData is a data frame of 802.11 between two stations, with the bits of its second byte
// and what follows the three addresses.
func wifiData(subtype, flags byte, behind []byte) []byte {
	return join([]byte{subtype<<4 | 8, flags, 0, 0}, x("020000000001 020000000002 020000000003"), behind)
}

// behindIPv4 is an Ethernet frame of an IPv4 packet between tunnel ends.
func behindIPv4(protocol int, payload []byte) []byte { return eth(0x0800, carrier4(protocol, payload)) }

func overUDP(port int, payload []byte) []byte { return behindIPv4(17, udp(port, payload)) }

func (of inner) tunnelFrames() []wholeFrame {
	plain4, plain6 := of.ip4(6, of.tcp), of.ip6(6, of.tcp)
	snap4 := func() []byte { return join(x("aaaa03 000000 0800"), plain4) }
	inner4, inner6 := eth(0x0800, plain4), eth(0x86dd, plain6)
	in := func(tunnel string, vlans ...uint16) Space { return Space{VLANs: vlans, Tunnel: tunnel} }
	pppoeOf := func(ppp []byte) []byte { return join(x("11 00 002a"), be16(len(ppp)), ppp) }
	gtpOf := func(flags byte, payload []byte) []byte {
		return join([]byte{flags, 255}, be16(len(payload)), be32(0x11223344), payload)
	}
	l2tpOf := func(flags int, behind []byte) []byte { return join(be16(flags), behind) }
	teredo := func(head []byte) []byte { return overUDP(3544, join(head, plain6)) }
	nflogOf := func(order binary.AppendByteOrder, packet []byte) []byte {
		b := x("02 00 0001")
		attribute := func(kind uint16, v []byte) {
			b = order.AppendUint16(b, uint16(4+len(v)))
			b = order.AppendUint16(b, kind)
			b = append(b, v...)
			b = append(b, make([]byte, -len(v)&3)...)
		}
		attribute(1, x("0800 01 00"))     // packet header
		attribute(10, []byte("log\x00x")) // prefix, whose padding counts
		attribute(9, packet)
		return b
	}
	radiotapOf := func(present int, fields []byte, frame []byte) []byte {
		h := binary.LittleEndian.AppendUint16(x("00 00"), uint16(8+len(fields)))
		return join(binary.LittleEndian.AppendUint32(h, uint32(present)), fields, frame)
	}
	prismOf := func(order binary.AppendByteOrder) []byte {
		h := order.AppendUint32(order.AppendUint32(nil, 0x44), 144)
		return join(h, make([]byte, 136), wifiData(0, 1, join(x("0000"), snap4())))
	}
	docsisOf := func(control byte, extension, frame []byte) []byte {
		h := join([]byte{control, byte(len(extension))}, be16(len(extension)+len(frame)), extension)
		sum := uint16(0xffff) // CRC-CCITT
		for _, b := range h {
			sum ^= uint16(b)
			for range 8 {
				sum = sum>>1 ^ 0x8408*(sum&1)
			}
		}
		return join(binary.LittleEndian.AppendUint16(h, ^sum), frame)
	}
	deep := overUDP(4789, join(vni(8, 0, 3), eth(0x8100, tagged(9, 0x0800, plain4))))[14:]
	return []wholeFrame{
		{name: "IPIP", link: 1, frame: behindIPv4(4, plain4), space: in("ipip")},
		{name: "6in4", link: 1, frame: behindIPv4(41, plain6), six: true, space: in("6in4")},
		{name: "4in6", link: 1, frame: eth(0x86dd, carrier6(4, plain4)), space: in("4in6")},
		{name: "6in6, after options", link: 229, frame: carrier6(60, join(optionHeader(41), plain6)), six: true, space: in("6in6")},
		{name: "EtherIP", link: 1, frame: behindIPv4(97, join(x("3000"), inner4)), space: in("etherip")},
		{name: "Ethernet within IPv6", link: 1, frame: eth(0x86dd, carrier6(143, inner6)), six: true, space: in("ethernet")},
		{name: "MPLS within IP", link: 1, frame: behindIPv4(137, join(x("00010140"), plain4)), space: in("mpls")},
		{name: "VLAN outside of a tunnel", link: 1, frame: eth(0x8100, tagged(5, 0x0800, carrier4(4, plain4))), space: in("ipip")},

		{name: "GRE", link: 1, frame: behindIPv4(47, join(x("0000 0800"), plain4)), space: in("gre")},
		{name: "GRE, IPv6", link: 1, frame: behindIPv4(47, join(x("0000 86dd"), plain6)), six: true, space: in("gre")},
		{name: "GRE over IPv6", link: 1, frame: eth(0x86dd, carrier6(47, join(x("0000 0800"), plain4))), space: in("gre")},
		{name: "GRE, key", link: 1, frame: behindIPv4(47, join(x("2000 0800 00000007"), plain4)), space: in("gre/7")},
		{name: "GRE, key 0", link: 1, frame: behindIPv4(47, join(x("2000 0800 00000000"), plain4)), space: in("gre/0")},
		{name: "GRE, checksum, key, sequence number", link: 1,
			frame: behindIPv4(47, join(x("b000 0800 12340000 ffffffff 00000001"), plain4)), space: in("gre/4294967295")},
		{name: "GRE, routing", link: 1, frame: behindIPv4(47, join(x("4000 0800 00000000 0800 00 04 0a000001 00000000"), plain4)), space: in("gre")},
		{name: "GRE, Ethernet", link: 1, frame: behindIPv4(47, join(x("2000 6558 00000007"), inner4)), space: in("gre/7")},
		{name: "GRE, MPLS", link: 1, frame: behindIPv4(47, join(x("0000 8847 00010140"), plain4)), space: in("gre")},
		{name: "GRE, PPP", link: 1, frame: behindIPv4(47, join(x("0000 880b 0021"), plain4)), space: in("gre")},
		{name: "GRE, WCCP 1", link: 1, frame: behindIPv4(47, join(x("0000 883e"), plain4)), space: in("gre")},
		{name: "GRE, WCCP 2", link: 1, frame: behindIPv4(47, join(x("0000 883e 00000000"), plain4)), space: in("gre")},
		{name: "NVGRE", link: 1, frame: behindIPv4(47, join(x("2000 6558 123456 ff"), inner6)), six: true, space: in("nvgre/1193046")},
		{name: "PPTP", link: 1, frame: behindIPv4(47, join(x("3081 880b"), be16(4+len(plain4)), x("0005 00000001 00000002 ff03 0021"), plain4)), space: in("pptp/5")},
		{name: "ERSPAN I", link: 1, frame: behindIPv4(47, join(x("0000 88be"), inner4)), space: in("erspan")},
		{name: "ERSPAN II", link: 1, frame: behindIPv4(47, join(x("1000 88be 00000001 1064 0009 00000000"), inner4)), space: in("erspan/9")},
		{name: "ERSPAN II, VLAN inside", link: 1,
			frame: behindIPv4(47, join(x("1000 88be 00000001 1064 1809 00000000"), eth(0x8100, tagged(100, 0x0800, plain4)))), space: in("erspan/9", 100)},
		{name: "ERSPAN III", link: 1, frame: behindIPv4(47, join(x("1000 22eb 00000001 2064 03ff 00000000 0000 0000"), inner4)), space: in("erspan/1023")},
		{name: "ERSPAN III, platform header", link: 1,
			frame: behindIPv4(47, join(x("1000 22eb 00000001 2064 0001 00000000 0000 0001 3000000000000000"), inner4)), space: in("erspan/1")},

		{name: "VXLAN", link: 1, frame: overUDP(4789, join(vni(8, 0, 42), inner4)), space: in("vxlan/42")},
		{name: "VXLAN, VNI of 24 bits", link: 1, frame: overUDP(4789, join(vni(8, 0, 0xffffff), inner6)), six: true, space: in("vxlan/16777215")},
		{name: "VXLAN, VLAN inside", link: 1, frame: overUDP(4789, join(vni(8, 0, 42), eth(0x8100, tagged(6, 0x0800, plain4)))), space: in("vxlan/42", 6)},
		{name: "VXLAN, VLAN outside", link: 1,
			frame: eth(0x8100, tagged(6, 0x0800, carrier4(17, udp(4789, join(vni(8, 0, 42), inner4))))), space: in("vxlan/42")},
		{name: "VXLAN, old port", link: 1, frame: overUDP(8472, join(vni(8, 0, 42), inner4)), space: in("vxlan/42")},
		{name: "VXLAN, answer from the port", link: 1,
			frame: behindIPv4(17, join(be16(4789), be16(50000), be16(16+len(inner4)), x("0000"), vni(8, 0, 42), inner4)), space: in("vxlan/42")},
		{name: "VXLAN over IPv6", link: 1, frame: eth(0x86dd, carrier6(17, udp(4789, join(vni(8, 0, 42), inner4)))), space: in("vxlan/42")},
		{name: "VXLAN-GPE, IPv4", link: 1, frame: overUDP(4790, join(vni(0x0c, 1, 42), plain4)), space: in("vxlan-gpe/42")},
		{name: "VXLAN-GPE, IPv6", link: 1, frame: overUDP(4790, join(vni(0x0c, 2, 42), plain6)), six: true, space: in("vxlan-gpe/42")},
		{name: "VXLAN-GPE, Ethernet", link: 1, frame: overUDP(4790, join(vni(0x0c, 3, 42), inner4)), space: in("vxlan-gpe/42")},
		{name: "VXLAN-GPE, NSH", link: 1,
			frame: overUDP(4790, join(vni(0x0c, 4, 42), x("0fc2 02 01 000001ff"), plain4)), space: in("vxlan-gpe/42")},
		{name: "VXLAN-GPE, MPLS", link: 1, frame: overUDP(4790, join(vni(0x0c, 5, 42), x("00010140"), plain4)), space: in("vxlan-gpe/42")},
		{name: "NSH, fixed metadata", link: 1, frame: eth(0x894f, join(x("0fc6 01 03 000001ff"), make([]byte, 16), inner4))},
		{name: "Geneve", link: 1, frame: overUDP(6081, join(x("00 00 6558 00002a 00"), inner4)), space: in("geneve/42")},
		{name: "Geneve, options", link: 1, frame: overUDP(6081, join(x("02 40 0800 00002a 00 0102 80 01 01020304"), plain4)), space: in("geneve/42")},
		{name: "GTP-U", link: 1, frame: overUDP(2152, gtpOf(0x30, plain4)), space: in("gtp/287454020")},
		{name: "GTP-U, sequence number", link: 1, frame: overUDP(2152, gtpOf(0x32, join(x("0001 00 00"), plain6))), six: true, space: in("gtp/287454020")},
		{name: "GTP-U, extension header", link: 1,
			frame: overUDP(2152, gtpOf(0x34, join(x("0000 00 85 01 0009 00"), plain4))), space: in("gtp/287454020")},
		{name: "GTP-U, two extension headers", link: 1,
			frame: overUDP(2152, gtpOf(0x34, join(x("0000 00 c0 01 0000 85 02 100900000000 00"), plain4))), space: in("gtp/287454020")},
		{name: "GTP-U, Ethernet", link: 1, frame: overUDP(2152, gtpOf(0x30, inner4)), space: in("gtp/287454020")},
		{name: "GTP-U, PPP", link: 1, frame: overUDP(2152, gtpOf(0x30, join(x("ff03 0021"), plain4))), space: in("gtp/287454020")},
		{name: "Teredo", link: 1, frame: teredo(nil), six: true, space: in("teredo")},
		{name: "Teredo, origin", link: 1, frame: teredo(x("0000 63bf 3fff fdd2")), six: true, space: in("teredo")},
		{name: "Teredo, authentication and origin", link: 1,
			frame: teredo(x("0001 02 03 aaaa bbbbbb 0102030405060708 00 0000 63bf 3fff fdd2")), six: true, space: in("teredo")},
		{name: "L2TP", link: 1, frame: overUDP(1701, l2tpOf(0x0002, join(x("0001 0002 ff03 0021"), plain4))), space: in("l2tp/1.2")},
		{name: "L2TP, everything", link: 1,
			frame: overUDP(1701, l2tpOf(0x4a02, join(be16(20+len(plain4)), x("0001 0002 0000 0000 0002 0000 ff03 0021"), plain4, data(9)))), space: in("l2tp/1.2")},
		{name: "LISP", link: 1, frame: overUDP(4341, join(x("c0 000001 00000001"), plain4)), space: in("lisp")},
		{name: "LISP, instance", link: 1, frame: overUDP(4341, join(x("c8 000001 00002a 01"), plain6)), six: true, space: in("lisp/42")},
		{name: "GUE", link: 1, frame: overUDP(6080, join(x("00 04 0000"), plain4)), space: in("ipip")},
		{name: "GUE, private data", link: 1, frame: overUDP(6080, join(x("01 29 0000 01020304"), plain6)), six: true, space: in("6in4")},
		{name: "GUE, version 1", link: 1, frame: overUDP(6080, plain4), space: in("gue")},
		{name: "GRE within UDP", link: 1, frame: overUDP(4754, join(x("2000 0800 00000007"), plain4)), space: in("gre/7")},
		{name: "MPLS within UDP", link: 1, frame: overUDP(6635, join(x("00010140"), plain4)), space: in("mpls")},
		{name: "TZSP", link: 1, frame: overUDP(37008, join(x("01 00 0001 00 0a 01 b5 01"), inner4)), space: in("tzsp")},
		{name: "TZSP, 802.11", link: 1, frame: overUDP(37008, join(x("01 00 0012 01"), wifiData(0, 1, join(x("0000"), snap4())))), space: in("tzsp")},

		{name: "nested", link: 1, frame: behindIPv4(47, join(x("2000 0800 00000007"), deep)), space: in("gre/7 > vxlan/3", 9)},
		{name: "nested, and AH", link: 1,
			frame: eth(0x86dd, carrier6(51, join(x("04 04 0000 00000001 00000002"), make([]byte, 12), deep))), space: in("4in6 > vxlan/3", 9)},

		{name: "MPLS", link: 1, frame: eth(0x8847, join(x("00010140"), plain4))},
		{name: "MPLS, upstream label", link: 1, frame: eth(0x8848, join(x("00010140"), plain4))},
		{name: "MPLS, three labels, IPv6", link: 1, frame: eth(0x8847, join(x("00010040 00020040 00002140"), plain6)), six: true},
		{name: "MPLS in a VLAN", link: 1, frame: eth(0x8100, tagged(5, 0x8847, join(x("00010140"), plain4))), space: in("", 5)},
		{name: "MPLS, pseudowire with control word", link: 1, frame: eth(0x8847, join(x("00010140 00000000 00005e005301 00005e005302 0800"), plain4))},
		{name: "MPLS, pseudowire without control word", link: 1,
			frame: eth(0x8847, join(x("00010140 00005e005301 00005e005302 0800"), plain4))},
		{name: "MPLS, pseudowire to an address that begins with 4", link: 1,
			frame: eth(0x8847, join(x("00010140 4c0000000001 020000000002 0800"), plain4))},
		{name: "MPLS, pseudowire to an address that begins with 6", link: 1,
			frame: eth(0x8847, join(x("00010140 680000000001 020000000002 86dd"), plain6)), six: true},
		{name: "MPLS, pseudowire to an address that begins with 1", link: 1,
			frame: eth(0x8847, join(x("00010140 100000000001 020000000002 86dd"), plain6)), six: true},
		{name: "MPLS, pseudowire to an address that begins with a", link: 1,
			frame: eth(0x8847, join(x("00010140 a00000000001 020000000002 0800"), plain4))},
		{name: "PPPoE", link: 1, frame: eth(0x8864, pppoeOf(join(x("0021"), plain4))), space: in("pppoe/42")},
		{name: "PPPoE, IPv6, VLANs, padding", link: 1,
			frame: eth(0x88a8, tagged(3, 0x8100, tagged(4, 0x8864, join(pppoeOf(join(x("0057"), plain6)), data(9))))), six: true, space: in("pppoe/42", 3, 4)},
		{name: "PPPoE, compressed protocol", link: 51, frame: pppoeOf(join(x("21"), plain4)), space: in("pppoe/42")},
		{name: "Backbone bridging", link: 1, frame: eth(0x88a8, tagged(3, 0x88e7, join(x("0000002a"), inner4))), space: in("pbb/42")},
		{name: "VN-Tag", link: 1, frame: eth(0x8926, join(x("00010002 0800"), plain4))},
		{name: "E-Tag", link: 1, frame: eth(0x893f, join(x("000000010000 86dd"), plain6)), six: true},
		{name: "MACsec, not hidden", link: 1, frame: eth(0x88e5, join(x("20 00 00000001 0200000000010001 0800"), plain4, make([]byte, 16)))},
		{name: "MACsec, not hidden, without SCI", link: 1, frame: eth(0x88e5, join(x("00 00 00000001 86dd"), plain6, make([]byte, 16))), six: true},

		{name: "PPP, HDLC", link: 9, frame: join(x("ff03 0021"), plain4)},
		{name: "PPP, bare", link: 9, frame: join(x("0057"), plain6), six: true},
		{name: "PPP, MPLS", link: 9, frame: join(x("ff03 0281 00010140"), plain4)},
		{name: "PPP, MPLS, upstream label", link: 9, frame: join(x("ff03 0283 00010140"), plain4)},
		{name: "PPP, bridged", link: 9, frame: join(x("ff03 0031 00 01"), inner4)},
		{name: "PPP, bridged, LAN id", link: 9, frame: join(x("ff03 0031 40 01 00000001"), inner4)},
		{name: "PPP, multilink", link: 9, frame: join(x("ff03 003d c0000001 0021"), plain4)},
		{name: "PPP over HDLC", link: 50, frame: join(x("ff03 0021"), plain4)},
		{name: "PPP over HDLC, Cisco's", link: 50, frame: join(x("0f00 0800"), plain4)},
		{name: "Cisco HDLC", link: 104, frame: join(x("8f00 86dd"), plain6), six: true},
		{name: "PPP of pppd", link: 166, frame: join(x("0103 0021"), plain4)},
		{name: "PPP with direction", link: 204, frame: join(x("01 ff03 0021"), plain4)},
		{name: "Cisco HDLC with direction", link: 205, frame: join(x("00 0f00 0800"), plain4)},
		{name: "Frame Relay, IPv4", link: 107, frame: join(x("1841 03 cc"), plain4)},
		{name: "Frame Relay, IPv6, long address", link: 107, frame: join(x("18400001 03 8e"), plain6), six: true},
		{name: "Frame Relay, SNAP", link: 107, frame: join(x("1841 03 00 80 000000 0800"), plain4)},
		{name: "Frame Relay, Cisco's", link: 107, frame: join(x("1841 0800"), plain4)},
		{name: "Frame Relay with direction", link: 206, frame: join(x("00 1841 03 cc"), plain4)},
		{name: "MPLS as link", link: 219, frame: join(x("00010140"), plain4)},

		{name: "802.11", link: 105, frame: wifiData(0, 1, join(x("0000"), snap4()))},
		{name: "802.11, QoS", link: 105, frame: wifiData(8, 2, join(x("0000 0000"), snap4()))},
		{name: "802.11, four addresses, QoS, HT control", link: 105, frame: wifiData(8, 0x83, join(x("0000 020000000004 0000 00000000"), snap4()))},
		{name: "802.11, A-MSDU", link: 105,
			frame: wifiData(8, 1, join(x("0000 8000 020000000001 020000000002"), be16(len(snap4())), snap4(), data(40)))},
		{name: "radiotap", link: 127, frame: radiotapOf(0, nil, wifiData(0, 1, join(x("0000"), snap4())))},
		{name: "radiotap, time, checksum behind", link: 127,
			frame: radiotapOf(3, x("0807060504030201 10"), wifiData(0, 1, join(x("0000"), snap4(), x("00000000"))))},
		{name: "radiotap, padded header", link: 127,
			frame: radiotapOf(2, x("20"), wifiData(8, 1, join(x("0000 0000 0000"), snap4())))},
		{name: "radiotap, two words of bits, time", link: 127,
			frame: radiotapOf(-0x7ffffffd, x("00000000 00000000 0807060504030201 20"), wifiData(8, 1, join(x("0000 0000 0000"), snap4())))},
		{name: "AVS", link: 163, frame: join(x("80211001 00000040"), make([]byte, 56), wifiData(0, 1, join(x("0000"), snap4())))},
		{name: "Prism", link: 119, frame: prismOf(binary.LittleEndian)},
		{name: "Prism, big endian", link: 119, frame: prismOf(binary.BigEndian)},
		{name: "AVS announced as Prism", link: 119, frame: join(x("80211001 00000040"), make([]byte, 56), wifiData(0, 1, join(x("0000"), snap4())))},
		{name: "PPI", link: 192, frame: join(x("00 00 2000 69000000 0200 1400"), make([]byte, 20), wifiData(0, 1, join(x("0000"), snap4())))},

		{name: "NFLOG", link: 239, frame: nflogOf(binary.LittleEndian, plain4)},
		{name: "NFLOG, big endian, IPv6", link: 239, frame: nflogOf(binary.BigEndian, plain6), six: true},
		{name: "PFLOG, OpenBSD", link: 117, frame: join(x("3d 02 00 00"), make([]byte, 60), plain4)},
		{name: "PFLOG, FreeBSD, IPv6", link: 117, frame: join(x("40 1c 00 00"), make([]byte, 60), plain6), six: true},
		{name: "PKTAP", link: 258, frame: join(x("6c000000 01000000 01000000"), make([]byte, 0x6c-12), inner4)},
		{name: "DOCSIS", link: 143, frame: docsisOf(0, nil, inner4)},
		{name: "DOCSIS, extended header", link: 143, frame: docsisOf(1, x("300100"), inner4)},
		{name: "ERF, Ethernet", link: 197, frame: join(x("0000000001020304 02 04"), be16(18+len(inner4)), x("0000"), be16(len(inner4)), x("0000"), inner4)},
		{name: "ERF, Ethernet, extension headers", link: 197,
			frame: join(x("0000000001020304 82 04"), be16(34+len(inner6)), x("0000"), be16(len(inner6)), x("8400000000000000 0400000000000000 0000"), inner6), six: true},
		{name: "ERF, PPP", link: 197, frame: join(x("0000000001020304 01 04"), be16(20+len(plain4)), x("0000"), be16(4+len(plain4)), x("ff03 0021"), plain4)},
		{name: "ERF, Cisco HDLC", link: 197, frame: join(x("0000000001020304 01 04"), be16(20+len(plain4)), x("0000"), be16(4+len(plain4)), x("0f00 0800"), plain4)},
		{name: "ERF, IPv4", link: 197, frame: join(x("0000000001020304 16 04"), be16(16+len(plain4)), x("0000"), be16(len(plain4)), plain4)},
		{name: "ERF, IPv6", link: 197, frame: join(x("0000000001020304 17 04"), be16(16+len(plain6)), x("0000"), be16(len(plain6)), plain6), six: true},
		{name: "Juniper, Ethernet", link: 178, frame: join(x("4d4743 80 000e 0000000000000000000000000000"), inner4)},
		{name: "Juniper, Ethernet taken off", link: 178, frame: join(x("4d4743 82 0000 02000000"), plain4)},
		{name: "Juniper, PPPoE", link: 167, frame: join(x("4d4743 00"), eth(0x8864, pppoeOf(join(x("0021"), plain4)))), space: in("pppoe/42")},
		{name: "Juniper, PPP", link: 179, frame: join(x("4d4743 00"), x("ff03 0021"), plain4)},
		{name: "Juniper, Frame Relay", link: 180, frame: join(x("4d4743 00"), x("1841 03 cc"), plain4)},
		{name: "Juniper, Cisco HDLC", link: 181, frame: join(x("4d4743 00"), x("0f00 0800"), plain4)},
		{name: "TRILL", link: 1, frame: eth(0x22f3, join(x("0001 0002 0003"), inner4))},
		{name: "TRILL, options", link: 1, frame: eth(0x22f3, join(x("0041 0002 0003 00000000"), inner4))},
		{name: "B.A.T.M.A.N., unicast", link: 1, frame: eth(0x4305, join(x("40 0f 32 01 020000000009"), inner4))},
		{name: "B.A.T.M.A.N., four addresses", link: 1, frame: eth(0x4305, join(x("42 0f 32 01 020000000009 020000000008 01 00"), inner4))},
		{name: "B.A.T.M.A.N., broadcast", link: 1, frame: eth(0x4305, join(x("01 0f 32 00 00000007 020000000009"), inner4))},
		{name: "FabricPath", link: 1, frame: eth(0x8903, join(x("0060"), inner4))},
		{name: "Cisco MetaData", link: 1, frame: eth(0x8909, join(x("01 01 0001 0004 0800"), plain4))},
		{name: "HSR", link: 1, frame: eth(0x892f, join(be16(6+len(plain4)), x("0001 0800"), plain4))},
		{name: "CAPWAP, Ethernet", link: 1, frame: overUDP(5247, join(x("00 100200 00000000"), inner4)), space: in("capwap")},
		{name: "CAPWAP, 802.11", link: 1, frame: overUDP(5247, join(x("00 100300 00000000"), wifiData(0, 1, join(x("0000"), snap4())))), space: in("capwap")},
		{name: "CAPWAP, 802.11, bytes exchanged", link: 1,
			frame: overUDP(5247, join(x("00 100300 00000000 0108"), wifiData(0, 1, join(x("0000"), snap4()))[2:])), space: in("capwap")},
		{name: "CAPWAP, radio's address", link: 1, frame: overUDP(5247, join(x("00 200310 00000000 06 020000000001 00"), wifiData(0, 1, join(x("0000"), snap4())))), space: in("capwap")},
		{name: "OpenBSD IPsec", link: 109, frame: join(x("02000000 00000001 00000000"), plain4)},
		{name: "FDDI", link: 10, frame: join(x("50 020000000001 020000000002"), snap4())},
		{name: "Token Ring", link: 6, frame: join(x("1040 020000000001 020000000002"), snap4())},
		{name: "Token Ring, routed", link: 6, frame: join(x("1040 020000000001 820000000002 0670 0001 0020"), snap4())},
		{name: "SLIP", link: 8, frame: join(make([]byte, 16), plain4)},
		{name: "ATM, LLC", link: 100, frame: snap4()},
		{name: "ATM, bare IP", link: 100, frame: plain4},
		{name: "ATM, alias 11", link: 11, frame: snap4()},
		{name: "ATM, classical IP", link: 106, frame: plain4},
		{name: "ATM, classical IP, LLC", link: 106, frame: snap4()},
		{name: "SunATM, LLC", link: 123, frame: join(x("02 00 0020"), snap4())},
		{name: "SunATM, LAN Emulation", link: 123, frame: join(x("01 00 0020 0000"), inner4)},
		{name: "Fibre Channel", link: 122, frame: join(make([]byte, 16), snap4())},
		{name: "IEEE 1394", link: 138, frame: join(make([]byte, 16), x("0800"), plain4)},
		{name: "InfiniBand", link: 242, frame: join(make([]byte, 40), x("86dd 0000"), plain6), six: true},
		{name: "IPNET", link: 226, frame: join(x("01 02 0000"), be32(int64(len(plain4))), make([]byte, 16), plain4)},
		{name: "netANALYZER", link: 240, frame: join(x("00060000"), inner4, make([]byte, 4))},
	}
}
