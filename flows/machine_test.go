package flows

import (
	"fmt"
	"strings"
	"testing"
)

// figure5 is the state diagram of RFC 9293 §3.3.2, written off the RFC, as one who sees
// segments only can follow it. An active open is known by its SYN, a passive one by its
// SYN-ACK. In three places a line holds what the figure does not: Fast Open may close from
// SYN_RCVD (RFC 7413 §4.2.2; the figure's CLOSE there is of the same edge), ICMP errors end a
// connect (RFC 1122 §4.2.3.9), and a RST ends every state but LISTEN (§3.10.7.4).
const figure5 = `CLOSED: sent SYN > SYN_SENT, listens by now > LISTEN
LISTEN: sent SYN-ACK > SYN_RCVD
SYN_SENT: sent SYN-ACK > SYN_RCVD, got SYN-ACK > ESTABLISHED, sent RST > CLOSED, got RST > CLOSED, got ICMP error > CLOSED
SYN_RCVD: got ACK of its SYN > ESTABLISHED, sent FIN > FIN_WAIT_1, sent RST > CLOSED, got RST > CLOSED
ESTABLISHED: sent FIN > FIN_WAIT_1, got FIN > CLOSE_WAIT, sent RST > CLOSED, got RST > CLOSED
FIN_WAIT_1: got FIN > CLOSING, got ACK of its FIN > FIN_WAIT_2, sent RST > CLOSED, got RST > CLOSED
FIN_WAIT_2: got FIN > TIME_WAIT, sent RST > CLOSED, got RST > CLOSED
CLOSE_WAIT: sent FIN > LAST_ACK, sent RST > CLOSED, got RST > CLOSED
CLOSING: got ACK of its FIN > TIME_WAIT, sent RST > CLOSED, got RST > CLOSED
LAST_ACK: got ACK of its FIN > CLOSED, sent RST > CLOSED, got RST > CLOSED
TIME_WAIT: sent RST > CLOSED, got RST > CLOSED
`

func TestMachineIsFigure5(t *testing.T) {
	var b strings.Builder
	for s := Closed; s < NumStates; s++ {
		var out []string
		for ev, to := range machine[s] {
			if to != Unknown {
				out = append(out, fmt.Sprintf("%s > %s", event(ev), to))
			}
		}
		fmt.Fprintf(&b, "%s: %s\n", s, strings.Join(out, ", "))
	}
	if got := b.String(); got != figure5 {
		t.Errorf("got\n%s\nwant\n%s", got, figure5)
	}
}

func TestEveryStateIsReachable(t *testing.T) {
	seen := [NumStates]bool{Closed: true, Listen: true}
	for again := true; again; {
		again = false
		for _, e := range edges {
			if seen[e.from] && !seen[e.to] {
				seen[e.to], again = true, true
			}
		}
	}
	for s := Closed; s < NumStates; s++ {
		if !seen[s] {
			t.Errorf("nothing leads to %s", s)
		}
	}
}

// No state is entered twice, but CLOSED, which an active open begins with and a list can
// end with: so a list is bounded, and the room for it is enough.
func TestListsAreBounded(t *testing.T) {
	var longest func(s State, n int) int
	longest = func(s State, n int) int {
		if n > 2*int(NumStates) {
			t.Fatalf("a circle through %s", s)
		}
		most := n
		for _, to := range machine[s] {
			switch to {
			case Unknown:
			case Closed: // the end of a list
				most = max(most, n+1)
			default:
				most = max(most, longest(to, n+1))
			}
		}
		return most
	}
	if got := max(longest(Closed, 1), longest(Listen, 1)); got > MaxStates {
		t.Errorf("a list can have %d states, there is room for %d", got, MaxStates)
	}
}

func TestPath(t *testing.T) {
	var p path
	for _, s := range []State{Listen, SynReceived, Established, CloseWait} {
		p.push(s, Assumed)
	}
	if p.floor() != 0 || p.top() != CloseWait || p.find(Established) != 2 || p.find(Closing) != -1 {
		t.Errorf("floor %d, top %s", p.floor(), p.top())
	}
	p.proved |= 1 << 1
	if got := p.floor(); got != 2 {
		t.Errorf("what led to a proved state stands with it: floor %d, want 2", got)
	}
	p.cut(3)
	if p.top() != Established || p.n != 3 || p.has(CloseWait) || p.find(CloseWait) != -1 {
		t.Errorf("after the cut: top %s, %d states", p.top(), p.n)
	}
	for range 2 * MaxStates {
		p.push(Closed, Proved)
	}
	if p.n != MaxStates || len((&Endpoint{NumStates: p.n}).States()) != MaxStates {
		t.Errorf("a list longer than any along the table must be cut: %d states", p.n)
	}
}

func TestSeq(t *testing.T) {
	for _, c := range []struct {
		s, u   Seq
		before bool
	}{
		{0, 1, true}, {1, 0, false}, {0, 0, false},
		{1<<32 - 1, 0, true}, {0, 1<<32 - 1, false},
		{1<<31 - 1, 1 << 31, true}, {1 << 31, 1<<31 - 1, false},
		{0, 1<<31 - 1, true}, {1<<31 - 1, 0, false},
	} {
		if c.s.Before(c.u) != c.before {
			t.Errorf("%d before %d: got %v", c.s, c.u, !c.before)
		}
		if want := map[bool]Seq{true: c.u, false: c.s}[c.before]; c.s.Max(c.u) != want {
			t.Errorf("the later of %d and %d: got %d", c.s, c.u, c.s.Max(c.u))
		}
	}
}
