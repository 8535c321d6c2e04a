package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/expect"
	"tcpwhy/analyzer/metric"
	"tcpwhy/analyzer/report"
	"tcpwhy/analyzer/verdict"
	"tcpwhy/flows"
	"tcpwhy/pcaps"
)

const checkLong = `Each capture is judged alone: by limits (--fail-on), and by what a file of expectations (--expect)
says of it. With --expect and no FILE, the captures are those that the file names. What is written
for CI names files as they were given: run it from the top of the repository, or set
GITHUB_WORKSPACE to it. tcpwhy explain severity has what --fail-on warning and error mean.`

const checkStatus = `  0  every expectation is met, or what fails is allowed
  1  an expectation failed; with --update: one is left that is not met
  2  an expectation could not be judged; wrong usage
  3  a capture could not be read, or not to its end
  4  cannot capture
  5  the output could not be written
The highest counts.`

const checkExample = `  tcpwhy check --fail-on half-open,rst-after-fin,warning pay.pcap
  tcpwhy check --fail-on 'refused > 5%','handshake.p99 > 50ms' captures/
  tcpwhy check --expect handshakes.yaml
  tcpwhy check --expect handshakes.yaml --junit check.xml --sarif check.sarif captures/
  tcpwhy check --record handshakes.yaml captures/     from captures that are good
  tcpwhy check --update handshakes.yaml               what they show now; the rest stays
  tcpwhy explain expectations metrics`

// check are the options of the command that judges captures.
type check struct {
	reading
	formats formats
	expect  string
	record  string
	update  string

	file     *expect.File // nil: none
	all      bool         // the captures are those that it names
	limits   []*metric.Expr
	day      time.Time
	brief    bool
	verdicts verdict.Run
}

func newCheck() *cobra.Command {
	k := check{day: time.Now().UTC()}
	c := &cobra.Command{
		Use:         "check [FILE...]",
		Short:       "Judge captures by limits and expectations: for CI",
		Long:        checkLong,
		Example:     checkExample,
		Annotations: map[string]string{exitStatuses: checkStatus},
		Args:        cobra.ArbitraryArgs,
		RunE:        func(c *cobra.Command, args []string) error { return k.run(c, args) },
	}
	fs := c.Flags()
	fs.VarP(aFile(&k.expect), "expect", "e", "judge by this `FILE` of expectations; tcpwhy explain expectations has the language")
	fs.Var(aName(&k.record, "file"), "record", "write what the captures show into `FILE`, to be expected from now on; - is standard output")
	fs.Var(aFile(&k.update), "update", "record anew in `FILE` what the captures do not meet, and add captures and servers that it lacks; names, comments, exceptions and conditions stay")
	fs.Var(&oneValue[time.Time]{&k.day, parseDay, ""}, "today", "the `DAY` by which exceptions are judged: 2026-12-31; else the day of the run, in UTC")
	k.formats.flags(c)
	k.flags(c, "text or json")
	new(printing).accept(fs)
	return c
}

func (k *check) run(c *cobra.Command, args []string) error {
	if err := k.prepare(c, args); err != nil {
		return err
	}
	w := newWriter(c.OutOrStdout(), false)
	switch {
	case k.record != "":
		return k.recordAll(c, w)
	case k.update != "":
		return k.updateAll(c, w)
	}
	colored, err := k.colored(w)
	if err != nil {
		return err
	}
	errs := []error{k.judgeAll(c, w)}
	switch k.format {
	case "json":
		err = (&verdict.JSON{W: w}).Write(&k.verdicts)
	default:
		err = (&verdict.Text{W: w, Verbose: k.verbose > 0, Quiet: k.brief, Color: colored}).Write(&k.verdicts)
	}
	totals := k.verdicts.Totals()
	if totals.By[verdict.Failed] > 0 {
		errs = append(errs, errFound)
	}
	if totals.By[verdict.NotJudged] > 0 {
		errs = append(errs, errUnjudged)
	}
	return errors.Join(append(errs, err, w.flush(), k.formats.write(c, k.ledger, &k.verdicts))...)
}

// prepare reads what is expected, and tells the captures among the arguments.
func (k *check) prepare(c *cobra.Command, args []string) error {
	if err := oneOf("format", k.format, "text", "json"); err != nil {
		return err
	}
	if err := errors.Join(k.formats.check(k.ledger), k.ledger.writes("--record", k.record, false), k.ledger.writes("--update", k.update, false)); err != nil {
		return err
	}
	if k.saving.toStandard() {
		return usage("-w -: standard output is for what is judged")
	}
	if k.record+k.update != "" && k.formats.junit+k.formats.sarif+k.formats.markdown != "" {
		return usage("--record and --update judge nothing that --junit, --sarif or --markdown could tell")
	}
	if writes := k.record + k.update; writes != "" && (k.expect != "" || len(k.failOn) > 0) || k.record != "" && k.update != "" {
		return usage("--record, --update, and to judge by --expect and --fail-on: one at a time")
	}
	if path := k.expect + k.update; path != "" {
		var err error
		if k.file, err = readExpectations(c.Context(), path); err != nil {
			return err
		}
		if err := k.ledger.reads(k.expect); err != nil {
			return err
		}
		if len(args) == 0 && len(k.files) == 0 && !k.capturing.on() {
			if args, err = await(c.Context(), func() ([]string, error) { return named(k.file) }); err != nil {
				return err
			}
			k.all = true
		}
	}
	// They are expectations here, not errors.
	k.limits, k.failOn = k.failOn, nil
	if k.file == nil && len(k.limits) == 0 && k.record == "" {
		return &advised{usage("nothing is expected: --expect FILE, or --fail-on LIMIT,..."), "  " + c.CommandPath() + " --help tells more"}
	}
	k.separate, k.brief, k.quiet = !k.capturing.on(), k.quiet, true
	k.absent = k.record == "" && k.update == ""
	return k.resolve(c, args)
}

func readExpectations(ctx context.Context, path string) (*expect.File, error) {
	data, err := await(ctx, func() ([]byte, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, expect.MaxSize+1))
	})
	if os.IsNotExist(err) {
		return nil, &failure{statusInput, fmt.Errorf("%s: no such file", report.Plain(path))}
	}
	if err != nil {
		return nil, &failure{statusInput, fmt.Errorf("%s: %w", report.Plain(path), withoutPath(err))}
	}
	return expect.Parse(path, data)
}

// judgeAll judges the captures one after the other, and then says of which of those that are expected there was none.
func (k *check) judgeAll(c *cobra.Command, w *writer) error {
	k.verdicts.Command = "check"
	var errs []error
	for _, name := range k.captures() {
		v, err := k.judgeOne(c, w, name)
		k.verdicts.Captures = append(k.verdicts.Captures, v)
		errs = append(errs, err)
		if exitStatus(err) >= statusCapture {
			return errors.Join(errs...)
		}
	}
	err := errors.Join(errs...)
	if k.file == nil {
		return err
	}
	for _, e := range k.file.Entries {
		without := e.Unmet()
		for _, p := range without {
			k.verdicts.Captures = append(k.verdicts.Captures, verdict.Capture{Name: p.Text, Expectations: e.Unjudged("no capture that was given is this one")})
		}
		if len(without) > 0 || err != nil || !k.all || !k.choice.IsZero() || k.filter != "" || k.count > 0 {
			continue // something may come under its exceptions elsewhere
		}
		for _, x := range e.Unneeded() {
			fmt.Fprintf(c.ErrOrStderr(), "%s: nothing comes under this exception any more\n", report.Plain(x.At.String()))
		}
	}
	return err
}

// captures are the names of what is judged, each alone.
func (k *check) captures() []string {
	if k.capturing.on() {
		return []string{strings.Join(k.capturing.interfaces, ",")}
	}
	return k.files
}

// alone is how one capture is read.
func (k *check) alone(name string) *reading {
	one := k.reading
	if !k.capturing.on() {
		one.files = []string{name}
	}
	return &one
}

// judgeOne judges one capture.
func (k *check) judgeOne(c *cobra.Command, w *writer, name string) (verdict.Capture, error) {
	v := verdict.Capture{Name: name}
	var entries []*expect.Entry
	if k.file != nil {
		entries = k.file.Of(name)
	}
	judge := expect.NewJudge(entries, k.day)
	limits := newLimits(k.limits)
	var of *capture
	out := output{judged: true, flows: both{judge, limits}, findings: both{judge, limits}}
	out.begin = func(next *capture) error { of = next; return nil }
	out.end = func(flows uint64) error {
		v.Packets, v.Flows, v.First = of.source.Stats().Read, flows, of.run.Judge.Summary().Totals.First
		return nil
	}
	one := k.alone(name)
	err := one.capture(c, w, one.files, &out)
	if judge.Truncated() && onlyCutOff(err) {
		err = nil
	}
	v.Err = err
	var stats pcaps.Stats
	var ceiling analyzer.Ceiling
	if of != nil {
		stats, ceiling = of.source.Stats(), of.run.Ceiling
	}
	unseen := unseen(stats, &ceiling, err)
	unseen.All = unseen.All || of == nil
	v.Expectations = append(limits.expectations(unseen), judge.Expectations(unseen)...)
	for i := range v.Expectations {
		if e := &v.Expectations[i]; e.Outcome == verdict.Failed {
			e.Seen += unseen.Beside()
		}
	}
	if unseen.All {
		for i := range v.Expectations {
			v.Expectations[i].Outcome, v.Expectations[i].Reason = verdict.NotJudged, unseen.Cut
		}
	}
	if k.file != nil && len(entries) == 0 && len(limits) == 0 {
		v.Expectations = []verdict.Expectation{{Text: "something is expected of it", Rule: "files", Reason: "no files: of " + k.file.Name + " name it"}}
	}
	if of != nil && exitStatus(err) <= statusInput {
		err = errors.Join(err, one.draw(c, w, of, &v, k.brief))
	}
	return v, err
}

// both are two outputs of one reading.
type both struct {
	judge  *expect.Judge
	limits limits
}

func (b both) Flow(f *flows.Flow, found []*analyzer.Finding) error {
	for _, l := range b.limits {
		if err := l.tally.Flow(f, found); err != nil {
			return err
		}
	}
	return b.judge.Flow(f, found)
}

func (b both) Finding(n *analyzer.Finding) error {
	for _, l := range b.limits {
		if err := l.tally.Finding(n); err != nil {
			return err
		}
	}
	return b.judge.Finding(n)
}

// onlyCutOff reports whether err says that the capture is cut off, and nothing else.
func onlyCutOff(err error) bool {
	for _, err := range leaves(err) {
		if !errors.Is(err, pcaps.ErrCutOff) {
			return false
		}
	}
	return err != nil
}
