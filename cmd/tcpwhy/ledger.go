package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tcpwhy/analyzer/report"
	"tcpwhy/pcaps"
)

// ledger knows the files of a run: all are opened and made here. One that is read is not written to, and what one flag has
// written no other one writes over. Where there is -Z, the program is its user's before a file is made.
type ledger struct {
	user    string // of -Z; "": there is none
	became  bool   // the program is that user's
	read    []fs.FileInfo
	written []written
	held    map[string]held
}

// written is a file that is or will be written to.
type written struct {
	by   string // a flag, or standard output
	adds bool   // and takes nothing away that others write there
	path string
	info fs.FileInfo // nil: there is none yet
}

// held is an input that stays open, as it could not be opened again. A regular file is read as often as need be.
type held struct {
	file *os.File
	info fs.FileInfo
}

// maxHeld leaves room for what else is open: on many systems a program is allowed 1,024 files.
const maxHeld = 512

const standardOutput = "standard output"

var errRead = errors.New("it is read from")

// reads notes an input.
func (l *ledger) reads(path string) error {
	info, err := l.stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return nil // what is wrong with it is told when it is opened
	}
	l.read = append(l.read, info)
	for _, w := range l.written {
		if w.is(info) {
			return w.refused(errRead)
		}
	}
	return nil
}

// writes notes an output, as far as it is known before it is made.
func (l *ledger) writes(by, path string, adds bool) error {
	info, err := os.Stat(path)
	if path == "" || path == "-" || err == nil && !info.Mode().IsRegular() {
		return nil
	}
	return l.notes(written{by, adds, path, info})
}

// writesStandard notes standard output where that is a file: >> may name one that is read.
func (l *ledger) writesStandard() error {
	info, err := os.Stdout.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return l.notes(written{by: standardOutput, adds: true, info: info})
}

func (l *ledger) notes(w written) error {
	if err := l.mayWrite(w); err != nil {
		return w.refused(err)
	}
	l.written = append(l.written, w)
	return nil
}

func (w *written) is(file fs.FileInfo) bool { return w.info != nil && os.SameFile(w.info, file) }

func (w *written) refused(err error) error {
	return usage("%s: %w", strings.TrimSpace(w.by+" "+report.Plain(w.path)), err)
}

// mayWrite reports why a file is not to be written to.
func (l *ledger) mayWrite(w written) error {
	for _, read := range l.read {
		if w.is(read) {
			return errRead
		}
	}
	for _, other := range l.written {
		same := filepath.Clean(w.path) == filepath.Clean(other.path)
		if w.info != nil && other.info != nil {
			same = w.is(other.info)
		}
		if same && w.by != other.by && !(w.adds && other.adds) {
			return fmt.Errorf("%s is written there", other.by)
		}
	}
	return nil
}

// stat is os.Stat of an input.
func (l *ledger) stat(path string) (fs.FileInfo, error) {
	if h, ok := l.held[path]; ok {
		return h.info, nil
	}
	if path == "-" {
		return os.Stdin.Stat()
	}
	return os.Stat(path)
}

// hold keeps an input open, to be read as path.
func (l *ledger) hold(path string, f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if l.held == nil {
		l.held = make(map[string]held)
	}
	l.held[path] = held{f, info}
	return nil
}

// open opens an input.
func (l *ledger) open(ctx context.Context, path string) (pcaps.File, error) {
	h, ok := l.held[path]
	switch {
	case ok && h.info.Mode().IsRegular():
		return heldFile{io.NewSectionReader(h.file, 0, math.MaxInt64), h}, nil
	case ok:
		return h.file, nil
	case path == "-":
		return os.Stdin, nil
	}
	f, err := onceOpen(ctx, path, func() (*os.File, error) { return os.Open(path) })
	if err != nil {
		return nil, l.as(err)
	}
	return f, nil
}

// heldFile is one reading of a file that is held.
type heldFile struct {
	*io.SectionReader
	held
}

func (h heldFile) Stat() (fs.FileInfo, error) { return h.file.Stat() }
func (h heldFile) Close() error               { return nil }

// giveUpRights makes the program, for good, the user's of -Z, with the inputs open that it is to read.
func (l *ledger) giveUpRights(ctx context.Context, inputs []string) error {
	if l.user == "" || l.became {
		return nil
	}
	for _, path := range inputs[:min(len(inputs), maxHeld)] {
		if _, ok := l.held[path]; ok || path == "-" {
			continue
		}
		f, err := onceOpen(ctx, path, func() (*os.File, error) { return os.Open(path) })
		if err == pcaps.ErrInterrupted {
			return &pcaps.ReadError{Name: path, Err: err}
		}
		if err != nil {
			continue // which is told when it is to be read
		}
		if err := l.hold(path, f); err != nil {
			return err
		}
	}
	if err := become(l.user); err != nil {
		return err
	}
	l.became = true
	return nil
}

// create makes a file that a flag has written, and empties the one that is there, or adds to it.
func (l *ledger) create(ctx context.Context, by, path string, adds bool) (*os.File, error) {
	if err := l.giveUpRights(ctx, nil); err != nil {
		return nil, err
	}
	f, err := onceOpen(ctx, path, func() (*os.File, error) {
		return pcaps.Create(path, adds, func(info fs.FileInfo) error {
			if !info.Mode().IsRegular() {
				return nil
			}
			w := written{by, adds, path, info}
			if err := l.mayWrite(w); err != nil {
				return err
			}
			l.written = append(slices.DeleteFunc(l.written, func(w written) bool { return w.by == by }), w) // -w makes one after the other
			return nil
		})
	})
	return f, l.as(err)
}

// write makes a file of what is in data, or adds that to the one that is there.
func (l *ledger) write(ctx context.Context, by, path string, adds bool, data []byte) error {
	f, err := l.create(ctx, by, path, adds)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// replace writes a file whole or not at all. One that is there it writes over only if that is wanted.
func (l *ledger) replace(ctx context.Context, by, path string, data []byte, over bool) error {
	if err := l.giveUpRights(ctx, nil); err != nil {
		return err
	}
	return l.as(pcaps.Replace(path, data, func(info fs.FileInfo) error {
		if !over {
			return fs.ErrExist
		}
		return l.mayWrite(written{by: by, path: path, info: info})
	}))
}

// as says of what is not allowed to whom it is not.
func (l *ledger) as(err error) error {
	if !l.became || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w (as %s, -Z)", withoutPath(err), report.Plain(l.user))
}

// onceOpen is what open gives, which waits for the other end of a pipe that has a name.
func onceOpen[T any](ctx context.Context, path string, open func() (T, error)) (T, error) {
	if info, err := os.Stat(path); err == nil && info.Mode()&fs.ModeNamedPipe != 0 {
		return await(ctx, open)
	}
	return open()
}

// await is what do gives, or an error after an interrupt: then it is left to wait for what may never come.
func await[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type answer struct {
		is  T
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		is, err := do()
		answers <- answer{is, err}
	}()
	select {
	case a := <-answers:
		return a.is, a.err
	case <-ctx.Done():
		return *new(T), pcaps.ErrInterrupted
	}
}
