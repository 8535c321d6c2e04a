package tcpdump_test

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"tcpwhy/analyzer/tcpdump"
	"tcpwhy/flows"
)

// unhex reads hexadecimal digits, spaces left out.
func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// header is a TCP header from port 1000 to 2000 with sequence number 100, acknowledgment
// number 200 and window 512, and what is said of it.
func header(flags byte, options string, payload int) []byte {
	o := unhex(options)
	h := unhex("03e8 07d0 00000064 000000c8 5000 0200 0000 0007")
	h[12] = byte(5+len(o)/4) << 4
	h[13] = flags
	return append(append(h, o...), make([]byte, payload)...)
}

func over4(protocol byte, payload []byte) []byte {
	ip := unhex("4500 0000 0000 4000 40 00 0000 0a000001 0a000002")
	ip[9] = protocol
	ip = append(ip, payload...)
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	return ip
}

func over6(next byte, payload ...[]byte) []byte {
	ip := unhex("60012345 0000 00 40 20010db8000000000000000000000001 20010db8000000000000000000000002")
	ip[6] = next
	for _, b := range payload {
		ip = append(ip, b...)
	}
	binary.BigEndian.PutUint16(ip[4:], uint16(len(ip)-40))
	return ip
}

// set changes bytes of a packet from an offset on.
func set(packet []byte, offset int, to string) []byte {
	copy(packet[offset:], unhex(to))
	return packet
}

const (
	fin = 1 << iota
	syn
	rst
	psh
	ack
	urg
	ece
	cwr
)

var lines = []struct {
	name string
	ip   []byte
	wire int // 0: as captured
	want string
}{
	{"syn", over4(6, header(syn, "020405b4 0402 080a 00000001 00000000 01 030307", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 7], length 0`},
	{"syn-ack shows its numbers as they are", over4(6, header(syn|ack, "", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S.], seq 100, ack 200, win 512, length 0`},
	{"ack alone", over4(6, header(ack, "", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, length 0`},
	{"payload", over4(6, header(ack|psh, "", 30)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [P.], seq 100:130, ack 200, win 512, length 30`},
	{"reset without ack", over4(6, header(rst, "", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [R], seq 100, win 512, length 0`},
	{"reset with text", over4(6, header(rst|ack, "", 5)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [R.], seq 100:105, ack 200, win 512, length 5`},
	{"all flags", over4(6, header(0xff, "", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [FSRP.UEW], seq 100, ack 200, win 512, urg 7, length 0`},
	{"no flags", over4(6, header(0, "", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [none], win 512, length 0`},
	{"AE and reserved bits", over4(6, set(header(syn|ece|cwr, "", 0), 12, "5f")), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [SEW], seq 100, win 512, length 0`},
	{"urgent", over4(6, header(ack|urg, "", 1)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.U], seq 100:101, ack 200, win 512, urg 7, length 1`},

	{"sack", over4(6, header(ack, "0101 0512 000000c9 000000d0 fffffff0 00000000", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [nop,nop,sack 2 {2:9}{4294967081:4294967097}], length 0`},
	{"sack of no block", over4(6, header(ack, "0502 0101", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [sack 0 ,nop,nop], length 0`},
	{"sack of half a block", over4(6, header(ack, "0506 00000001 0101", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [sack invalid sack,nop,nop], length 0`},
	{"end of list", over4(6, header(ack, "01000204", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [nop,eol], length 0`},
	{"echo", over4(6, header(ack, "0606 00000001 0706 00000002", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [echo 1,echoreply 2], length 0`},
	{"transaction TCP", over4(6, header(ack, "0b06 00000001 0c06 00000002 0d06 00000003 0101", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [cc 1,ccnew 2, 3,nop,nop], length 0`},
	{"md5", over4(6, header(ack, "0101 1312 000102030405060708090a0b0c0d0e0f", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [nop,nop,md5 shared secret not supplied with -M, can't check - 000102030405060708090a0b0c0d0e0f], length 0`},
	{"md5, payload not captured", over4(6, header(ack, "0101 1312 000102030405060708090a0b0c0d0e0f", 9))[:62], 69,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 100:109, ack 200, win 512, options [nop,nop,md5 snaplen too short, can't check - 000102030405060708090a0b0c0d0e0f], length 9`},
	{"scps", over4(6, header(syn, "1404 8001", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [scps cap 80 id 1], length 0`},
	{"user timeout in seconds", over4(6, header(syn, "1c04 00f0", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [uto 0xf0 120], length 0`},
	{"user timeout in minutes", over4(6, header(syn, "1c04 800b", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [uto 0x800b 983340], length 0`},
	{"tcp-ao", over4(6, header(ack, "1d10 0102 000102030405060708090a0b", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [tcp-ao keyid 1 rnextkeyid 2 mac 0x000102030405060708090a0b], length 0`},
	{"tcp-ao without mac", over4(6, header(ack, "1d04 0102", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [tcp-ao keyid 1 rnextkeyid 2], length 0`},
	{"tcp-ao too short", over4(6, header(ack, "1d03 01 01", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [tcp-ao (invalid),nop], length 0`},
	{"fast open request", over4(6, header(syn, "2202 0101", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [tfo  cookiereq,nop,nop], length 0`},
	{"fast open cookie", over4(6, header(syn, "220a 0102030405060708 0101", 3)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100:103, win 512, options [tfo  cookie 0102030405060708,nop,nop], length 3`},
	{"fast open cookie of odd size", over4(6, header(syn, "2207 0102030405 01", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [tfo  (invalid),nop], length 0`},
	{"experimental fast open request", over4(6, header(syn, "fe04 f989", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [exp-tfo cookiereq], length 0`},
	{"experimental fast open cookie", over4(6, header(syn, "fe0c f989 0102030405060708", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [exp-tfo cookie 0102030405060708], length 0`},
	{"experiment", over4(6, header(syn, "fe08 e2d4 c3d9 0001", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [exp-e2d4], length 0`},
	{"experiment without its number", over4(6, header(syn, "fe03 f9 01", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [exp[bad opt]`},
	{"unknown", over4(6, header(syn, "fd06 00010203 4502", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [unknown-253 0x00010203,unknown-69], length 0`},
	{"longer than it should be", over4(6, header(syn, "020600010203 0101", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [mss 1[len 6],mss 257[len 3]], length 0`},
	{"shorter than it should be", over4(6, header(syn, "0203050101010101", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [mss 1281[len 3],nop,nop,nop,nop], length 0`},
	{"size 0", over4(6, header(syn, "01020000", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [nop,[bad opt]]`},
	{"longer than the header", over4(6, header(syn, "0208 0101", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [[bad opt]`},
	{"first of all longer than the header", over4(6, header(syn, "08 0a 0000", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [[bad opt]`},
	{"size beyond the header", over4(6, header(syn, "01010102", 4)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100:104, win 512, options [nop,nop,nop,[bad opt]]`},

	{"mptcp capable", over4(6, header(syn, "1e04 0181", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [mptcp 4 capable v1 csum], length 0`},
	{"mptcp capable, one key", over4(6, header(syn|ack, "1e0c 0001 0000000000000001", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S.], seq 100, ack 200, win 512, options [mptcp 12 capable v0 {0x1}], length 0`},
	{"mptcp capable, two keys", over4(6, header(ack, "1e14 0001 0000000000000001 fedcba9876543210", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 20 capable v0 {0x1,0xfedcba9876543210}], length 0`},
	{"mptcp capable, length", over4(6, header(ack, "1e16 0101 0000000000000001 fedcba9876543210 0010 0101", 16)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 100:116, ack 200, win 512, options [mptcp 22 capable v1 {0x1,0xfedcba9876543210},nop,nop], length 16`},
	{"mptcp capable, version 2", over4(6, header(syn, "1e04 0281", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [mptcp 4 capable Unknown Version (2)], length 0`},
	{"mptcp capable, without syn", over4(6, header(ack, "1e04 0181", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 4 capable[bad opt]`},
	{"mptcp join, syn", over4(6, header(syn, "1e0c 1102 01020304 0a0b0c0d", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S], seq 100, win 512, options [mptcp 12 join backup id 2 token 0x1020304 nonce 0xa0b0c0d], length 0`},
	{"mptcp join, syn-ack", over4(6, header(syn|ack, "1e10 1002 0102030405060708 0a0b0c0d", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [S.], seq 100, ack 200, win 512, options [mptcp 16 join id 2 hmac 0x102030405060708 nonce 0xa0b0c0d], length 0`},
	{"mptcp join, ack", over4(6, header(ack, "1e18 1000 000102030405060708090a0b0c0d0e0f10111213", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 24 join hmac 0x000102030405060708090a0b0c0d0e0f10111213], length 0`},
	{"mptcp dss, ack", over4(6, header(ack, "1e08 2001 00000001", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 8 dss ack 1], length 0`},
	{"mptcp dss, wide, checksum", over4(6, header(ack, "1e1c 201f 0000000100000001 0000000200000002 00000003 0004 abcd", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 28 dss fin ack 4294967297 seq 8589934594 subseq 3 len 4 csum 0xabcd], length 0`},
	{"mptcp dss, too short", over4(6, header(ack, "1e08 2003 00000001", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 8 dss ack [bad opt]`},
	{"mptcp add-addr", over4(6, header(ack, "1e10 3001 0a000003 0102030405060708", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 16 add-addr v1 id 1 10.0.0.3 hmac 0x102030405060708], length 0`},
	{"mptcp add-addr, port", over4(6, header(ack, "1e12 3001 0a000003 1f90 0102030405060708 0101", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 18 add-addr v1 id 1 10.0.0.3:8080 hmac 0x102030405060708,nop,nop], length 0`},
	{"mptcp add-addr, echo", over4(6, header(ack, "1e0a 3101 0a000003 1f90 0101", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 10 add-addr v1-echo id 1 10.0.0.3:8080,nop,nop], length 0`},
	{"mptcp add-addr, IPv6", over4(6, header(ack, "1e1e 3001 20010db8000000000000000000000003 1f90 0102030405060708 0101", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 30 add-addr v1 id 1 2001:db8::3:8080 hmac 0x102030405060708,nop,nop], length 0`},
	{"mptcp add-addr, RFC 6824", over4(6, header(ack, "1e14 3601 20010db8000000000000000000000003", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 20 add-addr v0-ip6 id 1 2001:db8::3], length 0`},
	{"mptcp rem-addr", over4(6, header(ack, "1e05 40 0102 010101", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 5 rem-addr id 1 2,nop,nop,nop], length 0`},
	{"mptcp prio", over4(6, header(ack, "1e04 5103 1e03 50 01", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 4 prio backup id 3,mptcp 3 prio non-backup,nop], length 0`},
	{"mptcp fail", over4(6, header(ack, "1e0c 6000 0000000000000009", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 12 fail seq 9], length 0`},
	{"mptcp fast-close", over4(6, header(ack, "1e0c 7000 0000000000000009", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [mptcp 12 fast-close key 0x9], length 0`},
	{"mptcp rst", over4(6, header(rst|ack, "1e04 8001", 0)), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [R.], seq 100, ack 200, win 512, options [mptcp 4 unknown], length 0`},

	{"header shorter than 20", over4(6, set(header(ack, "", 0), 12, "40")), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000:  tcp 4 [bad hdr length 16 - too short, < 20]`},
	{"header longer than the packet", over4(6, set(header(ack, "", 0), 12, "60")), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.] [bad hdr length 24 - too long, > 20]`},
	{"cut before the ports", over4(6, header(ack, "", 0))[:22], 40,
		`IP 10.0.0.1 > 10.0.0.2: [|tcp]`},
	{"cut in the header", over4(6, header(ack, "", 0))[:30], 40,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000:  [|tcp]`},
	{"cut before an option", over4(6, header(ack, "01010101", 0))[:42], 44,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [nop,nop, [|tcp]`},
	{"cut in the first option", over4(6, header(ack, "080a 00000001 00000002 0101", 0))[:45], 52,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [TS [|tcp]`},
	{"cut in a later option", over4(6, header(ack, "0101080a 00000001 00000002", 0))[:47], 52,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, options [nop,nop,TS [|tcp]>`},
	{"cut after a multipath option", over4(6, header(rst, "1e04 8001 01010101", 0))[:44], 48,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [R], seq 100, win 512, options [mptcp 4 unknown, [|mptcp]`},
	{"cut in the payload", over4(6, header(ack, "", 100))[:50], 140,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 100:200, ack 200, win 512, length 100`},

	{"padding of the link layer", append(over4(6, header(ack, "", 0)), 0, 0, 0, 0, 0, 0), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, length 0`},
	{"IPv4 options", set(over4(6, append(unhex("94040000"), header(ack, "", 0)...)), 0, "46"), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], ack 200, win 512, length 0`},
	{"IPv4 longer than sent", set(over4(6, header(ack, "", 3)), 2, "0101"), 0,
		`IP truncated-ip - 214 bytes missing! 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 100:317, ack 200, win 512, length 217`},
	{"IPv4 length 0", set(over4(6, header(ack, "", 3)), 2, "0000"), 0,
		`IP bad-len 0`},
	{"first fragment", set(over4(6, header(ack, "", 8)), 6, "2000"), 0,
		`IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 100:108, ack 200, win 512, length 8`},
	{"later fragment", set(over4(6, header(ack, "", 8)), 6, "0001"), 0,
		`IP 10.0.0.1 > 10.0.0.2: ip-proto-6`},
	{"authentication header", over4(51, append(unhex("0604 0000 00000001 00000002 0102030405060708090a0b0c"), header(ack, "", 0)...)), 0,
		`IP 10.0.0.1 > 10.0.0.2: AH(spi=0x00000001,seq=0x2,icv=0x0102030405060708090a0b0c): 1000 > 2000: Flags [.], ack 200, win 512, length 0`},

	{"IPv6", over6(6, header(syn, "020405a0", 0)), 0,
		`IP6 2001:db8::1.1000 > 2001:db8::2.2000: Flags [S], seq 100, win 512, options [mss 1440], length 0`},
	{"IPv6 longer than sent", set(over6(6, header(ack, "", 3)), 4, "0101"), 0,
		`IP6 truncated-ip6 - 234 bytes missing!2001:db8::1.1000 > 2001:db8::2.2000: Flags [.], seq 100:337, ack 200, win 512, length 237`},
	{"IPv6 without payload", set(over6(6, header(ack, "", 3)), 4, "0000"), 0,
		`IP6 2001:db8::1 > 2001:db8::2: [|tcp]`},
	{"IPv4-mapped", set(set(over6(6, header(ack, "", 0)), 8, "00000000000000000000ffff0a000001"), 24, "0000000000000000000000000a000002"), 0,
		`IP6 ::ffff:10.0.0.1.1000 > ::10.0.0.2.2000: Flags [.], ack 200, win 512, length 0`},
	{"hop-by-hop", over6(0, unhex("06 00 0502 0000 0100"), header(ack, "", 0)), 0,
		`IP6 2001:db8::1 > 2001:db8::2: HBH 1000 > 2000: Flags [.], ack 200, win 512, length 0`},
	{"jumbo payload", set(over6(0, unhex("06 00 c204 00011174"), header(ack, "", 10)), 4, "0000"), 70044,
		`IP6 2001:db8::1 > 2001:db8::2: HBH 1000 > 2000: Flags [.], seq 100:70076, ack 200, win 512, length 69976`},
	{"destination options", over6(60, unhex("06 00 0104 00000000"), header(ack, "", 1)), 0,
		`IP6 2001:db8::1 > 2001:db8::2: DSTOPT 1000 > 2000: Flags [.], seq 100:101, ack 200, win 512, length 1`},
	{"routing, deprecated", over6(43, unhex("06 02 00 01 00000000 20010db8000000000000000000000009"), header(ack, "", 1)), 0,
		`IP6 2001:db8::1 > 2001:db8::2: RT6 (len=2, type=0 [Deprecated], segleft=1, [0]2001:db8::9) 1000 > 2000: Flags [.], seq 100:101, ack 200, win 512, length 1`},
	{"segment routing", over6(43, unhex("06 02 04 00 00 00 0007 20010db8000000000000000000000009"), header(ack, "", 1)), 0,
		`IP6 2001:db8::1 > 2001:db8::2: RT6 (len=2, type=4, segleft=0, last-entry=0, tag=7, [0]2001:db8::9) 1000 > 2000: Flags [.], seq 100:101, ack 200, win 512, length 1`},
	{"routing of unknown type", over6(43, unhex("06 00 03 00 00000000"), header(ack, "", 1)), 0,
		`IP6 2001:db8::1 > 2001:db8::2: RT6 (len=0, type=3, segleft=0 (unknown type) (invalid)`},
	{"IPv6 first fragment", over6(44, unhex("06 00 0001 00000001"), header(ack, "", 4)), 0,
		`IP6 2001:db8::1 > 2001:db8::2: frag (0|24) 1000 > 2000: Flags [.], seq 100:104, ack 200, win 512, length 4`},
	{"IPv6 later fragment", over6(44, unhex("06 00 0009 00000001"), header(ack, "", 4)), 0,
		`IP6 2001:db8::1 > 2001:db8::2: frag (8|24)`},
	{"IPv6 authentication header", over6(51, unhex("0602 0000 00000001 00000002 01020304"), header(ack, "", 0)), 0,
		`IP6 2001:db8::1 > 2001:db8::2: AH(spi=0x00000001,seq=0x2,icv=0x01020304): 1000 > 2000: Flags [.], ack 200, win 512, length 0`},
}

func segmentOf(ip []byte, wire int) flows.Segment {
	if wire == 0 {
		wire = len(ip)
	}
	return flows.Segment{Time: 1_700_000_000_000_000_000, IP: ip, IPLen: wire}
}

// Each line stands alone: no number is relative to another's.
func TestLines(t *testing.T) {
	for _, l := range lines {
		p := tcpdump.Printer{Time: tcpdump.TimeNone}
		seg := segmentOf(l.ip, l.wire)
		if got := string(p.Append(nil, &seg)); got != l.want {
			t.Errorf("%s:\n got %s\nwant %s", l.name, got, l.want)
		}
	}
}

// What TestLines expects is what the installed tcpdump prints.
func TestLinesAsTcpdumpPrints(t *testing.T) {
	program := judge(t)
	for _, l := range lines {
		got := judged(t, program, writeCapture(t, []flows.Segment{segmentOf(l.ip, l.wire)}), "UTC", "-t")
		if got[0] != l.want {
			t.Errorf("%s:\n got %s\nwant %s", l.name, got[0], l.want)
		}
	}
}

func TestSequenceNumbers(t *testing.T) {
	p := tcpdump.Printer{Time: tcpdump.TimeNone}
	segment := func(back bool, flags byte, seq, ack uint32, options string, payload int) string {
		h := header(flags, options, payload)
		binary.BigEndian.PutUint32(h[4:], seq)
		binary.BigEndian.PutUint32(h[8:], ack)
		ip := over4(6, h)
		if back {
			ip = set(set(ip, 12, "0a000002 0a000001"), 20, "07d0 03e8")
		}
		seg := segmentOf(ip, 0)
		line := string(p.Append(nil, &seg))
		_, line, _ = strings.Cut(line, ": ")
		return line
	}
	steps := []struct {
		why       string
		got, want string
	}{
		{"a SYN is not recorded", segment(false, syn, 0xffffffff, 0, "", 0), "Flags [S], seq 4294967295, win 512, length 0"},
		{"a SYN-ACK is", segment(true, syn|ack, 5000, 0, "", 0), "Flags [S.], seq 5000, ack 0, win 512, length 0"},
		{"so all that follows is relative", segment(false, ack, 0, 5001, "", 0), "Flags [.], ack 1, win 512, length 0"},
		{"across 2^32", segment(false, ack|psh, 0, 5001, "", 9), "Flags [P.], seq 1:10, ack 1, win 512, length 9"},
		{"SACK blocks by the peer's start", segment(true, ack, 5001, 0, "050a 00000004 00000009 0101", 0),
			"Flags [.], ack 1, win 512, options [sack 1 {5:10},nop,nop], length 0"},
		{"a RST without ACK is not", segment(false, rst, 9, 0, "", 0), "Flags [R], seq 9, win 512, length 0"},
		{"a SYN-ACK begins anew", segment(true, syn|ack, 9000, 0x100, "", 0), "Flags [S.], seq 9000, ack 256, win 512, length 0"},
		{"for both ends", segment(false, ack, 0x100, 9001, "", 0), "Flags [.], ack 1, win 512, length 0"},
	}
	for _, s := range steps {
		if s.got != s.want {
			t.Errorf("%s:\n got %s\nwant %s", s.why, s.got, s.want)
		}
	}
}

// A packet that is not printed counts as one that is.
func TestSkip(t *testing.T) {
	first := segmentOf(over4(6, header(syn|ack, "", 0)), 0)
	second := segmentOf(over4(6, header(ack, "", 9)), 0)
	p := tcpdump.Printer{Time: tcpdump.TimeNone}
	first.TCP = 20
	p.Skip(&first)
	want := "IP 10.0.0.1.1000 > 10.0.0.2.2000: Flags [.], seq 0:9, ack 1, win 512, length 9"
	if got := string(p.Append(nil, &second)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// Beyond the limit the conversation longest unseen is forgotten, and no other.
func TestLimit(t *testing.T) {
	p := tcpdump.Printer{Time: tcpdump.TimeNone, Limit: 8}
	known := func(port byte) bool {
		ip := set(over4(6, header(ack, "", 0)), 21, hex.EncodeToString([]byte{port}))
		seg := segmentOf(ip, 0)
		line := string(p.Append(nil, &seg))
		switch {
		case strings.Contains(line, ", ack 200,"):
			return false
		case strings.Contains(line, ", ack 1,"):
			return true
		}
		t.Fatalf("neither absolute nor relative: %s", line)
		return false
	}
	for port := byte(1); port <= 100; port++ {
		if known(port) {
			t.Errorf("port %d is known before it was seen", port)
		}
		if !known(port) {
			t.Errorf("port %d is forgotten at once", port)
		}
		if port > 1 && !known(1) {
			t.Errorf("port 1 is forgotten, although it was seen just before port %d", port)
		}
	}
	if known(2) {
		t.Error("port 2 is remembered after 98 others, with a limit of 8")
	}
}

func TestTimes(t *testing.T) {
	berlin := time.FixedZone("", 3600)
	ns := []int64{1_700_000_000_123_456_789, 1_700_000_001_000_000_000, 1_700_000_000_999_999_999, 1_700_090_000_000_000_000}
	tests := []struct {
		printer tcpdump.Printer
		want    []string
	}{
		{tcpdump.Printer{}, []string{"23:13:20.123456 ", "23:13:21.000000 ", "23:13:20.999999 ", "00:13:20.000000 "}},
		{tcpdump.Printer{Nano: true}, []string{"23:13:20.123456789 ", "23:13:21.000000000 ", "23:13:20.999999999 ", "00:13:20.000000000 "}},
		{tcpdump.Printer{Time: tcpdump.TimeNone}, []string{"", "", "", ""}},
		{tcpdump.Printer{Time: tcpdump.TimeUnix}, []string{"1700000000.123456 ", "1700000001.000000 ", "1700000000.999999 ", "1700090000.000000 "}},
		{tcpdump.Printer{Time: tcpdump.TimeDelta}, []string{" 00:00:00.000000 ", " 00:00:00.876544 ", "-00:00:00.000001 ", " 00:59:59.000001 "}},
		{tcpdump.Printer{Time: tcpdump.TimeDate}, []string{"2023-11-14 23:13:20.123456 ", "2023-11-14 23:13:21.000000 ", "2023-11-14 23:13:20.999999 ", "2023-11-16 00:13:20.000000 "}},
		{tcpdump.Printer{Time: tcpdump.TimeOffset}, []string{" 00:00:00.000000 ", " 00:00:00.876544 ", " 00:00:00.876543 ", " 00:59:59.876544 "}},
	}
	for _, test := range tests {
		p := test.printer
		p.Location = berlin
		for i, want := range test.want {
			seg := segmentOf(over4(6, header(ack, "", 0)), 0)
			seg.Time = ns[i]
			got, _, _ := strings.Cut(string(p.Append(nil, &seg)), "IP ")
			if got != want {
				t.Errorf("mode %d, packet %d: got %q, want %q", p.Time, i+1, got, want)
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	var p tcpdump.Printer
	dst := make([]byte, 0, 1024)
	segments := newGenerator(2).segments(1000)
	for i := range segments {
		dst = p.Append(dst[:0], &segments[i]) // fills the table of conversations
	}
	i := 0
	if n := testing.AllocsPerRun(2000, func() {
		dst = p.Append(dst[:0], &segments[i%len(segments)])
		i++
	}); n != 0 {
		t.Errorf("%v allocations a line", n)
	}
}

// Bytes off the wire never panic, wherever they end.
func FuzzAppend(f *testing.F) {
	for _, l := range lines {
		f.Add(l.ip, l.wire, int64(0))
	}
	for _, s := range newGenerator(3).segments(100) {
		f.Add(s.IP, s.IPLen, s.Time)
	}
	f.Fuzz(func(t *testing.T, ip []byte, wire int, ns int64) {
		for _, v := range variants {
			p := v.printer
			p.Append(nil, &flows.Segment{IP: ip, IPLen: wire, Time: ns})
		}
	})
}
