package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// Every writes a block for each interval of a capture as it passes: what passed, what was found, and the ends in
// each state. Intervals in which nothing passed have none.
type Every struct {
	W     io.Writer
	Every time.Duration
	Color bool
	// GivenUp is what was given up for want of room so far. It is asked for each block, and never nil.
	GivenUp func() *analyzer.Ceiling

	from    int64 // of the interval, 0: none yet
	packets uint64
	begun   uint64
	notes   [flows.NumToldNotes]uint64
	fin     uint64
	rst     uint64
	opening analyzer.Timing
	now     int64 // time of the last packet
	states  ends
	leaving map[int64]*ends     // of flows that went at the ceiling, by the second in which they would have without it
	found   []*analyzer.Finding // the gravest few
	more    uint64
}

// ends are how many ends there are in each state that is a socket.
type ends [flows.NumStates]int64

func (e *ends) add(s flows.State, n int64) {
	if isSocket(s) {
		e[s] += n
	}
}

// everyFound is how many findings a block names.
const everyFound = 5

// Packet counts a packet.
func (e *Every) Packet(seg *flows.Segment, step *flows.Step, found []*analyzer.Finding) error {
	if err := e.pass(seg.Time); err != nil {
		return err
	}
	e.now = max(e.now, seg.Time)
	e.packets++
	if seg.HeaderOK && seg.Quote.Version == 0 {
		if seg.Flags.Any(flows.FIN) {
			e.fin++
		}
		if seg.Flags.Any(flows.RST) {
			e.rst++
		}
	}
	for i := range step.Changes {
		c := &step.Changes[i]
		if c.From == c.To {
			continue
		}
		if c.From == flows.Closed && c.To == flows.SynSent && c.Certainty != flows.Revised && c.Side == flows.Client {
			e.begun++
		}
		e.states.add(c.From, -1)
		e.states.add(c.To, 1)
	}
	for i := range step.Notes {
		n := &step.Notes[i]
		e.notes[n.Kind]++
		switch n.Kind {
		case flows.NoteHandshake:
			e.opening.Add(n.D)
		case flows.NoteGoesOn:
			e.goesOn(step.Before, int64(n.N))
		}
	}
	for _, n := range found {
		e.keep(n)
	}
	return nil
}

// Skip leaves out a packet that was not chosen.
func (e *Every) Skip(*flows.Segment) {}

// Late counts a finding that no packet brought.
func (e *Every) Late(n *analyzer.Finding) error { e.keep(n); return nil }

// Flow takes the ends of a flow that is finished.
func (e *Every) Flow(f *flows.Flow, _ []*analyzer.Finding) error {
	e.gone(f)
	return nil
}

// Rowless takes the ends of a flow that has no row.
func (e *Every) Rowless(f *flows.Flow) { e.gone(f) }

// gone takes the ends of a flow. Those of one that the ceiling or the end had go are there until its time is over, or
// something of it comes.
func (e *Every) gone(f *flows.Flow) {
	of, n := &e.states, int64(-1)
	switch {
	case f.Due != 0:
		of, n = e.leavingIn(f.Due/int64(time.Second)), 1
	case f.Shed != flows.NotShed, f.Capture.EndedOpen:
		return // without end
	}
	for i := range f.Ends {
		of.add(f.Ends[i].State(), n)
	}
}

func (e *Every) leavingIn(second int64) *ends {
	if e.leaving == nil {
		e.leaving = map[int64]*ends{}
	}
	of := e.leaving[second]
	if of == nil {
		of = new(ends)
		e.leaving[second] = of
	}
	return of
}

// goesOn has the ends of a flow, which begin anew, counted once.
func (e *Every) goesOn(before *flows.Standing, due int64) {
	for _, s := range before.States {
		e.states.add(s, -1)
		if of := e.leaving[due]; of != nil {
			of.add(s, -1)
		}
	}
}

// leave takes the ends whose time has come.
func (e *Every) leave() {
	for second, of := range e.leaving {
		if second < e.now/int64(time.Second) {
			for s, n := range of {
				e.states[s] -= n
			}
			delete(e.leaving, second)
		}
	}
}

func (e *Every) keep(n *analyzer.Finding) {
	e.found = append(e.found, n)
	slices.SortStableFunc(e.found, func(a, b *analyzer.Finding) int { return cmp.Compare(b.Severity, a.Severity) })
	if len(e.found) > everyFound {
		e.found = e.found[:everyFound]
		e.more++
	}
}

// pass writes the block of the interval that is over at t.
func (e *Every) pass(t int64) error {
	from := t - t%int64(e.Every)
	if e.from == 0 {
		e.from = from
	}
	if from <= e.from {
		return nil
	}
	err := e.Close()
	e.from = from
	return err
}

// Close writes the block of what has passed.
func (e *Every) Close() error {
	if e.packets == 0 && len(e.found) == 0 {
		return nil
	}
	p := &page{color: e.Color}
	c := Census{Every: e.Every}
	p.line(p.colored(c.moment(e.from)+" to "+c.moment(e.from+int64(e.Every)), bold), "  ", amount.Of(e.packets, "packet", "packets"))
	parts := []part{{"begun", e.begun}, {"opened", e.notes[flows.NoteHandshake]}}
	for _, k := range []struct {
		name string
		n    uint64
	}{{"refused", e.notes[flows.NoteRefused]}, {"ICMP errors", e.notes[flows.NoteUnreachable]}, {"FIN", e.fin}, {"RST", e.rst},
		{"SYN again", e.notes[flows.NoteSYNAgain]}, {"SYN-ACK again", e.notes[flows.NoteSYNACKAgain]}, {"FIN again", e.notes[flows.NoteFINAgain]}} {
		if k.n > 0 {
			parts = append(parts, part{k.name, k.n})
		}
	}
	line := joinParts(parts)
	givenUp := e.GivenUp()
	if o := &e.opening; o.N > 0 {
		line += " · handshake " + span.String(o.Median()) + " " + medianOf(o, givenUp)
		if givenUp.N() == 0 {
			line += fmt.Sprintf(", %s (p99), %s at most", span.String(o.Quantile(0.99)), span.String(o.Max))
		}
	}
	p.beside("", "", line)
	e.leave()
	var now []part
	for s, n := range e.states {
		if n > 0 {
			now = append(now, part{flows.State(s).String(), uint64(n)})
		}
	}
	if len(now) > 0 {
		p.beside("", "", "ends now: "+mostFirst(now))
	}
	if givenUp.N() > 0 {
		p.beside("", "", "so far "+hadToGo(givenUp)+": they are in all counts, as far as they are known, and no finding is made of them")
	}
	for _, n := range e.found {
		p.beside(strings.ToUpper(n.Severity.String()), severityColors[n.Severity],
			fmt.Sprintf("%s #%d %s > %s: %s", n.Rule.Name, n.Flow, n.Client, n.Server, n.Summary))
	}
	if e.more > 0 {
		p.beside("", "", "and "+amount.Of(e.more, "finding more", "findings more"))
	}
	e.packets, e.begun, e.fin, e.rst, e.more = 0, 0, 0, 0, 0
	e.notes, e.opening, e.found = [flows.NumToldNotes]uint64{}, analyzer.Timing{}, nil
	_, err := e.W.Write(p.b)
	return err
}
