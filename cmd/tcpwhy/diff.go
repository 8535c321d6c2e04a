package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"tcpwhy/analyzer/diff"
	"tcpwhy/analyzer/report"
	"tcpwhy/analyzer/verdict"
	"tcpwhy/pcaps"
)

const diffLong = `What of NEW is otherwise than in OLD: flows that are new, gone, or opened and closed otherwise than
before; what is found of the whole capture; how long openings took. Each is a capture, a folder of
captures, or what was saved of one: by tcpwhy flows -o jsonl, or by tcpwhy report -o json, which has
no flows in it, so that they are counted for each server. One can be -, standard input: a copy of
it, as large as it is, goes to TMPDIR (or /tmp) for the time of the run.

Flows are matched by addresses and ports or, where client ports differ, by server and order.
Percentiles are compared where enough was measured (11 flows for the median, 98 for p90, 1,072 for
p99), and differ where chance cannot have done it and --time-tolerance is exceeded. Kept in memory
are some 160 bytes of each flow, of either side of as many as --max-memory has room for: 210,000
with 200MB, a million from 1GB on. Flows beyond are counted for their server.`

const diffStatus = `  0  there are no differences that count (--fail-on)
  1  there are
  2  not all could be compared; wrong usage
  3  a side could not be read, or not to its end
  5  the output could not be written
The highest counts.`

const diffExample = `  tcpwhy diff good.pcap new.pcap
  tcpwhy diff good.jsonl new.pcap             saved by: tcpwhy flows -o jsonl good.pcap > good.jsonl
  tcpwhy diff --fail-on changed,gone good.pcap new.pcap
  tcpwhy diff --time-tolerance 50%,20ms good.json new.json
  tcpwhy diff --junit diff.xml --markdown summary.md good.pcap new.pcap`

// comparison are the options of the command that compares two captures.
type comparison struct {
	reading
	tolerance diff.Tolerance
	failOn    diff.FailOn
	formats   formats
}

func newDiff() *cobra.Command {
	d := comparison{tolerance: diff.DefaultTolerance(), failOn: diff.DefaultFailOn()}
	c := &cobra.Command{
		Use:         "diff OLD NEW",
		Short:       "Compare two captures, or saved outputs: what is new, gone, changed, slower",
		Long:        diffLong,
		Example:     diffExample,
		Annotations: map[string]string{exitStatuses: diffStatus},
		Args:        twoSides,
		RunE:        func(c *cobra.Command, args []string) error { return d.run(c, args) },
	}
	fs := c.Flags()
	fs.SortFlags = false
	fs.Var(&oneValue[diff.FailOn]{&d.failOn, diff.ParseFailOn, d.failOn.String()}, "fail-on",
		"which differences count: `KIND,...` of "+joinWords(diff.FailOnNames()))
	complete(c, "fail-on", diff.FailOnNames())
	fs.Var(&oneValue[diff.Tolerance]{&d.tolerance, diff.ParseTolerance, d.tolerance.String()}, "time-tolerance",
		"how much longer something may take: `PERCENT,TIME`; both have to be exceeded, what is not given is none")
	complete(c, "time-tolerance", nil)
	var all cobra.Command
	d.flags(&all, "text or json")
	for _, name := range []string{"output", "verbose", "quiet", "filter", "client", "server", "limit", "linger", "check-sums", "max-flows", "max-memory", "workers"} {
		fs.AddFlag(all.Flags().Lookup(name))
	}
	d.formats.flags(c)
	return c
}

func twoSides(c *cobra.Command, args []string) error {
	switch {
	case len(args) != 2:
		return &advised{usage("two are compared, OLD and NEW, not %d", len(args)), "  " + c.CommandPath() + " --help tells more"}
	case args[0] == "-" && args[1] == "-":
		return usage("-: standard input can be one of the two")
	}
	return nil
}

func (d *comparison) run(c *cobra.Command, args []string) error {
	if err := oneOf("format", d.format, "text", "json"); err != nil {
		return err
	}
	if err := d.formats.check(d.ledger); err != nil {
		return err
	}
	for _, path := range args {
		if err := d.ledger.reads(path); err != nil {
			return err
		}
	}
	w := newWriter(c.OutOrStdout(), false)
	both := diff.NewComparison(d.maxMemory)
	var sides [2]side
	var errs []error
	for i, path := range args {
		s, err := d.side(c, w, both, path)
		defer s.forget()
		if errs = append(errs, err); s.Snapshot == nil {
			if exitStatus(err) == statusInput {
				unread := verdict.Run{Command: "diff", Captures: []verdict.Capture{{Name: path, Err: err}}}
				errs = append(errs, d.formats.write(c, d.ledger, &unread))
			}
			return errors.Join(errs...)
		}
		sides[i] = s
	}
	result := diff.Compare(sides[0].Snapshot, sides[1].Snapshot, d.tolerance, d.failOn)
	for i := range sides {
		errs = append(errs, sides[i].look(c, w, result))
	}
	errs = append(errs, d.write(w, result), w.flush(), d.formats.write(c, d.ledger, d.verdict(result, errs)))
	for i := range result.Differences {
		if result.Differences[i].Counts {
			errs = append(errs, errFound)
			break
		}
	}
	if result.Unjudged > 0 || result.Partial > 0 {
		errs = append(errs, errUnjudged)
	}
	return errors.Join(errs...)
}

// verdict is what is told in the formats of CI systems, with what went wrong on the way.
func (d *comparison) verdict(result *diff.Diff, errs []error) *verdict.Run {
	run := result.Verdict()
	run.Captures[0].Err = errors.Join(errs...)
	return run
}

func (d *comparison) write(w io.Writer, result *diff.Diff) error {
	if d.format == "json" {
		return (&diff.JSON{W: w}).Write(result)
	}
	return (&diff.Text{W: w, Verbose: d.verbose > 0, Quiet: d.quiet}).Write(result)
}

// side is one of the two that are compared.
type side struct {
	*diff.Snapshot        // nil: it could not be read
	reading               // of a capture, to be read again
	spool          *spool // of standard input
}

func (s *side) forget() {
	if s.spool != nil {
		s.spool.forget()
	}
}

// side reads one side. Where a capture could not be read to its end, there is a snapshot of what could be, and an error.
func (d *comparison) side(c *cobra.Command, w *writer, both *diff.Comparison, path string) (s side, err error) {
	s.reading = d.reading
	s.quiet = true
	name := path
	if path == "-" {
		name = "standard input"
		if s.spool, err = spooled(c.Context(), c.InOrStdin()); err != nil {
			return s, &failure{statusInput, fmt.Errorf("%s: %w", name, err)}
		}
		if err := s.ledger.hold(path, s.spool.File); err != nil {
			return s, &failure{statusInput, fmt.Errorf("%s: %w", name, withoutPath(err))}
		}
	}
	if err := s.resolve(c, []string{path}); err != nil {
		return s, err
	}
	if saved, err := s.isSaved(c.Context(), path); err != nil {
		return s, &failure{statusInput, fmt.Errorf("%s: %w", report.Plain(name), withoutPath(err))}
	} else if saved {
		if len(s.choosers) > 0 {
			return s, usage("%s: choosers are for captures, this is saved output: %s", report.Plain(name), s.chosen())
		}
		s.Snapshot, err = s.load(c.Context(), both, name, path)
		return s, err
	}
	into := both.Snapshot(name)
	out := output{judged: true, flows: into, findings: into}
	out.begin = func(of *capture) error {
		s.Snapshot = into
		into.Network = func(via uint32) string {
			space := of.source.Decoder().Space(via)
			return diff.Network(space.VLANs, space.Tunnel)
		}
		out.end = func(uint64) error {
			stats := of.source.Stats()
			if unseen := unseen(stats, &of.run.Ceiling, nil); unseen.All {
				return usage("%s: cannot be compared: %s", report.Plain(name), unseen.Cut)
			}
			into.Packets = stats.Read
			into.Limits = of.run.Ceiling.Limits()
			if s.choice.IsZero() {
				into.Shed = of.run.Ceiling.Shed.N()
			}
			if of.run.Ceiling.N() > 0 {
				into.Sum(of.run.Judge.Summary())
			}
			return nil
		}
		return nil
	}
	if err = s.read(c, w, &out); err != nil && into.Flows == 0 {
		s.Snapshot = nil
	}
	return s, err
}

// spool is a copy of what can be read only once, in a file of this user's alone, whose name is gone at once where the system
// allows it.
type spool struct {
	*os.File
	named bool
}

func spooled(ctx context.Context, r io.Reader) (s *spool, err error) {
	f, err := os.CreateTemp("", "tcpwhy-")
	if err == nil {
		s = &spool{f, os.Remove(f.Name()) != nil}
		_, err = await(ctx, func() (int64, error) { return io.Copy(f, r) })
	}
	if err != nil && err != pcaps.ErrInterrupted {
		err = &advised{fmt.Errorf("cannot be copied to %s, to be read twice: %w", report.Plain(os.TempDir()), withoutPath(err)), "  TMPDIR names another folder for it"}
	}
	return s, err
}

func (s *spool) forget() {
	s.Close()
	if s.named {
		os.Remove(s.Name())
	}
}

// isSaved reports whether a file holds saved output, not packets.
func (s *side) isSaved(ctx context.Context, path string) (bool, error) {
	if info, err := s.ledger.stat(path); err != nil || !info.Mode().IsRegular() {
		return false, err
	}
	f, err := s.ledger.open(ctx, path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	begins := make([]byte, 512)
	n, err := io.ReadFull(f, begins)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return diff.IsSaved(begins[:n]), err
}

func (s *side) load(ctx context.Context, both *diff.Comparison, name, path string) (saved *diff.Snapshot, err error) {
	f, err := s.ledger.open(ctx, path)
	if err == nil {
		defer f.Close()
		saved, err = both.Load(name, f)
	}
	if err != nil {
		return nil, &failure{statusInput, fmt.Errorf("%s: %w", report.Plain(name), withoutPath(err))}
	}
	return saved, nil
}
