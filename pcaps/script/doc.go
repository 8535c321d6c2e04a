// Package script is a language for packets: one packet a line, as packetdrill writes them.
// A script becomes the segments that an observer would have seen, or a capture file.
//
//	// A server that refuses. Comments begin with // or #.
//	+0     >  S   0:0(0)  win 64240  <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 7>
//	+20ms  <  R.  0:0(0)  ack 1  win 0
//
// # Lines
//
//	script    = { flow-line } { packet-line }
//	flow-line = "flow" [NAME] ["client" ADDR:PORT] ["server" ADDR:PORT] ["v6"]
//	            ["vlan" ID[,ID]] ["iss" CLIENT,SERVER]
//	packet    = TIME DIR tcp
//	copy      = TIME "copy" [NAME] { attribute }
//	icmp      = TIME "icmp" DIR error { "from" ADDR | "quote" N } "quoting" DIR tcp
//	tcp       = FLAGS START:END(LENGTH) { "ack" N | "win" N | "urg" N | <options> | attribute }
//
// Without a flow line a flow goes from 192.0.2.1 to 198.51.100.1:443 (with "v6":
// 2001:db8:1::1 to [2001:db8:2::1]:443), the first from client port 40001, the second
// from 40002, and so on. A flow line must come before the first packet of its flow.
//
// TIME is +DURATION (or -DURATION) from the line before, or without a sign from the start of
// the script. A duration is Go's, or packetdrill's plain seconds: +20ms, +0.02, 1m3.5s.
//
// DIR is > from client to server or < from server to client, with the name of the flow in
// front where it has one: a> or b<.
//
// FLAGS are tcpdump's letters: F S R P . U E W e, where the point is ACK and e is AE
// (RFC 9768); - is no flag at all.
//
// Sequence numbers count from the sender's ISS, ack and SACK from that of its peer, so a
// SYN is 0:0(0) and the first byte of data is 1. They may be negative; =N is the number as
// it stands in the header. The default ISSs lie just before 2^32, so that every script
// crosses the wrap of RFC 9293 §3.4. The default window is 65535.
//
// # Options
//
//	mss N          wscale N      sackOK        nop      eol
//	TS val N ecr N               TS            the clock of the flow, in milliseconds, and an
//	                                           echo of the last TS captured from the peer
//	sack START:END START:END…    tfo [HEX]     RFC 7413, kind 34: a request, or a cookie
//	raw HEX                                    any bytes
//
// Options are as written, and padded with zeros to the next 32 bits.
//
// # Attributes
//
//	ttl N     time to live, or hop limit; default 64
//	id N      IPv4 identification; default a counter at each end of a flow, so that a
//	          retransmission has a fresh one; "id same" is that of the end's packet before
//	vlan N[,N]   802.1Q tags of the frame, outer first
//	snap N    only N bytes, from the IP header on, were captured
//	badsum    the TCP checksum is wrong
//	doff N    the data offset in the header, in 32-bit words, whatever the truth
//
// A copy is the packet before it again (with NAME: the packet before it of that flow), as a
// mirror port delivers it, with other attributes where they are given.
//
// # ICMP errors
//
// The DIR of an ICMP line says which end gets it, the DIR after "quoting" which end had sent the
// quoted packet. It comes from 203.0.113.9 (2001:db8:ffff::9), unless "from" says otherwise, and
// quotes the IP header and 8 bytes ("quote N": N bytes) of what follows it. Attributes are
// those of the quoted packet, but vlan and snap, which are the frame's. The quoted packet's
// default id is that of the last packet which its sender sent. Errors are
//
//	unreach net | host | proto | port | admin     frag MTU     ttl
//	type N code N [mtu N]
//
// and become ICMPv6 errors on an IPv6 flow ("frag" is packet too big; "proto" is an unrecognized next
// header, RFC 4443 §3.4).
package script
