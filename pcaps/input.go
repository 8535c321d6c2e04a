package pcaps

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"
)

// Interface is what a capture tells of one interface; a pcap file has one without a name.
type Interface struct {
	File     int32  // which of the inputs, from 0
	Name     string // as the capturing program gave it, any bytes; "" where it did not
	LinkType uint32 // LINKTYPE_ number
	Snaplen  uint32 // bytes kept of a packet, 0: all; not always true
	// Statistics of a pcapng capture, from its beginning to its latest report.
	Received    Count // packets that the interface received
	Dropped     Count // that the interface dropped, for want of room
	DroppedByOS Count // that the operating system dropped
}

// Count is a number that a capture tells; OK is false where it does not.
type Count struct {
	N  uint64
	OK bool
}

// format reads the packets of a pcap or a pcapng file off its stream.
type format interface {
	// next sets all of f but File. At the end it returns io.EOF.
	next(f *Frame) error
	// ready is next for a packet that is in what was read already, so that the Data of those before it stays valid. It reports
	// false where there is none, or something is wrong with it: that is for next to say.
	ready(f *Frame) bool
	interfaces() []Interface
}

// deviceError is what the operating system says, as against what a decompressor makes of the data.
type deviceError struct{ Err error }

func (e *deviceError) Error() string { return e.Err.Error() }
func (e *deviceError) Unwrap() error { return e.Err }

// meter counts what is read from a file.
type meter struct {
	r    io.Reader
	n    int64
	wait func() bool // before each read of what may have nothing to read yet, reports false for an end; nil: of a file
}

func (m *meter) Read(b []byte) (int, error) {
	if m.wait != nil && !m.wait() {
		return 0, io.EOF
	}
	n, err := m.r.Read(b)
	m.n += int64(n)
	if err != nil && err != io.EOF {
		err = &deviceError{sayNoPath(err)}
	}
	return n, err
}

// sayNoPath leaves the path and the system call out of err: a ReadError names the file.
func sayNoPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// File is what is read of an input. One that is regular may be opened, and read, several times at once.
type File interface {
	io.ReadSeekCloser
	Stat() (fs.FileInfo, error)
}

// openFile opens a file, or standard input.
func openFile(path string) (File, error) {
	if path == "-" {
		return os.Stdin, nil
	}
	return os.Open(path)
}

// input is one file, or standard input, somewhere between its beginning and its end. It can be
// put aside, closed, and taken up again where it was.
type input struct {
	path    string
	name    string // for errors
	index   int32
	opens   func(path string) (File, error)
	size    int64 // in bytes, as compressed; -1 unknown
	regular bool  // can be put aside
	packed  bool  // compressed
	ended   bool  // read to its end, or as far as it can be
	stopped *atomic.Bool

	file     File
	raw      meter
	unpacker *unpacker
	stream   stream
	format   format
	frame    Frame // the next to be handed out
}

func newInput(path string, index int32) *input {
	in := &input{path: path, name: path, index: index, opens: openFile, size: -1}
	if path == "-" {
		in.name = "standard input"
	}
	in.frame.File = index
	return in
}

// open opens the input's file.
func (in *input) open() error {
	f, err := in.opens(in.path)
	if err != nil {
		return sayNoPath(err)
	}
	in.file, in.raw = f, meter{r: f}
	info, err := f.Stat()
	if err != nil {
		return sayNoPath(err)
	}
	if info.IsDir() {
		return errors.New("is a directory")
	}
	if info.Mode().IsRegular() {
		in.size = info.Size()
		in.regular = f != File(os.Stdin)
	} else if pipe, ok := f.(*os.File); ok {
		in.raw.wait = func() bool { return in.wait(pipe) }
	}
	return nil
}

// wait waits until there is something to read in a pipe, or its end; it reports false once the input is to end.
func (in *input) wait(pipe *os.File) bool {
	for !readable(pipe, stopTime) {
		if in.stopped != nil && in.stopped.Load() {
			return false
		}
	}
	return true
}

// stopTime is how long a pipe that is silent goes on after it was stopped.
const stopTime = 100 * time.Millisecond

// begin finds out the format of the file, and reads what comes before the first packet of a pcap file.
func (in *input) begin(buf []byte) error {
	s := &in.stream
	s.attach(&in.raw, buf, 0)
	first, err := s.peek(4)
	if err != nil && !endsWell(err) {
		return err
	}
	if len(first) == 0 {
		return ErrEmpty
	}
	in.unpacker, err = unpack(s.buf[s.pos:s.end], &in.raw)
	if err != nil {
		return err
	}
	if in.unpacker != nil {
		in.packed = true
		s.attach(in.unpacker, buf, 0)
		if first, err = s.peek(4); err != nil && !endsWell(err) {
			return ended(err, "the file header", int64(len(first)), 4)
		}
	}
	switch {
	case len(first) < 4:
		return ErrNotCapture
	case isPcapng(first):
		in.format = &pcapngFile{stream: s}
	case isPcap(first):
		p, err := newPcapFile(s)
		if err != nil {
			return err
		}
		in.format = p
	default:
		return ErrNotCapture
	}
	return nil
}

// putAside closes the file, to be opened again at the frame that is next. It returns the buffer, nil if
// there was none.
func (in *input) putAside() []byte {
	buf := in.stream.detach()
	in.frame.Data = nil
	if in.unpacker != nil {
		in.unpacker.release()
		in.unpacker = nil
	}
	if in.file != nil {
		in.file.Close()
		in.file = nil
	}
	return buf
}

// takeUp opens the file again, and reads anew the frame at which it was put aside.
func (in *input) takeUp(buf []byte) error {
	if err := in.open(); err != nil {
		return err
	}
	err := in.resume(buf)
	if err == nil {
		in.stream.packets--
		err = in.format.next(&in.frame)
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errChanged
	}
	return err
}

// resume attaches the stream to the open file, where the frame begins.
func (in *input) resume(buf []byte) error {
	s := &in.stream
	if !in.packed {
		if _, err := in.file.Seek(s.record, io.SeekStart); err != nil {
			return sayNoPath(err)
		}
		in.raw.n = s.record
		s.attach(&in.raw, buf, s.record)
		return nil
	}
	var first [4]byte
	if _, err := io.ReadFull(&in.raw, first[:]); err != nil {
		return err
	}
	var err error
	if in.unpacker, err = unpack(first[:], &in.raw); err != nil {
		return err
	}
	if in.unpacker == nil {
		return errChanged
	}
	s.attach(in.unpacker, buf, 0)
	_, err = s.skip(s.record)
	return err
}

// errChanged: a file is not what it was when it was read before.
var errChanged = errors.New("changed while it was being read")

// isOpen tells whether the frame's data is there.
func (in *input) isOpen() bool { return in.file != nil }

// cheapToResume tells whether taking the input up again costs next to nothing. What is compressed
// has to be unpacked once more from its beginning.
func (in *input) cheapToResume() bool {
	const near = 1 << 20
	return in.regular && (!in.packed || in.stream.record < near)
}

// fail makes an error of in's.
func (in *input) fail(err error) error {
	return &ReadError{Name: in.name, Packets: in.stream.packets, Offset: in.stream.offset(), Err: err}
}
