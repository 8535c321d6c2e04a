package netlab

import (
	"net/netip"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The lists that most scenarios begin and end with.
const (
	connected = "CLOSED SYN_SENT ESTABLISHED"
	accepted  = "LISTEN SYN_RCVD ESTABLISHED"

	closesFirst = " FIN_WAIT_1 FIN_WAIT_2 TIME_WAIT"
	closesLast  = " CLOSE_WAIT LAST_ACK CLOSED"
)

var orderly = []Lists{{connected + closesFirst, accepted + closesLast}}

// delayedACK is longer than a receiver keeps an ACK back.
const delayedACK = 80 * time.Millisecond

// talk sends a request and its answer.
func (l *Lab) talk(c, s *Socket) {
	c.Send("ping")
	s.Receive(4)
	s.Send("pong")
	c.Receive(4)
}

// halfClosed makes a connection that the client has closed, and the server, which knows it, not.
func (l *Lab) halfClosed() (c, s *Socket) {
	c, s = l.Open()
	l.talk(c, s)
	c.Close()
	s.ReceiveEnd()
	l.Await(c, "FIN_WAIT_2")
	return c, s
}

// closeBoth closes in four segments.
func (l *Lab) closeBoth(first, last *Socket) {
	first.Close()
	last.ReceiveEnd()
	l.Await(first, "FIN_WAIT_2")
	last.Close()
	l.closed(first, last)
}

// closed waits until both have closed, one first.
func (l *Lab) closed(first, last *Socket) {
	l.Await(first, "TIME_WAIT")
	l.Await(last, "")
}

// finish is all of an ordinary connection but its opening.
func (l *Lab) finish(c, s *Socket) {
	l.talk(c, s)
	l.closeBoth(c, s)
}

// openings are the ways in which a connection comes to be, or does not.
func openings() []Scenario {
	return []Scenario{{
		Name:  "syn-lost",
		About: "The first SYN is lost.",
		Rules: []Rule{lose(Client, isSYN, 1, 1)},
		Run:   func(l *Lab) { l.finish(l.Open()) },
		Want:  orderly,
	}, {
		Name:          "syn-lost-always",
		About:         "No SYN arrives: connect() times out.",
		ClientSysctls: []string{"net.ipv4.tcp_syn_retries=1"},
		Rules:         []Rule{lose(Client, isSYN, 1, 0)},
		Run: func(l *Lab) {
			l.Listen()
			l.Socket(Client, clientPort).ConnectFails(l.Server(), unix.ETIMEDOUT)
		},
		Want:  []Lists{{"CLOSED SYN_SENT", ""}},
		Views: []View{{Capture: Server, End: Client, Why: "nothing that the client sent came this far"}},
	}, {
		Name:  "syn-ack-lost",
		About: "The first SYN-ACK is lost.",
		Rules: []Rule{lose(Server, isSYNACK, 1, 1)},
		Run:   func(l *Lab) { l.finish(l.Open()) },
		Want:  orderly,
	}, {
		Name:          "syn-ack-lost-always",
		About:         "No SYN-ACK arrives: both ends give up.",
		ClientSysctls: []string{"net.ipv4.tcp_syn_retries=1"},
		ServerSysctls: []string{"net.ipv4.tcp_synack_retries=1"},
		Rules:         []Rule{lose(Server, isSYNACK, 1, 0)},
		Run: func(l *Lab) {
			l.Listen()
			l.Socket(Client, clientPort).ConnectFails(l.Server(), unix.ETIMEDOUT)
			l.Pause(2 * time.Second)
		},
		Want:  []Lists{{"CLOSED SYN_SENT", "LISTEN SYN_RCVD"}},
		Views: []View{{Capture: Client, End: Server, Why: "nothing that the server sent came this far"}},
	}, {
		Name:  "ack-lost-data",
		About: "The ACK of the SYN-ACK is lost; the client's data completes the handshake.",
		Rules: []Rule{lose(Client, isBareACK, 1, 1)},
		Run: func(l *Lab) {
			listener := l.Listen()
			c := l.Socket(Client, clientPort).Connect(l.Server())
			l.Pause(20 * time.Millisecond)
			c.Send("ping")
			s := l.Accept(listener)
			s.Receive(4)
			l.closeBoth(c, s)
		},
		Want: orderly,
	}, {
		Name:  "ack-lost-fin",
		About: "The ACK of the SYN-ACK is lost; the client's FIN completes the handshake.",
		Rules: []Rule{lose(Client, isBareACK, 1, 1)},
		Run: func(l *Lab) {
			listener := l.Listen()
			c := l.Socket(Client, clientPort).Connect(l.Server())
			l.Pause(20 * time.Millisecond)
			c.Close()
			s := l.Accept(listener)
			s.ReceiveEnd()
			s.Close()
			l.closed(c, s)
		},
		Want: orderly,
	}, {
		Name:  "ack-lost",
		About: "The ACK of the SYN-ACK is lost; the ACK of the repeated SYN-ACK completes the handshake, then data flows.",
		Rules: []Rule{lose(Client, isBareACK, 1, 1)},
		Run:   func(l *Lab) { l.finish(l.Open()) },
		Want:  orderly,
	}, {
		Name:  "ack-lost-idle",
		About: "The ACK of the SYN-ACK is lost; the ACK of the repeated SYN-ACK completes the handshake, and nothing follows.",
		Rules: []Rule{lose(Client, isBareACK, 1, 1)},
		Run: func(l *Lab) {
			_, s := l.Open()
			l.Await(s, "ESTABLISHED")
		},
		Want: []Lists{{connected, accepted}},
		Views: []View{{Capture: Client, End: Server, States: []string{"LISTEN", "SYN_RCVD"},
			Why: "whether the second ACK arrived, or was lost as the first, only the server's next segment would tell"}},
	}, {
		Name:          "ack-lost-always",
		About:         "Every ACK of the SYN-ACK is lost: the server gives up.",
		ServerSysctls: []string{"net.ipv4.tcp_synack_retries=1"},
		Rules:         []Rule{lose(Client, isBareACK, 1, 0)},
		Run: func(l *Lab) {
			l.Listen()
			l.Socket(Client, clientPort).Connect(l.Server())
			l.Pause(3500 * time.Millisecond)
		},
		Want: []Lists{{connected, "LISTEN SYN_RCVD"}},
	}, {
		Name:  "simultaneous-open",
		About: "Both ends connect to each other within the wire's delay, talk, and the client closes.",
		Rules: crossing(isSYN),
		Run: func(l *Lab) {
			c, s := l.openBoth()
			l.finish(c, s)
		},
		Want: []Lists{{"CLOSED SYN_SENT SYN_RCVD ESTABLISHED" + closesFirst, "CLOSED SYN_SENT SYN_RCVD ESTABLISHED" + closesLast}},
	}, {
		Name:  "data-on-ack",
		About: "The client's data goes with the ACK of the SYN-ACK (quick ACK off).",
		Run: func(l *Lab) {
			listener := l.Listen()
			c := l.Socket(Client, clientPort)
			// The ACK is kept back for data that the application has announced (tcp(7), TCP_DEFER_ACCEPT at the client).
			c.Set(unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 1)
			c.Connect(l.Server())
			c.Send("ping")
			s := l.Accept(listener)
			s.Receive(4)
			l.closeBoth(c, s)
		},
		Want: orderly,
	}, {
		Name:          "accept-queue-full",
		About:         "The listener's queue is full with another connection when the client's ACK comes: it is ignored, and those after it, until the server gives up.",
		ServerSysctls: []string{"net.ipv4.tcp_synack_retries=1"},
		Run: func(l *Lab) {
			_, _, c := l.overflow()
			check("connect", c.Connected())
			l.Await(c.farEnd(), "SYN_RCVD")
			l.Await(c.farEnd(), "")
		},
		Want: []Lists{{connected, accepted}, {connected, "LISTEN SYN_RCVD"}},
	}, {
		Name:          "accept-queue-full-data",
		About:         "As accept-queue-full; after the server gave up, the second client sends, and is answered with a RST.",
		ServerSysctls: []string{"net.ipv4.tcp_synack_retries=1"},
		Run: func(l *Lab) {
			_, _, c := l.overflow()
			check("connect", c.Connected())
			l.Await(c.farEnd(), "SYN_RCVD")
			l.Await(c.farEnd(), "")
			c.Send("ping")
			c.ReceiveFails(unix.ECONNRESET)
		},
		Want: []Lists{{connected, accepted}, {connected + " CLOSED", "LISTEN SYN_RCVD CLOSED"}},
	}, {
		Name:  "accept-queue-drained",
		About: "As accept-queue-full, but the server accepts in time: the ACK of a repeated SYN-ACK completes the second handshake.",
		Run: func(l *Lab) {
			listener, a, b := l.overflow()
			check("connect", b.Connected())
			l.Pause(200 * time.Millisecond)
			sa := l.Accept(listener)
			sb := l.Accept(listener)
			l.talk(b, sb)
			l.closeBoth(a, sa)
			l.closeBoth(b, sb)
		},
		Want: []Lists{orderly[0], orderly[0]},
	}, {
		Name:          "accept-queue-full-abort",
		About:         "As accept-queue-full, with tcp_abort_on_overflow: the second client's ACK is answered with a RST.",
		ServerSysctls: []string{"net.ipv4.tcp_abort_on_overflow=1"},
		Run: func(l *Lab) {
			_, _, c := l.overflow()
			l.Wire.Wait(Client, isBareACK, 2)
			l.Await(c, "")
		},
		Want: []Lists{{connected, accepted}, {connected + " CLOSED", "LISTEN SYN_RCVD CLOSED"}},
	}, {
		Name:          "accept-queue-full-syn",
		About:         "The listener's queue is full already: SYNs are dropped without an answer.",
		ClientSysctls: []string{"net.ipv4.tcp_syn_retries=1"},
		Run: func(l *Lab) {
			l.Socket(Server, serverPort).Listen(0)
			l.Socket(Client, clientPort).Connect(l.Server())
			l.Cross()
			l.Socket(Client, clientPort+1).ConnectFails(l.Server(), unix.ETIMEDOUT)
		},
		Want: []Lists{{connected, accepted}, {"CLOSED SYN_SENT", ""}},
	}, {
		Name:  "defer-accept-data",
		About: "TCP_DEFER_ACCEPT: the bare ACK is ignored, data that follows completes the handshake.",
		Run: func(l *Lab) {
			listener := l.Socket(Server, serverPort)
			listener.Set(unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 5)
			listener.Listen(16)
			c := l.Socket(Client, clientPort).Connect(l.Server())
			l.Pause(200 * time.Millisecond)
			c.Send("ping")
			s := l.Accept(listener)
			s.Receive(4)
			l.closeBoth(c, s)
		},
		Want: orderly,
	}, {
		Name:  "defer-accept-idle",
		About: "TCP_DEFER_ACCEPT without data: the ACK of a SYN-ACK repeated after the time was over completes the handshake; then the server speaks.",
		Run: func(l *Lab) {
			listener := l.Socket(Server, serverPort)
			listener.Set(unix.IPPROTO_TCP, unix.TCP_DEFER_ACCEPT, 1)
			listener.Listen(16)
			c := l.Socket(Client, clientPort).Connect(l.Server())
			s := l.Accept(listener)
			s.Send("hello")
			c.Receive(5)
			l.closeBoth(s, c)
		},
		Want: []Lists{{connected + closesLast, accepted + closesFirst}},
	}, {
		Name:          "syn-cookies",
		About:         "The server answers every SYN with a cookie and keeps nothing of it.",
		ServerSysctls: []string{"net.ipv4.tcp_syncookies=2"},
		Run:           func(l *Lab) { l.finish(l.Open()) },
		Want:          orderly,
	}, {
		Name:          "syn-cookies-ack-lost",
		About:         "SYN cookies, and the ACK of the SYN-ACK is lost: data completes the handshake.",
		ServerSysctls: []string{"net.ipv4.tcp_syncookies=2"},
		Rules:         []Rule{lose(Client, isBareACK, 1, 1)},
		Run: func(l *Lab) {
			listener := l.Listen()
			c := l.Socket(Client, clientPort).Connect(l.Server())
			l.Pause(50 * time.Millisecond)
			c.Send("ping")
			s := l.Accept(listener)
			s.Receive(4)
			l.closeBoth(c, s)
		},
		Want: orderly,
	}, {
		Name:          "syn-flood",
		About:         "Twelve forged SYNs from addresses that do not answer fill the listener's backlog; the true client is served by a cookie.",
		ServerSysctls: []string{"net.ipv4.tcp_syncookies=1", "net.ipv4.tcp_max_syn_backlog=8"},
		Run: func(l *Lab) {
			listener := l.Socket(Server, serverPort).Listen(8)
			l.flood(floodSize)
			c := l.Socket(Client, clientPort).Connect(l.Server())
			l.finish(c, l.Accept(listener))
		},
		Want:  floodWant(),
		Views: floodViews(),
	}, {
		Name:  "listener-closed",
		About: "The listener closes while the ACK of its SYN-ACK is on its way: the ACK is answered with a RST.",
		Rules: []Rule{slow(Server, isSYNACK)},
		Run: func(l *Lab) {
			listener := l.Listen()
			c := l.Socket(Client, clientPort)
			c.Begin(l.Server())
			l.Wire.Wait(Server, isSYNACK, 1)
			listener.Close()
			check("connect", c.Connected())
			c.ReceiveFails(unix.ECONNRESET)
		},
		Want: []Lists{{connected + " CLOSED", "LISTEN SYN_RCVD CLOSED"}},
	}, {
		Name:  "simultaneous-open-syn-lost",
		About: "Both ends connect to each other, and the client's first SYN is lost.",
		Rules: []Rule{lose(Client, isSYN, 1, 1), crossing(isSYN)[1]},
		Run: func(l *Lab) {
			c, s := l.openBoth()
			l.finish(c, s)
		},
		Want: []Lists{{"CLOSED SYN_SENT SYN_RCVD ESTABLISHED" + closesFirst, connected + closesLast}},
		Views: []View{{Capture: Server, End: Client, States: strings.Fields(accepted + closesFirst),
			Why: "the client's SYN did not come this far: its SYN-ACK looks like a listener's"}},
	}, {
		Name:  "simultaneous-open-syn-ack-lost",
		About: "Both ends connect to each other, and the first SYN-ACK of either is lost.",
		Rules: append(crossing(isSYN), lose(Client, isSYNACK, 1, 1), lose(Server, isSYNACK, 1, 1)),
		Run: func(l *Lab) {
			c, s := l.openBoth()
			// Where one comes before the other is due, that is not sent again, and nothing tells the states of its sender.
			l.Wire.Wait(Client, isSYNACK, 2)
			l.Wire.Wait(Server, isSYNACK, 2)
			l.finish(c, s)
		},
		Want: []Lists{{"CLOSED SYN_SENT SYN_RCVD ESTABLISHED" + closesFirst, "CLOSED SYN_SENT SYN_RCVD ESTABLISHED" + closesLast}},
	}, {
		Name:  "challenge-from-syn-rcvd",
		About: "The handshake's ACK is lost, and a forged segment far outside the window draws an ACK from SYN_RCVD: the client echoes that ACK's timestamp, and its data counts only once the SYN-ACK was repeated.",
		Rules: []Rule{lose(Client, isBareACK, 1, 1)},
		Run: func(l *Lab) {
			listener := l.Listen()
			c := l.Socket(Client, clientPort).Connect(l.Server())
			l.Pause(50 * time.Millisecond)
			syn := l.Wire.Last(Client, isSYN)
			l.Wire.Forge(Segment{From: Client, Src: syn.Src, Dst: syn.Dst, Seq: syn.Seq + 1<<30,
				Ack: l.Wire.Last(Server, isSYNACK).Seq + 1, Flags: ACK, Window: 1000})
			l.Cross()
			l.Wire.Wait(Server, isBareACK, 1)
			c.Send("ping")
			s := l.Accept(listener)
			s.Receive(4)
			l.closeBoth(c, s)
		},
		Want: orderly,
	}, {
		Name:  "scan",
		About: "Segments with flags that open nothing come to a listener, forged: SYN+FIN, SYN+RST, FIN, FIN+PSH+URG, none; it drops them without an answer.",
		Run: func(l *Lab) {
			l.Listen()
			for i, flags := range scans {
				l.Wire.Forge(Segment{From: Client, Src: l.To(Client, clientPort+uint16(i)), Dst: l.Server(), Seq: 4711, Flags: flags, Window: 1024})
			}
			l.Cross()
		},
		Want: make([]Lists, len(scans)),
	}, {
		Name:  "multipath",
		About: "A connection of Multipath TCP: its options on every segment, and a close of its own before the FINs.",
		Run: func(l *Lab) {
			listener := l.multipath(Server, serverPort).Listen(16)
			c := l.multipath(Client, clientPort).Connect(l.Server())
			s := l.Accept(listener)
			l.talk(c, s)
			c.Close()
			s.ReceiveEnd()
			s.Close()
			l.Await(c, "TIME_WAIT", "")
			l.Await(s, "TIME_WAIT", "")
		},
		// No Want: which end's FIN goes first is not for the application to say.
	}, {
		Name:          "no-options",
		About:         "No timestamps, no window scaling, no selective ACKs.",
		ClientSysctls: []string{"net.ipv4.tcp_timestamps=0", "net.ipv4.tcp_window_scaling=0", "net.ipv4.tcp_sack=0"},
		Run:           func(l *Lab) { l.finish(l.Open()) },
		Want:          orderly,
	}, {
		Name:          "ecn",
		About:         "Both ends negotiate ECN.",
		ClientSysctls: []string{"net.ipv4.tcp_ecn=1"},
		ServerSysctls: []string{"net.ipv4.tcp_ecn=1"},
		Run:           func(l *Lab) { l.finish(l.Open()) },
		Want:          orderly,
	}}
}

// scans are the flags of segments that a listener drops.
var scans = [...]uint8{SYN | FIN, SYN | RST, FIN, FIN | PSH | URG, 0}

// Of the SYNs of a flood, the first are kept as requests, the others answered with a cookie.
const (
	floodSize = 12
	floodKept = 9
)

func floodWant() (want []Lists) {
	for i := range floodSize {
		if i < floodKept {
			want = append(want, Lists{"", "LISTEN SYN_RCVD"})
		} else {
			want = append(want, Lists{"", ""})
		}
	}
	return append(want, orderly[0])
}

func floodViews() (views []View) {
	for i := range floodSize {
		views = append(views, View{Flow: i, Capture: Server, End: Client, States: strings.Fields(connected),
			Why: "a forged SYN looks like a SYN, and its answer might have arrived"})
		if i < floodKept {
			continue
		}
		for _, at := range []Side{Client, Server} {
			views = append(views, View{Flow: i, Capture: at, End: Server, States: []string{"LISTEN", "SYN_RCVD"},
				Why: "a SYN-ACK with a cookie, of which the server keeps nothing, looks like any"})
		}
	}
	return views
}

// flood sends n SYNs, each from another address beyond the client, which drops what is not for it.
func (l *Lab) flood(n int) {
	client := l.Hosts[Client].Addr
	net := client.As16()
	if client.Is4() {
		net[12], net[13] = 198, 18 // RFC 2544: of no one
	} else {
		net[0] = 0xfc
	}
	from := func(i int) netip.Addr {
		a := net
		a[15] = byte(100 + i)
		return netip.AddrFrom16(a).Unmap()
	}
	prefix := netip.PrefixFrom(from(0), client.BitLen()-8).Masked()
	check("route", l.Hosts[Server].Command("ip", "route", "add", prefix.String(), "via", client.String()))
	for i := range n {
		l.Wire.Forge(Segment{From: Client, Src: netip.AddrPortFrom(from(i), 1234), Dst: l.Server(),
			Seq: uint32(i) << 20, Flags: SYN, Window: 1024})
	}
	l.Cross()
}

// multipath is Socket for Multipath TCP.
func (l *Lab) multipath(s Side, port uint16) *Socket {
	k := l.newSocket(s, unix.IPPROTO_MPTCP)
	k.bind(port)
	return k
}

// openBoth opens simultaneously: there is no listener.
func (l *Lab) openBoth() (c, s *Socket) {
	return l.meet(l.Socket(Client, clientPort), l.Socket(Server, serverPort))
}

// meet has two sockets connect to each other.
func (l *Lab) meet(c, s *Socket) (*Socket, *Socket) {
	c.Begin(l.Server())
	s.Begin(l.To(Client, clientPort))
	check("connect", c.Connected())
	check("connect", s.Connected())
	l.Cross()
	return c, s
}

// overflow makes two connections to a listener that nobody accepts from, and whose queue is full with
// the first when the ACK of the second comes (listen(2) again changes the length of the queue).
func (l *Lab) overflow() (listener, a, b *Socket) {
	listener = l.Listen()
	a = l.Socket(Client, clientPort).Connect(l.Server())
	l.Cross()
	b = l.Socket(Client, clientPort+1)
	l.Wire.Add(slow(Server, isSYNACK))
	b.Begin(l.Server())
	l.Wire.Wait(Server, isSYNACK, 2)
	listener.Listen(0)
	return listener, a, b
}

// reject is a firewall of nft's that rejects what goes to the server's port.
func reject(with string) string {
	return "table inet filter { chain input { type filter hook input priority 0; tcp dport 9000 reject with " + with + "; }; }"
}

// refusals are the ways in which a host says no.
func refusals() []Scenario {
	rejected := func(with string) func(l *Lab) {
		return func(l *Lab) {
			l.Listen()
			check("nft", l.Hosts[Server].Command("nft", reject(with)))
			c := l.Socket(Client, clientPort)
			c.Begin(l.Server())
			if err := c.Connected(); err == nil || err == unix.ETIMEDOUT {
				check("connect", unix.EISCONN)
			}
		}
	}
	return []Scenario{{
		Name:  "refused",
		About: "Nobody listens: the SYN is answered with a RST.",
		Run: func(l *Lab) {
			l.Socket(Client, clientPort).ConnectFails(l.Server(), unix.ECONNREFUSED)
		},
		Want: []Lists{{"CLOSED SYN_SENT CLOSED", "CLOSED"}},
	}, {
		Name:  "unreachable-port",
		About: "A firewall (nft reject) answers the SYN with ICMP port unreachable.",
		Run:   rejected("icmpx type port-unreachable"),
		Want:  []Lists{{"CLOSED SYN_SENT CLOSED", ""}},
	}, {
		Name:  "unreachable-prohibited",
		About: "A firewall (nft reject) answers the SYN with ICMP administratively prohibited.",
		Run:   rejected("icmpx type admin-prohibited"),
		Want:  []Lists{{"CLOSED SYN_SENT CLOSED", ""}},
	}, {
		Name:  "refused-by-firewall",
		About: "A firewall (nft reject) answers the SYN with a RST in the server's name.",
		Run:   rejected("tcp reset"),
		Want:  []Lists{{"CLOSED SYN_SENT CLOSED", ""}},
		Views: []View{
			{Capture: Client, End: Server, States: []string{"CLOSED"}, Why: "a firewall's RST is that of a closed port"},
			{Capture: Server, End: Server, States: []string{"CLOSED"}, Why: "a firewall's RST is that of a closed port"},
		},
	}}
}
