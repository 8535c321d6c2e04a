package analyzer

import "tcpwhy/flows"

// OpeningPackets are a flow's SYNs, SYN-ACKs and the ACK that opened it.
func OpeningPackets(f *flows.Flow) []uint64 {
	var packets []uint64
	for i := range f.Transitions {
		if t := &f.Transitions[i]; stands(t) && !ofClosing(t) {
			packets = append(packets, t.Packet)
		}
	}
	for i := range f.Events {
		if e := &f.Events[i]; e.Kind == flows.NoteSYNAgain || e.Kind == flows.NoteSYNACKAgain {
			packets = append(packets, e.At)
		}
	}
	return inOrder(packets...)
}

// closingPackets are a flow's FINs and the ACKs of them.
func closingPackets(f *flows.Flow) []uint64 {
	var packets []uint64
	for i := range f.Transitions {
		if t := &f.Transitions[i]; stands(t) && ofClosing(t) {
			packets = append(packets, t.Packet)
		}
	}
	return inOrder(packets...)
}

// stands reports whether t changed a state, and was not taken back.
func stands(t *flows.Transition) bool {
	return t.From != t.To && t.Certainty != flows.Revised && t.RevisedBy == 0
}

// ofClosing reports whether t leaves ESTABLISHED or what comes after it, which a FIN or a RST does.
func ofClosing(t *flows.Transition) bool {
	return t.From >= flows.Established || t.To > flows.Established
}
