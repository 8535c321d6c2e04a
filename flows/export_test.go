package flows

// Leads reports whether the table has an edge from one state to the other.
func Leads(from, to State) bool {
	for ev := range numEvents {
		if machine[from][ev] == to {
			return true
		}
	}
	return false
}

// Starts reports whether a list of states can begin with s: with the state that an open
// begins in, or with one that an end was met in.
func Starts(s State) bool {
	switch s {
	case Closed, Listen, Established, FinWait1, CloseWait, LastAck:
		return true
	}
	return false
}
