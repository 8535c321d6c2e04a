//go:build unix

package pcaps

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readable waits until f can be read from, or has ended, no longer than d.
func readable(f *os.File, d time.Duration) bool {
	set := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLIN}}
	n, err := unix.Poll(set, int(d/time.Millisecond))
	return n > 0 || err != nil && err != unix.EINTR // of which the read tells
}
