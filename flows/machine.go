package flows

import "math/bits"

// event is what one segment shows of one endpoint: what it sent, or what it got.
type event uint8

const (
	sentSYN     event = iota
	opened            // its SYN-ACK shows that it listens by now
	sentSYNACK        // from LISTEN, or in answer to a SYN that crossed its own
	gotSYNACK         // the answer to its SYN
	gotACKOfSYN       // its SYN-ACK was acknowledged
	sentFIN
	gotFIN
	gotACKOfFIN
	sentRST
	gotRST
	gotICMP // an ICMP error that quotes its SYN
	numEvents
	met = numEvents // no edge: the first word of an end whose opening was not captured
)

var eventWhy = [numEvents + 1]string{
	"sent SYN", "listens by now", "sent SYN-ACK", "got SYN-ACK", "got ACK of its SYN", "sent FIN", "got FIN",
	"got ACK of its FIN", "sent RST", "got RST", "got ICMP error",
	"met in mid-connection",
}

func (e event) String() string { return eventWhy[e] }

// eventOf is the event of these words, beyond met where there is none.
func eventOf(words string) (e event) {
	for e <= met && eventWhy[e] != words {
		e++
	}
	return e
}

// edges is Figure 5 of RFC 9293 §3.3.2 as an observer can know it: each edge is named by
// its evidence in place of the call or the segment. An event without an edge leaves
// the state alone: it is a repetition, or a matter for a finding.
//
// What the figure has and packets cannot show is not here: the calls in LISTEN, a close in
// SYN_SENT, and the timeout that ends TIME_WAIT. RST in SYN_RCVD leads to CLOSED, not back to
// LISTEN: the socket that listens is another one. What the figure lacks is RFC 9293
// §3.10.7's: RST ends every state, and an ICMP error an unanswered SYN (RFC 1122 §4.2.3.9, as
// Linux does it).
var edges = [...]struct {
	from State
	on   event
	to   State
}{
	{Closed, sentSYN, SynSent},              // active open
	{Closed, opened, Listen},                // passive open, too late for an earlier SYN
	{Listen, sentSYNACK, SynReceived},       // passive open
	{SynSent, gotSYNACK, Established},       //
	{SynSent, sentSYNACK, SynReceived},      // simultaneous open
	{SynReceived, gotACKOfSYN, Established}, //
	{SynReceived, sentFIN, FinWait1},        // Fast Open: closed before the ACK
	{Established, sentFIN, FinWait1},        // active close
	{Established, gotFIN, CloseWait},        // passive close
	{CloseWait, sentFIN, LastAck},           //
	{LastAck, gotACKOfFIN, Closed},          //
	{FinWait1, gotACKOfFIN, FinWait2},       //
	{FinWait1, gotFIN, Closing},             // simultaneous close
	{FinWait2, gotFIN, TimeWait},            //
	{Closing, gotACKOfFIN, TimeWait},        //
	{SynSent, gotICMP, Closed},              //
	{SynSent, sentRST, Closed},              // one that no wrong ACK provoked
	{SynSent, gotRST, Closed},               // refused
	{SynReceived, sentRST, Closed},          //
	{SynReceived, gotRST, Closed},           //
	{Established, sentRST, Closed},          //
	{Established, gotRST, Closed},           //
	{FinWait1, sentRST, Closed},             //
	{FinWait1, gotRST, Closed},              //
	{FinWait2, sentRST, Closed},             //
	{FinWait2, gotRST, Closed},              //
	{CloseWait, sentRST, Closed},            //
	{CloseWait, gotRST, Closed},             //
	{Closing, sentRST, Closed},              //
	{Closing, gotRST, Closed},               //
	{LastAck, sentRST, Closed},              //
	{LastAck, gotRST, Closed},               //
	{TimeWait, sentRST, Closed},             // it had ended before
	{TimeWait, gotRST, Closed},              // RFC 1337's assassination
}

// machine is edges by state and event; Unknown where there is no edge.
var machine = func() (m [NumStates][numEvents]State) {
	for _, e := range edges {
		m[e.from][e.on] = e.to
	}
	return m
}()

// path is the list of states that one endpoint went through, with what is assumed and
// what proved. The zero value is the empty list.
type path struct {
	states uint64 // four bits each, the first lowest
	proved uint16 // one bit each
	in     uint16 // the states that are in the list, a bit each
	n      uint8
	last   State // the one it is in now
	before uint8 // its length before the peer's last segment
	jump   uint8 // 1 + its length when its end's numbers jumped by one: a FIN that was not captured?
}

func (p *path) at(i uint8) State { return State(p.states >> (4 * i) & 15) }

func (p *path) top() State { return p.last }

// push adds a state. There is room: see MaxStates.
func (p *path) push(s State, c Certainty) {
	if p.n == MaxStates {
		return
	}
	p.states |= uint64(s) << (4 * p.n)
	if c == Proved {
		p.proved |= 1 << p.n
	}
	p.in |= 1 << s
	p.last = s
	p.n++
}

// cut shortens the list to n states.
func (p *path) cut(n uint8) {
	if n >= p.n {
		return
	}
	p.states &= 1<<(4*n) - 1
	p.proved &= 1<<n - 1
	p.n, p.in, p.last = n, 0, Unknown
	for i := range n {
		p.last = p.at(i)
		p.in |= 1 << p.last
	}
}

// find is the index of s, or -1.
func (p *path) find(s State) int {
	if p.in>>s&1 == 0 {
		return -1
	}
	for i := uint8(0); ; i++ {
		if p.at(i) == s {
			return int(i)
		}
	}
}

func (p *path) has(s State) bool { return p.in>>s&1 != 0 }

func (p *path) isProved(i uint8) bool { return p.proved>>i&1 != 0 }

// floor is how many states stand because they, or a later one, are proved.
func (p *path) floor() uint8 { return uint8(bits.Len16(p.proved)) }

// proves reports whether the end has itself shown that it reached s.
func (p *path) proves(s State) bool {
	i := p.find(s)
	return i >= 0 && p.floor() > uint8(i)
}
