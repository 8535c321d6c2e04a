//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package pcaps

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Create makes a file to be written, and empties the one that is there, or leaves it to be added to. Of the file, which may
// have been there, may is asked before anything is done to it; nil: it may be written.
func Create(name string, add bool, may func(fs.FileInfo) error) (*os.File, error) {
	flags := os.O_WRONLY | os.O_CREATE
	if add {
		flags |= os.O_APPEND
	}
	f, err := os.OpenFile(name, flags, 0o666)
	if err != nil {
		return nil, err
	}
	err = ask(may, f)
	if info, failed := f.Stat(); err == nil && !add && failed == nil && info.Mode().IsRegular() {
		err = f.Truncate(0)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Replace writes a file whole or not at all: beside it first, under a name that nobody foresees. It asks may of a file that is
// there, which keeps its mode.
func Replace(name string, data []byte, may func(fs.FileInfo) error) error {
	mode := fs.FileMode(0o644)
	if was, err := os.Stat(name); err == nil {
		if err := may(was); err != nil {
			return err
		}
		mode = was.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".tcpwhy-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
