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
	"strings"
	"time"

	"tcpwhy/analyzer/report"
	"tcpwhy/pcaps"
)

// ledger knows the files of a run: all are opened and made here. One that is read is not written to, and what one flag has
// written no other one writes over. Where there is -Z, the program is its user's before a file is made.
type ledger struct {
	user    string // of -Z; "": there is none
	became  bool   // the program is that user's
	read    []fs.FileInfo
	written []destination
	held    map[string]openInput
}

// openInput is an input that stays open, as it could not be opened again.
type openInput struct {
	file *os.File
	info fs.FileInfo // also when file, a pipe, was read and is closed
}

// destination is a file that is or will be written to, as it was when the run began.
type destination struct {
	by           string // a flag, or standard output
	adds         bool   // and takes nothing away that others write there
	path         string
	folder, info fs.FileInfo // nil: there is none yet
	base         string      // its name in folder
}

// newDestination looks at what is there. What is wrong with it is told when it is made.
func newDestination(by, path string, adds bool) destination {
	d := destination{by: by, adds: adds, path: path}
	d.info, _ = os.Stat(path)
	for range 40 { // as many links as Linux follows
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	d.folder, _ = os.Stat(filepath.Dir(path))
	d.base = filepath.Base(path)
	return d
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
	for _, d := range l.written {
		if os.SameFile(d.info, info) {
			return d.refused(errRead)
		}
	}
	return nil
}

// writes notes an output, as far as it is known before it is made.
func (l *ledger) writes(by, path string, adds bool) error {
	if path == "" || path == "-" {
		return nil
	}
	return l.notes(newDestination(by, path, adds))
}

// writesStandard notes standard output where that is a file: >> may name one that is read.
func (l *ledger) writesStandard() error {
	info, err := os.Stdout.Stat()
	if err != nil {
		return nil
	}
	return l.notes(destination{by: standardOutput, adds: true, info: info})
}

func (l *ledger) notes(d destination) error {
	if err := l.mayWrite(d); err != nil {
		return d.refused(err)
	}
	l.written = append(l.written, d)
	return nil
}

// is reports whether both are one file, also where there is none yet.
func (d *destination) is(other *destination) bool {
	return os.SameFile(d.info, other.info) ||
		os.SameFile(d.folder, other.folder) && d.base == other.base
}

func (d *destination) refused(err error) error {
	return usage("%s: %w", strings.TrimSpace(d.by+" "+report.Plain(d.path)), err)
}

// mayWrite reports why a file is not to be written to. Devices and pipes take what they are given.
func (l *ledger) mayWrite(d destination) error {
	if d.info != nil && !d.info.Mode().IsRegular() {
		return nil
	}
	for _, read := range l.read {
		if os.SameFile(read, d.info) {
			return errRead
		}
	}
	for _, other := range l.written {
		if other.by != d.by && !(other.adds && d.adds) && other.is(&d) {
			return fmt.Errorf("%s is written there", other.by)
		}
	}
	return nil
}

// stat is os.Stat of an input.
func (l *ledger) stat(path string) (fs.FileInfo, error) {
	if in, ok := l.held[path]; ok {
		return in.info, nil
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
		l.held = make(map[string]openInput)
	}
	l.held[path] = openInput{f, info}
	return nil
}

// open opens an input. A regular file that is held is read as often as need be.
func (l *ledger) open(ctx context.Context, path string) (pcaps.File, error) {
	if in, ok := l.held[path]; ok {
		if !in.info.Mode().IsRegular() {
			return in.file, nil
		}
		return heldFile{io.NewSectionReader(in.file, 0, math.MaxInt64), in.file}, nil
	}
	if path == "-" {
		return os.Stdin, nil
	}
	f, err := openFile(ctx, path)
	if err != nil {
		return nil, l.as(err)
	}
	return f, nil
}

// heldFile is one reading of a file that is held.
type heldFile struct {
	*io.SectionReader
	file *os.File
}

func (h heldFile) Stat() (fs.FileInfo, error) { return h.file.Stat() }
func (h heldFile) Close() error               { return nil }

// openFile opens a file to be read, or waits for who writes a FIFO.
func openFile(ctx context.Context, path string) (*os.File, error) {
	open := func() (*os.File, error) { return os.Open(path) }
	if isFIFO(path) {
		return await(ctx, open)
	}
	return open()
}

func isFIFO(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&fs.ModeNamedPipe != 0
}

// giveUpRights makes the program, for good, the user's of -Z, with the inputs open that it is to read. A FIFO is opened when
// it is due: who writes it may wait until another one is read. Those of /dev/fd and /proc/self/fd the user could not open.
func (l *ledger) giveUpRights(ctx context.Context, inputs []string) error {
	if l.user == "" || l.became {
		return nil
	}
	for _, path := range inputs[:min(len(inputs), maxHeld)] {
		if _, ok := l.held[path]; ok || path == "-" || isFIFO(path) && !strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/proc/") {
			continue
		}
		if f, err := openFile(ctx, path); err == nil { // or else it is told when it is to be read
			if err := l.hold(path, f); err != nil {
				return err
			}
		}
	}
	if err := become(l.user); err != nil {
		return err
	}
	l.became = true
	return nil
}

// create makes a file that a flag has written, and empties the one that is there, or adds to it. It waits for who reads a FIFO.
func (l *ledger) create(ctx context.Context, by, path string, adds bool) (*os.File, error) {
	if err := l.giveUpRights(ctx, nil); err != nil {
		return nil, err
	}
	if err := l.mayWrite(newDestination(by, path, adds)); err != nil {
		return nil, err // and it is not made either
	}
	may := func(info fs.FileInfo) error { return l.mayWrite(destination{by: by, adds: adds, info: info}) }
	for {
		interrupted := ctx.Err() != nil
		f, err := pcaps.Create(path, adds, may)
		switch {
		case err != pcaps.ErrNoReader:
			return f, l.as(err)
		case interrupted:
			return nil, pcaps.ErrInterrupted
		}
		select {
		case <-ctx.Done(): // after which who reads it may be there
		case <-time.After(20 * time.Millisecond):
		}
	}
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
		return l.mayWrite(destination{by: by, info: info})
	}))
}

// as says of what is not allowed to whom it is not.
func (l *ledger) as(err error) error {
	if !l.became || !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w (as %s, -Z)", withoutPath(err), report.Plain(l.user))
}

// await is what do gives, or an error after an interrupt: then it is left to wait for what may never come.
func await[T any](ctx context.Context, do func() (T, error)) (T, error) {
	if ctx.Err() != nil {
		return *new(T), pcaps.ErrInterrupted
	}
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
