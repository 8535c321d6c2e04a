package flows

// event is what one segment shows of one endpoint: what it sent, or what it got.
type event uint8

const (
	sentSYN     event = iota
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
)

var eventWhy = [numEvents]string{
	"sent SYN", "sent SYN-ACK", "got SYN-ACK", "got ACK of its SYN", "sent FIN", "got FIN",
	"got ACK of its FIN", "sent RST", "got RST", "got ICMP error",
}

func (e event) String() string { return eventWhy[e] }

// edges is Figure 5 of RFC 9293 §3.3.2 as an observer can know it: each edge is named by
// its evidence in place of the call or the segment. An event without an edge leaves
// the state alone: it is a repetition, or a matter for a finding.
//
// What the figure has and packets cannot show is not here: the listen call, and the
// timeout that ends TIME_WAIT. What it lacks is RFC 9293 §3.10.7's: RST ends every
// state, and an ICMP error an unanswered SYN (RFC 1122 §4.2.3.9, as Linux does it).
var edges = [...]struct {
	from State
	on   event
	to   State
}{
	{Closed, sentSYN, SynSent},              // active open
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
	n      uint8
}

func (p *path) at(i uint8) State { return State(p.states >> (4 * i) & 15) }

func (p *path) top() State {
	if p.n == 0 {
		return Unknown
	}
	return p.at(p.n - 1)
}

// full: an endpoint passes through eight states at the most (RFC 9293 Figure 5); the rest is
// room for a CLOSED that is taken back and comes again.
func (p *path) push(s State, c Certainty) {
	if p.n == MaxStates {
		return
	}
	p.states |= uint64(s) << (4 * p.n)
	if c == Proved {
		p.proved |= 1 << p.n
	}
	p.n++
}

// cut shortens the list to n states.
func (p *path) cut(n uint8) {
	if n < p.n {
		p.states &= 1<<(4*n) - 1
		p.proved &= 1<<n - 1
		p.n = n
	}
}

// find is the index of s, or -1.
func (p *path) find(s State) int {
	for i := uint8(0); i < p.n; i++ {
		if p.at(i) == s {
			return int(i)
		}
	}
	return -1
}

func (p *path) isProved(i uint8) bool { return p.proved>>i&1 != 0 }

// floor is how many states stand because they, or a later one, are proved.
func (p *path) floor() uint8 {
	n := p.n
	for n > 0 && !p.isProved(n-1) {
		n--
	}
	return n
}
