package netlab

import (
	"strings"
	"testing"
)

// An interrupt may change another socket's state between an event and its stack; where one came out of another, there is no stack.
func TestInterruptedStack(t *testing.T) {
	const (
		closes = ": inet_sock_set_state: family=AF_INET sport=40000 dport=9000 saddr=10.0.0.1 daddr=10.0.0.2 oldstate=TCP_ESTABLISHED newstate=TCP_FIN_WAIT1"
		opens  = ": inet_sock_set_state: family=AF_INET sport=9001 dport=40001 saddr=10.0.0.2 daddr=10.0.0.1 oldstate=TCP_SYN_RECV newstate=TCP_ESTABLISHED"
		stack  = ": <stack trace>"
	)
	for _, interrupt := range []string{
		"",
		" a-1 [000] ..s.. 5.000002" + opens + "\n a-1 [000] ..s.. 5.000003" + stack + "\n => tcp_v4_do_rcv\n",
		" a-1 [000] ..s.. 5.000002" + opens + "\n",
	} {
		trace := " a-1 [000] ..... 5.000001" + closes + "\n" + interrupt +
			" b-2 [001] ..... 5.000003" + closes + "\n" +
			" a-1 [000] ..... 5.000004" + stack + "\n => __tcp_close+0x1\n" +
			" b-2 [001] ..... 5.000005" + stack + "\n => tcp_shutdown\n"
		var tracer Tracer
		event := stackOwner{last: map[string]int{}, now: -1}
		for line := range strings.Lines(trace) {
			tracer.line(strings.TrimSuffix(line, "\n"), &event)
		}
		var causes []string
		for _, r := range tracer.records {
			if r.to == "FIN_WAIT_1" {
				causes = append(causes, r.cause)
			}
		}
		if got := strings.Join(causes, " "); got != "close shutdown" {
			t.Errorf("with %q between: %s", interrupt, got)
		}
	}
}
