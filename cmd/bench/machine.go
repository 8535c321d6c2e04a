package main

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine is what was measured on. What Linux has files for is not told elsewhere.
func machine() string {
	s := fmt.Sprintf("%s, %d CPUs", entry("/proc/cpuinfo", "model name", runtime.GOARCH), runtime.NumCPU())
	if out, err := exec.Command("uname", "-sr").Output(); err == nil {
		s += ", " + strings.TrimSpace(string(out))
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		s += ", load " + strings.Fields(string(load))[0]
	}
	return s
}

// available is how much memory a program can have, in MB.
func available() int {
	kb := math.MaxInt
	fmt.Sscanf(entry("/proc/meminfo", "MemAvailable", ""), "%d", &kb)
	return kb >> 10
}

// entry is what a file of Linux has behind a key and a colon.
func entry(file, key, otherwise string) string {
	b, _ := os.ReadFile(file)
	for line := range strings.Lines(string(b)) {
		if k, value, _ := strings.Cut(line, ":"); strings.TrimSpace(k) == key {
			return strings.TrimSpace(value)
		}
	}
	return otherwise
}
