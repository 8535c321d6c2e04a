// Package report writes what an analysis sees: one type a format. Each writes with one call
// a packet or a row, so that a writer without a buffer behind it is a live one.
package report
