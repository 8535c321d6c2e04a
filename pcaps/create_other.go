//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package pcaps

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

func openToWrite(name string, add bool) (*os.File, error) {
	flags := os.O_WRONLY | os.O_CREATE
	if add {
		flags |= os.O_APPEND
	}
	return os.OpenFile(name, flags, 0o666)
}

func replace(name string, data []byte, may func(fs.FileInfo) error) error {
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
