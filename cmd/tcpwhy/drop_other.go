//go:build !unix

package main

func mayBecome(string) error { return usage("-Z: not on this system") }
func become(string) error    { return nil }
