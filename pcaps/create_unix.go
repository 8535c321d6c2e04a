//go:build linux || darwin || freebsd || netbsd || openbsd

package pcaps

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

var (
	errOthersFile = errors.New("another user's file, in a directory that others can write to: remove it first")
	errLinks      = errors.New("a file of several names, in a directory that others can write to: remove it first")
	errNoFile     = errors.New("is no file, which could be replaced")
	errExchanged  = errors.New("is another file by now")
)

func openToWrite(name string, add bool) (*os.File, error) {
	var w walk
	there, err := w.towardsWritable(name)
	defer w.leave()
	if err != nil {
		return nil, err
	}
	flags := unix.O_WRONLY | unix.O_CREAT | unix.O_NONBLOCK | unix.O_CLOEXEC
	if !w.magic {
		flags |= unix.O_NOFOLLOW
	}
	if add {
		flags |= unix.O_APPEND
	}
	fd, err := unix.Openat(w.dir, w.base, flags, 0o666)
	if err == unix.ENXIO && there != nil && kind(there) == unix.S_IFIFO {
		return nil, ErrNoReader // open(2): O_NONBLOCK does not wait for one
	}
	if err != nil {
		return nil, err
	}
	var opened unix.Stat_t
	if err = errors.Join(unix.SetNonblock(fd, false), unix.Fstat(fd, &opened)); err == nil && !w.magic {
		err = w.mayWrite(&opened) // it may be another one by now
	}
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

func replace(name string, data []byte, may func(fs.FileInfo) error) error {
	var w walk
	there, err := w.towardsWritable(name)
	defer w.leave()
	if err != nil {
		return err
	}
	if w.magic || there != nil && kind(there) != unix.S_IFREG {
		return errNoFile
	}
	mode := uint32(0o666) // but for the umask
	if there != nil {
		if there, err = w.replaced(may); err != nil {
			return err
		}
		mode = uint32(there.Mode) & 0o777
	}
	beside := ".tcpwhy-" + rand.Text()
	fd, err := unix.Openat(w.dir, beside, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, mode)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), name)
	_, err = f.Write(data)
	if there != nil {
		_ = unix.Fchown(fd, int(there.Uid), int(there.Gid)) // or else it is whose who writes it
		err = errors.Join(err, unix.Fchmod(fd, mode))
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = w.exchange(there, beside)
	}
	unix.Unlinkat(w.dir, beside, 0) // where it still has that name
	return err
}

// exchange gives what is beside the name of what was there, if that has it still; nil: of nothing.
func (w *walk) exchange(was *unix.Stat_t, beside string) error {
	if was == nil {
		// It fails where something came in the meantime, and on file systems without links.
		if err := unix.Linkat(w.dir, beside, w.dir, w.base, 0); err == nil || err == unix.EEXIST {
			return err
		}
	}
	var is unix.Stat_t
	err := unix.Fstatat(w.dir, w.base, &is, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case err == unix.ENOENT && was == nil, err == nil && was != nil && is.Dev == was.Dev && is.Ino == was.Ino:
		return unix.Renameat(w.dir, beside, w.dir, w.base)
	case err == nil:
		return errExchanged
	}
	return err
}

// replaced opens the file that is to be replaced, and looks at it.
func (w *walk) replaced(may func(fs.FileInfo) error) (*unix.Stat_t, error) {
	fd, err := unix.Openat(w.dir, w.base, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), w.base)
	defer f.Close()
	var there unix.Stat_t
	if err := unix.Fstat(fd, &there); err != nil {
		return nil, err
	}
	if err := w.mayWrite(&there); err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return &there, may(info)
}

// walk is a way to a file, a directory at a time, each held open so that nobody exchanges it.
type walk struct {
	dir   int
	base  string // the last part, in dir
	magic bool   // base is a link that only the kernel can follow, to what the process has open
}

// towardsWritable walks to where a file may be written, and tells what is there: nil for nothing.
func (w *walk) towardsWritable(path string) (*unix.Stat_t, error) {
	w.dir = unix.AT_FDCWD
	there, err := w.towards(path)
	if err == nil && there != nil {
		err = w.mayWrite(there)
	}
	return there, err
}

// maxSymlinks is that of Linux (path_resolution(7)).
const maxSymlinks = 40

// towards walks to the last part of the path, and tells what is there: nil for nothing.
func (w *walk) towards(path string) (*unix.Stat_t, error) {
	for links := 0; ; {
		if strings.HasPrefix(path, "/") {
			if err := w.enter("/"); err != nil {
				return nil, err
			}
			path = strings.TrimLeft(path, "/")
		}
		part, rest, isDir := strings.Cut(path, "/")
		rest = strings.TrimLeft(rest, "/")
		var there unix.Stat_t
		err := unix.Fstatat(w.dir, part, &there, unix.AT_SYMLINK_NOFOLLOW)
		switch {
		case part == "", isDir && rest == "":
			return nil, unix.EISDIR
		case err == unix.ENOENT && rest == "":
			w.base = part
			return nil, nil
		case err != nil:
			return nil, err
		case kind(&there) == unix.S_IFLNK && isProc(w.dir) && rest == "":
			w.base, w.magic = part, true
			return nil, nil
		case kind(&there) == unix.S_IFLNK:
			if links++; links > maxSymlinks {
				return nil, unix.ELOOP
			}
			var target string
			if target, err = w.link(part); err != nil {
				return nil, err
			}
			if path = target; rest != "" {
				path += "/" + rest
			}
		case rest == "":
			w.base = part
			return &there, nil
		default:
			if err := w.enter(part); err != nil {
				return nil, err
			}
			path = rest
		}
	}
}

// link is where a symbolic link in the directory leads to.
func (w *walk) link(name string) (string, error) {
	shared, _, err := w.shared()
	if err != nil {
		return "", err
	}
	if shared {
		return "", fmt.Errorf("%s is a symbolic link in a directory that others can write to: name what it leads to", printable(name))
	}
	target := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(w.dir, name, target)
	return string(target[:max(n, 0)]), err
}

// shared reports whether someone but root and the user can put files into the directory, and whose it is.
func (w *walk) shared() (shared bool, owner uint32, err error) {
	var dir unix.Stat_t
	if err := unix.Fstatat(w.dir, ".", &dir, 0); err != nil {
		return false, 0, err
	}
	const others = 0o022
	return dir.Uid != 0 && int(dir.Uid) != os.Geteuid() || dir.Mode&others != 0, dir.Uid, nil
}

// mayWrite reports why a file that is in the directory already is not to be written to.
func (w *walk) mayWrite(there *unix.Stat_t) error {
	shared, owner, err := w.shared()
	switch {
	case err != nil || !shared:
		return err
	case int(there.Uid) != os.Geteuid() && there.Uid != owner:
		return errOthersFile
	case kind(there) == unix.S_IFREG && there.Nlink > 1:
		return errLinks
	}
	return nil
}

// enter moves on into a directory, which is none if it is a symbolic link.
func (w *walk) enter(name string) error {
	dir, err := unix.Openat(w.dir, name, searchOnly|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	w.leave()
	w.dir = dir
	return nil
}

func (w *walk) leave() {
	if w.dir != unix.AT_FDCWD {
		unix.Close(w.dir)
	}
}

func kind(s *unix.Stat_t) uint32 { return uint32(s.Mode) & unix.S_IFMT }
