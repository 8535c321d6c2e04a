package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/report"
	"tcpwhy/pcaps"
)

const reportLong = `The whole capture: what went wrong, with whom, since when, why, and what to look at next; how long
openings took, what was sent again, who closes, and the states that the ends were last seen in. One
cause is one finding, however many flows show it. With --flow, those flows are drawn instead. What
single flows show is counted for each server; -o json has the first of them and the worst few as
examples, -o jsonl and csv have each.`

const reportExample = `  tcpwhy report pay.pcap
  tcpwhy report -v pay.pcap                   every finding and every server
  tcpwhy report pay.pcap --server 10.0.8.20:8443
  tcpwhy report pay.pcap --flow 12            one flow, drawn; -o mermaid for a ticket
  tcpwhy report -o jsonl pay.pcap             a finding a line, each of every flow
  tcpwhy report -o markdown pay.pcap          for a ticket`

// whole are the options of the command that reports on a whole capture.
type whole struct {
	reading
	printing
	census, every time.Duration
}

func newReport() *cobra.Command {
	var r whole
	c := &cobra.Command{
		Use:     "report [FILE...]",
		Short:   "Report on the whole capture: what went wrong, where, why; timing; states",
		Long:    reportLong,
		Example: reportExample,
		Args:    cobra.ArbitraryArgs,
		RunE:    func(c *cobra.Command, args []string) error { return r.run(c, args) },
	}
	fs := c.Flags()
	fs.Var(aTime(&r.census, 0, time.Microsecond), "census", "also a table of how many connections and sockets there were in each interval of this `TIME`: 10s")
	fs.Var(aTime(&r.every, 0, time.Microsecond), "every", "first a block for each interval of this `TIME`, as it passes (text): 5s")
	r.flags(c, "text, markdown, json, jsonl or csv; with --flow also mermaid")
	r.accept(fs)
	absolute := fs.Lookup("absolute-tcp-sequence-numbers")
	absolute.Hidden, absolute.Usage = false, "with --flow: sequence numbers as they are on the wire"
	return c
}

func (r *whole) run(c *cobra.Command, args []string) error {
	if err := r.resolve(c, args); err != nil {
		return err
	}
	w := newWriter(c.OutOrStdout(), r.lineByOne || r.live())
	colored, err := r.colored(w)
	if err != nil {
		return err
	}
	if len(r.choice.Flows) > 0 && (r.format == "text" || r.format == "mermaid") {
		if r.every > 0 || r.census > 0 {
			return usage("--every and --census are of the whole capture: --flow draws flows")
		}
		return r.ladder(c, w, colored)
	}
	var found kept
	var of *capture
	out := output{unlisted: r.census == 0, judged: true, findings: &found}
	var census *report.Census
	out.begin = func(next *capture) error {
		of, found = next, nil
		if r.census > 0 {
			census = &report.Census{Every: r.census}
			of.run.Flows = append(of.run.Flows, census)
		}
		return nil
	}
	overview := func(flows uint64) *report.Overview {
		o := r.overview(of, found, flows)
		o.Census = census
		return o
	}
	switch {
	case r.every > 0 && r.format != "text":
		return usage("--every: only with -o text; -o jsonl tells each finding as soon as it is certain")
	case r.census > 0 && r.format != "text" && r.format != "json" && r.format != "markdown":
		return usage("--census: only with -o text, markdown and json")
	}
	// What a report shows of single flows is in its summary, but where it tells of them as they come.
	out.wordless = r.every == 0
	switch r.format {
	case "text":
		text := &report.OverviewText{W: w, Verbose: r.verbose > 0, Color: colored}
		if r.every > 0 {
			blocks := &report.Every{W: w, Every: r.every, Color: colored}
			out.watch, out.flows, out.early, out.linesOnly = blocks, blocks, true, true
			begin := out.begin
			out.begin = func(of *capture) error {
				of.run.Rowless, blocks.GivenUp = blocks.Rowless, of.run.GivenUp
				return begin(of)
			}
			out.end = func(flows uint64) error {
				if err := blocks.Close(); err != nil {
					return err
				}
				if _, err := io.WriteString(w, "\n"); err != nil {
					return err
				}
				return text.Write(overview(flows))
			}
			break
		}
		out.end = func(flows uint64) error { return text.Write(overview(flows)) }
	case "markdown":
		text := &report.OverviewMarkdown{W: w, Verbose: r.verbose > 0}
		out.end = func(flows uint64) error { return text.Write(overview(flows)) }
	case "json":
		document := &report.OverviewJSON{W: w}
		out.end = func(flows uint64) error { return document.Write(overview(flows)) }
	case "jsonl":
		lines := &report.FindingJSON{W: w}
		out.findings, out.early, out.causes, out.wordless, out.linesOnly = lines, true, true, false, true
		out.begin = func(of *capture) error { lines.Names, lines.Ceiling = of.names, &of.run.Ceiling; return nil }
	case "csv":
		lines := &report.FindingCSV{W: w}
		out.findings, out.early, out.causes, out.wordless, out.linesOnly = lines, true, true, false, true
		out.begin = func(of *capture) error { lines.Names, lines.Ceiling = of.names, &of.run.Ceiling; return nil }
		out.closers = []io.Closer{lines}
	default:
		if r.format == "mermaid" {
			return usage("-o mermaid draws flows: which (--flow N)?")
		}
		return oneOf("format", r.format, "text", "markdown", "json", "jsonl", "csv", "mermaid")
	}
	r.quiet = true
	return r.read(c, w, &out)
}

// ladder draws the flows that were asked for by their numbers.
func (r *whole) ladder(c *cobra.Command, w *writer, colored bool) error {
	var l report.Ladder
	var of *capture
	out := output{judged: true, early: true, watch: &l, flows: &l}
	out.begin = func(next *capture) error {
		of, l = next, report.Ladder{Names: next.names, Verbose: r.verbose > 0, Absolute: r.absolute}
		return nil
	}
	out.end = func(total uint64) error {
		l.Ended(of.source.Now())
		if len(l.Flows()) == 0 && slices.Min(r.choice.Flows) <= total { // else it is said that there is no such flow
			fmt.Fprintf(c.ErrOrStderr(), "no flow is chosen by %s\n", r.chosen())
		}
		if r.format == "mermaid" {
			return (&report.LadderMermaid{W: w}).Write(&l)
		}
		return (&report.LadderText{W: w, Color: colored, Command: r.again("tcpwhy", of)}).Write(&l)
	}
	r.quiet = true
	return r.read(c, w, &out)
}

// kept keeps the findings of the whole capture, of which there are few.
type kept []*analyzer.Finding

func (k *kept) Finding(n *analyzer.Finding) error {
	if n.Flow == 0 {
		*k = append(*k, n)
	}
	return nil
}

// overview is what is known of a capture that has been read.
func (r *reading) overview(of *capture, found []*analyzer.Finding, flows uint64) *report.Overview {
	stats := of.source.Stats()
	o := &report.Overview{Files: of.source.Files(), Packets: stats.Read, Segments: stats.TCP, Quotes: stats.Quotes, Flows: flows,
		Chosen: r.chosen(), Command: r.again("tcpwhy", of), Summary: of.run.Judge.Summary(), Findings: found, Names: of.names}
	if r.capturing.on() {
		o.Files = r.capturing.interfaces
	}
	for why, n := range stats.Skipped {
		if n > 0 {
			why := pcaps.Verdict(why)
			skipped := report.Skipped{Why: why.String(), N: n, Unread: mayBeTCP(why)}
			if why == pcaps.UnknownLink {
				for _, linktype := range slices.Sorted(maps.Keys(of.source.UnknownLinks())) {
					skipped.Links = append(skipped.Links, pcaps.LinkName(linktype))
				}
			}
			o.Skipped = append(o.Skipped, skipped)
		}
	}
	if stats.Filtered > 0 {
		o.Skipped = append(o.Skipped, report.Skipped{Why: "held back by the filter", N: stats.Filtered})
	}
	for _, i := range of.source.Interfaces() {
		o.Dropped.N += i.Dropped.N + i.DroppedByOS.N
		o.Dropped.Known = o.Dropped.Known || i.Dropped.OK || i.DroppedByOS.OK
	}
	return o
}

// again is a command of the same packets, with what makes it number their flows and find in them the same; "" where they are gone.
func (r *reading) again(command string, of *capture) string {
	if _, again := r.rereadable(); !again {
		return ""
	}
	words := []string{command}
	if r.filter != "" {
		words = append(words, "-f", quoted(r.filter))
	}
	words = append(words, r.deciding...)
	files := r.named
	if r.separate {
		files = of.source.Files()
	}
	for _, f := range files {
		if strings.HasPrefix(f, "-") || !strings.ContainsAny(f, "./") {
			f = "./" + f // neither a flag nor a command
		}
		words = append(words, quoted(f))
	}
	return strings.Join(words, " ")
}

// drawing is the command that draws a flow of the capture; "" where its packets are gone.
func (r *reading) drawing(of *capture, flow uint64) string {
	command := r.again("tcpwhy report", of)
	if command == "" {
		return ""
	}
	return command + " --flow " + strconv.FormatUint(flow, 10)
}

// quoted is a word as a shell takes it.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-+=:,./@%", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	// What is not to be printed goes by its number.
	if literal := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(word); report.Plain(literal) != literal {
		return "$'" + report.Plain(literal) + "'"
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// chosen says what of the capture was chosen, as it was asked for.
func (r *reading) chosen() string {
	return strings.Join(r.choosers, " ")
}
