package report

import (
	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// appendElapsed appends e as people read it, "-" where there was nothing to measure.
func appendElapsed(dst []byte, e flows.Elapsed) []byte {
	if !e.OK {
		return append(dst, '-')
	}
	return span.Append(dst, e.D)
}
