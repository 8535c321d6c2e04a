package analyzer

import "tcpwhy/flows"

// signs are what a flow shows at first sight, a bit each: the kinds of its events, its outcomes, and a few things
// more. A rule names those without one of which it has nothing to say. Most flows went well and show none that any
// rule names, so that two of the rules are asked of them and not all
// of them: that takes a fifth of the time.
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
func signsOf(f *flows.Flow) signs {
	s := openings<<f.Opening.Outcome | closings<<f.Closing.Outcome
	for i := range f.Events {
		s |= 1 << f.Events[i].Kind
	}
	if f.Closing.First == flows.ByBoth {
		s |= crossedFINs
	}
	switch f.Opening.Kind {
	case flows.KindSimultaneous:
		s |= crossedSYNs
	case flows.KindSplit:
		s |= splitOpening
	}
	if f.Roles == flows.RolesSYNACK {
		s |= openedBySYNACK
	}
	if f.Client().State() == flows.FinWait2 || f.Server().State() == flows.FinWait2 {
		s |= leftInFinWait2
	}
	return s
}
