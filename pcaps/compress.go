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

// unpacker is the reader of compressed data; it tells broken data from a broken device.
type unpacker struct {
	io.Reader
	name    string
	release func()
}

func (u *unpacker) Read(b []byte) (int, error) {
	n, err := u.Reader.Read(b)
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
		z, err := gzip.NewReader(bufio.NewReaderSize(joined(first, r), 64<<10))
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, fmt.Errorf("%w in the gzip header", ErrCutOff)
		}
		if err != nil {
			return nil, unpackError("gzip", err)
		}
		return &unpacker{Reader: z, name: "gzip", release: func() {}}, nil
	case isZstd(first):
		z, err := zstd.NewReader(joined(first, r), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, unpackError("zstd", err)
		}
		return &unpacker{Reader: z, name: "zstd", release: z.Close}, nil
	}
	return nil, nil
}

// joined is r with the bytes that were read of it put back.
func joined(first []byte, r io.Reader) io.Reader {
	return io.MultiReader(bytes.NewReader(bytes.Clone(first)), r)
}
