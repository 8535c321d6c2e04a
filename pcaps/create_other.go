//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package pcaps

import "os"

func create(name string) (*os.File, error) { return os.Create(name) }
