package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/report"
	"tcpwhy/pcaps"
)

// summarize says what was read, as tcpdump does at its end.
func (r *reading) summarize(w io.Writer, files []string, source *pcaps.Source, total uint64, ceiling *analyzer.Ceiling, out *output) {
	stats := source.Stats()
	line := fmt.Sprintf("%s read, %s", count(stats.Read, "packet"), count(stats.TCP, "TCP segment"))
	if stats.Quotes > 0 {
		line += ", " + count(stats.Quotes, "ICMP error") + " about them"
	}
	line += ", " + count(total, "flow")
	if out.shown != nil && (r.quiet || !r.choice.IsZero()) {
		packets, of := out.shown()
		line += fmt.Sprintf(", %s of %s shown", count(packets, "packet"), count(of, "flow"))
	}
	if out.rows != nil && out.rows() != total {
		line += fmt.Sprintf(", %d of them shown", out.rows())
	}
	if r.separate {
		line = report.Plain(files[0]) + ": " + line
	}
	fmt.Fprintln(w, line)

	line = skippedLine(&stats)
	if lost := lossLine(source); lost != "" {
		if line != "" {
			line += "; "
		}
		line += lost
	}
	if line != "" {
		fmt.Fprintln(w, line)
	}
	sayGivenUp(w, "", ceiling, out)
	remark(w, source)
}

// skippedLine tells how many packets were skipped, and why; "" of none.
func skippedLine(stats *pcaps.Stats) string {
	skipped := stats.Read - stats.TCP - stats.Quotes
	if skipped == 0 {
		return ""
	}
	var why []string
	if stats.Filtered > 0 {
		why = append(why, fmt.Sprintf("%d held back by the filter", stats.Filtered))
	}
	for v, n := range stats.Skipped {
		if n > 0 {
			why = append(why, fmt.Sprintf("%d %s", n, pcaps.Verdict(v)))
		}
	}
	return fmt.Sprintf("%d skipped: %s", skipped, strings.Join(why, ", "))
}

// mayBeTCP reports whether what was skipped so could not be read far enough to tell whether it is TCP.
func mayBeTCP(v pcaps.Verdict) bool {
	switch v {
	case pcaps.CutShort, pcaps.BadLink, pcaps.BadIP, pcaps.Encrypted, pcaps.TooDeep, pcaps.UnknownLink:
		return true
	}
	return false
}

// unread is how many packets may be TCP, and were skipped.
func unread(stats *pcaps.Stats) (n uint64) {
	for v, skipped := range stats.Skipped {
		if mayBeTCP(pcaps.Verdict(v)) {
			n += skipped
		}
	}
	return n
}

// sayGivenUp says, after the name of the capture where that is needed, what was given up for want of room.
func sayGivenUp(w io.Writer, name string, ceiling *analyzer.Ceiling, out *output) {
	s := report.CeilingWords(ceiling)
	if s == "" {
		return
	}
	if out.rows != nil && ceiling.Shed.N() > 0 {
		s += "; those for good have no row"
	}
	fmt.Fprintln(w, name+s)
}

// lossLine tells how many packets were lost on the way here, "" where it is not known.
func lossLine(source *pcaps.Source) string {
	var kernel, device pcaps.Count
	for _, i := range source.Interfaces() {
		kernel.N, kernel.OK = kernel.N+i.DroppedByOS.N, kernel.OK || i.DroppedByOS.OK
		device.N, device.OK = device.N+i.Dropped.N, device.OK || i.Dropped.OK
	}
	var parts []string
	if kernel.OK {
		parts = append(parts, count(kernel.N, "packet")+" dropped by kernel")
	}
	if device.OK {
		parts = append(parts, count(device.N, "packet")+" dropped by interface")
	}
	return strings.Join(parts, ", ")
}

// answerSignals has a signal that asks for them answered with the counters so far, until the function that it returns is
// called.
func answerSignals(w io.Writer, source *pcaps.Source) (end func()) {
	signals := make(chan os.Signal, 1)
	if ask := askSignals(); len(ask) > 0 {
		signal.Notify(signals, ask...)
	}
	go func() {
		for range signals {
			source.Do(func() { counters(w, source) })
		}
	}()
	return func() { signal.Stop(signals); close(signals) }
}

func counters(w io.Writer, source *pcaps.Source) {
	stats := source.Stats()
	line := fmt.Sprintf("tcpwhy: %s read, %s", count(stats.Read, "packet"), count(stats.TCP, "TCP segment"))
	if lost := lossLine(source); lost != "" {
		line += ", " + lost
	}
	fmt.Fprintln(w, line)
}

// count is n things.
func count(n uint64, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
