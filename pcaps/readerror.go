package pcaps

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// What can be wrong with a capture file, to be told with errors.Is from what the operating
// system says of it.
var (
	ErrCutOff      = errors.New("cut off")
	ErrDamaged     = errors.New("damaged")
	ErrEmpty       = errors.New("an empty file")
	ErrInterrupted = errors.New("interrupted") // by Source.Interrupt
	ErrNotCapture  = errors.New("not a capture file (pcap or pcapng, plain or in gzip or zstd)")
)

// ReadError says that an input could not be read, or not to its end. The packets before were handed out.
type ReadError struct {
	Name    string // as it was given, or "standard input"
	Packets uint64 // that were read whole
	Offset  int64  // of what could not be read, in bytes after decompression
	Err     error
}

func (e *ReadError) Error() string { return printable(e.Name) + ": " + e.Err.Error() }
func (e *ReadError) Unwrap() error { return e.Err }

// printable is a name as it can be told: it may hold what moves a terminal's cursor, or ends a line.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, name)
}

// endsWell is the end of an input, as against what cuts it off.
func endsWell(err error) bool { return err == io.EOF }

// ended explains why peek gave only have of the want bytes of what. At the end of the input, cut
// off is what it is; any other error speaks for itself.
func ended(err error, what string, have, want int64) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w in %s (after %d of its %d bytes)", ErrCutOff, what, have, want)
	}
	return fmt.Errorf("%w, in %s", err, what)
}

// cutOff is ended for the packet that comes next, of which the file holds want bytes.
func (s *stream) cutOff(err error, have, want int) error {
	return ended(err, fmt.Sprintf("packet %d", s.packets+1), int64(have), int64(want))
}

// damaged says what is impossible about the place that the stream has come to.
func (s *stream) damaged(format string, args ...any) error {
	return fmt.Errorf("%w after packet %d, at byte %d: %s", ErrDamaged, s.packets, s.offset(), fmt.Sprintf(format, args...))
}
