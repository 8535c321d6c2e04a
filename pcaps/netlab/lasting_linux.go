package netlab

import (
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// lastings are connections that live, and what time does to them.
func lastings() []Scenario {
	return []Scenario{{
		Name:  "keepalive-answered",
		About: "An idle connection is kept alive by probes, each answered; then it is closed.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.keepAlive(2)
			l.Pause(3500 * time.Millisecond)
			l.closeBoth(c, s)
		},
		Want: orderly,
	}, {
		Name:  "keepalive-unanswered",
		About: "The server's answers to probes are lost: the client gives up and sends a RST.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.keepAlive(2)
			l.Wire.Add(lose(Server, anySegment, 1, 0))
			c.ReceiveFails(unix.ETIMEDOUT)
			s.ReceiveFails(unix.ECONNRESET)
		},
		Want: []Lists{{connected + " CLOSED", accepted + " CLOSED"}},
	}, {
		Name:  "keepalive-reset",
		About: "The server's host has lost its memory: the first probe is answered with a RST.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.keepAlive(2)
			l.Quiet(delayedACK)
			l.Vanish(s)
			c.ReceiveFails(unix.ECONNRESET)
		},
		Want: []Lists{{connected + " CLOSED", accepted + " CLOSED"}},
	}, {
		Name:  "zero-window",
		About: "The server does not read: its window closes, is probed, and opens again.",
		Run: func(l *Lab) {
			c, s, n := l.fill()
			l.Pause(1500 * time.Millisecond)
			s.Receive(n)
			l.closeBoth(c, s)
		},
		Want: orderly,
	}, {
		Name:  "zero-window-close",
		About: "The client closes while the server's window is closed: its FIN goes when the window has opened.",
		Run: func(l *Lab) {
			c, s, n := l.fill()
			c.Close()
			l.Pause(1500 * time.Millisecond)
			s.Receive(n)
			s.ReceiveEnd()
			l.Quiet(delayedACK)
			s.Close()
			l.closed(c, s)
		},
		Want: orderly,
	}, {
		Name:  "zero-window-close-stuck",
		About: "The client closes while the server's window is closed, and it never opens: the FIN never leaves.",
		Run: func(l *Lab) {
			c, _, _ := l.fill()
			c.Close()
			l.Pause(500 * time.Millisecond)
		},
		Want: []Lists{{connected + " FIN_WAIT_1", accepted}},
		Views: []View{
			{Capture: Client, End: Client, States: strings.Fields(connected), Why: "the FIN never left the host"},
			{Capture: Server, End: Client, States: strings.Fields(connected), Why: "the FIN never left the host"},
		},
	}, {
		Name:  "user-timeout",
		About: "The server's ACKs are lost: the client gives up by TCP_USER_TIMEOUT, without a word.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Quiet(delayedACK)
			c.Set(unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 1000)
			l.Wire.Add(lose(Server, anySegment, 1, 0))
			c.Send("ping")
			c.ReceiveFails(unix.ETIMEDOUT)
		},
		Want: []Lists{{connected, accepted}},
	}, {
		Name:          "retries-run-out",
		About:         "Nothing that the client sends arrives any more: it gives up without a word (tcp_retries2).",
		ClientSysctls: []string{"net.ipv4.tcp_retries2=3"},
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Quiet(delayedACK)
			l.Wire.Add(lose(Client, anySegment, 1, 0))
			c.Send("ping")
			c.ReceiveFails(unix.ETIMEDOUT)
		},
		Want: []Lists{{connected, accepted}},
	}, {
		Name:  "data-lost",
		About: "Data is lost and sent again, in either direction.",
		Rules: []Rule{lose(Client, isData, 2, 1), lose(Server, isData, 3, 1)},
		Run: func(l *Lab) {
			c, s := l.Open()
			for range 4 {
				l.talk(c, s)
			}
			l.closeBoth(c, s)
		},
		Want: orderly,
	}, {
		Name:  "reordered",
		About: "Data, its ACKs and the FIN overtake each other.",
		Rules: []Rule{
			{From: Client, Match: isData, Nth: 2, Times: 1, Do: Action{Delay: 15 * time.Millisecond}},
			{From: Client, Match: isData, Nth: 4, Times: 1, Do: Action{Delay: 25 * time.Millisecond}},
			{From: Server, Match: isBareACK, Nth: 2, Times: 1, Do: Action{Delay: 20 * time.Millisecond}},
		},
		Run: func(l *Lab) {
			c, s := l.Open()
			c.Set(unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
			for range 5 {
				c.Send("ping")
				l.Pause(3 * time.Millisecond)
			}
			s.Receive(20)
			l.closeBoth(c, s)
		},
		Want: orderly,
	}, {
		Name:  "duplicated",
		About: "The network makes late copies of SYN, SYN-ACK, ACK, data and FIN.",
		Rules: []Rule{
			{From: Client, Match: anySegment, Do: Action{Again: []time.Duration{7 * time.Millisecond}}},
			{From: Server, Match: anySegment, Do: Action{Again: []time.Duration{7 * time.Millisecond}}},
		},
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Quiet(delayedACK)
			c.Close()
			s.ReceiveEnd()
			l.Wire.Clear() // a copy of the last ACK would draw a RST
			l.Quiet(delayedACK)
			s.Close()
			l.closed(c, s)
		},
		Want: orderly,
	}, {
		Name:  "urgent",
		About: "A byte of urgent data among others, read in line; then an ordinary close.",
		Run: func(l *Lab) {
			c, s := l.Open()
			s.Set(unix.SOL_SOCKET, unix.SO_OOBINLINE, 1)
			c.Send("be")
			_, err := unix.SendmsgN(c.fd, []byte("!"), nil, nil, unix.MSG_OOB|unix.MSG_NOSIGNAL)
			check("send", err)
			c.Send("fore")
			s.Receive(7)
			l.closeBoth(c, s)
		},
		Want: orderly,
	}, {
		Name:  "unreachable-later",
		About: "A firewall answers data with ICMP port unreachable for a while: the connection lives on (RFC 1122 section 4.2.3.9).",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Quiet(delayedACK)
			check("nft", l.Hosts[Server].Command("nft", reject("icmpx type port-unreachable")))
			c.Send("ping")
			l.Wire.Wait(Client, isData, 3)
			check("nft", l.Hosts[Server].Command("nft", "flush ruleset"))
			s.Receive(4)
			l.closeBoth(c, s)
		},
		Want: orderly,
	}, {
		Name:  "wrap-at-syn",
		About: "The client's SYN has the last sequence number of all.",
		Run:   func(l *Lab) { l.finish(l.openAt(0xffffffff)) },
		Want:  orderly,
	}, {
		Name:  "wrap-in-data",
		About: "The client's sequence numbers wrap within its data.",
		Run:   func(l *Lab) { l.finish(l.openAt(0xfffffffc)) },
		Want:  orderly,
	}, {
		Name:  "wrap-at-fin",
		About: "The client's FIN has the last sequence number of all.",
		Run:   func(l *Lab) { l.finish(l.openAt(0xfffffffa)) },
		Want:  orderly,
	}, {
		Name:  "wrap-at-syn-ack",
		About: "A firewall renumbers what the server sends: beyond it, the SYN-ACK has the last sequence number of all.",
		Run:   func(l *Lab) { l.finish(l.openRenumbered(0xffffffff)) },
		Want:  orderly,
	}, {
		Name:  "wrap-in-answer",
		About: "A firewall renumbers what the server sends: beyond it, its numbers wrap within its data.",
		Run:   func(l *Lab) { l.finish(l.openRenumbered(0xfffffffc)) },
		Want:  orderly,
	}, {
		Name:  "wrap-at-last-fin",
		About: "A firewall renumbers what the server sends: beyond it, its FIN has the last sequence number of all.",
		Run:   func(l *Lab) { l.finish(l.openRenumbered(0xfffffffa)) },
		Want:  orderly,
	}, {
		Name:  "wrap-at-both-ends",
		About: "Both ends connect to each other, with the last sequence number of all.",
		Rules: crossing(isSYN),
		Run: func(l *Lab) {
			c, s := l.Socket(Client, clientPort), l.Socket(Server, serverPort)
			c.StartAt(0xffffffff)
			s.StartAt(0xffffffff)
			l.finish(l.meet(c, s))
		},
		Want: []Lists{{"CLOSED SYN_SENT SYN_RCVD ESTABLISHED" + closesFirst, "CLOSED SYN_SENT SYN_RCVD ESTABLISHED" + closesLast}},
	}}
}

// keepAlive probes after a second, every second, and gives up after so many.
func (k *Socket) keepAlive(probes int) {
	k.Set(unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 1)
	k.Set(unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 1)
	k.Set(unix.IPPROTO_TCP, unix.TCP_KEEPCNT, probes)
	k.Set(unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
}

// fill opens a connection and sends more than the server has room for.
func (l *Lab) fill() (c, s *Socket, n int) {
	listener := l.Socket(Server, serverPort)
	listener.Set(unix.SOL_SOCKET, unix.SO_RCVBUF, 2304)
	listener.Listen(16)
	c = l.Socket(Client, clientPort).Connect(l.Server())
	s = l.Accept(listener)
	n = 6000
	c.Send(strings.Repeat("x", n))
	return c, s, n
}

// openAt opens a connection with that initial sequence number of the client.
func (l *Lab) openAt(iss uint32) (c, s *Socket) {
	listener := l.Listen()
	c = l.Socket(Client, clientPort)
	c.StartAt(iss)
	c.Connect(l.Server())
	return c, l.Accept(listener)
}

// openRenumbered opens a connection that has that initial sequence number of the server beyond the wire.
func (l *Lab) openRenumbered(iss uint32) (c, s *Socket) {
	l.Wire.Renumber(iss)
	return l.Open()
}
