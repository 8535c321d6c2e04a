//go:build unix && !(darwin || freebsd || netbsd || openbsd || dragonfly)

package main

import (
	"os"
	"syscall"
)

// askSignals ask for the counters so far.
func askSignals() []os.Signal { return []os.Signal{syscall.SIGUSR1} }
