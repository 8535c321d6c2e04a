package explain

import (
	"fmt"
	"strings"
)

// letters of Zeek's history, in lower case.
var letters = [...]struct {
	letter  byte
	meaning string
	how     string // it is repeated
}{
	{'s', "SYN without ACK", "again only with another number, after a FIN or RST"},
	{'h', "SYN-ACK", "again only with another number, after a FIN or RST"},
	{'a', "ACK without payload", once},
	{'d', "payload", once},
	{'f', "FIN, with or without payload", "again only with another number"},
	{'r', "RST", "again only with another number"},
	{'c', "wrong TCP checksum; counts for nothing else", counted},
	{'g', "its payload was acknowledged, not captured", counted},
	{'t', "payload sent again, or out of order", counted},
	{'w', "zero window", counted},
	{'i', "FIN and RST in one segment", once},
	{'q', "SYN with FIN or RST in one segment", once},
	{'^', "Zeek swapped originator and responder", "each time"},
	{'x', "Zeek stopped analyzing", once},
}

const (
	once    = "once at most"
	counted = "at the 1st, 10th, 100th time"
)

const historyRules = `Upper case is the originator: who sent the first packet captured, unless ^ says
that Zeek swapped the two. Lower case is the responder. A packet gives one of S
H A D F R I Q: a FIN with payload is F, not DF. G, T and W come in addition.`

const historyHides = `What it hides: times, numbers, how often anything was repeated. A SYN or SYN-ACK
sent again leaves no letter, nor does the ACK of a FIN after an earlier ACK.
tcpwhy counts them, and judges by the numbers; see opening and closing of the
same flow. RFC 9293 §3.3.2 has the states.`

// history explains a Zeek history letter by letter.
func history(word string) (title, text string, ok bool) {
	if strings.EqualFold(word, "history") {
		var b strings.Builder
		for _, l := range letters {
			fmt.Fprintf(&b, "  %c   %s (%s)\n", l.letter, l.meaning, l.how)
		}
		return "history: Zeek's letters for the segments of a connection, in order",
			"Each letter stands for a kind of segment that was new at that moment:\n\n" + b.String() + "\n" +
				historyRules + "\n\n" + historyHides, true
	}
	if !isHistory(word) {
		return "", "", false
	}
	var b strings.Builder
	b.WriteString("Zeek's letters, in the order of the capture:\n\n")
	times := map[rune]int{}
	for _, c := range word {
		times[c]++
		who := "originator"
		switch {
		case c == '^':
			who = "Zeek"
		case c >= 'a':
			who = "responder"
		}
		fmt.Fprintf(&b, "  %c   %-10s  %s\n", c, who, meaning(c, times[c]))
	}
	b.WriteString("\n")
	for _, remark := range remarks(word) {
		b.WriteString(remark + "\n\n")
	}
	b.WriteString(historyRules + "\n\n" + historyHides)
	return "history " + word, b.String(), true
}

// isHistory reports whether word is made of history's letters, and of more than the responder's: many words of
// English are made of those.
func isHistory(word string) bool {
	for _, c := range word {
		if !strings.ContainsRune("shadfrcgtwiq^xSHADFRCGTWIQX", c) {
			return false
		}
	}
	return strings.ToLower(word) != word || strings.HasPrefix(word, "^")
}

func meaning(c rune, time int) string {
	for _, l := range letters {
		if rune(l.letter) != c|0x20 && c != rune(l.letter) {
			continue
		}
		switch {
		case time == 1 || c == '^':
			return l.meaning
		case l.how == once:
			return l.meaning + ", again (Zeek itself writes it once)"
		case l.how == counted:
			return fmt.Sprintf("%s: the %sth time", l.meaning, "1"+strings.Repeat("0", time-1))
		default:
			return l.meaning + ", with another number"
		}
	}
	return "" // isHistory let no other pass
}

// remarks are what a history does not say by itself.
func remarks(word string) (rs []string) {
	rest := strings.TrimPrefix(word, "^")
	after, answered := strings.CutPrefix(rest, "Sh")
	switch {
	case answered && !strings.ContainsAny(after, "ADFRIQ"):
		rs = append(rs, `Half open: after the SYN-ACK there is nothing from the originator. Zeek's
conn_state is S1 all the same, "established".`)
	case answered && strings.HasPrefix(after, "A"):
		rs = append(rs, `ShA: the three segments of a handshake. Whether their numbers fit, and whether
the responder took the ACK, it does not say.`)
	case strings.HasPrefix(rest, "S") && strings.HasPrefix(rest[1:], "r"):
		rs = append(rs, `The SYN was answered with a RST: refused, if the RST acknowledges the SYN.`)
	case strings.Trim(rest, "SWTC") == "":
		rs = append(rs, `Nothing came back.`)
	case !strings.ContainsAny(rest, "SsHh"):
		rs = append(rs, `No SYN and no SYN-ACK: the connection is older than the capture.`)
	}
	if strings.HasPrefix(rest, "ST") {
		rs = append(rs, `T right after S: a SYN with data (Fast Open). Zeek counts that data as sent
before; nothing need have been lost.`)
	}
	f, r := strings.IndexAny(word, "Ff"), strings.IndexAny(word, "Rr")
	if f >= 0 && r > f {
		rs = append(rs, `A RST after a FIN: see rst-after-fin for its causes.`)
	} else if strings.Contains(word, "F") && strings.Contains(word, "f") {
		rs = append(rs, `Both ends closed. Whether the last FIN was acknowledged, it does not say.`)
	}
	return rs
}
