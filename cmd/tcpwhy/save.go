package main

import (
	"errors"
	"io"
	"math"
	"os"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
	"tcpwhy/pcaps"
)

// saving is where packets are written to beside the analysis.
type saving struct {
	path  string
	size  int64 // millions of bytes
	every int64 // seconds
	files int
}

const million = 1_000_000

func (s *saving) flags(fs *pflag.FlagSet) {
	fs.VarP(aName(&s.path, "file"), "write", "w", "write the packets to `FILE`: pcapng, or pcap if its name ends in .pcap, which lacks the names of interfaces and what was lost; - is standard output, instead of the analysis")
	fs.VarP(aNumber(&s.size, 0, 1, math.MaxInt64/million), "rotate-size", "C", "with -w: another file after each `N` million bytes")
	fs.VarP(aNumber(&s.every, 0, 1, math.MaxInt64/int64(time.Second)), "rotate-seconds", "G", "with -w: another file after each `N` seconds, its name by strftime(3); with a number behind one that stays the same")
	fs.VarP(aNumber(&s.files, 0, 1, math.MaxInt32), "rotate-files", "W", "with -C: overwrite the first of `N` files after the last; with -G: end after the last")
}

func (s *saving) on() bool         { return s.path != "" }
func (s *saving) toStandard() bool { return s.path == "-" }
func (s *saving) rotates() bool    { return s.size != 0 || s.every != 0 }

// onward reports whether packets are to be written when nobody reads the analysis any more.
func (s *saving) onward() bool { return s.on() && !s.toStandard() }

// wholeFile reports whether all packets come to be in one file.
func (s *saving) wholeFile() bool { return s.onward() && !s.rotates() }

func (s *saving) check(stdout io.Writer) error {
	switch {
	case !s.on() && (s.rotates() || s.files != 0):
		return usage("-C, -G and -W are for the file of -w")
	case s.files != 0 && !s.rotates():
		return usage("-W divides what -C or -G divides")
	case s.toStandard() && s.rotates():
		return usage("-C and -G cannot divide standard output")
	}
	if f, ok := stdout.(interface{ Fd() uintptr }); s.toStandard() && ok && term.IsTerminal(int(f.Fd())) {
		return usage("-w -: a terminal is no place for packets")
	}
	return nil
}

// saver writes the packets of a source: all, or as an output of an analysis those that it chose.
type saver struct {
	to     pcaps.Writer
	source *pcaps.Source
	full   bool // all files that were asked for are written
	alone  bool // there is no analysis to be told when packets cannot be written
	goOn   bool // a file that cannot be written does not end the reading
	failed error
}

// open makes the file, or takes standard output, without which there is nothing left to do. An interface is no longer captured
// on where the packets cannot be kept, as after an interrupt, but the analysis of a file is worth as much without a copy.
func (s *saving) open(source *pcaps.Source, create func(path string) (*os.File, error), goOn bool) (*saver, error) {
	v := &saver{source: source, alone: s.toStandard(), goOn: goOn && !s.toStandard()}
	save := pcaps.Save{
		Path: s.path, Size: s.size * million, Every: time.Duration(s.every) * time.Second, Files: s.files, Create: create,
	}
	if v.alone {
		save.Path, save.Create = standardOutput, func(string) (*os.File, error) { return os.Stdout, nil }
	}
	f, err := pcaps.NewSavefile(save, source)
	if err != nil {
		return nil, &failure{statusOutput, err}
	}
	v.to = f
	return v, nil
}

// write writes a packet. It returns io.EOF when there is nothing more to be written.
func (s *saver) write(f *pcaps.Frame) error {
	if s.failed != nil {
		return nil
	}
	return s.orLater(s.to.Write(f))
}

// orLater leaves an error of writing to Close, where there is an analysis that is to be finished before.
func (s *saver) orLater(err error) error {
	err = saveError(err)
	if err == nil || err == io.EOF || s.alone {
		return err
	}
	s.failed = err
	if !s.goOn {
		s.source.Stop()
	}
	return nil
}

// Packet writes a packet that was chosen.
func (s *saver) Packet(*flows.Segment, *flows.Step, []*analyzer.Finding) error {
	if s.full {
		return nil
	}
	err := s.write(s.source.Frame())
	if err == io.EOF {
		s.full, err = true, nil
		s.source.Stop()
	}
	return err
}

// Skip leaves out a packet that was not.
func (s *saver) Skip(*flows.Segment) {}

// Late has no packet to write.
func (s *saver) Late(*analyzer.Finding) error { return nil }

func (s *saver) flush() error {
	if s.failed != nil {
		return nil
	}
	return s.orLater(s.to.Flush())
}

func (s *saver) Close() error {
	err := saveError(s.to.Close())
	if s.failed != nil {
		err = s.failed
	}
	if s.goOn && errors.Is(err, errPipeClosed) {
		return nil // who read it has gone
	}
	return err
}

func saveError(err error) error {
	if err == nil || err == io.EOF || errors.Is(err, errPipeClosed) {
		return err
	}
	return &failure{statusOutput, err}
}
