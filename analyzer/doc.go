// Package analyzer runs a capture through the tracker and hands what is worth saying to the
// outputs that were asked for. It knows no file and no clock: time is packet time.
package analyzer
