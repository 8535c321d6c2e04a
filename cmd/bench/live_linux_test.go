package main

import "testing"

func TestCounted(t *testing.T) {
	tcpwhy := []byte("listening on v0\n2000000 packets read, 2000000 TCP segments, 10000 flows\n12 packets dropped by kernel, 0 packets dropped by interface\n")
	tcpdump := []byte("tcpdump: listening on v0, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n1 packet captured\n4 packets received by filter\n3 packets dropped by kernel\n")
	for _, c := range []struct {
		said []byte
		what string
		want int
	}{
		{tcpwhy, "read|captured", 2000000}, {tcpwhy, "dropped by kernel", 12},
		{tcpdump, "read|captured", 1}, {tcpdump, "dropped by kernel", 3},
		{[]byte("listening on v0\n"), "read|captured", -1},
	} {
		if got := counted(c.said, c.what); got != c.want {
			t.Errorf("%q: %d packets %s, want %d", c.said, got, c.what, c.want)
		}
	}
}
