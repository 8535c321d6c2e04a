package report

import (
	"slices"
	"strconv"

	"tcpwhy/analyzer/phrase"
	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
)

// changeTexts are "client SYN_SENT > ESTABLISHED", by side and states.
var changeTexts = func() (all [2][flows.NumStates][flows.NumStates]phrase.Text) {
	for side := range all {
		for from := range all[side] {
			for to := range all[side][from] {
				s := flows.Side(side).String() + " " + flows.State(from).String()
				if from != to {
					s += " > " + flows.State(to).String()
				}
				all[side][from][to] = phrase.Of(s)
			}
		}
	}
	return all
}()

// appendChange appends one change of state: "client SYN_SENT > ESTABLISHED (assumed)". A state that
// was assumed and is now proved has no arrow. With why, what showed it is said too. A packet of another file
// than that of the packet at hand is told with its file.
func appendChange(b []byte, t *flows.Transition, why bool, file int32, names *Names) []byte {
	b = changeTexts[t.Side][t.From][t.To].Append(b)
	switch {
	case t.Certainty == flows.Revised:
		b = append(append(b, " (revised: "...), t.Why...)
		if t.Packet != 0 {
			b = strconv.AppendUint(append(b, "; see packet "...), t.Packet, 10)
			if t.File != file {
				b = appendPlain(append(b, " of "...), names.File(t.File))
			}
		}
		return append(b, ')')
	case t.Certainty == flows.Assumed:
		b = append(b, " (assumed"...)
	case t.From == t.To:
		b = append(b, " (proved"...)
	case why && t.Why != "":
		return append(append(append(b, " ("...), t.Why...), ')')
	default:
		return b
	}
	if why && t.Why != "" {
		b = append(append(b, ": "...), t.Why...)
	}
	return append(b, ')')
}

// noteWords are said of a note, followed by its time where it has one.
var noteWords = [flows.NumToldNotes]struct{ words, then string }{
	flows.NoteAnswered:       {"SYN answered", " in "},
	flows.NoteHandshake:      {"handshake complete", " in "},
	flows.NoteReady:          {"ready", " in "},
	flows.NoteSYNAgain:       {"SYN again", ""},
	flows.NoteSYNACKAgain:    {"SYN-ACK again", ""},
	flows.NoteFINAgain:       {"FIN again", ""},
	flows.NoteRefused:        {"refused", " in "},
	flows.NoteUnreachable:    {"ICMP", ""},
	flows.NoteBadSYNACK:      {"SYN-ACK does not acknowledge the SYN", ""},
	flows.NoteBadACK:         {"ACK does not fit the handshake", ""},
	flows.NoteChallengeACK:   {"challenge ACK", ""},
	flows.NoteRSTNotBelieved: {"RST with a number that its receiver does not believe", ""},
	flows.NoteSYNWaits:       {"SYN with another sequence number while the connection lives", ""},
	flows.NoteSYNACKChanged:  {"SYN-ACK again, with another sequence number", ""},
	flows.NoteReuse:          {"same addresses and ports as a flow before", ""},
	flows.NoteInvalidFlags:   {"flags that cannot be", ""},
	flows.NoteAckUnseen:      {"acknowledges what was not captured", ""},
	flows.NoteMissing:        {"the capture lacks segments before this one", ""},
	flows.NoteDataAfter:      {"data after its own FIN", ""},
	flows.NoteRSTStays:       {"RST answers a wrong ACK, the SYN still stands", ""},
	flows.NoteMidstream:      {"began before the capture", ""},
	flows.NoteGoesOn:         {"goes on after it was given up at the ceiling", ""},
	flows.NoteFastOpen:       {"data on the SYN accepted (Fast Open)", ""},
	flows.NoteFINWaits:       {"FIN waits for what is missing before it", ""},
}

// appendNote appends n in words.
func appendNote(b []byte, n *flows.Note) []byte {
	w := &noteWords[n.Kind]
	b = append(b, w.words...)
	switch n.Kind {
	case flows.NoteSYNAgain, flows.NoteSYNACKAgain, flows.NoteFINAgain:
		if n.N > 1 {
			b = append(b, " ("...)
			b = append(strconv.AppendUint(b, uint64(n.N), 10), ')')
		}
		if n.D.OK {
			b = append(span.Append(append(b, ", "...), n.D.D), " after the first"...)
		}
		return b
	case flows.NoteReady:
		if n.Packet != 0 {
			b = append(b[:len(b)-len(w.words)], "taken at packet "...)
			b = append(strconv.AppendUint(b, n.Packet, 10), " or after: ready"...)
			if n.D.OK {
				b = append(span.Append(append(b, " in "...), n.D.D), " or more"...)
			}
			return b
		}
	case flows.NoteDataAfter:
		if n.N == 0 {
			return append(b[:len(b)-len(w.words)], "another FIN, beyond its own"...)
		}
	case flows.NoteUnreachable:
		return appendQuote(b, &n.Quote)
	}
	if n.D.OK && w.then != "" {
		b = span.Append(append(b, w.then...), n.D.D)
	}
	return b
}

// quietWords say why a packet changed nothing.
var quietWords = [flows.NumQuiets]string{
	flows.QuietACK:           "an acknowledgment",
	flows.QuietData:          "data in order",
	flows.QuietRetransmitted: "data sent again",
	flows.QuietOutOfOrder:    "data out of order",
	flows.QuietKeepAlive:     "keep-alive probe (RFC 9293 3.8.4)",
	flows.QuietCopy:          "the capture's copy of a packet before",
	flows.QuietStale:         "an old duplicate: its sender has since proved a later state",
	flows.QuietOutside:       "outside the receiver's window",
	flows.QuietUnseen:        "acknowledges what was never seen sent",
	flows.QuietCut:           "the header was cut short",
	flows.QuietSoft:          "an ICMP error that ends nothing (RFC 1122 4.2.3.9)",
	flows.QuietNoFlow:        "an ICMP error that quotes no flow seen",
	flows.QuietRepeated:      "sent again",
	flows.QuietInvalid:       "flags that cannot be",
	flows.QuietNotBelieved:   "RST with a number that its receiver does not believe",
	flows.QuietFINBelow:      "a FIN below data that was sent before it: no end of that data",
	flows.QuietWaits:         "SYN that opens nothing until it is answered",
	flows.QuietDamaged:       "a checksum is wrong: left out",
}

// toldBy reports whether a note says already why a packet changed nothing.
func toldBy(q flows.Quiet, notes []flows.Note) bool {
	return slices.ContainsFunc(notes, func(n flows.Note) bool {
		switch n.Kind {
		case flows.NoteSYNAgain, flows.NoteSYNACKAgain, flows.NoteFINAgain:
			return q == flows.QuietRepeated
		case flows.NoteAckUnseen:
			return q == flows.QuietUnseen
		case flows.NoteInvalidFlags:
			return q == flows.QuietInvalid
		case flows.NoteRSTNotBelieved:
			return q == flows.QuietNotBelieved
		}
		return false
	})
}

// appendQuiet appends that a packet changed nothing, and why, as far as its notes do not say it.
func appendQuiet(b []byte, q flows.Quiet, notes []flows.Note) []byte {
	b = append(b, "nothing changes"...)
	if q == flows.QuietNone || toldBy(q, notes) {
		return b
	}
	return append(append(b, ": "...), quietWords[q]...)
}
