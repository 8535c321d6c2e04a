package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"tcpwhy/analyzer/report"
	"tcpwhy/pcaps"
)

// Exit status: 0 all is well, 1 found what it was asked to fail on, 2 wrong usage, or what cannot be judged, 3 an input could
// not be read, or not to its end, 4 cannot capture, 5 the output could not be written. Where several hold, the highest.
const (
	statusFailed  = 1
	statusUsage   = 2
	statusInput   = 3
	statusCapture = 4
	statusOutput  = 5
)

// exitStatuses is the annotation of a command that tells them; one without has its parent's.
const exitStatuses = "exit status"

// errFound: there is what was to fail on; errUnjudged: what could not be judged. The output says what, so that nothing is
// left to complain of.
var (
	errFound    = &failure{statusFailed, errors.New("found what it was asked to fail on")}
	errUnjudged = &failure{statusUsage, errors.New("could not judge all that is expected")}
)

// failure is an error with an exit status of its own.
type failure struct {
	status int
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func usage(format string, args ...any) error {
	return &failure{statusUsage, fmt.Errorf(format, args...)}
}

// advised is an error with what helps, on lines of their own; errors are otherwise of one.
type advised struct {
	error
	advice string
}

func (a *advised) Error() string { return a.error.Error() + "\n" + a.advice }
func (a *advised) Unwrap() error { return a.error }

// plain is what is printed of an error.
func plain(err error) string {
	text := err.Error()
	if a := (*advised)(nil); errors.As(err, &a) {
		if of, ok := strings.CutSuffix(text, "\n"+a.advice); ok {
			return report.Plain(of) + "\n" + report.PlainLines(a.advice)
		}
	}
	return report.Plain(text)
}

// exitStatus is the highest of all the errors in err. A reader that closed the pipe is no error, and none that it would have
// been told of is one, but that a file could not be written.
func exitStatus(err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, errPipeClosed) {
		if slices.ContainsFunc(leaves(err), ofOutput) {
			return statusOutput
		}
		return 0
	}
	switch e := err.(type) {
	case *failure:
		return e.status
	case *pcaps.FilterError:
		return statusUsage
	case *pcaps.ReadError:
		return statusInput
	case *pcaps.CaptureError:
		return statusCapture
	case interface{ Unwrap() []error }:
		status := 0
		for _, err := range e.Unwrap() {
			status = max(status, exitStatus(err))
		}
		return status
	}
	if err := errors.Unwrap(err); err != nil {
		return exitStatus(err)
	}
	return statusUsage // of the flags, by cobra
}

func ofOutput(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.status == statusOutput
}

// complain prints each error that err is made of, once: what is wrong with an output shows at every
// write.
func complain(w io.Writer, err error) {
	said := map[string]bool{}
	interrupted := 0
	for _, err := range leaves(err) {
		switch {
		case err == errFound, err == errUnjudged, errors.Is(err, errPipeClosed):
			continue
		case errors.Is(err, pcaps.ErrInterrupted):
			if interrupted++; interrupted > 1 {
				continue
			}
		}
		if text := plain(err); !said[text] {
			said[text] = true
			fmt.Fprintf(w, "tcpwhy: %s\n", text)
		}
	}
	if interrupted > 1 {
		fmt.Fprintf(w, "tcpwhy: interrupted before the end of %s more\n", count(uint64(interrupted-1), "file"))
	}
}

// leaves are the errors that err joins.
func leaves(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	for _, err := range joined.Unwrap() {
		all = append(all, leaves(err)...)
	}
	return all
}
