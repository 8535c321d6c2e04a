//go:build race

package main

// underRace: the detector takes many times the memory and the time.
const underRace = true
