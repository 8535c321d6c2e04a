package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/expect"
	"tcpwhy/analyzer/report"
)

// recordAll writes what the captures show into a new file.
func (k *check) recordAll(c *cobra.Command, w *writer) error {
	if _, err := os.Lstat(k.record); err == nil && k.record != "-" {
		switch info, err := os.Stat(k.record); {
		case err != nil:
			return usage("%s: is a link that leads nowhere", report.Plain(k.record))
		case info.IsDir():
			return usage("%s: is a folder", report.Plain(k.record))
		}
		return usage("%s: is there: --update %s records anew, and keeps names, comments and exceptions", report.Plain(k.record), quoted(k.record))
	}
	recording := expect.NewRecording(k.record)
	for _, name := range k.captures() {
		var r expect.Recorder
		if err := k.look(c, w, name, &r); err != nil {
			return err // what is expected has to be all that there is
		}
		recording.Add(name, &r)
	}
	data, err := recording.Bytes()
	if err != nil {
		return err
	}
	if k.record == "-" {
		_, err := w.Write(data)
		return errors.Join(err, w.flush())
	}
	// The schema first: where there is no room for both, it is not in the way of another try.
	schema := filepath.Join(filepath.Dir(k.record), expect.SchemaName)
	said := " is for editors"
	if _, err = os.Lstat(schema); err == nil {
		err = fs.ErrExist
	} else {
		err = k.write(c, "--record", schema, expect.Schema)
	}
	switch {
	case errors.Is(err, fs.ErrExist): // or another has just recorded there
		said = ", for editors, is left as it was"
	case err != nil:
		return err
	}
	if err := k.write(c, "--record", k.record, data); err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "%s: %s recorded; %s%s\n", report.Plain(k.record),
		amount.Of(uint64(len(k.captures())), "capture", "captures"), report.Plain(schema), said)
	return nil
}

// updateAll records anew what the captures do not meet.
func (k *check) updateAll(c *cobra.Command, w *writer) error {
	u := expect.NewUpdate(k.file, k.day)
	for _, name := range k.captures() {
		l := u.Look(name)
		if err := k.look(c, w, name, l); err != nil && !(l.Truncated() && onlyCutOff(err)) {
			return err
		}
		l.Done()
	}
	data, err := u.Bytes()
	if err != nil {
		return err
	}
	if len(u.Anew) > 0 || u.Added > 0 {
		if err := k.write(c, "--update", k.update, data); err != nil {
			return err
		}
	}
	fmt.Fprintf(c.ErrOrStderr(), "%s: %s recorded anew, %s added\n", report.Plain(k.update),
		amount.Of(uint64(len(u.Anew)), "expectation", "expectations"), amount.Of(u.Added, "capture or server", "captures and servers"))
	for _, e := range u.Anew {
		fmt.Fprintln(c.ErrOrStderr(), report.Plain(fmt.Sprintf("%s: no longer expected: %s", e.Position, e.Text)))
	}
	for _, e := range u.Left {
		fmt.Fprintln(c.ErrOrStderr(), report.Plain(fmt.Sprintf("%s: left as it was: %s: %s", e.Position, e.Text, e.Why)))
	}
	if len(u.Left) > 0 {
		return errFound
	}
	return nil
}

// recorder is told of all of a capture.
type recorder interface {
	analyzer.FlowOutput
	analyzer.FindingOutput
}

// look reads one capture, all of it.
func (k *check) look(c *cobra.Command, w *writer, name string, to recorder) error {
	one := k.alone(name)
	var of *capture
	out := output{judged: true, flows: to, findings: to, begin: func(next *capture) error { of = next; return nil }}
	err := one.capture(c, w, one.files, &out)
	if of == nil {
		return err
	}
	if reason := unseen(of.source.Stats(), &of.run.Ceiling, nil).Reason(); reason != "" {
		err = errors.Join(err, usage("%s: not all of it can be recorded: %s", report.Plain(name), reason))
	}
	return err
}

// write writes a file whole or not at all: over another one only where that is updated.
func (k *check) write(c *cobra.Command, flag, path string, data []byte) error {
	if err := k.ledger.replace(c.Context(), flag, path, data, k.update != ""); err != nil {
		return &failure{statusOutput, fmt.Errorf("%s: %w", report.Plain(path), withoutPath(err))}
	}
	return nil
}
