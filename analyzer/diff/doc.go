// Package diff compares two captures, or what was saved of them: which flows are new, gone, or went otherwise than
// before, what is found now that was not, and what takes longer. A Snapshot is what is kept of either side.
package diff
