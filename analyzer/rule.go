package analyzer

import (
	"net/netip"
	"time"

	"tcpwhy/flows"
)

// Severity of a finding: how soon somebody should look.
type Severity uint8

const (
	Info    Severity = iota // how it works
	Notice                  // worth knowing
	Warning                 // costs somebody something
	Error                   // a service fails
)

func (s Severity) String() string { return [...]string{"info", "notice", "warning", "error"}[s] }

// Confidence of a finding: how well the capture supports it.
type Confidence uint8

const (
	Possible Confidence = iota // other causes show the same packets
	Likely
	Certain // the packets allow nothing else
)

func (c Confidence) String() string { return [...]string{"possible", "likely", "certain"}[c] }

// Rule is one kind of finding: a value, in a file of its own. It keeps nothing from one flow to
// the next: facts of a flow are in flows.Flow, facts of a server or a host in Server and Host.
type Rule struct {
	Name     string // kebab-case, as users write it
	Title    string // one line, no capital, no period, under 60 letters
	RFC      string // sections that it rests on
	Severity Severity
	// Limit is what a judgement in time waits for; 0: it has none. Users change it (--limit).
	Limit time.Duration
	// Timed: how often it is found depends on how fast the machines were.
	Timed bool
	// CutShort: it says no more than that a capture is cut off.
	CutShort bool

	// signs are those without one of which Flow has nothing to say; ongoing those without one of which it has nothing to say of a
	// flow that goes on, where these are others.
	signs, ongoing signs
	// Flow judges one flow: when it is finished, and where packets are printed also as it goes on.
	Flow func(*Pass)
	// Capture judges all flows together, at the end of the capture.
	Capture func(*CapturePass)
	// Explains, of a rule with Capture, says which findings of single flows it is the cause of.
	Explains *Explains
}

// Explains says which findings of single flows are part of a finding of the whole capture. That is found at
// the end, and flows are forgotten as they finish: so what may be part of it is counted apart until then.
type Explains struct {
	Findings []string // names
	// Part reports whether a flow with one of these would be part of such a finding of its server; nil: it is never
	// of a server.
	Part func(f *flows.Flow, n *Finding, s *Server) bool
	// Stands reports whether there is such a finding of the server, by what is known so far.
	Stands func(*Server) bool
	// Host reports whether there is such a finding of the client's host, by what is known so far; nil: it is never
	// of a host. It may keep its answer with the Host for a while.
	Host func(*Host) bool
	// HostPart reports whether a finding, at one end of a flow of such a host, is part of it; nil: all are.
	HostPart func(finding string, at flows.Closer) bool
}

// Finding is one judgement: of one flow or, where Flow is 0, of a server, a source or the whole
// capture.
type Finding struct {
	Rule       *Rule
	Severity   Severity
	Confidence Confidence
	Variant    string // which kind of it, or ""

	Flow           uint64
	File           int32 // of the packets
	Client, Server netip.AddrPort
	Space          uint32       // of these, as in flows.Flow
	Endpoint       flows.Closer // whose doing it is, or NoOne
	Packet         uint64       // where it became certain
	Time           int64        // of that packet, ns since 1970 UTC
	Packets        []uint64     // that prove it, in order

	Flows   uint64 // how many flows it stands for; 1 where it is of one flow
	Clients uint64 // how many clients these have; 0 where it was not counted
	Cause   string // name of the finding that this one is part of, of the whole capture or of the same flow; or ""

	Summary string // one sentence, no capital, no period
	Why     string // what the packets prove
	Next    string // what to look at next

	// Lasted is how long it went on or what it made somebody wait; 0 where there is no such time. The longest are
	// the examples that a report keeps.
	Lasted time.Duration

	unsaid unsaid

	// Of findings of the whole capture:
	Since    int64    // when it began, ns since 1970 UTC; 0: unknown, or all the time
	Until    int64    // when it was last so
	RuledOut []string // other causes, each with what speaks against it
	Mend     string   // what helps, and what does not
	Parts    []Part   // findings of single flows that it explains
	Example  Example  // its first flow; Flow 0: none
}

// Part is how many flows show a finding of the whole capture in the same way.
type Part struct {
	Rule  *Rule
	Flows uint64
	Words string // what it means for who was concerned, no capital, no period
	// Waits of these flows, by what was sent again: SYNs, or SYN-ACKs.
	Retries Steps
}
