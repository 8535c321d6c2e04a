package netlab

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// record is one piece of evidence about one end of a connection.
type record struct {
	what          what
	time          time.Time // UTC
	local, remote netip.AddrPort

	from, to string // moved: as the tracepoint says
	cause    string // moved: what moved it, see causeOf
	noSocket bool   // sentRST: in answer to a segment that no socket was found for
	before   look   // looked: at the look before; its timer is what must have been left of it now
	look     look   // looked
}

type what uint8

const (
	moved   what = iota // sock:inet_sock_set_state
	sentRST             // tcp:tcp_send_reset
	looked              // sock_diag, where it differs from the look before
)

// look is what the kernel held for a four-tuple at one moment.
type look struct {
	kind  kind
	state string
	timer time.Duration // left of the timer of a request or time-wait socket
	at    time.Time     // of the look that timer was read at
}

// kind of a socket, as the kernel keeps it.
type kind uint8

const (
	none kind = iota
	full
	request
	timeWait
)

func (k kind) String() string { return [...]string{"none", "full", "request", "time-wait"}[k] }

// causeOf tells what moved a socket by the kernel functions that led there, innermost first.
func causeOf(stack []string) string {
	causes := []struct{ word, function string }{
		{"icmp", "tcp_v4_err"},
		{"icmp", "tcp_v6_err"},
		{"segment", "tcp_v4_do_rcv"}, // from the backlog too, within any call
		{"segment", "tcp_v6_do_rcv"},
		{"segment", "tcp_v4_rcv"},
		{"segment", "tcp_v6_rcv"},
		{"timer", "tcp_write_timer"},
		{"timer", "tcp_write_timer_handler"},
		{"timer", "tcp_keepalive_timer"},
		{"destroy", "tcp_abort"},
		{"disconnect", "tcp_disconnect"},
		{"close", "__tcp_close"},
		{"close", "tcp_close"},
		{"shutdown", "tcp_shutdown"},
		{"connect", "tcp_v4_connect"},
		{"connect", "tcp_v6_connect"},
		{"listen", "inet_csk_listen_start"},
	}
	for _, c := range causes {
		for _, frame := range stack {
			if name, _, _ := strings.Cut(frame, "+"); name == c.function {
				return c.word
			}
		}
	}
	return "?"
}

// A request or time-wait socket that is gone with less than this left of its timer ended by it: the
// kernel's timers fire late, never early, and what is left is known to a few milliseconds.
const timerSlack = 100 * time.Millisecond

// resetWithin is how far a RST sent may stand from the change of state that belongs to it: the kernel
// does both in one call, in either order, but may be interrupted in between.
const resetWithin = 50 * time.Millisecond

// life is one socket, or one series of kernel sockets on the same connection, at one end.
type life struct {
	began  time.Time
	states []string
	unseen []string

	requested bool // nothing but a request socket so far
	silent    bool // ended by time or by a call alone: nothing was sent or received
	answer    bool // no socket at all, but a RST in answer
}

func (l *life) last() string { return l.states[len(l.states)-1] }

func (l *life) over() bool {
	return l.silent || l.last() == "CLOSED" || l.last() == "TIME_WAIT"
}

// lives turns the evidence about one end, in the order of time, into the states that packets can show:
//
//   - SYN_RCVD of a request socket, which the tracepoint does not know, is entered with the look that
//     found it;
//   - FIN_WAIT_2 > CLOSED and CLOSING > CLOSED are no end where a time-wait socket goes on, and looks
//     tell whether that is in FIN_WAIT_2 or in TIME_WAIT;
//   - CLOSED is entered where a segment (an ICMP error too) came or a RST went. Where time alone, or a
//     call that sends nothing, ended a socket, CLOSED is not entered but noted, unless that end has
//     shown it later by a RST from no socket;
//   - an end that never had a socket but answered with a RST was CLOSED;
//   - a state that is entered from itself (close after shutdown) is entered once.
//
// An event that does not go on from where the list ends is an error: the evidence is not whole.
func lives(rs []record) ([]*life, error) {
	var (
		all []*life
		cur *life
	)
	begin := func(r *record, states ...string) {
		cur = &life{began: r.time, states: states}
		all = append(all, cur)
	}
	for i := range rs {
		r := &rs[i]
		switch {
		case r.what == sentRST && r.noSocket:
			switch {
			case cur != nil && cur.silent:
				cur.shown()
			case cur == nil || cur.over():
				begin(r, "CLOSED")
				cur.answer = true
			}
		case r.what == sentRST:
			// SYN_SENT answers what is left of an older connection, and stays.
			if n := len(all); n > 1 && cur.last() == "SYN_SENT" && all[n-2].silent {
				all[n-2].shown()
			}
		case r.what == looked:
			switch {
			case r.look.kind == request:
				if cur == nil || cur.over() {
					begin(r, "LISTEN", "SYN_RCVD")
					cur.requested = true
				}
			case cur == nil:
			case r.look.kind == timeWait && r.look.state == "TIME_WAIT":
				if cur.last() != "TIME_WAIT" {
					cur.states = append(cur.states, "TIME_WAIT")
				}
			case r.look.kind != none:
			case r.before.kind == timeWait, r.before.kind == request && cur.requested:
				if r.before.timer < timerSlack {
					cur.silently(fmt.Sprintf("%s > CLOSED: its time was over", cur.last()))
				} else {
					cur.states = append(cur.states, "CLOSED")
				}
				cur.requested = false
			}
		case r.what == moved:
			if r.remote.Port() == 0 || r.from == r.to {
				continue
			}
			switch {
			case r.cause == "", r.cause == "?":
				return nil, fmt.Errorf("nothing tells what caused %v", r)
			case r.from == "CLOSED" && r.to == "SYN_SENT":
				begin(r, "CLOSED", "SYN_SENT")
				continue
			case r.from == "LISTEN" && r.to == "SYN_RCVD":
				if cur == nil || !cur.requested {
					begin(r, "LISTEN", "SYN_RCVD")
				}
				cur.requested = false
				continue
			case cur != nil && r.to == "CLOSED" && cur.last() == "TIME_WAIT" && cur.states[len(cur.states)-2] == r.from:
				// The time-wait socket is there a moment before the full one is closed: a look saw it.
			case cur == nil || cur.last() != r.from:
				return nil, fmt.Errorf("out of nowhere: %v", r)
			case r.to != "CLOSED":
				cur.states = append(cur.states, r.to)
			case timeWaitFollows(rs[i:]):
			case r.cause == "segment", r.cause == "icmp", resetNear(rs, i):
				cur.states = append(cur.states, "CLOSED")
			default:
				cur.silently(fmt.Sprintf("%s > CLOSED by %s: nothing was sent", cur.last(), r.cause))
			}
		}
	}
	return all, nil
}

// shown is called where a RST shows the end that time or a call had brought.
func (l *life) shown() {
	l.states = append(l.states, "CLOSED")
	l.unseen = l.unseen[:len(l.unseen)-1]
	l.silent = false
}

// timeWaitFollows tells whether the socket that rs[0] closes left a time-wait socket in its place. A look finds neither,
// where the kernel has the new one in its table but not yet in use (Linux 6.18).
func timeWaitFollows(rs []record) bool {
	if rs[0].from != "FIN_WAIT_2" && rs[0].from != "CLOSING" {
		return false
	}
	for i := range rs {
		switch {
		case rs[i].what == looked && rs[i].look.kind == timeWait:
			return true
		case rs[i].what == moved && i > 0: // another socket's
			return false
		}
	}
	return false
}

func (l *life) silently(note string) {
	l.silent = true
	l.unseen = append(l.unseen, note)
}

// resetNear tells whether a RST went out together with the change of state rs[i].
func resetNear(rs []record, i int) bool {
	for j := range rs {
		if rs[j].what == sentRST && !rs[j].noSocket && rs[j].time.Sub(rs[i].time).Abs() < resetWithin {
			return true
		}
	}
	return false
}

// judge says what both ends of one four-tuple went through, flow by flow.
func judge(rs []record, client, server netip.AddrPort) ([]FlowTruth, error) {
	rs = slices.Clone(rs)
	slices.SortStableFunc(rs, func(a, b record) int { return a.time.Compare(b.time) })
	var ends [2][]*life
	for side, local := range []netip.AddrPort{client, server} {
		if side == int(Server) && client == server {
			break // a socket connected to itself: there is but one
		}
		remote := [2]netip.AddrPort{client, server}[1-side]
		var own []record
		for _, r := range rs {
			if r.local == local && r.remote == remote {
				own = append(own, r)
			}
		}
		ls, err := lives(own)
		if err != nil {
			return nil, err
		}
		if err := agrees(own, ls); err != nil {
			return nil, err
		}
		ends[side] = ls
	}
	return pair(ends, client, server), nil
}

// agrees holds the list against the last look at the socket, which is evidence of another kind.
func agrees(own []record, ls []*life) error {
	if len(ls) == 0 {
		return nil
	}
	l := ls[len(ls)-1]
	var at look
	for i := range own {
		if own[i].what == looked {
			at = own[i].look
		}
	}
	ok := at.state == l.last()
	if at.kind == none {
		ok = l.silent || l.last() == "CLOSED"
	}
	if !ok {
		return fmt.Errorf("%s: the list ends with %s, but the socket is %s %s", own[0].local, l.last(), at.kind, at.state)
	}
	return nil
}

// pair puts the server's lives beside the client's that they answered: the last that began before. A
// server's life that finds its place taken, or comes before any, was brought about by a stray SYN, of which
// no client knew. An answer from no socket belongs to the connection that was there last, and is a life of
// its own only where there was none at all.
func pair(ends [2][]*life, client, server netip.AddrPort) []FlowTruth {
	type flow struct {
		began time.Time
		ends  [2]*life
	}
	var flows []*flow
	add := func(s Side, l *life) {
		f := &flow{began: l.began}
		f.ends[s] = l
		flows = append(flows, f)
	}
	for _, l := range ends[Client] {
		if !l.answer {
			add(Client, l)
		}
	}
	join := func(s Side, l *life) bool {
		var last *flow
		for _, f := range flows {
			if !f.began.After(l.began) && (last == nil || f.began.After(last.began)) {
				last = f
			}
		}
		if last == nil && len(flows) > 0 && l.states[0] == "CLOSED" && !l.answer {
			last = flows[0] // both connect at once
		}
		if last == nil || last.ends[s] != nil {
			return false
		}
		last.ends[s] = l
		return true
	}
	for _, l := range ends[Server] {
		if !join(Server, l) && (!l.answer || len(flows) == 0) {
			add(Server, l)
		}
	}
	for _, l := range ends[Client] {
		if l.answer {
			join(Client, l)
		}
	}
	slices.SortStableFunc(flows, func(a, b *flow) int { return a.began.Compare(b.began) })
	var truths []FlowTruth
	for _, f := range flows {
		truth := FlowTruth{Client: client, Server: server}
		for side, l := range f.ends {
			if l != nil {
				truth.States[side] = l.states
				for _, u := range l.unseen {
					truth.Unseen = append(truth.Unseen, Side(side).String()+": "+u)
				}
			}
		}
		truths = append(truths, truth)
	}
	return truths
}
