//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package pcaps

import "os"

// Create makes a file to be written, and empties the one that is there, or leaves it to be added to.
func Create(name string, add bool) (*os.File, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if add {
		flags = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	}
	return os.OpenFile(name, flags, 0o666)
}
