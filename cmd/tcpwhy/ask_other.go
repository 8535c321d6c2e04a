//go:build !unix

package main

import "os"

func askSignals() []os.Signal { return nil }
