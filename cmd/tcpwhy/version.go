package main

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// release is set by the linker: -X main.release=v1.2.3.
var release string

// version is the release, or what the module and the checkout say, and the compiler.
func version() string {
	words := []string{release}
	if info, ok := debug.ReadBuildInfo(); ok {
		if release == "" {
			words[0] = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "CGO_ENABLED" && s.Value == "0" {
				words = append(words, "static, without filters and live capture")
			}
		}
	}
	return strings.Join(append(words, runtime.Version()), ", ")
}
