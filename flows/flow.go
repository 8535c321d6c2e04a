package flows

import (
	"net/netip"
	"time"
)

// Elapsed is a measured time; OK is false where there was nothing to measure.
type Elapsed struct {
	D  time.Duration
	OK bool
}

// Roles says how client and server were told apart.
type Roles uint8

const (
	RolesGuessed      Roles = iota // neither SYN nor SYN-ACK was captured
	RolesSYN                       // by the SYN
	RolesSYNACK                    // by the SYN-ACK alone
	RolesSimultaneous              // both sent a SYN: client is who sent it first
	NumRoles
)

func (r Roles) String() string {
	return [...]string{"guessed", "syn", "syn-ack", "simultaneous"}[r]
}

// OpeningOutcome is how an opening ended.
type OpeningOutcome uint8

const (
	OpeningNotCaptured OpeningOutcome = iota
	OpeningComplete
	OpeningHalfOpen
	OpeningUnanswered
	OpeningRefused
	OpeningUnreachable
	OpeningReset
	OpeningInvalid
	OpeningInProgress
	NumOpenings
)

func (o OpeningOutcome) String() string {
	return [...]string{"not-captured", "complete", "half-open", "unanswered", "refused",
		"unreachable", "reset", "invalid", "in-progress"}[o]
}

// undecided reports whether the SYN may come again.
func (o OpeningOutcome) undecided() bool {
	return o == OpeningInProgress || o == OpeningUnanswered || o == OpeningHalfOpen
}

// OpeningKind is the way in which the ends opened the connection.
type OpeningKind uint8

const (
	KindNotCaptured OpeningKind = iota
	KindThreeWay
	KindSimultaneous
	KindFastOpen
	KindSplit
	NumKinds
)

func (k OpeningKind) String() string {
	return [...]string{"not-captured", "three-way", "simultaneous", "fast-open", "split"}[k]
}

// Handshake is how a flow was opened. Times are as seen at the capture point.
type Handshake struct {
	Outcome     OpeningOutcome
	Kind        OpeningKind
	SYNToSYNACK Elapsed // from the SYN that was answered
	SYNACKToACK Elapsed
	Handshake   Elapsed // from the SYN that was answered to the ACK
	Connect     Elapsed // from the first SYN to the ACK, as the application waited
	ServerReady Elapsed // from the first SYN until the server can first have left SYN_RCVD
	Ambiguous   bool    // which SYN or SYN-ACK was answered could not be told
	SYNs        uint32  // SYNs sent, copies not counted
	SYNACKs     uint32
}

// ClosingOutcome is how a flow ended.
type ClosingOutcome uint8

const (
	ClosingNever ClosingOutcome = iota // nothing was ever open
	ClosingOrderly
	ClosingHalfClosed
	ClosingMissingFinalACK
	ClosingFINUnanswered
	ClosingReset
	ClosingRSTAfterFIN
	ClosingOpen
	ClosingSilent
	ClosingNotCaptured
	NumClosings
)

func (c ClosingOutcome) String() string {
	return [...]string{"", "orderly", "half-closed", "missing-final-ack", "fin-unanswered",
		"reset", "rst-after-fin", "open", "silent", "not-captured"}[c]
}

// Closer names an end, or none.
type Closer uint8

const (
	NoOne Closer = iota
	ByClient
	ByServer
	ByBoth // the FINs crossed
	NumClosers
)

func (c Closer) String() string { return [...]string{"", "client", "server", "both"}[c] }

// Teardown is how a flow ended. Times are as seen at the capture point.
type Teardown struct {
	Outcome  ClosingOutcome
	First    Closer  // whose FIN went first
	ResetBy  Closer  // whose RST ended the flow
	FINToACK Elapsed // first FIN to the ACK that covers it
	FINToFIN Elapsed // first FIN to the other end's: how long the half-closed phase lasted
	Close    Elapsed // first FIN to the last ACK
}

// Counts of flags that one end sent, copies not counted.
type Counts struct{ SYN, SYNACK, FIN, RST uint32 }

// Retransmissions that one end sent.
type Retransmissions struct{ SYN, SYNACK, Data, FIN uint32 }

// Capture is what the capture withheld of one flow.
type Capture struct {
	Midstream       bool // began before the capture did
	OneWay          bool // only one direction was captured
	MissingSegments uint32
	Duplicates      uint32 // copies made by the capture, in no other count
	Truncated       bool   // a header of the flow was cut short
	EndedOpen       bool   // the capture ended before the flow did
	Early           bool   // it was over, and the ceiling had it go before its time was: what came after its end is not known
	Bound           Bound  // of the ceiling that had it go; 0: none
	Resumed         bool   // it is the rest of a flow that was given up at the ceiling
	// Before is how it stood then. In Opening, Closing and the ends' states that goes on; what was counted and measured is
	// of the rest alone, but for SYNs and SYN-ACKs.
	Before Standing
}

// Whole reports whether the ceiling can have taken nothing of a flow: what is known of it stays so.
func (c *Capture) Whole() bool { return !c.Resumed && !c.Early && !c.Midstream }

// Endpoint is one end of a Flow.
type Endpoint struct {
	Addr            netip.AddrPort
	Packets         uint64
	PayloadBytes    uint64
	Counts          Counts
	Retransmissions Retransmissions
	Last            int64  // time of its last segment, 0: it sent none
	TTL             uint8  // or hop limit, of its first segment
	Probes          uint32 // keep-alive probes since the other end last spoke
	Resent          uint32 // data segments sent again since the other end last spoke
	Asked           int64  // time, to the millisecond, of its first data or probe since then; 0: none
	AfterPeerFIN    uint64 // payload bytes of it that passed after the other end's FIN
	Unacknowledged  bool   // not all that it sent is acknowledged
	// States the endpoint went through, revised ones left out; NumStates are valid.
	StateList [MaxStates]State
	Certain   [MaxStates]Certainty
	NumStates uint8
}

// MaxStates bounds a list of states. Along the table none is longer than eight, from CLOSED by
// way of SYN_RCVD and CLOSING to CLOSED again.
const MaxStates = 10

// States is the ordered list of states, empty for an end that showed nothing.
func (e *Endpoint) States() []State { return e.StateList[:e.NumStates] }

// State is what the endpoint was last seen in.
func (e *Endpoint) State() State {
	if e.NumStates == 0 {
		return Unknown
	}
	return e.StateList[e.NumStates-1]
}

// Flow is one connection on one four-tuple: a value, filled by the Tracker.
type Flow struct {
	Number      uint64 // from 1, by first packet
	File        int32  // of the first packet
	Space       uint32 // as in Segment
	Via         uint32 // of the first segment
	Roles       Roles
	First, Last int64 // ns since 1970 UTC
	Ends        [2]Endpoint
	Opening     Handshake
	Closing     Teardown

	ConnState    string // as Zeek gives it
	History      string
	Completeness uint8 // as Wireshark's tcp.completeness

	Shed        Shed  // what it was when it was given up; NotShed of one that is finished
	Due         int64 // where the ceiling or the end had it go: when it would have been finished, had nothing more come, ns since 1970 UTC; 0: never
	Capture     Capture
	Transitions []Transition // in order; only when the Tracker keeps them
	Events      []Event      // in order, the first 60, and up to four RSTs more; only when the Tracker keeps them
}

// Client and Server are the flow's ends.
func (f *Flow) Client() *Endpoint { return &f.Ends[Client] }
func (f *Flow) Server() *Endpoint { return &f.Ends[Server] }

// Transition is one change of one endpoint's state, with the packet that shows it.
type Transition struct {
	Packet    uint64
	File      int32
	Time      int64
	Side      Side
	From, To  State
	Certainty Certainty
	Why       string
	RevisedBy uint64 // number of the packet that took it back, 0: none did
}
