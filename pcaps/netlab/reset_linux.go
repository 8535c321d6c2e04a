package netlab

import (
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// resets are the ways in which a RST ends a connection, or does not.
func resets() []Scenario {
	return []Scenario{{
		Name:  "abort-established",
		About: "The client aborts (SO_LINGER 0).",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.Abort()
			s.ReceiveFails(unix.ECONNRESET)
		},
		Want: []Lists{{connected + " CLOSED", accepted + " CLOSED"}},
	}, {
		Name:  "abort-at-once",
		About: "The client aborts right after the handshake, before a byte was sent.",
		Run: func(l *Lab) {
			c, s := l.Open()
			c.Abort()
			l.Await(s, "")
		},
		Want: []Lists{{connected + " CLOSED", accepted + " CLOSED"}},
	}, {
		Name:  "abort-close-wait",
		About: "The server closes, the client aborts out of CLOSE_WAIT.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			s.Close()
			c.ReceiveEnd()
			l.Await(s, "FIN_WAIT_2")
			c.Abort()
			l.Await(s, "")
		},
		Want: []Lists{{connected + " CLOSE_WAIT CLOSED", accepted + " FIN_WAIT_1 FIN_WAIT_2 CLOSED"}},
	}, {
		Name:  "abort-fin-wait-1",
		About: "The client's FIN is lost, then it aborts out of FIN_WAIT_1: the RST is beyond what the server expects, a challenge ACK draws one that is exact.",
		Rules: []Rule{lose(Client, isFIN, 1, 0)},
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.CloseWrite()
			l.Quiet(30 * time.Millisecond)
			c.Abort()
			s.ReceiveFails(unix.ECONNRESET)
		},
		Want: []Lists{{connected + " FIN_WAIT_1 CLOSED", accepted + " CLOSED"}},
		Views: []View{{Capture: Server, End: Client, States: strings.Fields(connected + " CLOSED"),
			Why: "the FIN did not pass here; that the RST is one beyond could be a byte of data as well"}},
	}, {
		Name:  "abort-fin-wait-1-at-once",
		About: "The client closes and aborts at once: its RST goes before its FIN is acknowledged.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Quiet(delayedACK)
			c.CloseWrite()
			c.Abort()
			l.Await(s, "")
		},
		Want: []Lists{{connected + " FIN_WAIT_1 CLOSED", accepted + " CLOSE_WAIT CLOSED"}},
	}, {
		Name:  "abort-syn-sent",
		About: "The client aborts out of SYN_SENT, for which nothing is sent; a SYN-ACK comes later and is answered with a RST.",
		Rules: []Rule{slow(Server, isSYNACK)},
		Run: func(l *Lab) {
			l.Listen()
			c := l.Socket(Client, clientPort)
			c.Begin(l.Server())
			l.Wire.Wait(Server, isSYNACK, 1)
			c.Abort()
			l.Wire.Wait(Client, isRST, 1)
			l.Cross()
		},
		Want: []Lists{{"CLOSED SYN_SENT CLOSED", "LISTEN SYN_RCVD CLOSED"}},
	}, {
		Name:  "abort-fin-wait-2",
		About: "The client says that it has no more to send, and aborts out of FIN_WAIT_2.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.CloseWrite()
			s.ReceiveEnd()
			l.Await(c, "FIN_WAIT_2")
			c.Abort()
			l.Await(s, "")
		},
		Want: []Lists{{connected + " FIN_WAIT_1 FIN_WAIT_2 CLOSED", accepted + " CLOSE_WAIT CLOSED"}},
	}, {
		Name:  "abort-last-ack",
		About: "The last ACK is lost, and the server aborts out of LAST_ACK, for which Linux sends nothing.",
		Run: func(l *Lab) {
			c, s := l.halfClosed()
			l.Wire.Add(lose(Client, isBareACK, 1, 0))
			s.CloseWrite()
			l.Await(c, "TIME_WAIT")
			s.Abort()
			l.Pause(300 * time.Millisecond)
		},
		Want: []Lists{{connected + closesFirst, accepted + " CLOSE_WAIT LAST_ACK"}},
		Views: []View{{Capture: Client, End: Server, States: strings.Fields(accepted + closesLast),
			Why: "the ACK of the FIN passed, and no FIN came after it: it might have arrived"}},
	}, {
		Name:  "abort-closing",
		About: "Both ends close at once and the ACKs are lost; the client aborts out of CLOSING, for which Linux sends nothing; the server's FIN sent again is answered with a RST.",
		Rules: crossing(isFIN),
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Quiet(delayedACK)
			l.Wire.Add(lose(Client, isBareACK, 1, 0), lose(Server, isBareACK, 1, 0))
			c.CloseWrite()
			s.CloseWrite()
			l.Await(c, "CLOSING")
			l.Await(s, "CLOSING")
			c.Abort()
			l.Await(s, "")
		},
		Want: []Lists{{connected + " FIN_WAIT_1 CLOSING CLOSED", accepted + " FIN_WAIT_1 CLOSING CLOSED"}},
	}, {
		Name:  "abort-syn-rcvd",
		About: "Both ends connect to each other; the client, whose SYN-ACK is lost, aborts out of SYN_RCVD.",
		Rules: append(crossing(isSYN), lose(Client, isSYNACK, 1, 0), lose(Server, isSYNACK, 1, 0)),
		Run: func(l *Lab) {
			c, s := l.Socket(Client, clientPort), l.Socket(Server, serverPort)
			c.Begin(l.Server())
			s.Begin(l.To(Client, clientPort))
			l.Await(c, "SYN_RCVD")
			l.Await(s, "SYN_RCVD")
			c.Abort()
			l.Await(s, "")
		},
		Want: []Lists{{"CLOSED SYN_SENT SYN_RCVD CLOSED", "CLOSED SYN_SENT SYN_RCVD CLOSED"}},
		Views: []View{
			{Capture: Client, End: Server, States: strings.Fields(connected + " CLOSED"),
				Why: "the server's SYN-ACK did not come this far, and the client's might have arrived"},
			{Capture: Server, End: Client, States: strings.Fields(connected + " CLOSED"),
				Why: "the client's SYN-ACK did not come this far, and the server's might have arrived"},
		},
	}, {
		Name:  "give-up-connecting",
		About: "The client closes its socket while the SYN-ACK is on its way: no socket is there to take it.",
		Rules: []Rule{slow(Server, isSYNACK)},
		Run: func(l *Lab) {
			l.Listen()
			c := l.Socket(Client, clientPort)
			c.Begin(l.Server())
			l.Wire.Wait(Server, isSYNACK, 1)
			c.Close()
			l.Wire.Wait(Client, isRST, 1)
			l.Cross()
		},
		Want: []Lists{{"CLOSED SYN_SENT CLOSED", "LISTEN SYN_RCVD CLOSED"}},
	}, {
		Name:  "close-with-unread-data",
		About: "The server closes without having read what came: a RST instead of a FIN.",
		Run: func(l *Lab) {
			c, s := l.Open()
			c.Send("nobody reads this")
			s.Arrived(17)
			l.Quiet(delayedACK)
			s.Close()
			c.ReceiveFails(unix.ECONNRESET)
		},
		Want: []Lists{{connected + " CLOSED", accepted + " CLOSED"}},
	}, {
		Name:  "close-with-unread-data-after-fin",
		About: "The client has closed; the server closes without having read: a RST out of CLOSE_WAIT.",
		Run: func(l *Lab) {
			c, s := l.Open()
			c.Send("nobody reads this")
			c.CloseWrite()
			s.Arrived(17)
			l.Await(c, "FIN_WAIT_2")
			s.Close()
			l.Await(c, "")
		},
		Want: []Lists{{connected + " FIN_WAIT_1 FIN_WAIT_2 CLOSED", accepted + " CLOSE_WAIT CLOSED"}},
	}, {
		Name:  "rst-lost",
		About: "The client aborts, its RST is lost, and the server learns of it when it sends.",
		Rules: []Rule{lose(Client, isRST, 1, 1)},
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.Abort()
			l.Quiet(delayedACK)
			s.Send("hello?")
			s.Ended(unix.ECONNRESET)
		},
		Want: []Lists{{connected + " CLOSED", accepted + " CLOSED"}},
	}, {
		Name:  "rst-lost-idle",
		About: "The client aborts, its RST is lost, and the server never learns of it.",
		Rules: []Rule{lose(Client, isRST, 1, 0)},
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.Abort()
			l.Quiet(delayedACK)
		},
		Want: []Lists{{connected + " CLOSED", accepted}},
		Views: []View{
			{Capture: Client, End: Server, States: strings.Fields(accepted + " CLOSED"), Why: "the RST passed, and nothing after it tells that it was lost"},
			{Capture: Server, End: Client, States: strings.Fields(connected), Why: "the RST never came this far"},
		},
	}, {
		Name:  "rst-forged-exact",
		About: "A forged RST at exactly the number that the server expects ends its connection; the client's next data tells the client.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Quiet(delayedACK)
			l.forgeRST(0)
			s.ReceiveFails(unix.ECONNRESET)
			l.Quiet(delayedACK)
			c.Send("ping")
			c.Ended(unix.ECONNRESET)
		},
		Want: []Lists{{connected + " CLOSED", accepted + " CLOSED"}},
	}, {
		Name:  "rst-forged-in-window",
		About: "A forged RST within the window draws a challenge ACK; the connection goes on.",
		Run:   forgedRST(1000),
		Want:  orderly,
	}, {
		Name:  "rst-forged-below",
		About: "A forged RST below the window changes nothing.",
		Run:   forgedRST(^uint32(999)),
		Want:  orderly,
	}, {
		Name:  "rst-forged-beyond",
		About: "A forged RST beyond the window changes nothing.",
		Run:   forgedRST(1 << 30),
		Want:  orderly,
	}, {
		Name:  "syn-on-established",
		About: "A forged SYN for a connection that is open draws a challenge ACK; the connection goes on.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			last := l.Wire.Last(Client, isBareACK)
			l.Wire.Forge(Segment{From: Client, Src: last.Src, Dst: last.Dst, Seq: last.Seq + 70000, Flags: SYN, Window: 1000})
			l.Quiet(delayedACK)
			l.finish(c, s)
		},
		Want: orderly,
	}, {
		Name:  "peer-rebooted",
		About: "The client's host loses its memory and connects anew from the same port: the challenge ACK to its SYN draws a RST, the SYN sent again opens the connection.",
		Run: func(l *Lab) {
			listener := l.Listen()
			c := l.Socket(Client, clientPort).Connect(l.Server())
			s := l.Accept(listener)
			l.talk(c, s)
			l.Quiet(delayedACK)
			l.Vanish(c)
			c = l.Socket(Client, clientPort).Connect(l.Server())
			s = l.Accept(listener)
			l.finish(c, s)
		},
		Want: []Lists{{connected + " CLOSED", accepted + " CLOSED"}, orderly[0]},
	}, {
		Name:  "peer-rebooted-idle",
		About: "The client's host loses its memory; the server's next data is answered with a RST.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Quiet(delayedACK)
			l.Vanish(c)
			s.Send("hello?")
			s.Ended(unix.ECONNRESET)
		},
		Want: []Lists{{connected + " CLOSED", accepted + " CLOSED"}},
	}, {
		Name:  "destroyed",
		About: "The server's socket is destroyed by the administrator (ss -K).",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Quiet(delayedACK)
			check("destroy", l.Hosts[Server].diag.destroy(l.Server(), l.To(Client, clientPort)))
			c.ReceiveFails(unix.ECONNRESET)
		},
		Want: []Lists{{connected + " CLOSED", accepted + " CLOSED"}},
	}, {
		Name:  "destroyed-half-closed",
		About: "The server has closed; the client's socket is destroyed in CLOSE_WAIT (ss -K).",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			s.Close()
			c.ReceiveEnd()
			l.Await(s, "FIN_WAIT_2")
			l.Quiet(delayedACK)
			check("destroy", l.Hosts[Client].diag.destroy(l.To(Client, clientPort), l.Server()))
			l.Await(s, "")
		},
		Want: []Lists{{connected + " CLOSE_WAIT CLOSED", accepted + " FIN_WAIT_1 FIN_WAIT_2 CLOSED"}},
	}, {
		Name:  "ack-to-listener",
		About: "A forged ACK comes to a listener that knows of no connection: a RST.",
		Run: func(l *Lab) {
			l.Listen()
			l.Wire.Forge(Segment{From: Client, Src: l.To(Client, clientPort), Dst: l.Server(), Seq: 4711, Ack: 1147, Flags: ACK, Window: 1024})
			l.Wire.Wait(Server, isRST, 1)
			l.Cross()
		},
		Want: []Lists{{"", "CLOSED"}},
		Views: []View{{Capture: Server, End: Client, States: strings.Fields("ESTABLISHED CLOSED"),
			Why: "a forged ACK looks like one of a connection that the server has forgotten"}},
	}, {
		Name:  "old-syn-after-reset",
		About: "A copy of the first SYN comes when the connection is over: the SYN-ACK to it is answered with a RST.",
		Rules: []Rule{{From: Client, Match: isSYN, Times: 1, Do: Action{Again: []time.Duration{time.Second}}}},
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.Abort()
			s.ReceiveFails(unix.ECONNRESET)
			l.Wire.Wait(Client, isRST, 2)
			l.Cross()
		},
		Want: []Lists{{connected + " CLOSED", accepted + " CLOSED"}, {"CLOSED", "LISTEN SYN_RCVD CLOSED"}},
	}, {
		Name:  "old-syn-first",
		About: "An old SYN comes just before the true one (RFC 9293 figure 8): the client answers the SYN-ACK with a RST, and its SYN sent again opens the connection.",
		Rules: []Rule{{From: Server, Match: isSYNACK, Times: 1, Do: Action{Delay: 30 * time.Millisecond}}},
		Run: func(l *Lab) {
			listener := l.Listen()
			l.Wire.Forge(Segment{From: Client, Src: l.To(Client, clientPort), Dst: l.Server(), Seq: 4711, Flags: SYN, Window: 1000})
			l.Wire.Wait(Server, isSYNACK, 1)
			l.Pause(time.Millisecond)
			c := l.Socket(Client, clientPort).Connect(l.Server())
			l.finish(c, l.Accept(listener))
		},
		Want: []Lists{{"", "LISTEN SYN_RCVD CLOSED"}, orderly[0]},
		Views: []View{
			{Flow: 0, Capture: Server, End: Client, States: strings.Fields("CLOSED SYN_SENT CLOSED"),
				Why: "a forged SYN looks like a SYN"},
			{Flow: 0, Capture: Client, End: Server, Why: "the SYN did not pass here, and a SYN-ACK that acknowledges none may be an old copy itself"},
		},
	}}
}

// forgeRST puts a RST in the client's name on the wire, that far from what the server expects next.
func (l *Lab) forgeRST(off uint32) {
	last := l.Wire.Last(Client, anySegment)
	l.Wire.Forge(Segment{From: Client, Src: last.Src, Dst: last.Dst, Seq: last.Seq + last.Len() + off, Flags: RST})
}

func forgedRST(off uint32) func(*Lab) {
	return func(l *Lab) {
		c, s := l.Open()
		l.talk(c, s)
		l.Quiet(delayedACK)
		l.forgeRST(off)
		l.Quiet(delayedACK)
		l.finish(c, s)
	}
}
