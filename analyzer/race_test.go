//go:build race

package analyzer

// underRace: the detector takes many times as long.
const underRace = true
