package main

import (
	"github.com/spf13/cobra"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/report"
	"tcpwhy/analyzer/verdict"
)

// mostDrawn bounds how many flows of one capture are drawn.
const mostDrawn = 20

// draw tells how the flows of expectations that failed are shown again and, but where that is to be brief, reads a capture again, where
// that can be, to draw the first of each.
func (r *reading) draw(c *cobra.Command, w *writer, of *capture, v *verdict.Capture, brief bool) error {
	var numbers []uint64
	for i := range v.Expectations {
		e := &v.Expectations[i]
		for f := range e.Offending {
			if n := e.Offending[f].Number; n > 0 {
				e.Offending[f].Again = r.drawing(of, n)
			}
		}
		if len(e.Offending) > 0 && e.Offending[0].Number > 0 && len(numbers) < mostDrawn {
			numbers = append(numbers, e.Offending[0].Number)
		}
	}
	if _, again := r.rereadable(); !again || len(numbers) == 0 || brief || c.Context().Err() != nil {
		return nil
	}
	ladder := report.Ladder{Names: of.names}
	run := analyzer.Run{Choice: analyzer.Choice{Flows: numbers}, Judge: r.judge(nil), Early: true,
		Packets: []analyzer.PacketOutput{&ladder}, Flows: []analyzer.FlowOutput{&ladder}}
	if err := r.aside(c, w, r.files, &run); err != nil {
		return err
	}
	ladder.Ended(of.source.Now())
	for i := range v.Expectations {
		if e := &v.Expectations[i]; len(e.Offending) > 0 && e.Offending[0].Number > 0 {
			e.Offending[0].Ladder = ladder.Drawing(e.Offending[0].Number)
		}
	}
	return nil
}
