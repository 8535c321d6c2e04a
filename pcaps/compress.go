package pcaps

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is the most that a zstd decoder may keep of what it has unpacked: what the zstd program itself
// allows unless told otherwise. gzip keeps 32 KiB.
const maxWindow = 128 << 20

// A zstd file can be unpacked to 32,768 times its size (4 bytes stand for 128 KiB): 3 MB are enough for 100 GB, which
// is minutes of work. Beyond freely, maxExpansion ends it. Of what is a capture, 64 KiB packets that hold nothing but
// zeros came to 4,600 times, and gzip cannot exceed 1,032.
const (
	maxExpansion = 10_000
	freely       = 256 << 20
)

var errExpansion = fmt.Errorf("unpacks to more than %d times its size, which no capture does", maxExpansion)

// unpacker is the reader of compressed data; it tells broken data from a broken device.
type unpacker struct {
	io.Reader
	name    string
	packed  meter // what it unpacks
	n       int64 // bytes unpacked
	release func()
}

func (u *unpacker) Read(b []byte) (int, error) {
	n, err := u.Reader.Read(b)
	if u.n += int64(n); u.n > freely && u.n/maxExpansion > u.packed.n {
		return 0, errExpansion
	}
	return n, unpackError(u.name, err)
}

func unpackError(name string, err error) error {
	var device *deviceError
	switch {
	case err == nil, err == io.EOF, err == io.ErrUnexpectedEOF:
		return err
	case errors.As(err, &device):
		return device.Err
	}
	return fmt.Errorf("%w %s data (%v)", ErrDamaged, name, err)
}

// isGzip and isZstd tell by the first four bytes (RFC 1952 §2.3.1, RFC 8878 §3.1: a frame or
// one to be skipped).
func isGzip(b []byte) bool { return b[0] == 0x1f && b[1] == 0x8b }
func isZstd(b []byte) bool {
	magic := order{}.u32(b)
	return magic == 0xfd2fb528 || magic&^0xf == 0x184d2a50
}

// unpack reads the compressed data in r, nil if it is not compressed. It unpacks in the caller's
// goroutine, so that the time it takes is the reader's own, and a pipe's packets come
// out as soon as the writer flushes them.
func unpack(first []byte, r io.Reader) (*unpacker, error) {
	if len(first) < 4 {
		return nil, nil
	}
	switch {
	case isGzip(first):
		u := &unpacker{name: "gzip", packed: meter{r: joined(first, r)}, release: func() {}}
		b := bufio.NewReaderSize(&u.packed, 64<<10)
		z, err := gzip.NewReader(b)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, fmt.Errorf("%w in the gzip header", ErrCutOff)
		}
		if err != nil {
			return nil, unpackError("gzip", err)
		}
		u.Reader = &members{z, b}
		return u, nil
	case isZstd(first):
		u := &unpacker{name: "zstd", packed: meter{r: joined(first, r)}}
		z, err := zstd.NewReader(&u.packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, unpackError("zstd", err)
		}
		u.Reader, u.release = z, z.Close
		return u, nil
	}
	return nil, nil
}

// maxZeros is how many zeros are passed over behind a member: more than any block of a tape or of a disk has.
const maxZeros = 1 << 20

// members reads the members of gzip data one after the other (RFC 1952 §2.2). Zeros after one are what fills a block of a tape or
// of a disk, as for gzip itself.
type members struct {
	*gzip.Reader
	rest *bufio.Reader
}

func (m *members) Read(b []byte) (int, error) {
	for {
		m.Multistream(false)
		n, err := m.Reader.Read(b)
		if err != io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
		if err := m.next(); err != nil {
			return 0, err
		}
	}
}

// next goes on to the next member.
func (m *members) next() error {
	for range maxZeros {
		switch c, err := m.rest.ReadByte(); {
		case err != nil:
			return err
		case c == 0:
			continue
		case c != 0x1f:
			return gzip.ErrHeader // Reset would take fewer than ten bytes for a file that was cut off
		}
		if err := m.rest.UnreadByte(); err != nil {
			return err
		}
		break
	}
	return m.Reset(m.rest)
}

// joined is r with the bytes that were read of it put back.
func joined(first []byte, r io.Reader) io.Reader {
	return io.MultiReader(bytes.NewReader(bytes.Clone(first)), r)
}
