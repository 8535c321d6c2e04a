package netlab

import (
	"net/netip"
	"strings"
)

// captures are ordinary connections, captured in unusual ways.
func captures() []Scenario {
	simple := func(l *Lab) { l.finish(l.Open()) }
	loopback := func(l *Lab) {
		l.Follow(l.To(Client, clientPort), l.Server())
		l.finish(l.Open())
	}
	late := func(client, server, why string) (views []View) {
		for _, capture := range []Side{Client, Server} {
			views = append(views,
				View{Capture: capture, End: Client, States: strings.Fields(client), Why: why},
				View{Capture: capture, End: Server, States: strings.Fields(server), Why: why})
		}
		return views
	}
	return []Scenario{{
		Name:  "mid-connection",
		About: "The capture begins when the connection is open; data, then the client closes.",
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			l.Quiet(delayedACK)
			l.CaptureFromHere()
			l.finish(c, s)
		},
		Want:  orderly,
		Views: late("ESTABLISHED"+closesFirst, "ESTABLISHED"+closesLast, "the capture began when the connection was open"),
	}, {
		Name:  "mid-close",
		About: "The capture begins when the client has closed: only the server's FIN and its ACK are in it.",
		Run: func(l *Lab) {
			c, s := l.halfClosed()
			l.CaptureFromHere()
			s.Close()
			l.closed(c, s)
		},
		Want:  orderly,
		Views: late("CLOSE_WAIT", "FIN_WAIT_1 FIN_WAIT_2", "whoever missed the first FIN takes the second for the first"),
	}, {
		Name:     "captured-twice",
		About:    "An ordinary connection; the capture holds each packet twice, as a mirror port's.",
		Recorder: Mirror,
		Run:      simple,
		Want:     orderly,
	}, {
		Name:     "trunk",
		About:    "An ordinary connection, captured with the 802.1Q tag of a trunk.",
		Recorder: Trunk,
		Run:      simple,
		Want:     orderly,
	}, {
		Name:     "any",
		About:    "An ordinary connection, captured by tcpdump -i any (Linux cooked v2).",
		Recorder: Any,
		Run:      simple,
		Want:     orderly,
	}, {
		Name:     "any-bridge",
		About:    "An ordinary connection between bridges, captured by tcpdump -i any: each packet is seen on the bridge and on its port.",
		Net:      Bridged,
		Recorder: Any,
		Run:      simple,
		Want:     orderly,
	}, {
		Name:     "any-reset",
		About:    "The client aborts; captured by tcpdump -i any.",
		Recorder: Any,
		Run: func(l *Lab) {
			c, s := l.Open()
			l.talk(c, s)
			c.Abort()
			l.Await(s, "")
		},
		Want: []Lists{{connected + " CLOSED", accepted + " CLOSED"}},
	}, {
		Name:  "loopback",
		About: "Both ends on one host, captured on lo.",
		Net:   Loopback,
		Run:   loopback,
		Want:  orderly,
	}, {
		Name:     "loopback-any",
		About:    "Both ends on one host, captured by tcpdump -i any.",
		Net:      Loopback,
		Recorder: Any,
		Run:      loopback,
		Want:     orderly,
	}, {
		Name:  "loopback-large",
		About: "Sixty kilobytes at once over lo: segments larger than any link carries.",
		Net:   Loopback,
		Run: func(l *Lab) {
			l.Follow(l.To(Client, clientPort), l.Server())
			c, s := l.Open()
			c.Send(strings.Repeat("x", 12000))
			s.Receive(12000)
			l.closeBoth(c, s)
		},
		Want: orderly,
	}, {
		Name:  "self-connect",
		About: "A socket connects to its own address and port, and closes.",
		Net:   Loopback,
		Run: func(l *Lab) {
			self := l.To(Client, clientPort)
			l.Follow(self, netip.AddrPortFrom(self.Addr(), clientPort))
			c := l.Socket(Client, clientPort).Connect(self)
			c.Send("ping")
			c.Receive(4)
			c.Close()
			l.Await(c, "TIME_WAIT")
		},
		Want: []Lists{{"CLOSED SYN_SENT SYN_RCVD ESTABLISHED FIN_WAIT_1 CLOSING TIME_WAIT", ""}},
	}}
}
