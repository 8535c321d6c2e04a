package flows

// Step is what one segment did. It is reused: valid until the next Observe.
type Step struct {
	Flow uint64 // number of the flow, 0: it belongs to none
	Side Side   // who sent the segment (of a quoted one: who sent what is quoted)
	// Changes in the order in which they happened. A state that was assumed and is now
	// proved has From equal to To. A state taken back has Certainty Revised, To the state
	// that stands again, Packet the one that had shown it, and RevisedBy this one.
	Changes []Transition
	Notes   []Note
	Quiet   Quiet     // why nothing changed; QuietNone where something did
	Before  *Standing // how the flow stood when it was given up, where this is its first packet since; else nil
}

// Note is a fact worth a word beside the changes of state.
type Note struct {
	Kind   NoteKind
	D      Elapsed // what the kind says
	N      uint32  // how many, for kinds that count
	Packet uint64  // the packet referred to, 0: none
	Quote  Quote   // of NoteUnreachable
}

// Event is something out of the ordinary in a flow, kept for who judges the flow as a whole.
type Event struct {
	Note
	Side  Side // who sent the segment
	At    uint64
	File  int32
	Time  int64
	Reset Reset // of NoteRST
	// Arrived is, of NoteACKIgnored, that the SYN-ACK echoes a time stamp that the client sent with the ACK or
	// later, so the server had got it; Resent that data had been sent again by then; Spoke that the server had sent
	// something beside its SYN-ACKs, data of a Fast Open or a challenge ACK.
	Arrived, Resent, Spoke bool
	// Prior is, of NoteReuse, what the hosts of this flow's client and server were last seen in
	// by the connection that had the four-tuple before.
	Prior [2]State
}

// Reset is what a RST shows beside its number.
type Reset struct {
	Bare         bool  // without ACK: no socket, or one in SYN_SENT
	State        State // its sender's, before
	TTL          uint8
	UsualTTL     uint8   // of its sender's segments before; 0: there were none
	AnswersData  bool    // the last that its sender was sent carried data, and the number is that segment's ack
	AnswersProbe bool    // the same of a keep-alive probe
	PeerData     bool    // data of the other end had passed since its sender last sent some
	Late         uint64  // bytes of data that had passed from the other end after its sender's FIN
	Idle         Elapsed // since its sender's segment before
	PeerFIN      bool    // the other end's FIN had passed
	OwnFIN       bool
	BothACKed    bool // and both FINs were acknowledged
}

type NoteKind uint8

const (
	NoteNone           NoteKind = iota
	NoteAnswered                // D: SYN to the first SYN-ACK for it
	NoteHandshake               // D: SYN that was answered to the ACK that completes
	NoteReady                   // D: first SYN until the server can first have taken the connection
	NoteSYNAgain                // N: which try; D: since the first
	NoteSYNACKAgain             // N: which copy; D: since the first
	NoteFINAgain                // N: which copy; D: since the first FIN of the flow
	NoteRefused                 // D: SYN to RST
	NoteUnreachable             // ICMP error; Quote says which
	NoteBadSYNACK               // SYN-ACK that does not acknowledge the SYN
	NoteBadACK                  // handshake ACK with numbers that do not fit
	NoteChallengeACK            // plain ACK in answer to a SYN, or to a RST that was not exact
	NoteRSTNotBelieved          // RST with a number that its receiver would not take
	NoteSYNWaits                // SYN with another ISS on a connection that lives
	NoteSYNACKChanged           // SYN-ACK repeated with another ISS
	NoteReuse                   // a new connection on a four-tuple that was used before; D: since its last packet
	NoteInvalidFlags
	NoteAckUnseen       // acknowledges what was never seen sent
	NoteMissing         // the capture lacks segments; N: how many times
	NoteDataAfter       // data after its sender's FIN, or another FIN; N: bytes of it
	NoteRSTStays        // RST from SYN_SENT in answer to a wrong ACK
	NoteMidstream       // first packet of a connection that began before the capture
	NoteGoesOn          // first packet of one after it was given up at the ceiling; N: the second in which its time would have been over, 0: never
	NoteFastOpen        // data on the SYN was accepted
	NoteFINWaits        // FIN behind a hole
	NumToldNotes        // of these a word is said where they happen; what follows is only kept as an Event
	NoteRST             // a RST that its receiver would take; Event.Reset says more
	NoteACKIgnored      // SYN-ACK again after a valid ACK had passed; D: since that ACK; N: bytes of data that had passed, too
	NoteFastOpenIgnored // the SYN's data was not accepted; N: bytes of it
	NotePeerLost        // a challenge ACK answered by RST: its sender knows of no such connection
	NumNoteKinds
)

// Quiet is why a segment changed nothing.
type Quiet uint8

const (
	QuietNone          Quiet = iota
	QuietACK                 // a pure acknowledgment
	QuietData                // data in order
	QuietRetransmitted       // data that had passed before
	QuietOutOfOrder          // data behind a hole, or that fills one
	QuietKeepAlive           // probe: one number below the next (RFC 1122 §4.2.3.6)
	QuietCopy                // the capture holds the packet twice
	QuietStale               // an old duplicate: contradicts what its sender has proved since
	QuietOutside             // outside the receiver's window
	QuietUnseen              // acknowledges what was never seen sent
	QuietCut                 // header cut short
	QuietSoft                // ICMP error that ends nothing (RFC 1122 §4.2.3.9)
	QuietNoFlow              // ICMP error that quotes no flow seen
	QuietRepeated            // SYN, SYN-ACK or FIN again
	QuietInvalid             // flags that cannot be
	QuietNotBelieved         // RST that its receiver would not take
	QuietWaits               // SYN that opens nothing until it is answered
	QuietDamaged             // a checksum is wrong
	QuietFINBelow            // a FIN below data that its sender had sent
	NumQuiets
)
