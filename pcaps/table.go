package pcaps

import "strconv"

// carrier is a kind of number that says which header comes next.
type carrier uint8

const (
	linkType carrier = iota
	etherType
	ipProtocol
	udpPort
	greProtocol // what is not an EtherType among them
	pppProtocol
	numCarriers
)

func (c carrier) String() string {
	return [numCarriers]string{"link type", "EtherType", "IP protocol", "UDP port", "GRE protocol", "PPP protocol"}[c]
}

// follows is a number of one kind, as in "EtherType 0x0800".
type follows struct {
	carrier carrier
	number  uint32
}

// Numbers that code, not only the table, needs.
const (
	linkEthernet = 1

	etherIPv4    = 0x0800
	etherBridged = 0x6558 // transparent Ethernet bridging: in GRE, Geneve
	etherVLAN    = 0x8100
	etherIPv6    = 0x86dd

	protoIPv4        = 4
	protoTCP         = 6
	protoIPv6        = 41
	protoAH          = 51
	protoDestination = 60
)

// row says which decoder reads what follows a number.
type row struct {
	follows
	name string
	step step
}

// table is all that is known of which header follows which. A new header is one step and
// one row. It is a function because steps look rows up.
func table() []row {
	return []row{
		{follows{linkType, 0}, "BSD loopback (Null)", null},
		{follows{linkType, linkEthernet}, "Ethernet", ethernet},
		{follows{linkType, 6}, "Token Ring (IEEE 802.5)", tokenRing},
		{follows{linkType, 8}, "SLIP", behind(16, rawIP)},
		{follows{linkType, 9}, "PPP", ppp},
		{follows{linkType, 10}, "FDDI", fddi},
		{follows{linkType, 11}, "ATM (RFC 2684)", atm},
		{follows{linkType, 12}, "Raw IP", rawIP},
		{follows{linkType, 14}, "Raw IP (OpenBSD)", rawIP},
		{follows{linkType, 50}, "PPP over HDLC", pppHDLC},
		{follows{linkType, 51}, "PPPoE", pppoe},
		{follows{linkType, 100}, "ATM (RFC 2684)", atm},
		{follows{linkType, 101}, "Raw IP", rawIP},
		{follows{linkType, 104}, "Cisco HDLC", ciscoHDLC},
		{follows{linkType, 105}, "802.11", wifi},
		{follows{linkType, 106}, "ATM, classical IP", atm},
		{follows{linkType, 107}, "Frame Relay", frameRelay},
		{follows{linkType, 108}, "OpenBSD loopback (Loop)", null},
		{follows{linkType, 109}, "OpenBSD IPsec (enc)", behind(12, rawIP)},
		{follows{linkType, 113}, "Linux cooked v1 (SLL)", sll},
		{follows{linkType, 117}, "PFLOG", pflog},
		{follows{linkType, 119}, "802.11 with Prism header", prism},
		{follows{linkType, 122}, "IP over Fibre Channel", behind(16, llc)},
		{follows{linkType, 123}, "SunATM", sunATM},
		{follows{linkType, 127}, "802.11 with radiotap", radiotap},
		{follows{linkType, 138}, "IP over IEEE 1394 (Apple)", typeAt(16, 18)},
		{follows{linkType, 143}, "DOCSIS", docsis},
		{follows{linkType, 163}, "802.11 with AVS header", avs},
		{follows{linkType, 166}, "PPP of pppd", pppd},
		{follows{linkType, 167}, "Juniper, PPPoE", juniper(ethernet)},
		{follows{linkType, 178}, "Juniper, Ethernet", juniper(ethernet)},
		{follows{linkType, 179}, "Juniper, PPP", juniper(ppp)},
		{follows{linkType, 180}, "Juniper, Frame Relay", juniper(frameRelay)},
		{follows{linkType, 181}, "Juniper, Cisco HDLC", juniper(ciscoHDLC)},
		{follows{linkType, 192}, "Per-Packet Information (PPI)", ppi},
		{follows{linkType, 197}, "Endace ERF", erf},
		{follows{linkType, 204}, "PPP with direction", behind(1, ppp)},
		{follows{linkType, 205}, "Cisco HDLC with direction", behind(1, ciscoHDLC)},
		{follows{linkType, 206}, "Frame Relay with direction", behind(1, frameRelay)},
		{follows{linkType, 219}, "MPLS", mpls},
		{follows{linkType, 226}, "Solaris IP observability (IPNET)", behind(24, rawIP)},
		{follows{linkType, 228}, "IPv4", ipv4},
		{follows{linkType, 229}, "IPv6", ipv6},
		{follows{linkType, 239}, "NFLOG", nflog},
		{follows{linkType, 240}, "Ethernet of netANALYZER", behind(4, ethernet)},
		{follows{linkType, 242}, "IP over InfiniBand", typeAt(40, 44)},
		{follows{linkType, 258}, "Apple PKTAP", pktap},
		{follows{linkType, 276}, "Linux cooked v2 (SLL2)", sll2},

		{follows{etherType, etherIPv4}, "IPv4", ipv4},
		{follows{etherType, 0x22f3}, "TRILL", trill},
		{follows{etherType, 0x4305}, "B.A.T.M.A.N. Advanced", batman},
		{follows{etherType, etherBridged}, "Ethernet, bridged", ethernet},
		{follows{etherType, etherVLAN}, "802.1Q VLAN", vlan},
		{follows{etherType, etherIPv6}, "IPv6", ipv6},
		{follows{etherType, 0x880b}, "PPP", ppp},
		{follows{etherType, 0x8847}, "MPLS", mpls},
		{follows{etherType, 0x8848}, "MPLS, upstream label", mpls},
		{follows{etherType, 0x8864}, "PPPoE session", pppoe},
		{follows{etherType, 0x88a8}, "802.1ad VLAN (QinQ)", vlan},
		{follows{etherType, 0x88e5}, "MACsec, unencrypted (802.1AE)", macsec},
		{follows{etherType, 0x88e7}, "Provider backbone bridging (802.1ah)", pbb},
		{follows{etherType, 0x8903}, "FabricPath", behind(2, ethernet)},
		{follows{etherType, 0x8909}, "Cisco MetaData", metadata},
		{follows{etherType, 0x8926}, "VN-Tag", vnTag},
		{follows{etherType, 0x892f}, "HSR", hsr},
		{follows{etherType, 0x893f}, "E-Tag (802.1BR)", portTag},
		{follows{etherType, 0x894f}, "NSH", nsh},
		{follows{etherType, 0x9100}, "QinQ VLAN, before 802.1ad", vlan},
		{follows{etherType, 0x9200}, "QinQ VLAN, before 802.1ad", vlan},

		{follows{ipProtocol, 0}, "IPv6 Hop-by-Hop Options", hopByHop},
		{follows{ipProtocol, 1}, "ICMP error", icmp4},
		{follows{ipProtocol, protoIPv4}, "IPv4 within IP (IPIP, 4in6)", ipv4Within},
		{follows{ipProtocol, protoTCP}, "TCP", tcpStep},
		{follows{ipProtocol, 17}, "UDP", udpStep},
		{follows{ipProtocol, protoIPv6}, "IPv6 within IP (6in4, 6in6)", ipv6Within},
		{follows{ipProtocol, 43}, "IPv6 Routing", routing},
		{follows{ipProtocol, 44}, "IPv6 Fragment", fragment6},
		{follows{ipProtocol, 47}, "GRE, NVGRE, PPTP", gre},
		{follows{ipProtocol, 50}, "ESP: counted as encrypted", encrypted},
		{follows{ipProtocol, protoAH}, "AH", authentication},
		{follows{ipProtocol, 58}, "ICMPv6 error", icmp6},
		{follows{ipProtocol, protoDestination}, "IPv6 Destination Options", extension},
		{follows{ipProtocol, 97}, "EtherIP", etherIP},
		{follows{ipProtocol, 137}, "MPLS within IP", mplsWithin},
		{follows{ipProtocol, 139}, "IPv6 HIP", extension},
		{follows{ipProtocol, 140}, "IPv6 Shim6", extension},
		{follows{ipProtocol, 143}, "Ethernet within IPv6 (SRv6)", ethernetWithin},

		{follows{udpPort, 1701}, "L2TP", l2tp},
		{follows{udpPort, 2152}, "GTP-U", gtp},
		{follows{udpPort, 3544}, "Teredo", teredo},
		{follows{udpPort, 4341}, "LISP", lisp},
		{follows{udpPort, 4754}, "GRE within UDP", gre},
		{follows{udpPort, 4789}, "VXLAN", vxlan},
		{follows{udpPort, 4790}, "VXLAN-GPE", vxlanGPE},
		{follows{udpPort, 5247}, "CAPWAP", capwap},
		{follows{udpPort, 6080}, "GUE", gue},
		{follows{udpPort, 6081}, "Geneve", geneve},
		{follows{udpPort, 6635}, "MPLS within UDP", mplsWithin},
		{follows{udpPort, 8472}, "VXLAN, Linux's first port", vxlan},
		{follows{udpPort, 37008}, "TZSP", tzsp},

		{follows{greProtocol, 0x22eb}, "ERSPAN III", erspan3},
		{follows{greProtocol, 0x883e}, "WCCP", wccp},
		{follows{greProtocol, 0x88be}, "ERSPAN I and II", erspan},

		{follows{pppProtocol, 0x0021}, "IPv4", ipv4},
		{follows{pppProtocol, 0x0031}, "Bridged Ethernet", pppBridge},
		{follows{pppProtocol, 0x003d}, "Multilink", pppMultilink},
		{follows{pppProtocol, 0x0057}, "IPv6", ipv6},
		{follows{pppProtocol, 0x0281}, "MPLS", mpls},
		{follows{pppProtocol, 0x0283}, "MPLS, upstream label", mpls},
	}
}

// Encapsulation is a header that is followed on the way to TCP.
type Encapsulation struct {
	Carrier string // kind of the number: link type, EtherType, IP protocol, UDP port, GRE protocol, PPP protocol
	Number  uint32
	Name    string
}

// Encapsulations lists every link type and encapsulation that a Decoder knows, by kind and
// then by number.
func Encapsulations() []Encapsulation {
	rows := table()
	list := make([]Encapsulation, len(rows))
	for i, r := range rows {
		list[i] = Encapsulation{r.carrier.String(), r.number, r.name}
	}
	return list
}

// LinkName is a link type as users know it: "147 (USER0)", or the bare number where the
// registry's name is not known.
func LinkName(linktype uint32) string {
	n := strconv.FormatUint(uint64(linktype), 10)
	if name := linkNames[linktype]; name != "" {
		return n + " (" + name + ")"
	}
	return n
}
