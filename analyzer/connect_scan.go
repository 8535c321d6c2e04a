package analyzer

// One source asks many ports of a host, or one port of many hosts, whether somebody listens, by opening connections: where
// one opens, it is closed at once, without a byte. The programs there accept it and see it end.
//
// Health checks do the same, but to the few that they watch, again and again, and mostly find them open.
var connectScan = &Rule{
	Name:     "connect-scan",
	Title:    "one source opens and drops many ports or hosts",
	RFC:      "RFC 9293 §3.5, §3.5.2, §3.10.7.1",
	Severity: Notice,
	Capture:  func(p *CapturePass) { p.scans(scanConnect) },
	Explains: &Explains{
		Findings: []string{"refused", "syn-unanswered", "syn-retransmitted", "unreachable", "reset"},
		Host:     func(h *Host) bool { return h.scanSoFar() == scanConnect },
	},
}
