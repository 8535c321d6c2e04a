package flows

// known says which fields of a half hold something.
type known uint64

const (
	hasISS        known = 1 << iota
	hasNxt              // it has sent a segment
	hasAck              // it has sent an ack
	hasFIN              // its FIN has passed
	hasTS               // it has sent time stamps
	hasSACK             // it has sent a SACK block
	hasWScale           // its SYN carried a window scale
	hasSYNACK           // its SYN-ACK has passed, and fits
	distrust            // only its own word makes it ESTABLISHED: that was taken back once
	ownRST              // closed by a RST in its own name
	byRST               // closed by a RST, its own or one to it
	finCovers           // the last copy of its FIN acknowledged the peer's
	finCovered          // and so did the first
	ackMoved            // its acks went on, or answer what was not captured
	carried             // its last segment had payload
	unanswered          // it has sent data since the other end last did
	provoked            // the last that it was sent is one that a challenge ACK answers
	finSeen             // its FIN counted: no hole before it
	hasAlt              // its SYN-ACK came with two ISSs; alt is the other
	seenElsewhere       // the capture has copies of its segments from another interface
	mirrored            // the capture has a copy of its SYN, and not from another interface
	lowISS              // its SYN was given up with the flow's beginning: of the ISS the lower 16 bits are known
	lowFIN              // likewise its FIN: unless that was acknowledged, of the number after it the lower 16 bits are known
	ackedFIN            // it was
	overtaken           // its FIN passed behind its ACK of the peer's: the network changed their order
	lostAttempts        // of its attempts before this one some are not waited for any more: see giveUp
)

// half is one end of a record. All its numbers are as sent by that end.
type half struct {
	stance
	last    int64  // time of its last segment
	bytes   uint64 // payload, by sequence number or not: every copy that is no mirror's
	packets uint32 // copies not counted
	again   uint32 // data segments sent again
	iss     Seq
	nxt     Seq // the end of all that it was seen to send
	edge    Seq // the end of what passed without a hole
	ack     Seq // the highest it sent
	fin     Seq // the number after its FIN; of it the lower bits, where finLow
	tsval   uint32
	asked   uint32 // 1 + ms from the flow's first packet to its first data or probe since the peer last spoke
	win     uint16
	wscale  uint8
	ttl     uint8 // of its first segment
	probes  uint8 // keep-alives since the peer last spoke
	resent  uint8 // data sent again since the peer last spoke
	halfRare
}

// stance is where one end stands, quantities aside: at any time many flows have it in common (see shape).
type stance struct {
	path   path
	has    known
	syn    uint32
	synack uint32
	finN   uint32
	rst    uint32
}

// halfRare is what few ends have.
type halfRare struct {
	late    uint64 // payload after the peer's FIN
	copies  uint32 // that the capture made of its packets
	twins   uint32 // segments that look like one just before, copies or not
	sackEnd Seq    // highest right edge it sent
	doubled uint32 // segments that have a twin
	synLen  uint16 // payload of its SYN; once that was answered, what of it was accepted
}

func (h *half) is(k known) bool { return h.has&k != 0 }

// began reports whether n is the ISS of h, as far as that is known.
func (h *half) began(n Seq) bool {
	return h.is(hasISS) && h.iss == n || h.is(lowISS) && uint16(h.iss) == uint16(n)
}

// finLow reports whether of the number after h's FIN the lower 16 bits are known, and asked for.
func (h *half) finLow() bool { return h.has&(lowFIN|ackedFIN|hasFIN) == lowFIN }

// window is the receive window in bytes that h last told. Where the scale was not captured,
// the largest is taken, so that nothing valid counts as outside (RFC 7323 §2.3).
func (h *half) window(scaled, midstream bool) uint32 {
	switch {
	case scaled:
		return uint32(h.win) << h.wscale
	case midstream:
		return uint32(h.win) << 14
	}
	return uint32(h.win)
}

// moment is one of those that a record keeps the time of; which are set is a bit each.
type moment uint8

const (
	atFirstSYN  moment = iota
	atSYN              // the SYN that was answered
	atSYNACK           // the first SYN-ACK for it
	atACK              // the ACK that completed the handshake
	atReady            // the server can first have left SYN_RCVD
	atFIN              // the first FIN
	atFINACK           // the first ACK of it
	atFIN2             // the other end's FIN
	atClose            // both FINs acknowledged
	atOver             // both ends closed, in TIME_WAIT or reset
	atSYNACKEnd        // the SYN-ACK that the ACK answered
	atRST              // the last RST that counted
	numMoments
)

// record is a flow as the segment being observed finds it. Only flows out of the ordinary are kept so (see
// brief). It has no pointers, so that the garbage collector never looks at a million of them.
type record struct {
	key
	space  uint32 // of the four-tuple; highest bit: IPv6
	via    uint32 // of the first segment
	file   int32  // of the first segment
	hash   uint32
	next   ref // older incarnation on the same four-tuple, 0: none
	number uint64
	packet uint64 // number of the first
	first  int64
	common
	at    [numMoments]int64 // ns since 1970
	steps [maxSteps]step
	ends  [2]half // by side of the key: 0 sent what key.a is the source of
	zeek  zeek
	rare
	ackTS uint32 // time stamp of the ACK that completed; valid when ackTimed
	moved bool   // what story, steps and at say is not its shape's
	fresh bool   // not in the table so far
	live  bool
	calm  bool // as the latest segment that observe was asked of left it: see quickRecord
}

// common is what is discrete of a flow as a whole.
type common struct {
	marks    mark
	set      uint16       // which of the moments
	story    uint16       // its transitions: see stories
	nsteps   uint8        // how many steps
	kinds    Completeness // of segment
	client   uint8        // which of ends is the client
	roles    Roles
	kind     OpeningKind
	resetBy  Closer
	firstFIN Closer
	apart    bool // its transitions are in the chain kept, if at all
}

// rare is what few flows have.
type rare struct {
	aside   uint32 // index of what few flows need, 0: nothing
	missing uint32
	events  uint32 // index of them, 0: none
	lists   uint32 // bytes of the events, of kept, and of the history's letters
	kept    chain
	icmp    Quote // of the error that ended SYN_SENT
}

// mark is what a record remembers in a bit.
type mark uint32

const (
	tentative  mark = 1 << iota // a SYN on a live four-tuple, not answered yet: no flow so far
	midstream                   // began before the capture
	sawOpen                     // some end was ESTABLISHED, if only assumed
	resetAfter                  // a RST that counted came after a FIN
	truncated
	badNumbers // answers or ACKs with wrong numbers
	badFlags   // flags that cannot be
	ambiguous
	refused
	clientReset
	unreachable
	completed   // handshake ACK was accepted for all that was seen
	unannounced // confirmed, and its first packets not told of yet
	repeats     // tentative, with the ISS of a connection that is over: a SYN-ACK alone confirms it
	selfConnect // both ends are the same socket
	crossed     // neither FIN acknowledged the other
	ackTimed    // the ACK that completed has a time stamp later than the SYN's

	beforeShift = 17 // the highest bits are how it stood when its beginning was given up: see standings
)

func (r *record) is(m mark) bool { return r.marks&m != 0 }

func (r *record) stamp(m moment, t int64) {
	r.at[m] = t
	r.set |= 1 << m
	r.moved = true
}

func (r *record) clear(m moment) {
	r.set &^= 1 << m
	r.moved = true
}

func (r *record) has(m moment) bool { return r.set>>m&1 != 0 }

func (r *record) side(i uint8) Side {
	if i == r.client {
		return Client
	}
	return Server
}

// scaled reports whether windows are scaled: both SYNs must have said so (RFC 7323 §2.2).
func (r *record) scaled() bool {
	return r.ends[0].is(hasWScale) && r.ends[1].is(hasWScale)
}

// aside is what only flows with loss, repetition or odd numbers need.
type aside struct {
	holes   [2]holes
	odd     [2]odd
	syns    tries
	synacks tries
	alt     [2]Seq
	ackTS   uint32 // time stamp of the ACK that completed a Fast Open; valid when ackSeen
	ackSeen bool
	ready   uint64   // packet that atReady is the time of
	fin     [2]seen  // last copy of each end's repeated FIN
	prior   [2]State // of a SYN that waited: what its four-tuple's ends were in when it came
	gap     Elapsed  // and for how long nothing had passed between them
}

// seen is where and when something passed.
type seen struct {
	packet uint64
	file   int32
	time   int64
	tsval  uint32
}

// span is a run of sequence numbers, end excluded.
type span struct{ from, to Seq }

// holes keeps what passed beyond a hole. Where it overflows the span is forgotten: then the
// edge waits for the peer's ack, which is the better witness anyway.
type holes struct {
	spans [4]span
	n     uint8
	over  bool // a span was forgotten: not all beyond edge is missing
}

// odd is a segment whose numbers fit nothing seen: kept until its sender goes on from there.
type odd struct {
	seq, ack Seq
	len      uint32
	flags    Flags
	held     bool
	passed   seen
}

// tries are the times and time stamps of repeated SYNs or SYN-ACKs.
type tries struct {
	at    [8]int64
	tsval [8]uint32
	n     uint8 // how many are kept: the first seven and the last
}

func (t *tries) add(at int64, tsval uint32) {
	if t.n < uint8(len(t.at)) {
		t.n++
	}
	t.at[t.n-1], t.tsval[t.n-1] = at, tsval
}
