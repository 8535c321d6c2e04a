package netlab

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// reuses are connections on four-tuples that were used before, and what ends TIME_WAIT early.
func reuses() []Scenario {
	again := func(l *Lab) {
		listener := l.Listen()
		for range 2 {
			c := l.Socket(Client, clientPort).Connect(l.Server())
			s := l.Accept(listener)
			l.talk(c, s)
			l.closeBoth(s, c)
		}
	}
	serverFirst := Lists{connected + closesLast, accepted + closesFirst}
	return []Scenario{{
		Name:  "reuse-by-timestamp",
		About: "The server closed first and is in TIME_WAIT; a SYN with a later timestamp opens the port pair anew.",
		Run:   again,
		Want:  []Lists{serverFirst, serverFirst},
	}, {
		Name:          "reuse-by-sequence",
		About:         "The server closed first and is in TIME_WAIT; without timestamps, a SYN with a larger number opens the port pair anew.",
		ClientSysctls: []string{"net.ipv4.tcp_timestamps=0"},
		Run:           again,
		Want:          []Lists{serverFirst, serverFirst},
	}, {
		Name:          "reuse-by-client",
		About:         "The client closed first and uses its own TIME_WAIT port again after a second (tcp_tw_reuse).",
		ClientSysctls: []string{"net.ipv4.tcp_tw_reuse=1"},
		Run: func(l *Lab) {
			listener := l.Listen()
			for range 2 {
				c := l.Socket(Client, clientPort).Connect(l.Server())
				l.finish(c, l.Accept(listener))
				l.Pause(1200 * time.Millisecond) // tcp_tw_reuse_delay
			}
		},
		Want: []Lists{orderly[0], orderly[0]},
	}, {
		Name:  "reuse-after-reset",
		About: "The client aborts, and connects again from the same port.",
		Run: func(l *Lab) {
			listener := l.Listen()
			c := l.Socket(Client, clientPort).Connect(l.Server())
			s := l.Accept(listener)
			l.talk(c, s)
			c.Abort()
			s.ReceiveFails(unix.ECONNRESET)
			c = l.Socket(Client, clientPort).Connect(l.Server())
			l.finish(c, l.Accept(listener))
		},
		Want: []Lists{{connected + " CLOSED", accepted + " CLOSED"}, orderly[0]},
	}, {
		Name:  "reuse-after-refusal",
		About: "The client is refused, then the server listens, and the same port pair is used again.",
		Run: func(l *Lab) {
			l.Socket(Client, clientPort).ConnectFails(l.Server(), unix.ECONNREFUSED)
			listener := l.Listen()
			c := l.Socket(Client, clientPort).Connect(l.Server())
			l.finish(c, l.Accept(listener))
		},
		Want: []Lists{{"CLOSED SYN_SENT CLOSED", "CLOSED"}, orderly[0]},
	}, {
		Name:  "time-wait-assassinated",
		About: "A forged RST ends the client's TIME_WAIT (RFC 1337).",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.finish(c, s)
			last := l.Wire.Last(Server, anySegment)
			l.Wire.Forge(Segment{From: Server, Src: last.Src, Dst: last.Dst, Seq: last.Seq + last.Len(), Flags: RST})
			l.Await(c, "")
		},
		Want: []Lists{{connected + closesFirst + " CLOSED", accepted + closesLast}},
		Views: []View{{Capture: Server, End: Client, States: strings.Fields(connected + closesFirst),
			Why: "the forged RST did not pass here"}},
	}, {
		Name:  "last-ack-duplicated",
		About: "A late copy of the last ACK finds no socket: the RST to it ends the client's TIME_WAIT.",
		Run: func(l *Lab) {
			c, s := l.halfClosed()
			l.Wire.Add(Rule{From: Client, Match: isBareACK, Times: 1, Do: Action{Again: []time.Duration{300 * time.Millisecond}}})
			s.Close()
			l.closed(c, s)
			l.Await(c, "")
		},
		Want: []Lists{{connected + closesFirst + " CLOSED", accepted + closesLast}},
	}, {
		Name:  "old-syn-in-time-wait",
		About: "A late copy of the SYN comes to the server's TIME_WAIT: its ACK draws a RST, which ends TIME_WAIT.",
		Rules: []Rule{{From: Client, Match: isSYN, Times: 1, Do: Action{Again: []time.Duration{1500 * time.Millisecond}}}},
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.closeBoth(s, c)
			l.Await(s, "")
		},
		Want: []Lists{{connected + closesLast, accepted + closesFirst + " CLOSED"}},
	}, {
		Name:  "many-flows",
		About: "Twelve connections at once: closed by client or server, aborted, refused, never closed.",
		Run: func(l *Lab) {
			listener := l.Socket(Server, serverPort).Listen(64)
			var scripts []func(*Lab)
			for i := range uint16(12) {
				scripts = append(scripts, func(l *Lab) {
					l.Pause(time.Duration(i) * 3 * time.Millisecond)
					c := l.Socket(Client, clientPort+i)
					if i%6 == 5 {
						c.ConnectFails(l.To(Server, serverPort+1), unix.ECONNREFUSED)
						return
					}
					c.Connect(l.Server())
					c.Send(fmt.Sprintf("%04d", i))
					switch i % 6 {
					case 0, 1:
						c.CloseWrite()
						c.ReceiveEnd()
						c.Close()
					case 2, 3:
						c.ReceiveEnd()
						c.Close()
					case 4:
						c.Receive(4)
						if i == 4 {
							c.Abort()
						}
					}
				})
			}
			scripts = append(scripts, func(l *Lab) {
				for range 10 {
					s := l.Accept(listener)
					n := s.number()
					switch n % 6 {
					case 0, 1:
						s.ReceiveEnd()
						s.Close()
					case 2, 3:
						s.Close()
					case 4:
						s.Send("pong")
					}
				}
			})
			l.Each(scripts...)
			l.Quiet(delayedACK)
		},
	}}
}

// number reads four digits.
func (k *Socket) number() int {
	buf := make([]byte, 4)
	for got := 0; got < len(buf); {
		m, err := recv(k.fd, buf[got:])
		check("receive", err)
		got += m
	}
	n, err := strconv.Atoi(string(buf))
	check("number", err)
	return n
}
