//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package main

import (
	"os"
	"syscall"
)

// askSignals ask for the counters so far; SIGINFO is Ctrl-T.
func askSignals() []os.Signal { return []os.Signal{syscall.SIGUSR1, syscall.SIGINFO} }
