package main

import (
	"errors"
	"fmt"
	"slices"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/metric"
	"tcpwhy/analyzer/report"
)

// limits are those of --fail-on, in one capture.
type limits []limit

type limit struct {
	expr  *metric.Expr
	tally *metric.Tally
}

func newLimits(exprs []*metric.Expr) limits {
	var l limits
	for _, e := range exprs {
		l = append(l, limit{e, metric.NewLimit(e)})
	}
	return l
}

// findings reports whether a limit is set to what may be found of the whole capture.
func (l limits) findings() bool {
	return slices.ContainsFunc(l, func(l limit) bool { return l.expr.Findings() })
}

// check is an error for each limit that the capture exceeds, or that it tells nothing of: where flows were given up, those may
// have exceeded it.
func (l limits) check(capture string, shed *analyzer.Sheds) error {
	var errs []error
	for _, l := range l {
		switch r := l.tally.Result(); {
		case r.Truth == metric.Yes:
			errs = append(errs, &failure{statusFailed, fmt.Errorf("%s: --fail-on %s: %s%s", capture, quoted(l.expr.String()), r.Seen, first(&r))})
		case shed.N() > 0:
			errs = append(errs, usage("%s: --fail-on %s cannot be judged: %s", capture, quoted(l.expr.String()), report.ShedWords(shed)))
		case r.Truth == metric.Unknown:
			errs = append(errs, usage("%s: --fail-on %s cannot be judged: %s", capture, quoted(l.expr.String()), r.Reason))
		}
	}
	return errors.Join(errs...)
}

// first names the flow that a limit is exceeded by first.
func first(r *metric.Result) string {
	if len(r.First) == 0 || r.First[0].Number == 0 {
		return ""
	}
	return fmt.Sprintf(", first #%d", r.First[0].Number)
}

// nameOf names what is read as one capture.
func nameOf(files []string) string {
	switch len(files) {
	case 0:
		return "the capture"
	case 1:
		return report.Plain(files[0])
	}
	return report.Plain(files[0]) + " and " + amount.Of(uint64(len(files)-1), "file more", "files more")
}
