package analyzer

import (
	"fmt"

	"tcpwhy/analyzer/span"
)

// The time stamps of the capture go back: the clock of the host was set while it captured, or files of several clocks were
// put together. Times across such a step mean nothing; they are left out where they would be negative.
var clockStepsBack = &Rule{
	Name:     "clock-steps-back",
	Title:    "the clock of the capture was set back",
	RFC:      "RFC 5905 §11.3; RFC 9293 §3.8.1",
	Severity: Notice,
	Capture:  judgeClockStepsBack,
}

func judgeClockStepsBack(p *CapturePass) {
	b := &p.Back
	if b.Times == 0 {
		return
	}
	f := Finding{Confidence: Certain, File: b.File, Packet: b.Packet, Packets: []uint64{b.Packet}, Time: b.Time,
		Summary: fmt.Sprintf("time goes back by %s at packet %d", span.String(b.Longest), b.Packet),
		Why:     "each packet is stamped as it is captured, and this one is stamped earlier than the one before it; times across the step mean nothing, and are left out where they would be negative",
		Next:    "was the clock set then (journalctl -u chronyd, or systemd-timesyncd)? were files of several hosts put together? reordercap sorts the packets, which mends only the latter"}
	if b.Times > 1 {
		f.Summary = fmt.Sprintf("time goes back %d times, the farthest by %s at packet %d", b.Times, span.String(b.Longest), b.Packet)
	}
	p.Report(f)
}
