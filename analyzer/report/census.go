package report

import (
	"maps"
	"slices"
	"strings"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/flows"
)

// Census counts, for each interval of a capture, the connections that began, opened, failed and closed in it, and
// the ends that were in each state when it ended, as a look at all their sockets would have shown: what was known of them
// when their flow was finished, so without states that were taken back.
type Census struct {
	Every time.Duration

	ticks map[int64]*tick // by number of the interval since 1970
	last  int64           // time of the capture
}

// tick is one interval.
type tick struct {
	begun, opened, failed, closed uint64
	change                        [flows.NumStates]int64 // of the number of ends in each state
}

// maxTicks bounds what is kept: beyond it, intervals become twice as long.
const maxTicks = 1 << 16

// Sockets that nobody hears of any more: Linux keeps TIME_WAIT for 60 s; an end whose flow was given up is counted for as
// long as it was listened to.
const (
	timeWait = int64(60 * time.Second)
	givenUp  = int64(flows.Patience)
)

func (c *Census) at(t int64) *tick {
	if c.ticks == nil {
		c.ticks = map[int64]*tick{}
	}
	n := t / int64(c.Every)
	of := c.ticks[n]
	if of == nil {
		if len(c.ticks) == maxTicks {
			c.widen()
			return c.at(t)
		}
		of = &tick{}
		c.ticks[n] = of
	}
	return of
}

// widen makes one interval of every two.
func (c *Census) widen() {
	c.Every *= 2
	all := c.ticks
	c.ticks = map[int64]*tick{}
	for n, t := range all {
		of := c.ticks[n/2]
		if of == nil {
			c.ticks[n/2] = t
			continue
		}
		of.begun += t.begun
		of.opened += t.opened
		of.failed += t.failed
		of.closed += t.closed
		for s := range of.change {
			of.change[s] += t.change[s]
		}
	}
}

// Flow counts f.
func (c *Census) Flow(f *flows.Flow, _ []*analyzer.Finding) error {
	if f.Capture.Resumed {
		return nil // of such a flow nobody knows when what was
	}
	c.last = max(c.last, f.Last)
	if f.Roles == flows.RolesSYN || f.Roles == flows.RolesSimultaneous {
		c.at(f.First).begun++
	}
	switch f.Opening.Outcome {
	case flows.OpeningComplete:
		if f.Opening.Connect.OK {
			c.at(f.First+int64(f.Opening.Connect.D)).opened++
		}
	case flows.OpeningNotCaptured, flows.OpeningInProgress:
	default:
		c.at(f.Last).failed++
	}
	switch f.Closing.Outcome {
	case flows.ClosingOrderly, flows.ClosingReset, flows.ClosingRSTAfterFIN:
		c.at(f.Last).closed++
	}
	for side := range f.Ends {
		c.end(f, flows.Side(side))
	}
	return nil
}

// end follows one end through its states.
func (c *Census) end(f *flows.Flow, side flows.Side) {
	state, since := flows.Unknown, int64(0)
	for i := range f.Transitions {
		t := &f.Transitions[i]
		if t.Side != side || t.Certainty == flows.Revised {
			continue
		}
		c.leave(state, t.Time)
		state, since = t.To, t.Time
		if isSocket(state) {
			c.at(t.Time).change[state]++
		}
	}
	switch {
	case state == flows.TimeWait:
		c.leave(state, since+timeWait)
	case !f.Capture.EndedOpen:
		c.leave(state, f.Last+givenUp)
	}
}

func (c *Census) leave(s flows.State, at int64) {
	if isSocket(s) {
		c.at(at).change[s]--
	}
}

// isSocket reports whether an end in state s is a socket of its own.
func isSocket(s flows.State) bool {
	return s != flows.Unknown && s != flows.Closed && s != flows.Listen
}

// interval is one row of the census.
type interval struct {
	from                          int64
	begun, opened, failed, closed uint64
	states                        [flows.NumStates]uint64
}

// rows are all intervals from the first in which something happened to the end of the capture.
func (c *Census) rows() []interval {
	if len(c.ticks) == 0 {
		return nil
	}
	first := func() int64 { return slices.Min(slices.Collect(maps.Keys(c.ticks))) }
	for c.last/int64(c.Every)-first() >= maxTicks {
		c.widen() // those in which nothing happened are rows too
	}
	var rows []interval
	var now [flows.NumStates]int64
	for n := first(); n <= c.last/int64(c.Every); n++ {
		row := interval{from: n * int64(c.Every)}
		if t := c.ticks[n]; t != nil {
			row.begun, row.opened, row.failed, row.closed = t.begun, t.opened, t.failed, t.closed
			for s := range now {
				now[s] += t.change[s]
			}
		}
		for s := range now {
			row.states[s] = uint64(now[s])
		}
		rows = append(rows, row)
	}
	return rows
}

// seen are the states that any of the rows has.
func seen(rows []interval) (states []flows.State) {
	for s := range flows.NumStates {
		if slices.ContainsFunc(rows, func(r interval) bool { return r.states[s] > 0 }) {
			states = append(states, s)
		}
	}
	return states
}

// table is the census as cells, a header first.
func (c *Census) table() [][]string {
	rows := c.rows()
	states := seen(rows)
	header := []string{"from", "begun", "opened", "failed", "closed"}
	for _, s := range states {
		header = append(header, s.String())
	}
	table := [][]string{header}
	for i := range rows {
		r := &rows[i]
		cells := []string{c.moment(r.from)}
		for _, n := range [...]uint64{r.begun, r.opened, r.failed, r.closed} {
			cells = append(cells, amount.Commas(n))
		}
		for _, s := range states {
			cells = append(cells, amount.Commas(r.states[s]))
		}
		table = append(table, cells)
	}
	return table
}

// moment is when an interval begins, as exactly as it has to be told.
func (c *Census) moment(t int64) string {
	if c.Every%time.Second == 0 {
		return string(appendSecond(nil, t))
	}
	return clock(t)
}

func (c *Census) text(p *page, ceiling *analyzer.Ceiling) {
	table := c.table()
	p.section("CENSUS", bold, "each "+short(c.Every)+": connections begun, opened, failed, closed; ends in each state when it was over"+withoutGivenUp(ceiling))
	widths := make([]int, len(table[0]))
	for _, cells := range table {
		for i, cell := range cells {
			widths[i] = max(widths[i], len(cell))
		}
	}
	for _, cells := range table {
		var line strings.Builder
		for i, cell := range cells {
			line.WriteString("  " + rightAligned(cell, widths[i]))
		}
		p.line(line.String())
	}
}

// withoutGivenUp is what a census leaves out.
func withoutGivenUp(c *analyzer.Ceiling) string {
	if c.N() == 0 {
		return ""
	}
	return "; without " + amount.Of(c.N(), "flow", "flows") + " that had to be given up"
}

type intervalJSON struct {
	Time   instant           `json:"time"`
	Begun  uint64            `json:"begun"`
	Opened uint64            `json:"opened"`
	Failed uint64            `json:"failed"`
	Closed uint64            `json:"closed"`
	States map[string]uint64 `json:"states"`
}

func (c *Census) json() []intervalJSON {
	all := []intervalJSON{}
	for _, r := range c.rows() {
		j := intervalJSON{instant(r.from), r.begun, r.opened, r.failed, r.closed, map[string]uint64{}}
		for s := range flows.NumStates {
			if isSocket(s) {
				j.States[s.String()] = r.states[s]
			}
		}
		all = append(all, j)
	}
	return all
}
