package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

const longestPause = 50 * time.Millisecond

// table writes what was measured as Markdown.
func (m *measurement) table(l *lab, all []row, to io.Writer) {
	w := bufio.NewWriter(to)
	defer w.Flush()
	fmt.Fprintf(w, "%s, %s. %s.\nMedian of %d, all commands on a capture in turn; captures in the page cache, output to /dev/null.\n\n",
		time.Now().Format(time.DateOnly), machine(), strings.Join(m.versions(l), ", "), m.rounds)
	fmt.Fprintf(w, "| what | tcpwhy | over | ratio | at most | |\n|---|---|---|--:|--:|---|\n")
	var left []row
	for _, r := range all {
		ratio, ok := m.ratio(&r)
		if !ok {
			left = append(left, r)
			continue
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", r.what, code(r.commands[0]), strings.Join(quoted(r.commands[1:]), " and "),
			figure(ratio), figure(r.most), met(ratio <= r.most))
	}
	if m.pauses != nil {
		ratio := m.pauses.Longest.Seconds() / longestPause.Seconds()
		fmt.Fprintf(w, "| longest pause, of %v | `bench pauses` | | %s | 1 | %s |\n\n"+
			"Time per batch of %d segments; the longest that the processor worked at one is %v, the longest stop for garbage %v:\n\n%s\n",
			longestPause, figure(ratio), met(ratio <= 1), batchSize, m.pauses.Work, m.pauses.GC, m.pauses)
	}
	if len(m.wrong) == 0 {
		fmt.Fprintf(w, "\nAll rows of `tcpwhy flows` and the totals of `tcpwhy report` are as planned.\n")
	}
	for _, err := range m.wrong {
		fmt.Fprintf(w, "\nNOT AS PLANNED: %v\n", err)
	}
	for _, r := range left {
		fmt.Fprintf(w, "\nNot run: `%s`: %v\n", strings.Join(r.commands, "`, `"), m.why(&r))
	}
}

func (m *measurement) ratio(r *row) (float64, bool) {
	var took []usage
	for _, line := range r.commands {
		u, ok := m.took[turn{r.capture, line}]
		if !ok {
			return 0, false
		}
		took = append(took, u)
	}
	return r.ratio(took), true
}

// why is why a row's commands were not all run.
func (m *measurement) why(r *row) error {
	for _, line := range r.commands {
		if err := m.missing[line]; err != nil {
			return err
		}
	}
	return nil
}

func quoted(commands []string) (all []string) {
	for _, c := range commands {
		all = append(all, code(c))
	}
	return all
}

// code is a command as a cell of a table has it.
func code(command string) string { return "`" + strings.ReplaceAll(command, "|", `\|`) + "`" }

func figure(f float64) string { return fmt.Sprintf("%.3g", f) }

func met(yes bool) string {
	if yes {
		return "met"
	}
	return "**not met**"
}

// versions are those of all that was run, as their packages have them.
func (m *measurement) versions(l *lab) []string {
	all := []string{"Go " + strings.TrimPrefix(runtime.Version(), "go")}
	if out, err := l.command("tcpwhy --version").Output(); err == nil {
		all = append(all, strings.TrimSpace(string(out)))
	}
	programs := map[string]bool{}
	for t := range m.took {
		program, _, _ := strings.Cut(t.line, " ")
		programs[program] = l.programs[program] == ""
	}
	for _, program := range slices.Sorted(maps.Keys(programs)) {
		if !programs[program] {
			continue
		}
		out, err := exec.Command("dpkg-query", "-W", "-f", "${Version}", packageOf(program)).Output()
		if err == nil {
			all = append(all, program+" "+string(out))
		}
	}
	return all
}
