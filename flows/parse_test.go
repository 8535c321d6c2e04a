package flows

import (
	"strings"
	"testing"
)

func TestParseState(t *testing.T) {
	for _, test := range []struct {
		want  State
		words string
	}{
		{Unknown, "UNKNOWN unknown"},
		{Closed, "CLOSED closed CLOSE UNCONN TCP_CLOSE"},
		{Listen, "LISTEN LISTENING listening Listen TCP_LISTEN"},
		{SynSent, "SYN_SENT SYN-SENT syn-sent SynSent SYN_SEND TCP_SYN_SENT"},
		{SynReceived, "SYN_RCVD SYN-RECEIVED SYN_RECV syn-recv SYN-RECV SynReceived SYN_RECEIVED TCP_SYN_RECV TCP_NEW_SYN_RECV"},
		{Established, "ESTABLISHED ESTAB established estab TCP_ESTABLISHED"},
		{FinWait1, "FIN_WAIT_1 FIN-WAIT-1 FIN_WAIT1 fin-wait-1 FinWait1 TCP_FIN_WAIT1"},
		{FinWait2, "FIN_WAIT_2 FIN-WAIT-2 FIN_WAIT2 fin-wait-2 FinWait2 FIN-WAIT2"},
		{CloseWait, "CLOSE_WAIT CLOSE-WAIT close-wait CloseWait CLOSEWAIT"},
		{Closing, "CLOSING closing TCP_CLOSING"},
		{LastAck, "LAST_ACK LAST-ACK last-ack LastAck"},
		{TimeWait, "TIME_WAIT TIME-WAIT time-wait TimeWait TIMED_WAIT timewait"},
	} {
		for _, word := range strings.Fields(test.words) {
			if got, ok := ParseState(word); !ok || got != test.want {
				t.Errorf("%s: got %v, %v, want %v", word, got, ok, test.want)
			}
		}
	}
	if got, ok := ParseState("fin wait 2"); !ok || got != FinWait2 {
		t.Errorf("fin wait 2: got %v, %v, want FIN_WAIT_2", got, ok)
	}
}

func TestParseStateReadsItsOwnNames(t *testing.T) {
	for s := range NumStates {
		if got, ok := ParseState(s.String()); !ok || got != s {
			t.Errorf("%v: got %v, %v", s, got, ok)
		}
	}
}

func TestParseStateRefuses(t *testing.T) {
	for _, word := range []string{
		"", " ", "TCP", "_", "FIN_WAIT", "FIN_WAIT_3", "WAIT", "SYN", "ACK", "CLOSED.", "ESTABLISHED?",
		"S1", "31", "TIME_WAIT TIME_WAIT", "SYN_RECEIVEDD", "ＬＩＳＴＥＮ", strings.Repeat("-", 100) + "X",
		strings.Repeat("LISTEN", 100),
	} {
		if got, ok := ParseState(word); ok || got != Unknown {
			t.Errorf("%q: got %v, %v, want UNKNOWN, false", word, got, ok)
		}
	}
}
