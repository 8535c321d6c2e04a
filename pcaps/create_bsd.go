//go:build darwin || freebsd || netbsd || openbsd

package pcaps

import "golang.org/x/sys/unix"

const searchOnly = unix.O_RDONLY

func isProc(int) bool { return false }
