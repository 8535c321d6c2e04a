package main

import (
	"errors"
	"fmt"
	"slices"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/metric"
	"tcpwhy/analyzer/report"
	"tcpwhy/analyzer/verdict"
	"tcpwhy/pcaps"
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

// expectations are what the limits came to in a capture. Where not all of it was seen, more may have exceeded them.
func (l limits) expectations(unseen verdict.Unseen) []verdict.Expectation {
	var all []verdict.Expectation
	for _, l := range l {
		r := l.tally.Result()
		if unseen.Ceiling != "" {
			r = l.tally.Lasting()
		}
		e := verdict.Expectation{Text: "--fail-on " + quoted(l.expr.String()), Rule: l.expr.Subject(), Severity: analyzer.Error,
			Expected: "not " + l.expr.String(), Seen: r.Seen, Reason: r.Reason}
		switch {
		case r.Truth == metric.Yes && !unseen.All:
			e.Outcome, e.Offenders, e.Offending = verdict.Failed, r.N, r.First
		case unseen.Reason() != "":
			e.Reason = unseen.Reason()
		case r.Truth == metric.No:
			e.Outcome = verdict.Met
		}
		all = append(all, e)
	}
	return all
}

// unseen says what of a capture was not seen.
func unseen(stats pcaps.Stats, ceiling *analyzer.Ceiling, err error) verdict.Unseen {
	of := verdict.Unseen{Ceiling: report.CeilingWords(ceiling), All: stats.Read > 0 && unread(&stats) == stats.Read}
	switch {
	case err != nil:
		of.Cut = plain(leaves(err)[0])
	case of.All:
		of.Cut = "no packet could be read (" + skippedLine(&stats) + ")"
	}
	return of
}

// check is an error for each limit that the capture exceeds, or that it tells nothing of.
func (l limits) check(capture string, unseen verdict.Unseen) error {
	var errs []error
	for _, e := range l.expectations(unseen) {
		switch e.Outcome {
		case verdict.Failed:
			errs = append(errs, &failure{statusFailed, fmt.Errorf("%s: %s: %s%s%s", capture, e.Text, e.Seen, first(e.Offending), unseen.Beside())})
		case verdict.NotJudged:
			errs = append(errs, usage("%s: %s cannot be judged: %s", capture, e.Text, e.Reason))
		}
	}
	return errors.Join(errs...)
}

// first names the flow that a limit is exceeded by first.
func first(offending []verdict.Flow) string {
	if len(offending) == 0 || offending[0].Number == 0 {
		return ""
	}
	return fmt.Sprintf(", first #%d", offending[0].Number)
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
