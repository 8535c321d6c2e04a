package tcpdump

import "tcpwhy/flows"

// Skip takes note of a packet that is not printed, so that the numbers of those that are
// count from where they do when all are. It changes no time that a line tells.
func (p *Printer) Skip(seg *flows.Segment) {
	h := from(seg.IP, seg.TCP)
	if len(h) >= header20 && h[12]>>4*4 >= header20 {
		p.relative(seg.IP, h, h[13])
	}
}
