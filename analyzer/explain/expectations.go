package explain

import (
	"strings"

	"tcpwhy/analyzer/expect"
)

// expectations is the page of the language of tcpwhy check --expect, made from its tables.
func expectations() string {
	var b strings.Builder
	b.WriteString(`A file of expectations is YAML. tcpwhy check --expect FILE judges by it, each
capture alone; --record FILE writes one from captures that are good:

    captures:
    - files: lb/*.pcapng
      allow:
      - truncated
      - flows: {finding: syn-unanswered}
        count: at most 3
        reason: SYN cookies of the old balancer
        until: 2026-12-31
      expect:
      - name: every connection through the balancer opens
        flows: {server: "[fd00:8::20]:443"}
        count: 12
        opening: complete
        closing: {orderly: at least 95%, reset: at most 1}
        server.state: CLOSED
        findings: none
        metrics: [handshake.p99 < 50ms, connect < 1s]
      - fail-on: [warning, "refused > 5%"]
`)
	for _, of := range []struct {
		what string
		keys []expect.Key
	}{
		{"Of captures:", expect.EntryKeys},
		{"What is expected. A word of flows is what all of them are (opening: complete), one of several ([complete, refused]), or each with a quantity ({complete: at least 95%}):", expect.ItemKeys},
		{"Which flows. Of several values any will do:", expect.FlowsKeys},
		{"What is allowed:", expect.ExceptionKeys},
	} {
		b.WriteString("\n" + strings.Join(fill(of.what), "\n") + "\n\n")
		for _, k := range of.keys {
			row(&b, k.Name, k.Doc)
		}
	}
	b.WriteString(`
Each key, and each quantity, is one expectation, and is told with its line. It
fails where no flow is chosen, unless may-be-empty or count says that there
may be none. What cannot be judged is not met, and tcpwhy exits with status 2: a
capture that is named and not given, one that is given and not named, a metric
that was measured of no flow. A capture that is not there, or is cut off, meets
nothing, and is status 3; that it is cut off can be allowed. What is allowed is
taken away from what failed: if the rest is as expected, it is no failure until
the day after its last. An exception that nothing comes under any more is told.
Without flows, findings of the whole capture count, too.

RFC 9293 §3.3.2 has the states, in any of the usual spellings`)
	return b.String()
}
