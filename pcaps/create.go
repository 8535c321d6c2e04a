package pcaps

import (
	"errors"
	"io/fs"
	"os"
)

// ErrNoReader is the error of a FIFO that nobody has opened to read.
var ErrNoReader = errors.New("nobody reads it yet")

// Create makes a file to be written, and empties the one that is there, or leaves it to be added to. Of the file, which may
// have been there, may is asked before anything is done to it; nil: it may be written. On Linux, macOS and BSD it may be done as
// root, with a name that others foresee: in a directory that others can write to, Create follows no symbolic link, whether in the
// path or at its end, and writes to no file of theirs.
func Create(name string, add bool, may func(fs.FileInfo) error) (*os.File, error) {
	f, err := openToWrite(name, add)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && may != nil {
		err = may(info)
	}
	if err == nil && !add && info.Mode().IsRegular() {
		err = f.Truncate(0)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Replace writes a file whole or not at all: beside it first, under a name that nobody foresees. It goes where Create would, and
// asks may of a file that is there, which keeps its mode and, where that is allowed, its owner; nil: it may be replaced.
func Replace(name string, data []byte, may func(fs.FileInfo) error) error {
	if may == nil {
		may = func(fs.FileInfo) error { return nil }
	}
	return replace(name, data, may)
}
