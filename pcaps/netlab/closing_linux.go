package netlab

import (
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// closings are the ways in which both ends close.
func closings() []Scenario {
	return []Scenario{{
		Name:  "client-closes",
		About: "A request, its answer, and the client closes first.",
		Run:   func(l *Lab) { l.finish(l.Open()) },
		Want:  orderly,
	}, {
		Name:  "server-closes",
		About: "A request, its answer, and the server closes first.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.closeBoth(s, c)
		},
		Want: []Lists{{connected + closesLast, accepted + closesFirst}},
	}, {
		Name:  "three-segment-close",
		About: "The server closes at once when the client has: its FIN carries the ACK of the client's.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Quiet(delayedACK)
			l.closeAtOnce(c, s)
		},
		Want: orderly,
	}, {
		Name:  "simultaneous-close",
		About: "Both ends close within the wire's delay: the FINs cross.",
		Rules: crossing(isFIN),
		Run:   (*Lab).closeTogether,
		Want:  []Lists{{connected + " FIN_WAIT_1 CLOSING TIME_WAIT", accepted + " FIN_WAIT_1 CLOSING TIME_WAIT"}},
	}, {
		Name:  "fin-overtaken",
		About: "Both ends close at once, and the client's FIN is late: its ACK of the server's comes before it.",
		Rules: []Rule{slow(Client, isFIN), lose(Client, isFIN, 2, 0)},
		Run:   (*Lab).closeTogether,
		Want:  []Lists{{connected + " FIN_WAIT_1 CLOSING TIME_WAIT", accepted + closesFirst}},
		Views: []View{{Capture: Client, End: Server, States: strings.Fields(accepted + " FIN_WAIT_1 CLOSING TIME_WAIT"), Why: "it was overtaken after this point"}},
	}, {
		Name:  "simultaneous-close-fin-lost",
		About: "Both ends close at once, and the client's FIN is lost, twice.",
		Rules: []Rule{lose(Client, isFIN, 1, 2)}, // and the tail loss probe that repeats it, RFC 8985
		Run:   (*Lab).closeTogether,
		Want:  []Lists{{connected + " FIN_WAIT_1 CLOSING TIME_WAIT", accepted + closesFirst}},
	}, {
		Name:  "half-close",
		About: "The client says that it has no more to send; the server goes on sending for a while, then closes.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.CloseWrite()
			s.ReceiveEnd()
			for range 8 {
				s.Send("more")
				c.Receive(4)
				l.Pause(20 * time.Millisecond)
			}
			s.Close()
			c.ReceiveEnd()
			c.Close()
			l.closed(c, s)
		},
		Want: orderly,
	}, {
		Name:          "half-close-long",
		About:         "The client says that it has no more to send, and keeps its socket: its FIN_WAIT_2 outlasts tcp_fin_timeout, while the server sends.",
		ClientSysctls: []string{"net.ipv4.tcp_fin_timeout=1"},
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.CloseWrite()
			s.ReceiveEnd()
			for range 10 {
				l.Pause(250 * time.Millisecond)
				s.Send("more")
				c.Receive(4)
			}
			s.Close()
			c.ReceiveEnd()
			c.Close()
			l.closed(c, s)
		},
		Want: orderly,
	}, {
		Name:  "fin-with-data",
		About: "The client's last data carries its FIN, and so does the server's.",
		Run: func(l *Lab) {
			c, s := l.Open()
			c.Set(unix.IPPROTO_TCP, unix.TCP_CORK, 1)
			s.Set(unix.IPPROTO_TCP, unix.TCP_CORK, 1)
			c.Send("request and end")
			c.CloseWrite()
			s.Receive(15)
			s.ReceiveEnd()
			s.Send("answer and end")
			s.Close()
			c.Receive(14)
			c.ReceiveEnd()
			c.Close()
			l.closed(c, s)
		},
		Want: orderly,
	}, {
		Name:  "fin-lost",
		About: "The client's first FIN is lost.",
		Rules: []Rule{lose(Client, isFIN, 1, 1)},
		Run:   func(l *Lab) { l.finish(l.Open()) },
		Want:  orderly,
	}, {
		Name:          "fin-lost-always",
		About:         "No FIN of the client arrives, until it gives up.",
		ClientSysctls: []string{"net.ipv4.tcp_orphan_retries=3"},
		Rules:         []Rule{lose(Client, isFIN, 1, 0)},
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.Close()
			l.Await(c, "")
		},
		Want: []Lists{{connected + " FIN_WAIT_1", accepted}},
		Views: []View{
			{Capture: Client, End: Server, States: []string{"LISTEN", "SYN_RCVD", "ESTABLISHED", "CLOSE_WAIT"},
				Why: "FINs lost on their way or ACKs lost on theirs look the same where the FINs left"},
			{Capture: Server, End: Client, States: []string{"CLOSED", "SYN_SENT", "ESTABLISHED"},
				Why: "no FIN came this far"},
		},
	}, {
		Name:  "ack-of-fin-lost",
		About: "The ACK of the client's FIN is lost: the FIN is repeated and acknowledged again.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Quiet(delayedACK)
			l.Wire.Add(lose(Server, isBareACK, 1, 1))
			c.Close()
			s.ReceiveEnd()
			l.Await(c, "FIN_WAIT_2")
			s.Close()
			l.closed(c, s)
		},
		Want: orderly,
	}, {
		Name:  "last-ack-lost",
		About: "The last ACK is lost: the server repeats its FIN out of LAST_ACK.",
		Run: func(l *Lab) {
			c, s := l.halfClosed()
			l.Wire.Add(lose(Client, isBareACK, 1, 1))
			s.Close()
			l.closed(c, s)
		},
		Want: orderly,
	}, {
		Name:          "last-ack-lost-always",
		About:         "No last ACK arrives: the server repeats its FIN until it gives up.",
		ServerSysctls: []string{"net.ipv4.tcp_orphan_retries=3"},
		Run: func(l *Lab) {
			_, s := l.halfClosed()
			l.Wire.Add(lose(Client, isBareACK, 1, 0))
			s.Close()
			l.Await(s, "")
		},
		Want: []Lists{{connected + closesFirst, accepted + " CLOSE_WAIT LAST_ACK"}},
		Views: []View{{Capture: Client, End: Server, States: []string{"LISTEN", "SYN_RCVD", "ESTABLISHED", "CLOSE_WAIT", "LAST_ACK", "CLOSED"},
			Why: "the ACK of the last FIN passed and no FIN came after it: it might have arrived"}},
	}, {
		Name:  "fin-before-data",
		About: "The client's last data is overtaken by its FIN.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Wire.Add(Rule{From: Client, Match: isData, Times: 1, Do: Action{Delay: 40 * time.Millisecond}})
			c.Send("late")
			c.Close()
			s.Receive(4)
			s.ReceiveEnd()
			l.Await(c, "FIN_WAIT_2")
			s.Close()
			l.closed(c, s)
		},
		Want: orderly,
	}, {
		Name:  "data-lost-before-fin",
		About: "The client's last data is lost, its FIN arrives: the FIN counts when the data was sent again.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Wire.Add(lose(Client, isData, 1, 1))
			c.Send("lost")
			c.Close()
			s.Receive(4)
			s.ReceiveEnd()
			l.Await(c, "FIN_WAIT_2")
			s.Close()
			l.closed(c, s)
		},
		Want: orderly,
	}, {
		Name:  "close-wait-stays",
		About: "The client closes, the server never does.",
		Run:   func(l *Lab) { l.halfClosed() },
		Want:  []Lists{{connected + " FIN_WAIT_1 FIN_WAIT_2", accepted + " CLOSE_WAIT"}},
	}, {
		Name:          "fin-wait-2-times-out",
		About:         "The client closes, the server never does, and the client's FIN_WAIT_2 runs out.",
		ClientSysctls: []string{"net.ipv4.tcp_fin_timeout=1"},
		Run: func(l *Lab) {
			c, _ := l.halfClosed()
			l.Await(c, "")
		},
		Want: []Lists{{connected + " FIN_WAIT_1 FIN_WAIT_2", accepted + " CLOSE_WAIT"}},
	}, {
		Name:          "fin-wait-2-times-out-fin",
		About:         "The server closes after the client's FIN_WAIT_2 ran out: its FIN is answered with a RST.",
		ClientSysctls: []string{"net.ipv4.tcp_fin_timeout=1"},
		Run: func(l *Lab) {
			c, s := l.halfClosed()
			l.Await(c, "")
			s.Close()
			l.Await(s, "")
		},
		Want: []Lists{{connected + " FIN_WAIT_1 FIN_WAIT_2 CLOSED", accepted + closesLast}},
	}, {
		Name:  "data-after-close",
		About: "The client closes; the server, which has not looked, sends: a RST tells it.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.Close()
			l.Await(c, "FIN_WAIT_2")
			s.Send("hello?")
			s.Ended(unix.EPIPE)
		},
		Want: []Lists{{connected + " FIN_WAIT_1 FIN_WAIT_2 CLOSED", accepted + " CLOSE_WAIT CLOSED"}},
	}}
}

// closeTogether makes a connection that both ends close at the same time.
func (l *Lab) closeTogether() {
	c, s := l.Open()
	l.talk(c, s)
	l.Quiet(delayedACK)
	c.Close()
	s.Close()
	l.Await(c, "TIME_WAIT")
	l.Await(s, "TIME_WAIT")
}

// closeAtOnce closes in three segments: the last end's FIN goes before its delayed ACK.
func (l *Lab) closeAtOnce(first, last *Socket) {
	first.Close()
	last.ReceiveEnd()
	last.Close()
	l.closed(first, last)
}
