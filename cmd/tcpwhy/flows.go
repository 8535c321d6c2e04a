package main

import (
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/amount"
	"tcpwhy/analyzer/report"
	"tcpwhy/flows"
)

const flowsExample = `  tcpwhy flows pay.pcap                       a row per flow
  tcpwhy flows -o wide pay.pcap               with more columns
  tcpwhy flows -v pay.pcap                    with the states that either end went through
  tcpwhy flows --sort ready --top 10 pay.pcap the ten that waited longest
  tcpwhy flows --state server:SYN_RCVD pay.pcap
  tcpwhy flows --finding half-open,close-wait pay.pcap
  tcpwhy flows --client 10.0.3.0/24 --server 8443 captures/
  tcpwhy flows -o jsonl --transitions pay.pcap | jq 'select(.opening.outcome == "half-open")'
  tcpwhy flows -o csv pay.pcap > flows.csv
  sudo tcpwhy flows -i any -w pay.pcapng tcp  live, and kept for another look
  tcpwhy flows --flow 12 -w 12.pcapng pay.pcap
                                              one flow's packets: for a ticket`

// table are the options of the command that prints flows.
type table struct {
	reading
	order       analyzer.Order
	top         int
	transitions bool
}

func newFlows() *cobra.Command {
	var t table
	c := &cobra.Command{
		Use:   "flows [FILE...]",
		Short: "Print one row per flow: roles, opening, closing, timing, states, findings",
		Long: `One row per flow, in the order in which flows are finished; they are numbered by their first packet.
READY is the time from the first SYN until the server can first have taken the connection: the wait
that connect() does not show. The table has more columns on a terminal of 140, or with -o wide.`,
		Example: flowsExample,
		Args:    cobra.ArbitraryArgs,
		RunE:    func(c *cobra.Command, args []string) error { return t.run(c, args) },
	}
	fs := c.Flags()
	fs.Var(&oneValue[analyzer.Order]{&t.order, analyzer.ParseOrder, ""}, "sort", "in this `ORDER`, at the end: "+joinWords(analyzer.OrderNames()))
	complete(c, "sort", analyzer.OrderNames())
	fs.Var(aNumber(&t.top, 0, 0, math.MaxInt), "top", "only the first `N` rows, 0: all")
	fs.BoolVar(&t.transitions, "transitions", false, "each transition with its packet (json and jsonl)")
	t.flags(c, "text, wide, json, jsonl or csv")
	new(printing).accept(fs)
	return c
}

func (t *table) run(c *cobra.Command, args []string) error {
	if err := t.resolve(c, args); err != nil {
		return err
	}
	w := newWriter(c.OutOrStdout(), t.lineByOne || t.live())
	if _, err := t.colored(w); err != nil {
		return err
	}
	out := output{transitions: t.transitions, unlisted: !t.transitions, judged: true, wordless: true, linesOnly: true}
	switch t.format {
	case "text", "wide":
		rows := &report.Table{W: w, Wide: t.format == "wide" || w.width >= report.WideTable, Width: w.width, Verbose: t.verbose > 0}
		out.flows = rows
		out.begin = func(of *capture) error { rows.Names = of.names; return t.heading(w, of.names) }
	case "json", "jsonl":
		objects := &report.FlowJSON{W: w, Array: t.format == "json", Transitions: t.transitions}
		out.flows = objects
		out.begin = func(of *capture) error { objects.Names, objects.Ceiling = of.names, &of.run.Ceiling; return nil }
		out.closers = []io.Closer{objects}
	case "csv":
		lines := &report.FlowCSV{W: w}
		out.flows = lines
		out.begin = func(of *capture) error { lines.Names, lines.Ceiling = of.names, &of.run.Ceiling; return nil }
		out.closers = []io.Closer{lines}
	default:
		return oneOf("format", t.format, "text", "wide", "json", "jsonl", "csv")
	}
	if t.transitions && t.format != "json" && t.format != "jsonl" {
		return usage("--transitions: only with -o json and -o jsonl")
	}
	rows := &counted{FlowOutput: out.flows}
	begin := out.begin
	out.begin = func(of *capture) error {
		rows.n = 0
		return begin(of)
	}
	out.flows, out.rows = rows, func() uint64 { return rows.n }
	if t.top > 0 || !t.order.IsZero() {
		sorted := &analyzer.Sorted{To: out.flows, Order: t.order, Top: t.top, Room: max(1, t.maxMemory/4), Transitions: t.transitions}
		out.flows = sorted
		out.end = func(uint64) error {
			if n := sorted.LeftOut(); n > 0 {
				fmt.Fprintf(c.ErrOrStderr(), "%s not shown, the last in order: there is no room to sort more (--top, --max-memory)\n", amount.Of(n, "flow is", "flows are"))
			}
			return sorted.Flush()
		}
	}
	return t.read(c, w, &out)
}

// counted counts the flows that it hands on.
type counted struct {
	analyzer.FlowOutput
	n uint64
}

func (c *counted) Flow(f *flows.Flow, found []*analyzer.Finding) error {
	c.n++
	return c.FlowOutput.Flow(f, found)
}
