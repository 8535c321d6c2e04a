package report

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// Ladder draws the flows that were chosen: the ends as columns, each packet an arrow between them, the states
// on the outer sides, and what was found where it became certain. Packets that changed nothing are drawn as one where there are
// many in a row.
type Ladder struct {
	Names    *Names
	Verbose  bool // each packet
	Absolute bool // sequence numbers as they are on the wire

	flows map[uint64]*ladder
	last  int64 // time of the capture
}

// ladder is one flow.
type ladder struct {
	number uint64
	rungs  []rung
	run    []rung // the first and the last of those that changed nothing, and are not drawn yet
	quiet  struct {
		packets uint64
		bytes   [2]uint64
	}
	more  uint64   // not drawn for there were too many
	late  []string // found when it was over
	first int64
	base  [2]struct {
		seq  flows.Seq
		seen bool
	}
	flow  flows.Flow
	over  bool // flow is set
	found []*analyzer.Finding
}

// rung is one packet, or what is drawn in place of several.
type rung struct {
	packet uint64
	file   int32
	time   int64
	until  int64 // of several, the time of the last; else 0
	from   flows.Side
	to     flows.Side // whom it reaches; of an ICMP error the end that had sent what it quotes
	label  string     // on the arrow; of none, what is said in its place
	arrow  bool
	states [2][]string // by side
	notes  []string    // below it
	found  []string
}

// maxRungs bounds what is kept of one flow. Of packets in a row that changed nothing quietRun are all drawn; after a
// pause a row begins anew.
const (
	maxRungs = 1000
	quietRun = 3
	runPause = time.Second
)

// Packet draws one packet.
func (l *Ladder) Packet(seg *flows.Segment, step *flows.Step, found []*analyzer.Finding) error {
	l.last = max(l.last, seg.Time)
	if step.Flow == 0 {
		return nil
	}
	f := l.of(step.Flow)
	if len(f.rungs)+len(f.run) == 0 {
		f.first = seg.Time
	}
	r := rung{packet: seg.Packet, file: seg.File, time: seg.Time, from: step.Side, to: step.Side.Peer(), arrow: true}
	if seg.Quote.Version != 0 {
		r.label, r.to = "ICMP error", step.Side
		r.notes = append(r.notes, strings.TrimSpace(string(appendQuote(nil, &seg.Quote))))
	} else {
		r.label = f.label(seg, step, l.Absolute)
	}
	quiet := len(step.Changes)+len(step.Notes)+len(found) == 0
	for side := range r.states {
		r.states[side] = statesOf(step.Changes, flows.Side(side))
	}
	for i := range step.Notes {
		if n := &step.Notes[i]; !onArrow(n.Kind) {
			r.notes = append(r.notes, string(appendNote(nil, n)))
		}
	}
	if quiet && !plainly(step.Quiet) && quietWords[step.Quiet] != "" && !toldBy(step.Quiet, step.Notes) {
		r.notes = append(r.notes, quietWords[step.Quiet])
	}
	for _, n := range found {
		r.found = append(r.found, n.Rule.Name+": "+n.Summary)
	}
	if quiet && !l.Verbose {
		f.hold(r, seg)
		return nil
	}
	f.draw(r)
	return nil
}

// of is the ladder of a flow.
func (l *Ladder) of(number uint64) *ladder {
	f := l.flows[number]
	if f == nil {
		f = &ladder{number: number}
		if l.flows == nil {
			l.flows = map[uint64]*ladder{}
		}
		l.flows[number] = f
	}
	return f
}

// Skip takes note of the time that the capture has come to.
func (l *Ladder) Skip(seg *flows.Segment) { l.last = max(l.last, seg.Time) }

// Late draws a finding that no packet brought.
func (l *Ladder) Late(n *analyzer.Finding) error {
	f := l.of(n.Flow)
	f.late = append(f.late, n.Rule.Name+": "+n.Summary)
	return nil
}

// Flow takes what is known of a flow in the end.
func (l *Ladder) Flow(f *flows.Flow, found []*analyzer.Finding) error {
	of := l.of(f.Number)
	of.flow, of.over, of.found = *f, true, slices.Clone(found)
	of.flow.Transitions, of.flow.Events = nil, nil
	return nil
}

// Ended takes note of how long the capture went on, in packets that are no TCP, too.
func (l *Ladder) Ended(now int64) { l.last = max(l.last, now) }

// Flows are the numbers of the flows that are drawn.
func (l *Ladder) Flows() []uint64 {
	var numbers []uint64
	for n, f := range l.flows {
		if f.over {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers
}

// hold keeps a packet that changed nothing until it is known how many of them follow each other.
func (f *ladder) hold(r rung, seg *flows.Segment) {
	if n := len(f.run); n > 0 && r.time-f.run[n-1].time >= int64(runPause) {
		f.release()
	}
	f.quiet.packets++
	f.quiet.bytes[r.from] += uint64(seg.Len)
	if len(f.run) == quietRun {
		f.run = append(f.run[:1], r) // the first and the last
		return
	}
	f.run = append(f.run, r)
}

// draw draws a packet, and those before it that were held.
func (f *ladder) draw(r rung) {
	f.release()
	f.put(r)
}

func (f *ladder) release() {
	if len(f.run) == 0 {
		return
	}
	run, quiet := f.run, f.quiet
	f.run, f.quiet.packets, f.quiet.bytes = f.run[:0], 0, [2]uint64{}
	if quiet.packets <= quietRun {
		for _, r := range run {
			f.put(r)
		}
		return
	}
	f.put(rung{packet: run[0].packet, file: run[0].file, time: run[0].time, until: run[len(run)-1].time,
		label: together(quiet.packets, quiet.bytes)})
}

// together says what is drawn as one.
func together(packets uint64, bytes [2]uint64) string {
	s := amount.Of(packets, "packet", "packets")
	switch sent, got := amount.Commas(bytes[flows.Client]), amount.Of(bytes[flows.Server], "byte", "bytes"); {
	case bytes[flows.Client] > 0 && bytes[flows.Server] > 0:
		s += ", " + sent + " > < " + got
	case bytes[flows.Client] > 0:
		s += ", " + amount.Of(bytes[flows.Client], "byte", "bytes") + " >"
	case bytes[flows.Server] > 0:
		s += ", < " + got
	}
	return s
}

// plainly reports whether the arrow itself says why nothing changed.
func plainly(q flows.Quiet) bool {
	switch q {
	case flows.QuietNone, flows.QuietACK, flows.QuietData, flows.QuietRetransmitted, flows.QuietRepeated:
		return true
	}
	return false
}

func (f *ladder) put(r rung) {
	if len(f.rungs) == maxRungs {
		f.more++
		return
	}
	f.rungs = append(f.rungs, r)
}

// onArrow reports whether a note is told by the arrow itself, or by the states.
func onArrow(k flows.NoteKind) bool {
	switch k {
	case flows.NoteSYNAgain, flows.NoteSYNACKAgain, flows.NoteFINAgain, flows.NoteRefused, flows.NoteAnswered, flows.NoteUnreachable,
		flows.NoteMidstream, flows.NoteGoesOn:
		return true
	}
	return false
}

// label says what a segment is: its flags, and its numbers relative to the sender's first, or absolute.
func (f *ladder) label(seg *flows.Segment, step *flows.Step, absolute bool) string {
	if !seg.HeaderOK {
		return "header cut short"
	}
	b := appendFlags(nil, seg)
	own, peer := &f.base[step.Side], &f.base[step.Side.Peer()]
	alone := !own.seen && seg.Flags.Any(flows.RST) // its number is that of nothing it sent
	if !own.seen && !alone {
		own.seq, own.seen = seg.Seq, true
		if !seg.Flags.Any(flows.SYN) {
			own.seq-- // what comes first is 1, as after a SYN
		}
	}
	if !peer.seen && seg.Flags.Has(flows.ACK) {
		peer.seq, peer.seen = seg.Ack-1, true
	}
	number := func(n, first flows.Seq) int64 {
		if absolute {
			return int64(n)
		}
		return int64(int32(n - first))
	}
	if seg.Len > 0 {
		b = strconv.AppendInt(append(b, ' '), number(seg.Seq, own.seq), 10)
		b = strconv.AppendInt(append(b, ':'), number(seg.Seq+flows.Seq(seg.Len), own.seq), 10)
	} else if seg.Flags.Any(flows.FIN|flows.RST) && !alone || absolute && seg.Flags.Any(flows.SYN) {
		b = strconv.AppendInt(append(b, ' '), number(seg.Seq, own.seq), 10)
	}
	if seg.Flags.Has(flows.ACK) && (absolute || !seg.Flags.Any(flows.SYN)) {
		b = append(b, ' ')
		if seg.Flags.Any(flows.SYN|flows.FIN|flows.RST) || seg.Len > 0 {
			b = append(b, "ack "...)
		}
		b = strconv.AppendInt(b, number(seg.Ack, peer.seq), 10)
	}
	for i := range step.Notes {
		switch n := &step.Notes[i]; n.Kind {
		case flows.NoteSYNAgain, flows.NoteSYNACKAgain, flows.NoteFINAgain:
			b = append(b, " again"...)
			if n.N > 1 {
				b = append(strconv.AppendUint(append(b, " ("...), uint64(n.N), 10), ')')
			}
		}
	}
	if step.Quiet == flows.QuietRetransmitted {
		b = append(b, " again"...)
	}
	return string(b)
}

// appendFlags appends what a segment is in a word: "SYN-ACK", "FIN", "data".
func appendFlags(b []byte, seg *flows.Segment) []byte {
	names := [...]struct {
		flag flows.Flags
		name string
	}{{flows.SYN, "SYN"}, {flows.FIN, "FIN"}, {flows.RST, "RST"}}
	start := len(b)
	add := func(s string) {
		if len(b) > start {
			b = append(b, '-')
		}
		b = append(b, s...)
	}
	for _, n := range names {
		if seg.Flags.Any(n.flag) {
			add(n.name)
		}
	}
	switch ack := seg.Flags.Any(flows.ACK); {
	case seg.Flags.Any(flows.SYN|flows.RST) && ack:
		add("ACK")
	case len(b) > start:
	case seg.Len > 0:
		b = append(b, "data"...)
	case ack:
		b = append(b, "ACK"...)
	default:
		b = append(b, "no flags"...)
	}
	return b
}

// statesOf are the states that a packet showed of one end: in brackets those that are only assumed.
func statesOf(changes []flows.Transition, side flows.Side) (states []string) {
	for i := range changes {
		c := &changes[i]
		if c.Side != side {
			continue
		}
		// That a state is proved says less than the next one does.
		if i+1 < len(changes) && implied(changes[i:]) {
			continue
		}
		name := c.To.String()
		switch {
		case c.Certainty == flows.Revised:
			name += " again"
		case c.Certainty == flows.Assumed:
			name = "(" + name + ")"
		case c.From == flows.Listen:
			states = append(states, c.From.String())
		}
		states = append(states, name)
	}
	return states
}

// gap is a pause that is worth a line of its own, in words; "" where it is none.
func gap(d time.Duration) string {
	if d < 100*time.Millisecond {
		return ""
	}
	return span.String(d) + " later"
}
