//go:build cgo

package pcaps

import (
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"tcpwhy/flows"
)

func TestFilter(t *testing.T) {
	path := put(t, "a.pcap", mixed())
	for _, test := range []struct {
		filter   string
		count    uint64
		packets  []uint64
		filtered uint64
		read     uint64
	}{
		{"tcp", 0, []uint64{1, 4, 7}, 5, 10},
		{"ip6", 0, []uint64{7}, 9, 10},
		{"tcp port 443 and host 192.0.2.1", 0, []uint64{1, 4}, 8, 10},
		{"vlan and tcp", 0, []uint64{10}, 9, 10},
		{"tcp[tcpflags] & tcp-ack != 0", 0, []uint64{4}, 9, 10},
		{"tcp or arp", 3, []uint64{1, 4}, 1, 4},
		{"icmp", 1, []uint64{6}, 5, 6},
	} {
		s, err := Open([]string{path}, Config{Filter: test.filter, Count: test.count})
		if err != nil {
			t.Fatal(err)
		}
		packets, err := drain(t, s)
		if st := s.Stats(); err != io.EOF || !slices.Equal(packets, test.packets) || st.Filtered != test.filtered || st.Read != test.read {
			t.Errorf("%s: packets %v, want %v; %v, %+v", test.filter, packets, test.packets, err, st)
		}
		s.Close()
	}
}

// One expression serves interfaces of every link type, also those whose number in files is above 255
// or not the one that libpcap has for it.
func TestFilterLinkTypes(t *testing.T) {
	for _, test := range []struct {
		name string
		link uint16
		head []byte // 4-byte headers tell IPv4 from IPv6 by the second of two
		six  []byte
	}{
		{"Ethernet", 1, eth(0x0800, nil), eth(0x86dd, nil)},
		{"raw", 101, nil, nil},
		{"cooked v1", 113, x("0000 0001 0006 020000000001 0000 0800"), x("0000 0001 0006 020000000001 0000 86dd")},
		{"cooked v2", 276, x("0800 0000 00000002 0001 00 06 020000000001 0000"), x("86dd 0000 00000002 0001 00 06 020000000001 0000")},
		{"IPv4", 228, nil, nil},
		{"Null, Linux", 0, x("02000000"), x("0a000000")},
		{"Null, Darwin", 0, x("02000000"), x("1e000000")},
		{"Null, big-endian FreeBSD", 0, x("00000002"), x("0000001c")},
		{"Loop, OpenBSD", 108, x("00000002"), x("00000018")},
	} {
		f := newFile(false)
		f.section(0)
		f.iface(147, 0, nil) // nothing is known of this one; nothing is of it
		f.iface(test.link, 0, nil)
		tcp := segment(flows.SYN, nil, nil)
		for _, p := range [][]byte{
			join(test.head, ip4(17, udp(443, nil))),
			join(test.head, ip4(6, tcp)),
			join(test.six, ip6(17, udp(443, nil))),
			join(test.six, ip6(6, tcp)),
		} {
			f.enhanced(1, at, p, len(p))
		}
		s, err := Open([]string{put(t, "f.pcapng", f.b)}, Config{Filter: "tcp dst port 443 and greater 30"})
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		want := []uint64{2, 4}
		if test.link == 228 {
			want = want[:1]
		}
		if packets, err := drain(t, s); !slices.Equal(packets, want) || err != io.EOF || s.Stats().Filtered != 4-uint64(len(want)) {
			t.Errorf("%s: packets %v, want %v; %v, %+v", test.name, packets, want, err, s.Stats())
		}
		s.Close()
	}
}

// The filter leaves the frame as it was captured.
func TestFilterChangesNothing(t *testing.T) {
	f, err := newFilter("ip6")
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	p := join(x("0000001c"), ip6(6, segment(flows.SYN, nil, nil)))
	passes, err := f.passes(&Frame{LinkType: linkNull, Data: p, Wire: len(p)})
	if !passes || err != nil || binary.BigEndian.Uint32(p) != 0x1c {
		t.Errorf("%v, %v, % x", passes, err, p[:4])
	}
}

// greater and less are about the length on the wire, whatever was captured.
func TestFilterWire(t *testing.T) {
	p := eth(0x0800, ip4(6, segment(flows.ACK, nil, nil)))
	f := newFile(true)
	f.pcapHeader(0xa1b2c3d4, 1)
	f.record(at, 0, p, 1514)
	f.record(at, 0, p, len(p))
	s, err := Open([]string{put(t, "f.pcap", f.b)}, Config{Filter: "greater 1000"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if packets, _ := drain(t, s); !slices.Equal(packets, []uint64{1}) {
		t.Errorf("packets %v", packets)
	}
}

func TestFilterErrors(t *testing.T) {
	capture := func(link uint32) string {
		f := newFile(false)
		f.pcapHeader(0xa1b2c3d4, link)
		f.record(at, 0, first, len(first))
		return put(t, "f.pcap", f.b)
	}
	none := newFile(false)
	none.section(0)
	for _, test := range []struct{ path, filter, want string }{
		{capture(1), "tcp port port 443", "filter 'tcp port port 443': can't parse filter expression: syntax error"},
		{capture(1), "tcp prot 443", "filter 'tcp prot 443': prot is no word of a filter, and names are not looked up: hosts and networks go by their addresses"},
		{put(t, "none.pcapng", none.b), "tcp port", "filter 'tcp port': can't parse filter expression: syntax error"},
		{capture(101), "ether host 02:00:00:00:00:01", "filter 'ether host 02:00:00:00:00:01': ethernet addresses supported only on ethernet"},
		{capture(101), "ether host 02:00:00:00:00:01", " (link type RAW)"},
	} {
		_, err := Open([]string{test.path}, Config{Filter: test.filter})
		var fe *FilterError
		if !errors.As(err, &fe) || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %s", test.filter, err, test.want)
		}
	}

	// What only a later interface cannot take is told when a packet of it comes.
	f := newFile(false)
	f.section(0)
	f.iface(1, 0, nil)
	f.iface(101, 0, nil)
	p := eth(0x0800, ip4(6, segment(flows.SYN, nil, nil)))
	f.enhanced(0, at, p, len(p))
	f.enhanced(1, at, p[14:], len(p)-14)
	s, err := Open([]string{put(t, "f.pcapng", f.b)}, Config{Filter: "ether src 02:00:00:00:00:02"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	packets, err := drain(t, s)
	var fe *FilterError
	if len(packets) != 1 || !errors.As(err, &fe) {
		t.Errorf("packets %v, %v", packets, err)
	}
}

// Names of hosts and networks are not looked up, wherever they are; those of ports and protocols, and addresses of any form, are taken.
func TestFilterNames(t *testing.T) {
	for expr, name := range map[string]string{
		"host example.org":                      "example.org",
		"localhost":                             "localhost",
		"tcp and src secret-name.example.org":   "secret-name.example.org",
		"port http and not dst web":             "web",
		"host 192.0.2.1 or web":                 "web",
		"host 192.0.2.1 and (tcp or (web))":     "web",
		"port 80 and tcp\nweb":                  "web",
		"net loopback":                          "loopback",
		"ether host gate":                       "gate",
		"gateway gate":                          "gate",
		`host \tcp`:                             "tcp",
		"host HOST":                             "HOST",
		"port http or https and src host web":   "web",
		"host web:80":                           "web",
		"port web or tcp src web.example.org":   "web.example.org",
		"tcp[tcpflags] & tcp-syn != 0 and a.b":  "a.b",
		"len-14 > 3":                            "len-14",
		"host fe80::1 or cafe":                  "cafe",
		"net 192.0.2.0 mask 255.255.255.0 or x": "x",

		"host 192.0.2.1 and (port 80) or web":   "web",
		"(port 80) and web":                     "web",
		"port 80) or web":                       "web",
		`host \_tcp`:                            "_tcp",
		`host \_192.0.2.1`:                      "_192.0.2.1",
		`host \[secret.example.org]`:            "[secret.example.org]",
		"tcp[((tcp[12]&0xf0)>>2):4] = 1 or web": "web",
		"host web-":                             "web",

		"": "",
		"port http and (host 192.0.2.1) or https":                                                         "",
		"tcp[((tcp[12]&0xf0)>>2):4] = 0x47455420 and port http":                                           "",
		"link host $1a or $ab":                                                                            "",
		"port http or https":                                                                              "",
		"tcp src port http or (80 or domain)":                                                             "",
		"portrange 6000-6008 or portrange ftp-data-ftp":                                                   "",
		"ip proto \\tcp or ip6 proto 17 or proto icmp":                                                    "",
		"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 && !(icmp[icmptype] == icmp-echo)":                        "",
		"host 192.0.2.1 or 2001:db8::1 or ::1 or ::ffff:192.0.2.1 or net 10.1 or fe80::/10 or 10.0.0.0/8": "",
		"ether src 02:00:0:0:0:1 or 02-00-00-00-00-01 or 0200.0000.0001":                                  "",
		"ether proto 0x800 and ether[0] & 1 = 0 and vlan 5 and less 128 and len > 0x40 and ip broadcast":  "",
	} {
		err := checkNames(expr)
		var fe *FilterError
		if errors.As(err, &fe) != (name != "") || name != "" && !strings.HasPrefix(fe.Reason, name+" is no word of a filter") {
			t.Errorf("%s: %v, want %q", expr, err, name)
		}
	}
}
