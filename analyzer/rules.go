package analyzer

// Rules are all rules, one line each, in the order of a connection's life.
var Rules = []*Rule{
	// opening
	halfOpen,
	synAckAfterACK,
	synUnanswered,
	refused,
	unreachable,
	synRetransmitted,
	slowHandshake,
	badSYNACK,
	badFinalACK,
	synACKChanged,
	simultaneousOpen,
	splitHandshake,
	unsolicitedSYNACK,
	fastOpenIgnored,
	peerLostState,
	// closing
	missingFinalACK,
	finUnanswered,
	closeWait,
	finWait2,
	rstAfterFIN,
	reset,
	rstIgnored,
	challengeACK,
	dataAfterFIN,
	finRetransmitted,
	simultaneousClose,
	neverClosed,
	goneSilent,
	deadPeer,
	timeWaitReuse,
	// whole capture
	acceptQueueFull,
	synFlood,
	synScan,
	connectScan,
	closeWaitPileUp,
	timeWaitPileUp,
	portExhaustion,
	invalidFlags,
	oneWayCapture,
	duplicatedCapture,
	droppedPackets,
	truncatedCapture,
	clockStepsBack,
}

// RuleNamed is the rule of that name, or nil.
func RuleNamed(name string) *Rule {
	for _, r := range Rules {
		if r.Name == name {
			return r
		}
	}
	return nil
}
