package pcaps

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// ErrNoCaptures is for a folder with no capture file in it.
var ErrNoCaptures = errors.New("no captures in this folder")

// Folder lists the capture files in a folder and the folders in it, by name. What is a capture is
// told by what it holds. A file that cannot be read is listed, so that it is not passed over in silence, and so is one that is
// a capture by its name alone. Names that begin with a dot are passed over.
func Folder(path string) ([]string, error) {
	var found []string
	buf := make([]byte, bufferOfMany)
	// With the slash a folder that is a link is followed.
	err := filepath.WalkDir(path+string(filepath.Separator), func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return &ReadError{Name: name, Err: sayNoPath(err)}
		}
		if strings.HasPrefix(filepath.Base(name), ".") && filepath.Clean(name) != filepath.Clean(path) {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if isFile(name, entry) && (captureName.MatchString(name) || holdsCapture(name, buf)) {
			found = append(found, name)
		}
		return nil
	})
	if err == nil && len(found) == 0 {
		err = &ReadError{Name: path, Err: ErrNoCaptures}
	}
	return found, err
}

// captureName is not of .cap, which is what other formats are called too.
var captureName = regexp.MustCompile(`(?i)\.pcap(ng)?(\.(gz|zst))?$`)

// isFile reports whether name is a regular file, or a link that leads nowhere and is named as a capture.
func isFile(name string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.Type().IsRegular()
	}
	info, err := os.Stat(name)
	if err != nil {
		return captureName.MatchString(name)
	}
	return info.Mode().IsRegular()
}

func holdsCapture(path string, buf []byte) bool {
	in := newInput(path, 0)
	defer in.putAside()
	if in.open() != nil {
		return true
	}
	err := in.begin(buf)
	return err == nil || errors.Is(err, ErrCutOff) || errors.Is(err, ErrDamaged)
}
