package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/term"
)

// errPipeClosed: the reader of the output has gone, which ends the run and is no error.
var errPipeClosed = syscall.EPIPE

// writer is standard output. Behind a buffer of 64 kB, unless someone waits for each line.
type writer struct {
	to       io.Writer
	buffer   *bufio.Writer // nil: each write goes out at once
	terminal bool
	width    int    // of the terminal, 0: none
	before   func() // called before something goes to the terminal
	// onward: a file of packets is to be finished also when the reader has gone, which else ends the run; closed: it has.
	onward, closed bool
}

// standard is standard output for what is printed by who does not look at errors: help, versions, completions.
type standard struct {
	*os.File
	err error // the first
}

func (s *standard) Write(b []byte) (int, error) {
	if s.err == nil {
		_, s.err = s.File.Write(b)
	}
	return len(b), nil
}

func newWriter(to io.Writer, live bool) *writer {
	if s, ok := to.(*standard); ok {
		to = s.File
	}
	w := &writer{to: to, before: func() {}}
	if f, ok := to.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		w.terminal = true
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			w.width = width
		}
	}
	if !live && !w.terminal {
		w.buffer = bufio.NewWriterSize(to, 64<<10)
	}
	return w
}

// Write writes b; its errors end the run.
func (w *writer) Write(b []byte) (int, error) {
	if w.closed {
		return len(b), nil
	}
	var n int
	var err error
	if w.buffer != nil {
		n, err = w.buffer.Write(b)
	} else {
		w.before()
		n, err = w.to.Write(b)
	}
	if w.onward && errors.Is(err, errPipeClosed) {
		w.closed = true
		return len(b), nil
	}
	return n, outputError(err)
}

func (w *writer) flush() error {
	if w.closed {
		return errPipeClosed
	}
	if w.buffer == nil {
		return nil
	}
	return outputError(w.buffer.Flush())
}

func outputError(err error) error {
	if err == nil || errors.Is(err, errPipeClosed) {
		return err
	}
	return &failure{statusOutput, fmt.Errorf("standard output: %w", withoutPath(err))}
}

// withoutPath is what the operating system said, without the call and the name it said it of.
func withoutPath(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// colored reports whether w gets colours.
func (r *reading) colored(w *writer) (bool, error) {
	switch r.color {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto":
		return w.terminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb", nil
	}
	return false, oneOf("choice of colours", r.color, "auto", "always", "never")
}
