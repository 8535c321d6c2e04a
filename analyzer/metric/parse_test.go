package metric

import (
	"errors"
	"testing"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// sample flow: refused after two SYNs, and found so.
func refused() (*flows.Flow, []*analyzer.Finding) {
	f := &flows.Flow{Number: 1, First: 0, Last: int64(2 * time.Second)}
	f.Opening = flows.Handshake{Outcome: flows.OpeningRefused, Kind: flows.KindThreeWay, SYNs: 2}
	f.Client().Packets, f.Server().Packets = 2, 1
	f.Client().Retransmissions.SYN = 1
	f.Client().StateList, f.Client().NumStates = [flows.MaxStates]flows.State{flows.Closed, flows.SynSent, flows.Closed}, 3
	return f, []*analyzer.Finding{{Rule: analyzer.RuleNamed("refused"), Severity: analyzer.Notice}}
}

func TestConditionsOfAFlow(t *testing.T) {
	f, found := refused()
	for expr, want := range map[string]Truth{
		"packets > 2":                Yes,
		"packets>=3":                 Yes,
		"packets < 3":                No,
		"retransmissions == 1":       Yes,
		"client.retransmissions = 1": Yes,
		"syn_sent != 2":              No,
		"duration > 1.5s":            Yes,
		"duration > 2000ms":          No,
		"connect > 1s":               Unknown, // it was never measured
		"connect <= 1s":              Unknown,
		"not connect > 1s":           Unknown,
		"connect > 1s or refused":    Yes,
		"connect > 1s and refused":   Unknown,
		"connect > 1s and half-open": No,
		"refused":                    Yes,
		"not refused":                No,
		"notice":                     Yes,
		"info":                       Yes,
		"warning":                    No,
		"opening == refused":         Yes,
		"opening.refused":            Yes,
		"opening != complete":        Yes,
		"closing == orderly":         Unknown, // nothing was ever open
		"client.state == closed":     Yes,
		"server.state == CLOSED":     Unknown,
		"state == Closed":            Yes,
		"client.state.SYN_SENT":      No,
		"client.states == 'closed SYN-SENT CLOSE'": Yes,
		"midstream":                              No,
		"port == 0":                              Yes,
		"bytes < 1kB":                            Yes,
		"packets > 5 or packets < 5 and refused": Yes,
		"(packets > 5 or packets < 5) and info":  Yes,
		"not (refused and packets > 5)":          Yes,
		"not not refused":                        Yes,
	} {
		e, err := ParseFlow(expr)
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			continue
		}
		if got := e.Test(f, found); got != want {
			t.Errorf("%s: got %d, want %d", expr, got, want)
		}
	}
}

func TestErrorsSayWhere(t *testing.T) {
	for expr, want := range map[string]struct {
		column int
		text   string
	}{
		"":                          {1, "a metric is missing"},
		"conect > 1s":               {1, "there is no metric or finding conect (is it connect?)"},
		"refused and conect > 1s":   {13, "there is no metric or finding conect (is it connect?)"},
		"half-closed":               {1, "there is no metric or finding half-closed (is it closing.half-closed?)"},
		"ünnötig":                   {1, "there is no metric or finding ünnötig; tcpwhy explain metrics lists them"},
		"connect":                   {8, "connect is compared with something, as in 'connect > 1s'"},
		"connect > 5":               {11, "connect: 5 is no time (50ms, 1.5s, 2m)"},
		"connect >":                 {10, "what connect is compared with is missing, as in 'connect > 1s'"},
		"packets > 1.5":             {11, "packets: 1.5 is no whole number"},
		"packets > 1kB":             {11, "packets: 1kB is no whole number"},
		"bytes > 1ms":               {9, "bytes: 1ms is no number of bytes (512, 10kB, 1.5MiB)"},
		"opening == compleet":       {12, "opening is never compleet (is it complete?)"},
		"opening > complete":        {11, "opening is a word: it is equal (==) or not (!=), neither above nor below"},
		"client.state == OPEN":      {17, "OPEN is no state (CLOSED LISTEN SYN_SENT SYN_RCVD ESTABLISHED FIN_WAIT_1 FIN_WAIT_2 CLOSE_WAIT CLOSING LAST_ACK TIME_WAIT)"},
		"server == nowhere":         {11, `"nowhere" is no address, prefix, port or address:port`},
		"(refused":                  {9, "the bracket at column 1 is not closed"},
		"refused half-open":         {9, "half-open is one too many (and, or?)"},
		"connect ! 1s":              {9, "! alone is no operator (!=, or not)"},
		"client.states == 'CLOSED":  {18, "the quote does not end"},
		"half-open > 5%":            {1, "how many flows: of one flow, half-open holds or not"},
		"connect.p99 > 1s":          {1, "connect.p99 is of many flows: of one it is connect"},
		"connect.p999 > 1s":         {1, "there is no statistic p999 (is it p99?)"},
		"flows > 5":                 {1, "flows counts them: it is no condition of one flow"},
		"accept-queue-full":         {1, "accept-queue-full is found of the whole capture, not of a flow (--finding accept-queue-full chooses the flows that are part of it)"},
		"refused and and half-open": {13, "there is no metric or finding and; tcpwhy explain metrics lists them"},
		"> 5":                       {1, `">" stands where a metric should`},
	} {
		_, err := ParseFlow(expr)
		var at *Error
		if !errors.As(err, &at) || at.Column != want.column || at.Text != want.text {
			t.Errorf("%s: got %v, want column %d: %s", expr, err, want.column, want.text)
		}
	}
}

// Whatever is written, an error says where in it; and what can be read once can be read again.
func FuzzMetric(f *testing.F) {
	for _, expr := range []string{"connect > 1s", "refused > 5%", "handshake.p99 > 50ms", "connect.max > 1s", "flows >= 1",
		"(half-open or not refused) and client.states == 'CLOSED SYN_SENT'", "state.TIME_WAIT", "bytes>1.5MiB", "((((", "warning", "not not x"} {
		f.Add(expr)
	}
	flow, found := refused()
	f.Fuzz(func(t *testing.T, expr string) {
		for _, parse := range []func(string) (*Expr, error){Parse, ParseFlow} {
			e, err := parse(expr)
			if err != nil {
				var at *Error
				if !errors.As(err, &at) || at.Column < 1 || at.Column > len([]rune(expr))+1 {
					t.Fatalf("%q: %v says no place in it", expr, err)
				}
				continue
			}
			if again, err := parse(e.String()); err != nil || again.String() != e.String() {
				t.Fatalf("%q: is read as %q, which is read as %v, %v", expr, e, again, err)
			}
			if e.Subject() == "" {
				t.Fatalf("%q: asks for nothing", expr)
			}
			if e.OfFlow() {
				e.Test(flow, found)
			}
			for _, tally := range []*Tally{NewLimit(e), NewExpectation(e)} {
				if err := tally.Flow(flow, found); err != nil {
					t.Fatal(err)
				}
				if r := tally.Result(); r.Truth == Unknown && r.Reason == "" {
					t.Fatalf("%q: is unknown for no reason", expr)
				}
			}
		}
	})
}
