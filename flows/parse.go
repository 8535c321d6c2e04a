package flows

// ParseState reads the name of a state as the RFC, the kernel, ss, netstat and other
// systems' tools print it: SYN-RECEIVED, SYN_RCVD, syn-recv, TCP_SYN_RECV, SynReceived.
// Case, hyphens, underscores and spaces do not count. ok is false for any other word.
func ParseState(s string) (state State, ok bool) {
	var buf [len("TCPNEWSYNRECEIVED")]byte
	word := buf[:0]
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '-' || c == '_' || c == ' ':
			continue
		case 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		if len(word) == len(buf) {
			return Unknown, false
		}
		word = append(word, c)
	}
	if len(word) > 3 && string(word[:3]) == "TCP" { // the kernel's own names
		word = word[3:]
	}
	switch string(word) {
	case "UNKNOWN":
		return Unknown, true
	case "CLOSED", "CLOSE", "UNCONN": // CLOSE: netstat, UNCONN: ss
		return Closed, true
	case "LISTEN", "LISTENING":
		return Listen, true
	case "SYNSENT", "SYNSEND":
		return SynSent, true
	case "SYNRECEIVED", "SYNRCVD", "SYNRECV", "NEWSYNRECV":
		return SynReceived, true
	case "ESTABLISHED", "ESTAB":
		return Established, true
	case "FINWAIT1":
		return FinWait1, true
	case "FINWAIT2":
		return FinWait2, true
	case "CLOSEWAIT":
		return CloseWait, true
	case "CLOSING":
		return Closing, true
	case "LASTACK":
		return LastAck, true
	case "TIMEWAIT", "TIMEDWAIT":
		return TimeWait, true
	}
	return Unknown, false
}
