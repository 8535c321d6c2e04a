package pcaps

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Save says where packets are written to. What comes after Path divides them among several files, as tcpdump's
// -C, -G and -W do, but by packet time.
type Save struct {
	Path  string        // a name that ends in .pcap makes it pcap, every other one pcapng; with Every, strftime's % in it
	Size  int64         // bytes after which another file begins: Path1, Path2, ...; 0: never
	Every time.Duration // after which another file begins; 0: never
	Files int           // with Size: how many are kept, in turn; with Every alone: how many are written; 0: all
	// Create makes a file of that name, or has one that is to be written to from where it ends; nil: Create does.
	Create func(name string) (*os.File, error)
}

// Savefile is a Writer that makes the files of a Save. Without Every the first is made at once. A file that would have the name of the
// one before gets a number behind it. As in tcpdump, one whose name comes again later is written over: %H makes a ring of a day.
type Savefile struct {
	save    Save
	from    Origin
	counted []Interface // as the file before had them
	base    string      // of the names of the files that were made last
	number  int         // of the next with that
	name    string      // of the file that is open
	file    *written
	writer  interface {
		Writer
		whole() kept
	}
	began int64 // time of the first packet since the last turn of Every, ns
	turns int   // of Every
}

// written is a file, and how much was written to it: standard output may hold something else.
type written struct {
	*os.File
	size int64
}

func (w *written) Write(b []byte) (int, error) {
	n, err := w.File.Write(b)
	w.size += int64(n)
	return n, err
}

// NewSavefile opens the first file. Its errors, here and later, name the file.
func NewSavefile(s Save, from Origin) (*Savefile, error) {
	if s.Create == nil {
		s.Create = func(name string) (*os.File, error) { return Create(name, false, nil) }
	}
	f := &Savefile{save: s, from: from}
	if s.Every > 0 {
		return f, nil
	}
	return f, f.open()
}

// next is the name of the file that is next.
func (s *Savefile) next() string {
	name := s.save.Path
	if s.save.Every > 0 {
		name = strftime(name, time.Unix(0, s.began))
	}
	if name != s.base {
		s.base, s.number = name, 0
	}
	number := s.number
	s.number++
	switch {
	case s.save.Size > 0 && s.save.Files > 0:
		// Zeros in front, so that they sort.
		return fmt.Sprintf("%s%0*d", name, len(fmt.Sprint(s.save.Files-1)), number%s.save.Files)
	case number > 0:
		return fmt.Sprintf("%s%d", name, number)
	}
	return name
}

func (s *Savefile) open() error {
	s.name = s.next()
	file, err := s.save.Create(s.name)
	if err != nil {
		return fmt.Errorf("%s: %w", printable(s.name), sayNoPath(err))
	}
	s.file = &written{File: file}
	if strings.HasSuffix(s.save.Path, ".pcap") {
		s.writer = newPcap(s.file)
	} else {
		s.writer = newPcapng(s.file, s.from, s.counted)
	}
	return nil
}

// Write writes a frame, to another file where it is time. After the last of the files that Every and Files allow it
// returns io.EOF.
func (s *Savefile) Write(f *Frame) error {
	switch {
	case s.save.Every > 0 && s.writer == nil:
		s.began = f.Time
		if err := s.open(); err != nil {
			return err
		}
	case s.save.Every > 0 && f.Time-s.began >= int64(s.save.Every):
		s.began = f.Time
		if s.turns++; s.turns == s.save.Files && s.save.Size == 0 {
			return io.EOF
		}
		if err := s.turn(); err != nil {
			return err
		}
	case s.save.Size > 0 && s.writer.Size() > s.save.Size:
		if err := s.turn(); err != nil {
			return err
		}
	}
	return s.named(s.writer.Write(f))
}

func (s *Savefile) turn() error {
	if err := s.Close(); err != nil {
		return err
	}
	return s.open()
}

// Flush writes out what is in buffers.
func (s *Savefile) Flush() error {
	if s.writer == nil {
		return nil
	}
	return s.named(s.writer.Flush())
}

// Size is how many bytes were written to the file that is open.
func (s *Savefile) Size() int64 {
	if s.writer == nil {
		return 0
	}
	return s.writer.Size()
}

// Close ends the file, and closes it.
func (s *Savefile) Close() error {
	if s.writer == nil {
		return nil
	}
	err := s.named(s.writer.Close())
	if failed := s.file.Close(); err == nil {
		err = s.named(failed)
	}
	s.writer, s.counted = nil, s.from.Interfaces()
	return err
}

// named says of an error which file it is of. One that cannot be written to its end is cut back to the packets that are
// whole.
func (s *Savefile) named(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	name, why := printable(s.name), sayNoPath(err)
	info, failed := s.file.Stat()
	if failed != nil || !info.Mode().IsRegular() || errors.Is(err, ErrLinkTypes) || errors.Is(err, ErrAfter2106) {
		return fmt.Errorf("%s: %w", name, why)
	}
	whole := s.writer.whole()
	if torn := s.file.size - whole.size; torn > 0 {
		var end int64 // also of what is written by O_APPEND
		if end, failed = s.file.Seek(0, io.SeekCurrent); failed == nil {
			failed = s.file.Truncate(end - torn)
		}
		if failed == nil {
			_, failed = s.file.Seek(end-torn, io.SeekStart) // for whoever writes there next
			s.file.size = whole.size
		}
	}
	if failed != nil {
		return fmt.Errorf("%s: %w: it holds %d packets and part of another, as it cannot be cut back: %w", name, why, whole.packets, sayNoPath(failed))
	}
	return fmt.Errorf("%s: %w: it holds %d packets, and no more", name, why, whole.packets)
}

// layouts are strftime's conversions as the time package writes them.
var layouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'c': time.ANSIC, 'd': "02", 'D': "01/02/06", 'e': "_2",
	'F': time.DateOnly, 'h': "Jan", 'H': "15", 'I': "03", 'j': "002", 'm': "01", 'M': "04", 'p': "PM", 'R': "15:04",
	'S': "05", 'T': time.TimeOnly, 'y': "06", 'Y': "2006", 'z': "-0700", 'Z': "MST",
}

// strftime puts a time into a name. A conversion that it does not know stays as it is.
func strftime(name string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if name[i] != '%' || i+1 == len(name) {
			b.WriteByte(name[i])
			continue
		}
		i++
		layout, known := layouts[name[i]]
		switch {
		case known:
			b.WriteString(t.Format(layout))
		case name[i] == 's':
			fmt.Fprint(&b, t.Unix())
		case name[i] == '%':
			b.WriteByte('%')
		default:
			b.WriteString(name[i-1 : i+1])
		}
	}
	return b.String()
}
