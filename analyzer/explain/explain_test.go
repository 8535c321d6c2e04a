package explain

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"tcpwhy/flows"
)

// names is every value of an enumeration of package flows, whose String panics beyond the last.
func names[T interface {
	~uint8
	fmt.Stringer
}](t *testing.T) (all []string) {
	t.Helper()
	for v := range 255 {
		name, ok := func() (name string, ok bool) {
			defer func() { _ = recover() }()
			return T(v).String(), true
		}()
		if !ok {
			break
		}
		if name != "" {
			all = append(all, name)
		}
	}
	if len(all) < 3 {
		t.Fatalf("only %q", all)
	}
	return all
}

func TestEveryWordOfAFlowHasAPage(t *testing.T) {
	words := names[flows.State](t)
	words = append(words, names[flows.Certainty](t)...)
	words = append(words, names[flows.Roles](t)...)
	words = append(words, names[flows.OpeningOutcome](t)...)
	words = append(words, names[flows.OpeningKind](t)...)
	words = append(words, names[flows.ClosingOutcome](t)...)
	words = append(words, strings.Fields("S0 S1 SF REJ S2 S3 RSTO RSTR RSTOS0 RSTRH SH SHR OTH")...)
	words = append(words, strings.Fields("READY CONNECT midstream one_way duplicates missing_segments truncated ended_open evicted ambiguous")...)
	words = append(words, "SYN answered", "handshake complete", "SYN again", "SYN-ACK again", "FIN again", "nothing changes")
	words = append(words, strings.Fields("states opening kind closings certainty roles conn_state history completeness")...)
	for _, w := range words {
		title, text, ok := Lookup(w)
		if !ok {
			t.Errorf("%s has no page", w)
			continue
		}
		if !strings.HasPrefix(title, w) {
			t.Errorf("%s: the title is %q", w, title)
		}
		if len(text) < 200 && w != "kind" {
			t.Errorf("%s: %d bytes are not worth reading", w, len(text))
		}
	}
}

func TestPagesSayWhereToLook(t *testing.T) {
	overview := map[string]bool{"states": true, "opening": true, "kind": true, "closings": true,
		"certainty": true, "roles": true, "findings": true, "limits": true, "metrics": true, "expectations": true, "conn_state": true, "history": true, "completeness": true}
	section := regexp.MustCompile(`RFC \d+ §\d`)
	seen := map[string]bool{}
	for _, w := range Words() {
		if seen[w] {
			t.Errorf("%s has two pages", w)
		}
		seen[w] = true
		_, text, ok := Lookup(w)
		if !ok {
			t.Errorf("%s is listed and has no page", w)
		}
		if !section.MatchString(text) {
			t.Errorf("%s names no section of an RFC", w)
		}
		if !overview[w] && !strings.Contains(text, "Next:") && !strings.Contains(text, "Sockets:") {
			t.Errorf("%s says neither what the sockets show nor what to look at next", w)
		}
	}
}

func TestTextsFitTheTerminal(t *testing.T) {
	words := append(Words(), "ShADadFf", "^hCADcGgTtWwIiQqRrXx", "SaHAAA")
	for n := range 64 {
		words = append(words, fmt.Sprint(n))
	}
	for _, w := range words {
		title, text, _ := Lookup(w)
		if strings.Contains(title, "\n") || utf8.RuneCountInString(title) > 80 {
			t.Errorf("%s: title %q", w, title)
		}
		for line := range strings.SplitSeq(text, "\n") {
			if utf8.RuneCountInString(line) > 80 || strings.ContainsAny(line, "\t\r") || strings.TrimRight(line, " ") != line {
				t.Errorf("%s: line %q", w, line)
			}
		}
		if text != strings.TrimSpace(text) {
			t.Errorf("%s: the text has space around it", w)
		}
	}
}

func TestLookupSpellings(t *testing.T) {
	for _, test := range []struct{ title, words string }{
		{"SYN_RCVD:", "SYN_RECV syn-recv SYN-RECEIVED SYN_RCVD SynReceived TCP_SYN_RECV"},
		{"FIN_WAIT_2:", "FIN_WAIT2 FIN-WAIT-2 fin_wait_2 FinWait2"},
		{"ESTABLISHED:", "ESTAB established Established"},
		{"CLOSED:", "CLOSE UNCONN closed"},
		{"CLOSING:", "closing CLOSING"},
		{"half-open:", "half-open half_open Half-Open HALF-OPEN"},
		{"not-captured:", "not_captured"},
		{"syn-ack:", "syn-ack SYN-ACK SYNACK synack"},
		{"reset:", "RST rst reset"},
		{"one_way:", "one_way one-way ONE_WAY"},
		{"READY:", "ready READY server_ready_ns"},
		{"S1:", "S1 s1"},
		{"SH:", "SH sh"},
		{"SF:", "SF sf"},
		{"RSTOS0:", "RSTOS0 rstos0"},
		{"history Sh", "Sh ShA ShADadFf ShADadFfA ShAA"},
		{"history hA", "hADa"},
		{"history S", "S Sr SR Sf"},
		{"history ^h", "^h ^hA ^hADFr"},
		{"completeness 31", "31 0x1f 0X1F tcp.31"},
		{"completeness:", "completeness tcp.completeness"},
		{"history:", "history History"},
	} {
		for _, w := range strings.Fields(test.words) {
			title, _, ok := Lookup(w)
			if !ok || !strings.HasPrefix(title, test.title) {
				t.Errorf("%s: got %q, %v, want %q", w, title, ok, test.title)
			}
		}
	}
	for _, w := range []string{"", " ", "64", "-1", "31.0", "nonsense", "data", "wait", "FIN_WAIT", "S4", "Shé", "half", "RSTX9", "Sh A"} {
		if title, text, ok := Lookup(w); ok || title != "" || text != "" {
			t.Errorf("%q: got %q, want nothing", w, title)
		}
	}
}

func TestHistory(t *testing.T) {
	_, text, _ := Lookup("ShADTadttFfR")
	for _, want := range []string{
		"  S   originator  SYN without ACK\n  h   responder   SYN-ACK\n  A   originator  ACK without payload\n  D   originator  payload\n",
		"  t   responder   payload sent again, or out of order\n  t   responder   payload sent again, or out of order: the 10th time\n",
		"ShA: the three segments", "A RST after a FIN",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("want %q in\n%s", want, text)
		}
	}
	for _, test := range []struct{ word, has, hasNot string }{
		{"Sh", "Half open", "ShA:"},
		{"Shr", "Half open", "refused"},
		{"ShR", "", "Half open"},
		{"ShDa", "", "Half open"},
		{"^hA", "Zeek        Zeek swapped", "No SYN"},
		{"Sr", "refused", "Nothing came back"},
		{"S", "Nothing came back", "refused"},
		{"SThA", "Fast Open", "Nothing came back"},
		{"Dd", "older than the capture", "Half open"},
		{"ShAFf", "Both ends closed", "RST after"},
		{"ShARr", "", "RST after"},
		{"ShAFF", "FIN, with or without payload, with another number", "Both ends"},
		{"ShADadFfA", "ACK without payload, again (Zeek itself writes it once)", "another number\n"},
		{"ShAwww", "zero window: the 100th time", ""},
	} {
		_, text, ok := Lookup(test.word)
		if !ok || !strings.Contains(text, test.has) || test.hasNot != "" && strings.Contains(text, test.hasNot) {
			t.Errorf("%s: want %q and not %q in\n%s", test.word, test.has, test.hasNot, text)
		}
	}
}

// What Wireshark calls the numbers was read off tshark -2 -V.
func TestCompleteness(t *testing.T) {
	for n, want := range map[int]string{
		0: "Incomplete", 1: "Incomplete, SYN_SENT", 3: "Incomplete, CLIENT_ESTABLISHED", 5: "Incomplete",
		7: "Incomplete, ESTABLISHED", 9: "Incomplete", 11: "Incomplete", 13: "Incomplete", 15: "Incomplete, DATA",
		21: "Incomplete", 23: "Complete, NO_DATA", 25: "Incomplete", 27: "Incomplete", 29: "Incomplete",
		31: "Complete, WITH_DATA", 33: "Incomplete", 35: "Incomplete", 37: "Incomplete", 39: "Complete, NO_DATA",
		41: "Incomplete", 43: "Incomplete", 45: "Incomplete", 47: "Complete, WITH_DATA", 53: "Incomplete",
		55: "Complete, NO_DATA", 57: "Incomplete", 59: "Incomplete", 61: "Incomplete", 63: "Complete, WITH_DATA",
	} {
		_, text, ok := Lookup(fmt.Sprint(n))
		if !ok || !strings.Contains(text, fmt.Sprintf("%q.", want)) {
			t.Errorf("%d: want %q in\n%s", n, want, text)
		}
	}
	seen := map[string]int{}
	for n := range 64 {
		_, text, ok := Lookup(fmt.Sprint(n))
		if !ok {
			t.Fatalf("%d has no text", n)
		}
		if was, ok := seen[text]; ok {
			t.Errorf("%d and %d have the same text", was, n)
		}
		seen[text] = n
		if got, want := strings.Count(text, "  not seen"), 6-onesIn(n); got != want {
			t.Errorf("%d: %d kinds are not seen, want %d", n, got, want)
		}
	}
}

func onesIn(n int) (ones int) {
	for ; n > 0; n &= n - 1 {
		ones++
	}
	return ones
}

func TestSuggest(t *testing.T) {
	for word, want := range map[string]string{
		"TIME_WIAT": "TIME_WAIT", "close-wiat": "CLOSE_WAIT", "half-opne": "half-open", "orderyl": "orderly",
		"refussed": "refused", "FIN_WAIT": "FIN_WAIT_1", "S4": "S0", "establised": "ESTABLISHED", "proven": "proved",
		"unanswerd": "unanswered", "fastopen": "fast-open", "missing-last-ack": "missing-final-ack",
	} {
		if got, ok := Suggest(word); !ok || got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
	for _, word := range []string{"", "xyzzy", "kubernetes", "1000", "port"} {
		if got, ok := Suggest(word); ok {
			t.Errorf("%q: got %q, want nothing", word, got)
		}
	}
}
