package pcaps

import "golang.org/x/sys/unix"

// searchOnly opens a directory that may be passed through, also where it may not be read.
const searchOnly = unix.O_PATH

// isProc reports whether a directory is in /proc, which /dev/stdout and /dev/fd lead to.
func isProc(dir int) bool {
	var s unix.Statfs_t
	here, err := unix.Openat(dir, ".", searchOnly|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(here)
	return unix.Fstatfs(here, &s) == nil && s.Type == unix.PROC_SUPER_MAGIC
}
