package netlab

import "golang.org/x/sys/unix"

// fastOpens are openings with data in the SYN, RFC 7413.
func fastOpens() []Scenario {
	client := []string{"net.ipv4.tcp_fastopen=1"}
	server := []string{"net.ipv4.tcp_fastopen=2"}
	return []Scenario{{
		Name:          "fast-open",
		About:         "The first connection asks for a cookie, the second has its data in the SYN.",
		ClientSysctls: client, ServerSysctls: server,
		Run: func(l *Lab) {
			listener := l.getCookie()
			c, s := l.ping(listener)
			l.Quiet(delayedACK)
			l.finish(c, s)
		},
		Want: []Lists{orderly[0], orderly[0]},
	}, {
		Name:          "fast-open-server-speaks-first",
		About:         "The server answers and closes before the handshake's ACK has come.",
		ClientSysctls: client, ServerSysctls: server,
		Run: func(l *Lab) {
			listener := l.getCookie()
			c, s := l.ping(listener)
			s.Send("pong")
			s.Close()
			c.Receive(4)
			c.ReceiveEnd()
			l.Await(s, "FIN_WAIT_2")
			c.Close()
			l.closed(s, c)
		},
		Want: []Lists{orderly[0], {connected + closesLast, "LISTEN SYN_RCVD" + closesFirst}},
	}, {
		Name:          "fast-open-refused",
		About:         "The server takes no Fast Open any more: the data in the SYN is not acknowledged and sent again.",
		ClientSysctls: client, ServerSysctls: server,
		Run: func(l *Lab) {
			listener := l.getCookie()
			l.Hosts[Server].Do(func() { check("sysctl", sysctl("net.ipv4.tcp_fastopen=0")) })
			c, s := l.ping(listener)
			l.closeBoth(c, s)
		},
		Want: []Lists{orderly[0], orderly[0]},
	}, {
		Name:          "fast-open-ack-lost",
		About:         "Data in the SYN, and the ACK of the SYN-ACK is lost; the server's answer is acknowledged.",
		ClientSysctls: client, ServerSysctls: server,
		Run: func(l *Lab) {
			listener := l.getCookie()
			l.Wire.Add(lose(Client, isBareACK, 1, 1))
			c, s := l.ping(listener)
			l.Quiet(delayedACK)
			s.Send("pong")
			c.Receive(4)
			l.closeBoth(c, s)
		},
		Want: []Lists{orderly[0], orderly[0]},
	}, {
		Name:          "fast-open-syn-ack-lost",
		About:         "Data in the SYN, and the SYN-ACK is lost.",
		ClientSysctls: client, ServerSysctls: server,
		Run: func(l *Lab) {
			listener := l.getCookie()
			l.Wire.Add(lose(Server, isSYNACK, 1, 1))
			c, s := l.ping(listener)
			check("connect", c.Connected())
			l.Quiet(delayedACK)
			l.finish(c, s)
		},
		Want: []Lists{orderly[0], orderly[0]},
	}, {
		Name:          "fast-open-aborted",
		About:         "Data in the SYN; the server aborts before the handshake's ACK has come.",
		ClientSysctls: client, ServerSysctls: server,
		Run: func(l *Lab) {
			listener := l.getCookie()
			c, s := l.ping(listener)
			s.Abort()
			l.Await(c, "")
		},
		Want: []Lists{orderly[0], {connected + " CLOSED", "LISTEN SYN_RCVD CLOSED"}},
	}, {
		Name:          "fast-open-syn-lost",
		About:         "Data in the SYN, which is lost: the SYN is sent again without data, and the data follows the handshake.",
		ClientSysctls: client, ServerSysctls: server,
		Run: func(l *Lab) {
			listener := l.getCookie()
			l.Wire.Add(lose(Client, isSYN, 1, 1))
			c, s := l.ping(listener)
			l.closeBoth(c, s)
		},
		Want: []Lists{orderly[0], orderly[0]},
	}, {
		Name:          "fast-open-wrong-cookie",
		About:         "The server has changed its key: it does not take the cookie, nor the data in the SYN, and grants a new one.",
		ClientSysctls: client, ServerSysctls: server,
		Run: func(l *Lab) {
			listener := l.getCookie()
			listener.newFastOpenKey()
			c, s := l.ping(listener)
			l.closeBoth(c, s)
		},
		Want: []Lists{orderly[0], orderly[0]},
	}, {
		Name:          "fast-open-without-cookie",
		About:         "Both hosts do without cookies: data in the first SYN of all.",
		ClientSysctls: []string{"net.ipv4.tcp_fastopen=5"}, ServerSysctls: []string{"net.ipv4.tcp_fastopen=0x202"},
		Run: func(l *Lab) {
			listener := l.fastOpenListener()
			c := l.Socket(Client, clientPort)
			c.FastOpen(l.Server(), "ping")
			s := l.Accept(listener)
			s.Receive(4)
			l.Quiet(delayedACK)
			l.finish(c, s)
		},
		Want: orderly,
	}, {
		Name:          "fast-open-ack-lost-fin",
		About:         "Data in the SYN, and the ACK of the SYN-ACK is lost: the client's FIN completes the handshake.",
		ClientSysctls: client, ServerSysctls: server,
		Run: func(l *Lab) {
			listener := l.getCookie()
			l.Wire.Add(lose(Client, isBareACK, 1, 1))
			c := l.Socket(Client, clientPort+1)
			c.FastOpen(l.Server(), "ping")
			check("connect", c.Connected())
			c.Close()
			s := l.Accept(listener)
			s.Receive(4)
			s.ReceiveEnd()
			l.Await(c, "FIN_WAIT_2")
			s.Close()
			l.closed(c, s)
		},
		Want: []Lists{orderly[0], orderly[0]},
	}, {
		Name:          "fast-open-answered-ack-lost-always",
		About:         "Data in the SYN; the server answers before the handshake's ACK, and nothing that the client sends after its SYN arrives: the server gives up.",
		ClientSysctls: client, ServerSysctls: append([]string{"net.ipv4.tcp_synack_retries=1"}, server...),
		Run: func(l *Lab) {
			listener := l.getCookie()
			l.Wire.Add(lose(Client, isBareACK, 1, 0))
			c, s := l.ping(listener)
			s.Send("pong")
			c.Receive(4)
			l.Await(s, "")
		},
		Want: []Lists{orderly[0], {connected, "LISTEN SYN_RCVD"}},
	}}
}

// getCookie makes an ordinary connection that asks for the server's Fast Open cookie.
func (l *Lab) getCookie() (listener *Socket) {
	listener = l.fastOpenListener()
	c := l.Socket(Client, clientPort)
	c.FastOpen(l.Server(), "ping")
	check("connect", c.Connected())
	s := l.Accept(listener)
	s.Receive(4)
	l.closeBoth(c, s)
	return listener
}

// ping connects again with the cookie, its data in the SYN. When it returns, the server has got that.
func (l *Lab) ping(listener *Socket) (c, s *Socket) {
	c = l.Socket(Client, clientPort+1)
	c.FastOpen(l.Server(), "ping")
	s = l.Accept(listener)
	s.Receive(4)
	return c, s
}

func (l *Lab) fastOpenListener() *Socket {
	listener := l.Socket(Server, serverPort)
	listener.Set(unix.IPPROTO_TCP, unix.TCP_FASTOPEN, 16)
	return listener.Listen(16)
}

// newFastOpenKey has a listener make other cookies from here on.
func (k *Socket) newFastOpenKey() {
	check("TCP_FASTOPEN_KEY", unix.SetsockoptString(k.fd, unix.IPPROTO_TCP, unix.TCP_FASTOPEN_KEY, "sixteen bytes on"))
}
