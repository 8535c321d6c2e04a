package verdict

import (
	"fmt"
	"net/netip"

	"tcpwhy/analyzer"
)

// Outcome of an expectation. The zero value is the one that is no success.
type Outcome uint8

const (
	NotJudged Outcome = iota // there was nothing to judge it by: neither met nor failed
	Met
	Allowed // failed, by a named exception that holds
	Failed
	NumOutcomes
)

func (o Outcome) String() string {
	return [NumOutcomes]string{"not judged", "met", "allowed", "failed"}[o]
}

// Unseen says what of a capture was not seen; where both are "", all of it was.
type Unseen struct {
	Cut     string // why it could not be read to its end
	Ceiling string // that flows were given up for want of room
	All     bool   // nothing was seen: that there are no flows proves nothing
}

// Reason is why what may be of the rest cannot be judged, or "".
func (u Unseen) Reason() string {
	if u.Cut != "" && u.Ceiling != "" {
		return u.Cut + "; " + u.Ceiling
	}
	return u.Cut + u.Ceiling
}

// Beside is what is to be said beside what was seen, after it: that there was a ceiling.
func (u Unseen) Beside() string {
	if u.Ceiling == "" {
		return ""
	}
	return "; " + u.Ceiling
}

// Run is one run of check or diff.
type Run struct {
	Command  string // "check" or "diff"
	Captures []Capture
}

// Capture is what was expected of one capture. Of a diff it is the new one.
type Capture struct {
	Name         string // as it was given
	Packets      uint64
	Flows        uint64
	First        int64 // time of its first packet, ns since 1970 UTC; 0: not known
	Err          error // what kept it from being read, or not to its end; nil: it was read
	Expectations []Expectation
}

// Expectation is one thing that was expected of a capture, and how that turned out.
type Expectation struct {
	Name string // as its author calls it; "" where it has no name
	Text string // the expectation in one line, without its name
	// Rule is what kind of expectation it is: a finding's name, a metric's, or what of flows is told ("opening",
	// "count", "states"). It is the same from run to run, whatever was seen.
	Rule     string
	At       Position          // where it stands; the zero value: on the command line
	Severity analyzer.Severity // how grave it is where it fails

	Expected, Seen string // one line each, no capital, no period
	Outcome        Outcome
	Reason         string     // why it was not judged; else ""
	Exception      *Exception // of one that is Allowed, else nil

	Offenders uint64 // flows that are not as expected
	Offending []Flow // the first few of them, by number or the worst first; none where it is not a matter of single flows
}

// Exception is a failure that is known, and allowed until a day.
type Exception struct {
	At     Position
	Name   string // as its author calls it; "" where it has no name
	Reason string
	Until  string // the last day that it holds, as 2026-12-31; "": it has none
}

// Flow is a flow that is not as expected.
type Flow struct {
	Number         uint64
	Client, Server netip.AddrPort
	Packets        []uint64 // that show it; none where it rests on the whole flow
	Why            string   // what is wrong with it in one line: "half-open"
	Summary        string   // one sentence of the finding that shows it, or ""
	// Ladder is the flow drawn for people, in lines without colours, each ended: only of the first flow of an
	// expectation.
	Ladder string
	Again  string // the command that shows the flow again

	rank int64 // among Offenders
}

// Position is a place in a file. Lines and columns count from 1; a zero Line is no place.
type Position struct {
	File         string
	Line, Column int
}

// String is file:line, or "" for no place.
func (p Position) String() string {
	if p.Line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Totals counts the expectations of all captures.
type Totals struct {
	Captures, Expectations uint64
	By                     [NumOutcomes]uint64 // expectations, by Outcome
	Unread                 uint64              // captures that could not be read, or not to their end
}

// Totals counts what r holds.
func (r *Run) Totals() Totals {
	t := Totals{Captures: uint64(len(r.Captures))}
	for i := range r.Captures {
		c := &r.Captures[i]
		t.Expectations += uint64(len(c.Expectations))
		if c.Err != nil {
			t.Unread++
		}
		for j := range c.Expectations {
			t.By[c.Expectations[j].Outcome]++
		}
	}
	return t
}
