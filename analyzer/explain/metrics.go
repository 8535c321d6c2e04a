package explain

import (
	"fmt"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/metric"
)

// metrics is the page of the language in which flows are chosen and limits are set, made from its tables.
func metrics() string {
	var b strings.Builder
	paragraph := func(text string) { b.WriteString("\n" + strings.Join(fill(text), "\n") + "\n\n") }

	b.WriteString(`--where EXPR chooses flows, --fail-on EXPR,... sets limits that nothing may
exceed, and expectations (tcpwhy explain expectations) say what has to hold:

    tcpwhy flows --where 'connect > 1s and not syn-retransmitted' pay.pcap
    tcpwhy check --fail-on half-open,warning,'refused > 5%' pay.pcap
    tcpwhy check --fail-on 'handshake.p99 > 50ms and flows >= 100' pay.pcap
`)
	paragraph("Of a flow, to be compared (> >= < <= == !=) with a time (50ms, 1.5s, 2m), a number, or bytes (512, 10kB, 1.5MiB):")
	for i := range analyzer.Measures {
		row(&b, analyzer.Measures[i].Name, analyzer.Measures[i].Doc)
	}
	paragraph("Words of a flow, to be compared (== !=); between quotes if they have spaces:")
	for i := range metric.Words {
		w := &metric.Words[i]
		words := w.Doc
		if len(w.Of) > 0 && !strings.HasSuffix(w.Name, "state") {
			words += ": " + strings.Join(w.Of, ", ")
		}
		row(&b, w.Name, words)
	}
	paragraph("What a flow shows, without a comparison:")
	row(&b, "half-open, refused, ...", "the findings: tcpwhy explain findings lists them")
	row(&b, "notice, warning, error", "a finding of that severity, or a graver one; info: any; tcpwhy explain severity")
	for _, f := range metric.Flags {
		row(&b, f.Name, f.Doc)
	}
	row(&b, "opening.refused, ...", "any of the words above, after a dot")
	paragraph("Of all flows, in limits and expectations: how many show something, or which share of them; and a statistic of what can be compared:")
	row(&b, "refused > 3", "more than three flows; findings of the whole capture count, too")
	row(&b, "refused > 5%", "more than 5% of all flows")
	row(&b, "flows >= 100", "as many flows as that")
	for _, s := range metric.Statistics {
		row(&b, "connect."+s.Name, s.Doc)
	}
	b.WriteString(`
Conditions are joined by and, or, not and brackets. What is said of a flow is a
limit that any one flow exceeds, and as an expectation has to hold of every
flow. What was not measured is neither above nor below: it chooses no flow, and
where nothing at all was measured, or there are no flows, a limit is not judged,
which is no success: tcpwhy then exits with status 2.

Statistics are exact, and hold each value: 8 bytes for each flow.

RFC 9293 §3.3.2 has the states, in any of the usual spellings`)
	return b.String()
}

// row is a name, and words beside it.
func row(b *strings.Builder, name, words string) {
	for i, line := range filled(words, 79-25) {
		if i > 0 {
			name = ""
		}
		b.WriteString(strings.TrimRight(fmt.Sprintf("%-24s %s", name, line), " ") + "\n")
	}
}
