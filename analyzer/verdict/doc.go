// Package verdict is what check and diff found out: of each capture, of each thing that was expected of it, what was
// seen, and whether that will do. All output formats of both commands are written from these types.
package verdict
