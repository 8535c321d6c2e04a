package flows

import "math/bits"

// zeek is what Zeek would know of one flow: enough for its conn_state and history. It is
// embedded in the record of every flow, so it holds 24 bytes and no pointer. What few flows
// need (a history of more than 12 letters, a second retransmission, both FIN and RST from
// one end) lies in a zeekMore, which the owner of the records keeps.
//
// The zero value is a flow without packets. Its ends are 0 and 1, as the record numbers them
// from the first packet to the last; which of them Zeek takes for the originator is its own
// affair.
type zeek struct {
	letters uint64     // history: 5 bits a letter, the first lowest; the 13th and later in more
	number  [2]Seq     // of the last FIN or RST; of one that has sent nothing: of the SYN that its peer's SYN-ACK answers
	more    uint32     // 1 + index in zeekArena, 0: none
	ends    [2]zeekEnd // state, and what was seen of each
}

// zeekEnd is, from the lowest bit: a zeekState (4), the letters that this end has in the
// history (11), and in end 0 alone whether end 1 is the originator (1).
type zeekEnd uint16

// zeekState is the state that Zeek gives an endpoint, with as much of the state before
// it as its rules ask for.
type zeekState uint8

const (
	zeekInactive zeekState = iota
	zeekSYNSent
	zeekSYNACKSent
	zeekPartial
	zeekEstablished
	zeekClosed            // from any other than
	zeekClosedEstablished // ESTABLISHED
	zeekReset             // from any other than
	zeekResetInactive     // INACTIVE or
	zeekResetClosed       // CLOSED
)

const zeekStateMask zeekEnd = 1<<4 - 1

// Letters of the history. Those from zeekC on are counted.
const (
	zeekS uint = iota // and H
	zeekF
	zeekR
	zeekA
	zeekD
	zeekI
	zeekQ
	zeekC
	zeekG
	zeekT
	zeekW

	zeekSeenA    = zeekEnd(1) << (4 + zeekA)
	zeekSeenD    = zeekEnd(1) << (4 + zeekD)
	zeekSeenOnce = (1<<zeekC - 1) << 4 // S to Q, whose first time Zeek remembers by role
	zeekSwapped  = zeekEnd(1) << 15
)

const (
	zeekLetters  = "SFRADIQCGTWH" // code 1 on: of the originator; code 13 on: of the responder
	zeekH        = uint(len(zeekLetters)) - 1
	zeekCaret    = 2*uint64(len(zeekLetters)) + 1
	zeekInline   = 12   // letters in the word
	zeekMaxMore  = 4096 // letters beyond it: a flood of RSTs must not fill the memory
	zeekSeqRange = 1 << 20
)

// zeekMore is what the fewest flows need.
type zeekMore struct {
	letters []byte       // of the history, from the 13th on
	counts  [2][4]uint32 // C, G, T, W; 0: seen once at most
	syn     [2]Seq       // of the last SYN after a FIN or RST of its sender
	fin     [2]Seq       // where an end sent both FIN and RST
	rst     [2]Seq
	hole    [2]Seq // where the payload that an end acknowledged last broke off in the capture
	synSet  [2]bool
	holeSet [2]bool
}

// zeekArena holds the zeekMore of many flows. The zero value is ready.
type zeekArena struct {
	mores   []zeekMore
	free    []uint32
	letters int // more of them, since it was last asked
}

func (a *zeekArena) of(z *zeek) *zeekMore {
	if z.more == 0 {
		if n := len(a.free); n > 0 {
			z.more, a.free = a.free[n-1], a.free[:n-1]
		} else {
			a.mores = append(a.mores, zeekMore{})
			z.more = uint32(len(a.mores))
		}
	}
	return &a.mores[z.more-1]
}

// release gives back what a holds of the flow, whose record is about to be reused.
func (z *zeek) release(a *zeekArena) {
	if z.more != 0 {
		m := &a.mores[z.more-1]
		*m = zeekMore{} // letters are kept no longer than they are weighed
		a.free = append(a.free, z.more)
	}
	*z = zeek{}
}

// update takes the next segment of the flow, sent by from, in capture order and without the
// copies that the capture made. Its header must be whole.
//
// iss is the sequence number of from's SYN, nxt the highest number that from has sent up to
// then, plus one; both without this segment, and of no matter if it is from's first. gaps is
// the number of holes in the other end's payload which this segment acknowledges first: see gap.
// badChecksum says that the TCP checksum was verified and is wrong.
func (z *zeek) update(seg *Segment, from uint8, iss, nxt Seq, gaps uint32, badChecksum bool, a *zeekArena) {
	// Nearly every segment is another ACK, or more data, of an end that sent both before:
	// 4 ns here, 18 ns in apply.
	if side := z.ends[from]; side&zeekStateMask != zeekEnd(zeekInactive) &&
		seg.Flags&(SYN|FIN|RST) == 0 && seg.Window != 0 && gaps == 0 && !badChecksum {
		if seg.Len == 0 {
			if side&zeekSeenA != 0 {
				return
			}
		} else if side&zeekSeenD != 0 && nxt.Before(seg.Seq+Seq(seg.Len)) {
			return
		}
	}
	z.apply(seg, from, iss, nxt, gaps, badChecksum, a)
}

// gap counts, for update, what a segment of from shows of its peer's payload if its ack lies
// beyond edge, where the payload captured without a hole ended before it: 1, and 0 for the
// segments that come before edge has moved on. Zeek counts a gap when it is acknowledged, at once.
func (z *zeek) gap(from uint8, edge Seq, a *zeekArena) uint32 {
	m := a.of(z)
	if m.holeSet[from] && m.hole[from] == edge {
		return 0
	}
	m.hole[from], m.holeSet[from] = edge, true
	return 1
}

// apply is update for a segment that may change something.
func (z *zeek) apply(seg *Segment, from uint8, iss, nxt Seq, gaps uint32, badChecksum bool, a *zeekArena) {
	if *z == (zeek{}) {
		swap := zeekSwaps(seg)
		z.setOriginator(from, !swap)
		if swap {
			z.append(zeekCaret, a)
		}
	}
	if badChecksum {
		z.count(from, zeekC, a)
		return
	}
	if seg.Flags&(SYN|FIN|RST) == 0 && (seg.Len > 0 || seg.Flags.Any(ACK)) && z.letters == uint64(zeekH+1) {
		// SYN-ACK first, then what no scan answers or goes on with: the SYN was missed.
		z.setOriginator(z.originator(), false)
		z.letters = zeekCaret | uint64(zeekH+1+zeekH+1)<<5
	}

	z.note(seg, from, iss, a)
	peer := 1 - from
	state, peerState := z.state(from), z.state(peer)
	if seg.Window == 0 && !seg.Cut && !seg.Flags.Any(RST) && !peerState.closed() && !state.reset() {
		z.count(from, zeekW, a)
	}
	if peerState == zeekInactive && seg.Flags.Has(SYN|ACK) {
		z.number[peer] = seg.Ack - 1
	}
	if seg.Len > 0 && retransmits(seg, state, iss, nxt) {
		z.count(from, zeekT, a)
	}
	z.move(seg, from, a)
	if gaps > 0 && z.state(from).clean() && z.state(peer).clean() {
		for range gaps {
			z.count(peer, zeekG, a)
		}
	}
}

// zeekSwaps reports whether Zeek takes the receiver of a flow's first segment for the
// originator: by the ports, if the segment is no SYN.
func zeekSwaps(first *Segment) bool {
	if first.Flags&(SYN|ACK) == SYN || !zeekServerPort(first.SrcPort) {
		return false
	}
	if !zeekServerPort(first.DstPort) {
		return true
	}
	return !first.Flags.Any(SYN) && first.SrcPort < first.DstPort
}

// zeekServerPort reports whether Zeek's full configuration lists p as a server's port.
func zeekServerPort(p uint16) bool {
	switch p {
	case 21, 22, 25, 53, 79, 80, 81, 88, 135, 139, 143, 389, 443, 445, 465, 502, 514, 563, 585, 587,
		614, 631, 636, 989, 990, 992, 993, 995, 1080, 1434, 1883, 2811, 3128, 3268, 3306, 3389, 5222,
		5223, 5269, 5432, 6379, 6666, 6667, 6668, 6669, 8000, 8080, 8888, 20000:
		return true
	}
	return false
}

// note appends the one letter that the flags and the payload make, if it is news.
func (z *zeek) note(seg *Segment, from uint8, iss Seq, a *zeekArena) {
	switch control := seg.Flags & (SYN | FIN | RST); control {
	case 0:
		if seg.Len > 0 {
			z.once(from, zeekD, a)
		} else if seg.Flags.Any(ACK) {
			z.once(from, zeekA, a)
		}
	case SYN:
		z.noteSYN(seg, from, iss, a)
	case FIN:
		z.noteNumber(seg.Seq+Seq(seg.Len), from, zeekF, a)
	case RST:
		z.noteNumber(seg.Seq, from, zeekR, a)
	default:
		if control.Has(FIN | RST) {
			z.once(from, zeekI, a)
		} else {
			z.once(from, zeekQ, a)
		}
	}
}

// noteSYN: up to a FIN or RST every SYN starts the sender's relative numbers anew, so that
// no second one has another relative number.
func (z *zeek) noteSYN(seg *Segment, from uint8, iss Seq, a *zeekArena) {
	letter := zeekS
	if seg.Flags.Any(ACK) {
		letter = zeekH
	}
	first := !z.seen(from, zeekS)
	z.ends[from] |= 1 << (4 + zeekS)
	if state := z.state(from); !state.closed() && (!state.reset() || state == zeekResetInactive) {
		if first {
			z.append(z.code(from, letter), a)
		}
		if state == zeekResetInactive {
			// A RST came first: its number, relative to what was then the start, was 1 and
			// stays so. (More than that one RST before the SYN is not followed.)
			z.number[from] = seg.Seq + 1
		}
		return
	}
	m := a.of(z)
	last := iss
	if m.synSet[from] {
		last = m.syn[from]
	}
	m.syn[from], m.synSet[from] = seg.Seq, true
	if first || seg.Seq != last {
		z.append(z.code(from, letter), a)
	}
}

// noteNumber appends the letter of a FIN or a RST unless the last of its kind had the same number.
func (z *zeek) noteNumber(number Seq, from uint8, letter uint, a *zeekArena) {
	first := !z.seen(from, letter)
	last := &z.number[from]
	if other := zeekF + zeekR - letter; z.seen(from, other) {
		m := a.of(z)
		mine, others := &m.fin[from], &m.rst[from]
		if letter == zeekR {
			mine, others = others, mine
		}
		if first {
			*others = *last
		}
		last = mine
	}
	news := first || number != *last
	*last = number
	z.ends[from] |= 1 << (4 + letter)
	if news {
		z.append(z.code(from, letter), a)
	}
}

// retransmits reports whether Zeek counts the payload of seg as sent before: no number of it
// lies beyond nxt. It is not asked whether the number was captured, so that a segment
// out of order counts too.
func retransmits(seg *Segment, state zeekState, iss, nxt Seq) bool {
	if state.reset() {
		return false
	}
	if state == zeekInactive {
		// Zeek takes the end of a first SYN for sent already: Fast Open's data counts, and
		// so does that of a first RST.
		return seg.Flags.Any(SYN) || seg.Flags&(RST|FIN) == RST
	}
	end := seg.End()
	if seg.Flags.Any(RST) {
		end -= Seq(seg.Len) // not in the stream
	}
	beyond := end.Sub(nxt)
	switch {
	case seg.Flags.Any(SYN) && (state == zeekEstablished || state == zeekPartial ||
		(state == zeekSYNSent || state == zeekSYNACKSent) && seg.Seq != iss):
		return true // its numbers start anew, at the end of this segment
	case seg.Flags.Any(SYN|RST) && (beyond > zeekSeqRange || beyond < -zeekSeqRange):
		return false
	case seg.Flags.Any(FIN) && nxt == iss+1:
		return false
	}
	return beyond <= 0
}

// move changes the states of the sender, and in two cases that of its peer.
func (z *zeek) move(seg *Segment, from uint8, a *zeekArena) {
	syn, ack := seg.Flags.Any(SYN), seg.Flags.Any(ACK)
	fin, rst := seg.Flags.Any(FIN), seg.Flags.Any(RST)
	peer := 1 - from
	state, peerState := z.state(from), z.state(peer)
	switch state {
	case zeekInactive:
		switch {
		case syn && from == z.originator():
			state = zeekSYNSent
			if ack {
				state = zeekSYNACKSent
			}
		case syn:
			if peerState == zeekSYNACKSent && !ack && seg.Seq == z.number[from] {
				z.reverse(a) // the SYN-ACK was captured ahead of the SYN
				z.setState(peer, zeekEstablished)
			}
			if peerState == zeekSYNSent {
				z.setState(peer, zeekEstablished)
			}
			state = zeekEstablished
		case fin || rst:
		case from != z.originator() && seg.Len == 0 && peerState == zeekSYNSent:
			// An answer that is neither SYN nor data makes nothing.
		case ack && peerState == zeekEstablished:
			state = zeekEstablished
		default:
			state = zeekPartial
		}
		if fin {
			state = state.afterFIN()
		}
		if rst {
			state = state.afterRST()
		}
	case zeekSYNSent, zeekSYNACKSent:
		if fin {
			state = state.afterFIN()
		}
		if rst {
			state = state.afterRST()
		}
	case zeekEstablished, zeekPartial:
		if syn && !ack && state == zeekPartial && peerState == zeekInactive {
			state = zeekSYNSent
		}
		if rst {
			state = state.afterRST()
		} else if fin {
			state = state.afterFIN()
			if peerState == zeekResetClosed { // FIN, RST and now our FIN: closed after all
				z.setState(peer, zeekClosed)
			}
		}
	case zeekClosed, zeekClosedEstablished:
		if rst && !peerState.closed() {
			state = state.afterRST()
		}
	}
	z.setState(from, state)
}

// reverse makes the responder the originator, in mid-connection. Zeek keeps what it has seen
// of S to Q by role, not by endpoint.
func (z *zeek) reverse(a *zeekArena) {
	a0, a1 := z.ends[0]&zeekSeenOnce, z.ends[1]&zeekSeenOnce
	z.ends[0] = z.ends[0]&^zeekSeenOnce | a1
	z.ends[1] = z.ends[1]&^zeekSeenOnce | a0
	z.setOriginator(z.originator(), false)
	z.append(zeekCaret, a)
}

func (s zeekState) closed() bool { return s == zeekClosed || s == zeekClosedEstablished }
func (s zeekState) reset() bool  { return s >= zeekReset }
func (s zeekState) clean() bool  { return s == zeekEstablished || s == zeekClosedEstablished }

func (s zeekState) inactive() bool { return s == zeekInactive || s == zeekPartial }

func (s zeekState) afterFIN() zeekState {
	if s == zeekEstablished {
		return zeekClosedEstablished
	}
	return zeekClosed
}

func (s zeekState) afterRST() zeekState {
	switch s {
	case zeekInactive:
		return zeekResetInactive
	case zeekClosed, zeekClosedEstablished:
		return zeekResetClosed
	}
	return zeekReset
}

func (z *zeek) state(of uint8) zeekState { return zeekState(z.ends[of] & zeekStateMask) }

func (z *zeek) setState(of uint8, s zeekState) {
	z.ends[of] = z.ends[of]&^zeekStateMask | zeekEnd(s)
}

func (z *zeek) originator() uint8 { return uint8(z.ends[0] / zeekSwapped) }

// setOriginator makes end the originator, or its peer if is is false.
func (z *zeek) setOriginator(end uint8, is bool) {
	if (end == 0) == is {
		z.ends[0] &^= zeekSwapped
	} else {
		z.ends[0] |= zeekSwapped
	}
}

func (z *zeek) seen(from uint8, letter uint) bool { return z.ends[from]>>(4+letter)&1 != 0 }

func (z *zeek) once(from uint8, letter uint, a *zeekArena) {
	if !z.seen(from, letter) {
		z.ends[from] |= 1 << (4 + letter)
		z.append(z.code(from, letter), a)
	}
}

// count appends the letter for the first, 10th, 100th … time.
func (z *zeek) count(from uint8, letter uint, a *zeekArena) {
	if !z.seen(from, letter) {
		z.once(from, letter, a)
		return
	}
	n := &a.of(z).counts[from][letter-zeekC]
	*n = max(*n, 1) + 1
	switch *n {
	case 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9:
		z.append(z.code(from, letter), a)
	}
}

func (z *zeek) code(from uint8, letter uint) uint64 {
	if from == z.originator() {
		return uint64(letter + 1)
	}
	return uint64(letter) + 1 + uint64(len(zeekLetters))
}

func (z *zeek) append(code uint64, a *zeekArena) {
	if n := (bits.Len64(z.letters) + 4) / 5; n < zeekInline {
		z.letters |= code << (5 * n)
		return
	}
	if m := a.of(z); len(m.letters) < zeekMaxMore {
		m.letters = append(m.letters, zeekLetter(code))
		a.letters++
	}
}

func zeekLetter(code uint64) byte {
	switch n := uint64(len(zeekLetters)); {
	case code == zeekCaret:
		return '^'
	case code > n:
		return zeekLetters[code-n-1] + 'a' - 'A'
	default:
		return zeekLetters[code-1]
	}
}

// appendHistory appends Zeek's history to dst.
func (z *zeek) appendHistory(dst []byte, a *zeekArena) []byte {
	for l := z.letters; l != 0; l >>= 5 {
		dst = append(dst, zeekLetter(l&31))
	}
	if z.more != 0 {
		dst = append(dst, a.of(z).letters...)
	}
	return dst
}

// connState is Zeek's conn_state, were the flow to end now; payload says whether either end
// sent any.
func (z *zeek) connState(payload bool, a *zeekArena) string {
	orig := z.originator()
	o, r := z.state(orig), z.state(1-orig)
	switch {
	case r.reset():
		switch {
		case o == zeekSYNSent || o == zeekSYNACKSent || o.reset() && !payload:
			return "REJ"
		case o.inactive():
			return "RSTRH"
		}
		return "RSTR"
	case o.reset():
		switch {
		case !r.inactive():
			return "RSTO"
		case z.resetBeforeAnswer(a):
			return "RSTOS0"
		}
		return "OTH"
	case o.closed() && r.closed():
		return "SF"
	case o.closed():
		if r.inactive() {
			return "SH"
		}
		return "S2"
	case r.closed():
		if o.inactive() {
			return "SHR"
		}
		return "S3"
	case o == zeekSYNSent && r == zeekInactive:
		return "S0"
	case o == zeekEstablished && r == zeekEstablished:
		return "S1"
	}
	return "OTH"
}

// resetBeforeAnswer reports whether the history matches ^\^?S[^HAFGIQ]*R: only a SYN, and what
// counts for nothing, went before the originator's RST.
func (z *zeek) resetBeforeAnswer(a *zeekArena) bool {
	var buf [zeekInline + 16]byte
	history := z.appendHistory(buf[:0], a)
	if history[0] == '^' {
		history = history[1:]
	}
	if len(history) == 0 || history[0] != 'S' {
		return false
	}
	for _, c := range history[1:] {
		switch c {
		case 'R':
			return true
		case 'H', 'A', 'F', 'G', 'I', 'Q':
			return false
		}
	}
	return false
}
