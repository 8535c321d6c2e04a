package pcaps

import "strconv"

// carrier is a kind of number that says which header comes next.
type carrier uint8

const (
	linkType carrier = iota
	etherType
	ipProtocol
	udpPort
	pppProtocol
	numCarriers
)

func (c carrier) String() string {
	return [numCarriers]string{"link type", "EtherType", "IP protocol", "UDP port", "PPP protocol"}[c]
}

// follows is a number of one kind, as in "EtherType 0x0800".
type follows struct {
	carrier carrier
	number  uint32
}

// Numbers that code, not only the table, needs.
const (
	linkEthernet = 1

	etherVLAN = 0x8100
	etherIPv4 = 0x0800
	etherIPv6 = 0x86dd

	protoTCP  = 6
	protoIPv4 = 4
	protoIPv6 = 41
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
		{follows{linkType, 12}, "Raw IP", rawIP},
		{follows{linkType, 14}, "Raw IP (OpenBSD)", rawIP},
		{follows{linkType, 101}, "Raw IP", rawIP},
		{follows{linkType, 108}, "OpenBSD loopback (Loop)", null},
		{follows{linkType, 113}, "Linux cooked v1 (SLL)", sll},
		{follows{linkType, 228}, "IPv4", ipv4},
		{follows{linkType, 229}, "IPv6", ipv6},
		{follows{linkType, 276}, "Linux cooked v2 (SLL2)", sll2},

		{follows{etherType, etherIPv4}, "IPv4", ipv4},
		{follows{etherType, etherVLAN}, "802.1Q VLAN", vlan},
		{follows{etherType, etherIPv6}, "IPv6", ipv6},
		{follows{etherType, 0x88a8}, "802.1ad VLAN (QinQ)", vlan},
		{follows{etherType, 0x9100}, "QinQ VLAN, before 802.1ad", vlan},
		{follows{etherType, 0x9200}, "QinQ VLAN, before 802.1ad", vlan},

		{follows{ipProtocol, 0}, "IPv6 Hop-by-Hop Options", hopByHop},
		{follows{ipProtocol, 1}, "ICMP error", icmp4},
		{follows{ipProtocol, protoTCP}, "TCP", tcpStep},
		{follows{ipProtocol, 43}, "IPv6 Routing", routing},
		{follows{ipProtocol, 44}, "IPv6 Fragment", fragment6},
		{follows{ipProtocol, 50}, "ESP", encrypted},
		{follows{ipProtocol, 51}, "AH", authentication},
		{follows{ipProtocol, 58}, "ICMPv6 error", icmp6},
		{follows{ipProtocol, 60}, "IPv6 Destination Options", extension},
		{follows{ipProtocol, 135}, "IPv6 Mobility", extension},
		{follows{ipProtocol, 139}, "IPv6 HIP", extension},
		{follows{ipProtocol, 140}, "IPv6 Shim6", extension},
	}
}

// Encapsulation is a header that is followed on the way to TCP.
type Encapsulation struct {
	Carrier string // kind of the number: link type, EtherType, IP protocol, UDP port, PPP protocol
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
