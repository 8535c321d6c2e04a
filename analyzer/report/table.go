package report

import (
	"io"
	"strconv"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// Table writes a line per flow, in columns that stay where they are however long the run:
// addresses have room for IPv4 and a port, and a longer one moves what follows it only as far
// as it must.
type Table struct {
	W     io.Writer
	Names *Names
	Wide  bool // WideTable columns in place of 80
	// Width of the terminal, 0: there is none. What a narrow row has no room for goes on in a line of its own there.
	Width int
	// Verbose: under each row the states that either end went through, and the VLANs and tunnels.
	Verbose bool

	row row
	n   int
}

// WideTable is how many columns a wide table takes, but for findings.
const WideTable = 140

// A row is one line of a table. Cells are put at the columns where the layout wants them; one
// that is too long pushes the next ones on until there is room again.
type row struct {
	buf  []byte
	cell []byte
	end  int // column after which the next cell may begin
}

func (r *row) start() { r.buf, r.end = r.buf[:0], 0 }

// left puts r.cell at column at.
func (r *row) left(at int) {
	r.space(at)
	r.put()
}

// right puts r.cell so that it ends before column to.
func (r *row) right(to int) {
	r.space(to - len(r.cell))
	r.put()
}

func (r *row) space(to int) {
	if len(r.cell) == 0 {
		return
	}
	to = max(to, r.end)
	for len(r.buf) < to {
		r.buf = append(r.buf, ' ')
	}
}

func (r *row) put() {
	if len(r.cell) == 0 {
		return
	}
	r.buf = append(r.buf, r.cell...)
	r.cell = r.cell[:0]
	r.end = len(r.buf) + 1
}

// last puts r.cell, a list, at column at. What a terminal of that width (0: there is none) has no room for goes on in
// a line of its own, as far to the right as it must.
func (r *row) last(at, width int) {
	begin := max(at, r.end)
	if width == 0 || begin+len(r.cell) <= width {
		r.left(at)
		return
	}
	rest := string(r.cell)
	r.cell = r.cell[:0]
	if i := strings.LastIndex(rest[:max(width-begin, 0)], ", "); i > 0 {
		r.text(rest[:i+1]).left(at)
		rest = rest[i+2:]
	}
	r.buf = append(r.buf, '\n')
	for range max(min(at, width-len(rest)), 0) {
		r.buf = append(r.buf, ' ')
	}
	r.buf = append(r.buf, rest...)
}

func (r *row) text(s string) *row {
	r.cell = append(r.cell[:0], s...)
	return r
}

func (r *row) elapsed(e flows.Elapsed) *row {
	r.cell = appendElapsed(r.cell[:0], e)
	return r
}

func (r *row) addr(e *flows.Endpoint) *row {
	r.cell = e.Addr.AppendTo(r.cell[:0])
	return r
}

// Flow writes f, and the header before the first one.
func (t *Table) Flow(f *flows.Flow, found []*analyzer.Finding) error {
	if t.n == 0 {
		if err := t.header(); err != nil {
			return err
		}
	}
	t.n++
	r := &t.row
	r.start()
	if t.Wide {
		t.wide(f, found)
	} else {
		t.narrow(f, found)
	}
	r.buf = append(r.buf, '\n')
	if t.Verbose {
		for side := range f.Ends {
			r.buf = appendPath(r.buf, flows.Side(side), &f.Ends[side])
		}
		if f.Via != 0 {
			r.buf = t.appendVia(r.buf, f.Via)
		}
	}
	_, err := t.W.Write(r.buf)
	return err
}

// appendPath appends the line of an end's states: "        client CLOSED > SYN_SENT".
func appendPath(b []byte, side flows.Side, e *flows.Endpoint) []byte {
	b = append(append(b, "        "...), side.String()...)
	separator := " "
	for i, s := range e.States() {
		b = append(append(b, separator...), s.String()...)
		if e.Certain[i] == flows.Assumed {
			b = append(b, " (assumed)"...)
		}
		separator = " > "
	}
	if e.NumStates == 0 {
		b = append(b, " -"...)
	}
	return append(b, '\n')
}

// appendVia appends the line of what a flow came through: "        in VLAN 100, 7, in vxlan/42".
func (t *Table) appendVia(b []byte, number uint32) []byte {
	s := t.Names.space(number)
	separator := "        in VLAN "
	for _, id := range s.vlan {
		b = strconv.AppendUint(append(b, separator...), uint64(id), 10)
		separator = ", "
	}
	if s.tunnel != "" {
		separator = ", in "
		if len(s.vlan) == 0 {
			separator = "        in "
		}
		b = appendPlain(append(b, separator...), s.tunnel)
	}
	return append(b, '\n')
}

func (t *Table) header() error {
	r := &t.row
	r.start()
	if t.Wide {
		r.text("FIRST").left(0)
		r.text("FLOW").right(17)
		r.text("CLIENT").left(19)
		r.text("SERVER").left(42)
		r.text("OPENING").left(65)
		r.text("CLOSING").left(78)
		r.text("CONNECT").right(104)
		r.text("READY").right(112)
		r.text("CLIENT END").left(114)
		r.text("SERVER END").left(127)
		r.text("FINDINGS").left(140)
	} else {
		r.text("FLOW").right(6)
		r.text("CLIENT").left(8)
		r.text("SERVER").left(31)
		r.text("READY").right(61)
		r.text("OUTCOME, FINDINGS").left(narrowOutcome)
	}
	r.buf = append(r.buf, '\n')
	_, err := t.W.Write(r.buf)
	return err
}

func (t *Table) narrow(f *flows.Flow, found []*analyzer.Finding) {
	r := &t.row
	r.cell = strconv.AppendUint(r.cell[:0], f.Number, 10)
	r.right(6)
	r.addr(f.Client()).left(8)
	r.addr(f.Server()).left(31)
	r.elapsed(f.Opening.ServerReady).right(61)
	opening, closing := f.Opening.Outcome.String(), f.Closing.Outcome.String()
	switch f.Opening.Outcome {
	case flows.OpeningComplete, flows.OpeningNotCaptured:
		if closing == "" {
			closing = opening
		}
		r.text(closing)
	default:
		r.text(opening)
		if closing != "" && closing != opening { // as with reset, reset
			r.cell = append(append(r.cell, ", "...), closing...)
		}
	}
	for i, n := range found {
		// The outcome is said once where the finding has its name.
		if name := n.Rule.Name; name != opening && name != closing && !repeated(found, i) {
			r.cell = append(append(r.cell, ", "...), name...)
		}
	}
	if f.Capture.Resumed {
		r.cell = append(r.cell, ", evicted"...)
	}
	r.last(narrowOutcome, t.Width)
}

// narrowOutcome is the column of the outcome in a narrow row.
const narrowOutcome = 63

func (t *Table) wide(f *flows.Flow, found []*analyzer.Finding) {
	r := &t.row
	r.cell = appendSecond(r.cell[:0], f.First)
	r.left(0)
	r.cell = strconv.AppendUint(r.cell[:0], f.Number, 10)
	r.right(17)
	r.addr(f.Client()).left(19)
	r.addr(f.Server()).left(42)
	r.text(f.Opening.Outcome.String()).left(65)
	r.text(orDash(f.Closing.Outcome.String())).left(78)
	r.elapsed(f.Opening.Connect).right(104)
	r.elapsed(f.Opening.ServerReady).right(112)
	r.text(lastSeen(f.Client())).left(114)
	r.text(lastSeen(f.Server())).left(127)
	r.cell = r.cell[:0]
	if f.Capture.Resumed {
		r.cell = append(r.cell, "evicted"...) // no finding is made of it
	}
	for i, n := range found {
		if repeated(found, i) {
			continue
		}
		if i > 0 {
			r.cell = append(r.cell, ", "...)
		}
		r.cell = append(r.cell, n.Rule.Name...)
	}
	r.left(140)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// lastSeen is the state that e was last seen in, "-" where it has shown nothing.
func lastSeen(e *flows.Endpoint) string {
	if e.NumStates == 0 {
		return "-"
	}
	return e.State().String()
}
