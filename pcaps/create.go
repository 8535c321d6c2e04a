package pcaps

import (
	"io/fs"
	"os"
)

// ask asks may of an open file.
func ask(may func(fs.FileInfo) error, f *os.File) error {
	if may == nil {
		return nil
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return may(info)
}
