package analyzer

import (
	"slices"

	"tcpwhy/flows"
)

// signs are what a flow shows at first sight, a bit each: the kinds of its events, its outcomes, and a few things
// more. A rule names those without one of which it has nothing to say. Most flows went well and show none that any
// rule names.
type signs uint64

const (
	openings = signs(1) << flows.NumNoteKinds // by flows.OpeningOutcome, from this bit on
	closings = openings << flows.NumOpenings  // by flows.ClosingOutcome
)

const (
	crossedFINs signs = closings << (flows.NumClosings + iota)
	crossedSYNs
	splitOpening
	openedBySYNACK // no SYN was captured
	leftInFinWait2 // an end was last seen there
	longOpening    // no shorter than the limit of slow-handshake
	closeWaited    // an end was in CLOSE_WAIT, for no less than the limit of close-wait as far as the two FINs tell
	never          // no flow shows it: of a rule that has nothing to say of a flow that goes on
)

// on are the signs of events of these kinds.
func on(kinds ...flows.NoteKind) (s signs) {
	for _, k := range kinds {
		s |= 1 << k
	}
	return s
}

func opening(outcomes ...flows.OpeningOutcome) (s signs) {
	for _, o := range outcomes {
		s |= openings << o
	}
	return s
}

func closing(outcomes ...flows.ClosingOutcome) (s signs) {
	for _, o := range outcomes {
		s |= closings << o
	}
	return s
}

// signsOf are what f shows.
func (j *Judge) signsOf(f *flows.Flow) signs {
	o, c := &f.Opening, &f.Closing
	s := openings<<o.Outcome | closings<<c.Outcome
	for i := range f.Events {
		s |= 1 << f.Events[i].Kind
	}
	if c.First == flows.ByBoth {
		s |= crossedFINs
	}
	switch o.Kind {
	case flows.KindSimultaneous:
		s |= crossedSYNs
	case flows.KindSplit:
		s |= splitOpening
	}
	if f.Roles == flows.RolesSYNACK {
		s |= openedBySYNACK
	}
	if o.Handshake.OK && o.Handshake.D >= j.longOpening {
		s |= longOpening
	}
	for i := range f.Ends {
		if f.Ends[i].State() == flows.FinWait2 {
			s |= leftInFinWait2
		}
	}
	if c.Outcome == flows.ClosingOrderly && c.FINToACK.OK && c.FINToFIN.OK && c.FINToFIN.D < j.longCloseWait {
		return s
	}
	for i := range f.Ends {
		if slices.Contains(f.Ends[i].States(), flows.CloseWait) {
			s |= closeWaited
		}
	}
	return s
}

// asks reports whether there is a rule to be asked of f.
func (j *Judge) asks(f *flows.Flow) bool { return j.signsOf(f)&j.signs != 0 }
