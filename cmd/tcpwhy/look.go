package main

import (
	"slices"

	"github.com/spf13/cobra"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/diff"
	"tcpwhy/analyzer/report"
	"tcpwhy/flows"
)

// look reads the capture of a side again, for the packets of the flows that are told of, and draws the first.
func (s *side) look(c *cobra.Command, w *writer, result *diff.Diff) error {
	wanted, first := result.Wanted(s.Snapshot)
	if _, again := s.rereadable(); s.Kind != diff.Packets || len(wanted) == 0 || !again || c.Context().Err() != nil {
		return nil
	}
	again := s.reading
	again.choice.Flows = wanted
	l := looking{found: func(flow uint64, packets []uint64) { result.Found(s.Snapshot, flow, packets) }}
	out := output{judged: true, early: true, watch: &l, flows: &l}
	var of *capture
	out.begin = func(next *capture) error {
		of, l.Ladder = next, report.Ladder{Names: next.names}
		return nil
	}
	out.end = func(uint64) error {
		l.Ended(of.source.Now())
		return nil
	}
	// What is wrong with the capture was told by the reading before.
	if err := again.read(c, w, &out); exitStatus(err) != statusInput && err != nil {
		return err
	}
	if first == 0 {
		return nil
	}
	result.Shown = diff.Shown{In: s.Snapshot, Flow: first, Ladder: l.Drawing(first)}
	if of != nil && s.spool == nil {
		result.Shown.Again = again.drawing(of, first)
	}
	return nil
}

// looking draws flows, and tells which packets show what was found of each.
type looking struct {
	report.Ladder
	found func(flow uint64, packets []uint64)
}

// Flow tells the packets of a flow: those that show what was found, or else all that changed a state.
func (l *looking) Flow(f *flows.Flow, found []*analyzer.Finding) error {
	var packets []uint64
	for _, n := range found {
		if n.Severity > analyzer.Info {
			packets = append(packets, n.Packets...)
		}
	}
	if len(packets) == 0 {
		for i := range f.Transitions {
			packets = append(packets, f.Transitions[i].Packet)
		}
	}
	slices.Sort(packets)
	l.found(f.Number, slices.Compact(packets))
	return l.Ladder.Flow(f, found)
}
