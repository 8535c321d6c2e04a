package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/report"
	"tcpwhy/flows"
	"tcpwhy/pcaps"
)

// output is what a command writes of one capture after the other.
type output struct {
	packets analyzer.PacketOutput // nil: none
	flows   analyzer.FlowOutput   // nil: none
	// transitions: each flow is to keep its own, for its row, or to tell which packet had shown what
	// another one takes back.
	transitions bool
	// unlisted: nothing of this reads the transitions of a flow.
	unlisted bool
	// judged: what is found of each flow is wanted; early: as soon as it is certain.
	judged, early bool
	// causes: findings are to say what they are part of, where the input can be read twice for that.
	causes   bool
	wordless bool // of the findings of single flows only the names are
	// linesOnly: rows, objects or blocks are written, in which what was skipped, or given up for want of room, has no place.
	linesOnly bool
	findings  analyzer.FindingOutput // nil: none
	watch     analyzer.PacketOutput  // told of packets, of which it writes none; nil: none
	// begin is told of the next capture; nil: nobody is.
	begin func(*capture) error
	// end is called when the capture has been read, with the number of its flows; nil: nothing is.
	end func(flows uint64) error
	// shown counts the packets written, and the flows that they are of, since begin; nil: none are.
	shown func() (packets, flows uint64)
	// rows counts the rows of flows written since begin; nil: none are.
	rows func() uint64
	// closers end the document, in this order.
	closers []io.Closer
}

// read hands the inputs to out, together or one by one.
func (r *reading) read(c *cobra.Command, w *writer, out *output) error {
	if name, again := r.rereadable(); !again && (r.needsEnd(out) || r.choice.NeedsCauses()) {
		return usage("%s: cannot be read twice, which --state, --finding, --where and times from the end need: save it first (tcpdump -w FILE)",
			report.Plain(name))
	}
	if r.saving.toStandard() {
		*out = output{}
	}
	captures := [][]string{r.files}
	if r.separate {
		captures = nil
		for _, f := range r.files {
			captures = append(captures, []string{f})
		}
	}
	w.onward = r.saving.onward() && !r.capturing.on() && !r.live()
	var errs []error
	for i, files := range captures {
		if i > 0 && c.Context().Err() != nil {
			errs = append(errs, &pcaps.ReadError{Name: files[0], Err: pcaps.ErrInterrupted})
			continue
		}
		err := r.capture(c, w, files, out)
		errs = append(errs, err)
		if exitStatus(err) == statusOutput || errors.Is(err, errPipeClosed) {
			break
		}
	}
	for _, closer := range out.closers {
		errs = append(errs, closer.Close())
	}
	return errors.Join(append(errs, w.flush())...)
}

// capture is a capture that is being read.
type capture struct {
	names  *report.Names
	source *pcaps.Source
	run    *analyzer.Run
}

// needsEnd reports whether what was chosen can be told only when the end of the capture is known.
func (r *reading) needsEnd(out *output) bool {
	return r.choice.NeedsEnd(out.packets != nil || out.findings != nil || r.saving.on())
}

// aside reads files for a Run of its own; what is wrong with them is told by the reading for the output.
func (r *reading) aside(c *cobra.Command, w *writer, files []string, run *analyzer.Run) error {
	source, err := r.open(c, files, pcaps.Config{})
	if err != nil {
		return err
	}
	defer source.Close()
	_, err = r.run(c, w, run, source)
	for _, err := range leaves(err) {
		var unread *pcaps.ReadError
		if !errors.As(err, &unread) {
			return err
		}
	}
	return nil
}

// ahead finds out what has to be known of files from the start, nil where it has not: the findings of the whole capture, and the flows
// that are wanted for their end.
func (r *reading) ahead(c *cobra.Command, w *writer, files []string, out *output) (causes *analyzer.Judge, scan *analyzer.Scan, err error) {
	if _, again := r.rereadable(); r.choice.NeedsCauses() || out.causes && again {
		causes = r.judge(nil)
		if err := r.aside(c, w, files, &analyzer.Run{Judge: causes}); err != nil {
			return nil, nil, err
		}
	}
	if !r.needsEnd(out) {
		return causes, nil, nil
	}
	scan = analyzer.NewScan(r.choice)
	run := analyzer.Run{Packets: []analyzer.PacketOutput{scan}, Flows: []analyzer.FlowOutput{scan}}
	if r.choice.NeedsFindings() {
		run.Judge = r.judge(causes)
	}
	return causes, scan, r.aside(c, w, files, &run)
}

// capture reads files as one capture, or the interfaces.
func (r *reading) capture(c *cobra.Command, w *writer, files []string, out *output) error {
	causes, scan, err := r.ahead(c, w, files, out)
	if err != nil {
		return err
	}
	var save *saver
	var config pcaps.Config
	if r.saving.on() && r.choice.IsZero() {
		config.Tap = func(f *pcaps.Frame) error { return save.write(f) }
	}
	source, err := r.open(c, files, config)
	if err != nil {
		return err
	}
	defer source.Close()
	limits := newLimits(r.failOn)
	run := r.analysis(out, limits, causes)
	run.Scan, run.Idle = scan, w.flush
	if r.saving.on() {
		create := func(path string) (*os.File, error) { return r.ledger.create(c.Context(), "-w", path, false) }
		if save, err = r.saving.open(source, create, !r.capturing.on()); err != nil {
			return err
		}
		run.Idle = func() error { return errors.Join(save.flush(), w.flush()) }
		if !r.choice.IsZero() {
			run.Packets, run.Frames = append(run.Packets, save), true
		}
	}
	if out.begin != nil {
		if err := out.begin(&capture{r.names(source), source, run}); err != nil {
			return err
		}
	}
	last, err := r.run(c, w, run, source)
	total, unseen := last-run.Resumed, unseen(source.Stats(), &run.Ceiling, err)
	if save != nil {
		err = errors.Join(err, save.Close())
	}
	if out.end != nil {
		err = errors.Join(err, out.end(total))
	}
	err = errors.Join(err, w.flush(), limits.check(nameOf(files), unseen))
	switch {
	case errors.Is(err, errPipeClosed):
	case out.packets != nil || !r.quiet:
		r.summarize(c.ErrOrStderr(), files, source, total, &run.Ceiling, out)
	case out.linesOnly:
		name := ""
		if r.separate {
			name = nameOf(files) + ": "
		}
		if stats := source.Stats(); unread(&stats) > 0 {
			fmt.Fprintln(c.ErrOrStderr(), name+skippedLine(&stats))
		}
		sayGivenUp(c.ErrOrStderr(), name, &run.Ceiling, out)
	}
	return errors.Join(err, r.beyond(files, last))
}

// analysis is a Run for out and the limits.
func (r *reading) analysis(out *output, limits limits, causes *analyzer.Judge) *analyzer.Run {
	run := &analyzer.Run{Choice: r.choice, Tracker: flows.Config{Transitions: out.transitions}, Early: out.early}
	if out.judged || r.choice.NeedsFindings() || len(limits) > 0 {
		run.Judge = r.judge(causes)
		run.Judge.Wordless = out.wordless && len(limits) == 0
		run.Judge.FlowsOnly = out.findings == nil && !limits.findings()
	}
	if out.unlisted && len(limits) == 0 {
		run.Tracker.Lists = func(*flows.Flow) bool { return false }
	}
	if out.packets != nil {
		run.Packets = append(run.Packets, out.packets)
	}
	if out.watch != nil {
		run.Packets = append(run.Packets, out.watch)
	}
	if out.findings != nil {
		run.Findings = append(run.Findings, out.findings)
	}
	if out.flows != nil {
		run.Flows = append(run.Flows, out.flows)
	}
	for _, l := range limits {
		run.Flows, run.Findings = append(run.Flows, l.tally), append(run.Findings, l.tally)
	}
	return run
}

// beyond are the flows that were asked for by their numbers, and are not among those of a capture. On interfaces that depends on
// how long somebody waited.
func (r *reading) beyond(files []string, last uint64) error {
	if r.capturing.on() {
		return nil
	}
	var errs []error
	for _, n := range r.choice.Flows {
		if n > last {
			errs = append(errs, usage("%s: --flow %d: there is no such flow, the last is %d", nameOf(files), n, last))
		}
	}
	return errors.Join(errs...)
}

func (r *reading) run(c *cobra.Command, w *writer, run *analyzer.Run, source *pcaps.Source) (uint64, error) {
	run.Source = source.Segments()
	run.Facts = func(err error) analyzer.Facts { return facts(source, err) }
	run.Tracker.Linger = max(r.linger, 1) // of 0, the tracker would make its default
	run.Tracker.MaxFlows, run.Tracker.MaxBytes = r.maxFlows, max(1, r.maxMemory/3)
	run.Ceiling.MaxFlows, run.Ceiling.MaxBytes = given(c, "max-flows"), given(c, "max-memory")
	if kept := max(r.maxFlows-r.maxFlows%flows.LeastFlows, flows.LeastFlows); r.maxFlows > 0 && kept != r.maxFlows {
		run.Ceiling.MaxFlows += fmt.Sprintf(", kept as %d", kept)
	}
	run.Workers = r.processors()
	if r.live() {
		run.Workers = 1 // a pipe does not tell when it has nothing yet, and what came is to be told
	}
	if c.Flags().Changed("max-memory") {
		// A quarter is for the program itself, which the runtime does not count, and for what it is late to collect.
		debug.SetMemoryLimit(int64(r.maxMemory - r.maxMemory/4))
		if run.Judge != nil {
			run.Judge.Within(r.maxMemory)
		}
	}
	defer answerSignals(c.ErrOrStderr(), source)()
	if r.capturing.on() {
		defer r.capturing.limit(c, source)()
		return run.Read()
	}
	progress := newProgress(source, w)
	defer progress.clear()
	// In files without TCP there is no segment to pause at, and in a pipe perhaps nothing at all.
	unhook := context.AfterFunc(c.Context(), source.Interrupt)
	defer unhook()
	run.Pause = func() bool {
		progress.show()
		if c.Context().Err() != nil {
			source.Interrupt() // then the source says so
		}
		return true
	}
	return run.Read()
}

// open opens the inputs, and gives up the rights that interfaces took.
func (r *reading) open(c *cobra.Command, files []string, config pcaps.Config) (*pcaps.Source, error) {
	source, err := r.openInputs(c, files, config)
	if failed := r.ledger.giveUpRights(c.Context(), nil); failed != nil {
		if err == nil {
			source.Close()
		}
		return nil, errors.Join(err, failed)
	}
	return source, err
}

func (r *reading) openInputs(c *cobra.Command, files []string, config pcaps.Config) (*pcaps.Source, error) {
	config.Filter, config.Count, config.CheckSums = r.filter, r.count, r.checkSums
	config.Open = func(path string) (pcaps.File, error) { return r.ledger.open(c.Context(), path) }
	if !r.capturing.on() {
		return openFiles(c, files, config)
	}
	name := ""
	if r.saving.wholeFile() && r.choice.IsZero() {
		name = r.saving.path // the packets are numbered as in that file
	}
	return r.capturing.open(c, name, r.processors(), config)
}

// openFiles opens files. libpcap may compile a filter for minutes: after an interrupt it is left to do so until the program
// ends. The filter of what comes through a pipe is compiled later, when its link type is known.
func openFiles(c *cobra.Command, files []string, config pcaps.Config) (*pcaps.Source, error) {
	if config.Filter == "" {
		return pcaps.Open(files, config)
	}
	source, err := await(c.Context(), func() (*pcaps.Source, error) { return pcaps.Open(files, config) })
	if errors.Is(err, pcaps.ErrInterrupted) { // whoever heard it
		first := files[0]
		if first == "-" {
			first = "standard input"
		}
		err = &pcaps.ReadError{Name: first, Err: pcaps.ErrInterrupted}
	}
	return source, err
}

// processors is how many share the work.
func (r *reading) processors() int { return cmp.Or(r.workers, runtime.GOMAXPROCS(0)) }

func (r *reading) names(source *pcaps.Source) *report.Names {
	return report.NewNames(source.Files(), len(r.files) > 1, func(number uint32) ([]uint16, string) {
		s := source.Decoder().Space(number)
		return s.VLANs, s.Tunnel
	})
}

// given is a flag with its value, as it was given; "" where the command has none of it.
func given(c *cobra.Command, name string) string {
	if f := c.Flags().Lookup(name); f != nil {
		return "--" + name + " " + f.Value.String()
	}
	return ""
}
