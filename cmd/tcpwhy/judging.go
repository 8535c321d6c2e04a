package main

import (
	"errors"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/report"
	"tcpwhy/pcaps"
)

// judge is a judge of one capture, with the user's limits. It knows the causes that an earlier one found, if
// there was one.
func (r *reading) judge(before *analyzer.Judge) *analyzer.Judge {
	j := &analyzer.Judge{Before: before, Limits: map[string]time.Duration{}}
	for _, l := range r.limits {
		j.Limits[l.Rule.Name] = l.Value
	}
	return j
}

// facts are what is known of a capture as a whole: what was lost before it could be captured, and what of
// the files err kept from being read.
func facts(source *pcaps.Source, err error) analyzer.Facts {
	var f analyzer.Facts
	files := source.Files()
	for _, i := range source.Interfaces() {
		if n := i.Dropped.N + i.DroppedByOS.N; n > 0 {
			f.Drops = append(f.Drops, analyzer.Drop{File: report.Plain(files[i.File]), Interface: report.Plain(i.Name), Packets: n})
		}
	}
	for _, err := range leaves(err) {
		var e *pcaps.ReadError
		switch {
		case !errors.As(err, &e):
		case errors.Is(err, pcaps.ErrInterrupted):
			f.Interrupted = true
		default:
			f.Cut = append(f.Cut, analyzer.Cut{File: report.Plain(e.Name), Packets: e.Packets, Why: report.Plain(e.Err.Error())})
		}
	}
	return f
}
