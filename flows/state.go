package flows

// State is one of the eleven of RFC 9293 §3.3.2, or Unknown: an end that has shown nothing.
type State uint8

const (
	Unknown State = iota
	Closed
	Listen
	SynSent
	SynReceived
	Established
	FinWait1
	FinWait2
	CloseWait
	Closing
	LastAck
	TimeWait
	NumStates
)

var stateNames = [NumStates]string{
	"UNKNOWN", "CLOSED", "LISTEN", "SYN_SENT", "SYN_RCVD", "ESTABLISHED", "FIN_WAIT_1",
	"FIN_WAIT_2", "CLOSE_WAIT", "CLOSING", "LAST_ACK", "TIME_WAIT",
}

func (s State) String() string { return stateNames[s] }

// Certainty is how well a state is known.
type Certainty uint8

const (
	Assumed Certainty = iota // suggested by what was sent to the endpoint
	Proved                   // shown by what the endpoint itself sent
	Revised                  // taken back: a later segment ruled it out
)

func (c Certainty) String() string { return [...]string{"assumed", "proved", "revised"}[c] }

// Side is one end of a flow.
type Side uint8

const (
	Client Side = iota // sent, or was sent the answer to, the first SYN
	Server
)

func (s Side) String() string { return [...]string{"client", "server"}[s] }

// Peer is the other end.
func (s Side) Peer() Side { return 1 - s }
