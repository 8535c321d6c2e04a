package explain

import (
	"fmt"
	"strconv"
	"strings"

	"tcpwhy/flows"
)

// kinds of segment that tcp.completeness tells of, lowest bit first.
var kinds = [...]struct {
	bit  flows.Completeness
	name string
	what string
}{
	{flows.CompletenessSYN, "SYN", "a SYN without ACK"},
	{flows.CompletenessSYNACK, "SYN-ACK", "a SYN with ACK"},
	{flows.CompletenessACK, "ACK", "an ACK without SYN and payload; of a FIN or RST too"},
	{flows.CompletenessData, "DATA", "payload, with ACK or on the first SYN"},
	{flows.CompletenessFIN, "FIN", "a FIN with ACK, of either end or of both"},
	{flows.CompletenessRST, "RST", "a RST, of either end"},
}

const completenessHides = `What it hides: who sent what, in which order, how often, and with which numbers.
A SYN-ACK or an ACK counts even if it acknowledges what was never sent; one FIN
and two are the same, acknowledged or not; a RST that nobody believed counts.
tcpwhy judges all of that; see opening and closing of the same flow.

tshark prints the full value with -2 only: in one pass each packet shows the
value from before itself. RFC 9293 §3.5, §3.6`

// completeness explains a value of Wireshark's tcp.completeness.
func completeness(word string) (title, text string, ok bool) {
	word = strings.TrimPrefix(strings.ToLower(word), "tcp.")
	if word == "completeness" {
		var b strings.Builder
		b.WriteString("The sum of what the packets of a connection have shown:\n\n")
		for _, k := range kinds {
			fmt.Fprintf(&b, "  %2d  %-7s  %s\n", k.bit, k.name, k.what)
		}
		return "completeness: Wireshark's tcp.completeness, the kinds of segment seen",
			b.String() + "\nExplain any sum of them: tcpwhy explain 31.\n\n" + completenessHides, true
	}
	digits, base := word, 10
	if hex, ok := strings.CutPrefix(word, "0x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 6)
	if err != nil {
		return "", "", false
	}
	c := flows.Completeness(n)
	var b strings.Builder
	fmt.Fprintf(&b, "Wireshark's tcp.completeness; it calls this %q.\n\n", wiresharkSays(c))
	for _, k := range kinds {
		seen := "not seen"
		if c&k.bit != 0 {
			seen = "seen"
		}
		fmt.Fprintf(&b, "  %2d  %-7s  %-8s  %s\n", k.bit, k.name, seen, k.what)
	}
	b.WriteString("\n" + reading(c) + "\n\n" + completenessHides)
	return fmt.Sprintf("completeness %d", n), b.String(), true
}

// wiresharkSays is Wireshark's own word for c.
func wiresharkSays(c flows.Completeness) string {
	const (
		open = flows.CompletenessSYN | flows.CompletenessSYNACK | flows.CompletenessACK
		over = flows.CompletenessFIN | flows.CompletenessRST
	)
	switch {
	case c == flows.CompletenessSYN:
		return "Incomplete, SYN_SENT"
	case c == flows.CompletenessSYN|flows.CompletenessSYNACK:
		return "Incomplete, CLIENT_ESTABLISHED"
	case c == open:
		return "Incomplete, ESTABLISHED"
	case c == open|flows.CompletenessData:
		return "Incomplete, DATA"
	case c&open == open && c&flows.CompletenessData == 0 && c&over != 0:
		return "Complete, NO_DATA"
	case c&open == open && c&over != 0:
		return "Complete, WITH_DATA"
	}
	return "Incomplete"
}

// reading says what c usually means, and what else it can.
func reading(c flows.Completeness) string {
	has := func(bits flows.Completeness) bool { return c&bits == bits }
	const handshake = flows.CompletenessSYN | flows.CompletenessSYNACK | flows.CompletenessACK
	switch {
	case c == 0:
		return `Nothing that counts: no TCP segment but such as have neither SYN, RST nor ACK.
(tshark also loses what the first frame of a stream shows, if it is no SYN.)`
	case has(handshake | flows.CompletenessFIN | flows.CompletenessRST):
		return `A FIN and a RST: rst-after-fin, if they came in that order; the number does not
say.`
	case has(handshake | flows.CompletenessFIN):
		return `Does not mean closed well: a good close, one whose last ACK is missing, and one
whose second FIN never came (CLOSE_WAIT at that end) are the same number. See
orderly, missing-final-ack, half-closed and fin-unanswered.`
	case has(handshake | flows.CompletenessRST):
		return `"Complete" means that it ended: here by a RST. See reset; where the RST came
before the ACK the handshake never was.`
	case has(handshake | flows.CompletenessData):
		return `Open, with data, to the end of the capture: open or silent.`
	case has(handshake):
		return `SYN, SYN-ACK and some ACK without payload. That ACK may be the server's, or have
the wrong number: see complete and half-open.`
	case has(flows.CompletenessSYN|flows.CompletenessRST) && !has(flows.CompletenessSYNACK):
		return `SYN and RST without SYN-ACK: refused, if the RST answers the SYN and
acknowledges it (then its own ACK counts as ACK); or the client took it back.`
	case has(flows.CompletenessSYN | flows.CompletenessSYNACK):
		return `SYN and SYN-ACK without an ACK that is bare. Half open, if no data came
either; if data came, the third segment carried it, which is a good handshake
that Wireshark calls incomplete.`
	case c == flows.CompletenessSYN:
		return `SYN alone, however often: unanswered, or in-progress.`
	case has(flows.CompletenessSYN):
		return `A SYN without SYN-ACK: one direction may be missing from the capture; or the
SYN was answered by an ACK alone, from a connection that was there before.`
	case has(flows.CompletenessSYNACK):
		return `A SYN-ACK without SYN: the capture began in between, or lacks the client's
direction.`
	}
	return `No SYN and no SYN-ACK: the connection is older than the capture.`
}
