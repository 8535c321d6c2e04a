package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// measurement is one run of everything.
type measurement struct {
	rounds int
	short  bool
	only   string

	took    map[turn]usage   // the median of each command
	missing map[string]error // why a command was not run
	wrong   []error          // what tcpwhy said that is not so
	pauses  *pauses
}

// turn is a command among those that ran in turn, which alone are compared: the machine changes.
type turn struct{ capture, line string }

func (m *measurement) run(l *lab, to io.Writer) error {
	m.took, m.missing = map[turn]usage{}, map[string]error{}
	all := slices.DeleteFunc(rows(), func(r row) bool {
		slice := strings.HasPrefix(r.capture, "w1s.") || strings.HasPrefix(r.capture, "w3s.")
		return !strings.HasPrefix(r.capture, m.only) || m.short && !slice
	})
	if err := m.prepare(l, all); err != nil {
		return err
	}
	var order []string
	commands := map[string][]string{} // of each capture
	for _, r := range all {
		if !slices.Contains(order, r.capture) {
			order = append(order, r.capture)
		}
		for _, line := range r.commands {
			if m.missing[line] == nil && !slices.Contains(commands[r.capture], line) {
				commands[r.capture] = append(commands[r.capture], line)
			}
		}
	}
	for _, c := range order {
		if len(commands[c]) == 0 {
			continue
		}
		if err := m.capture(l, c, commands[c]); err != nil {
			return err
		}
	}
	if m.only == "" {
		m.findPauses(l)
	}
	m.table(l, all, to)
	return errors.Join(m.wrong...)
}

// prepare finds out what can be run, and makes the captures that are not there.
func (m *measurement) prepare(l *lab, all []row) error {
	var needed []string
	size := int64(0)
	for _, r := range all {
		for _, line := range r.commands {
			m.missing[line] = l.lacks(line)
			for _, c := range capturesIn(line) {
				if c.size > 0 && !slices.Contains(needed, c.name) && !c.made(l.dir) {
					needed = append(needed, c.name)
					size += c.size
				}
			}
		}
	}
	for line, err := range m.missing {
		if err != nil {
			say("not run: %s: %v", line, err)
		}
	}
	if size > 0 {
		say("making %d captures, %d MB, with half as much again of plans, in %s; they are kept", len(needed), size/mb, l.dir)
	}
	for _, name := range needed {
		say("%s", name)
		if out, err := l.command("bench make " + name).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", name, err, out)
		}
	}
	return os.MkdirAll(filepath.Join(l.dir, "out"), 0o755)
}

// capturesIn are those that a line names.
func capturesIn(line string) (all []*capture) {
	for _, word := range strings.Fields(line) {
		if c, err := find(word); err == nil {
			all = append(all, c)
		}
	}
	return all
}

// lacks says why a line cannot be run: a program is not there, or there is not the memory for it.
func (l *lab) lacks(line string) error {
	for _, c := range capturesIn(line) {
		const each = 600 // bytes of a flow, and room for the heap to grow
		if needs := each * (c.of.Live + c.of.Flood) >> 20; needs > available() {
			return fmt.Errorf("less than %d MB of memory are free", needs)
		}
	}
	for _, command := range strings.Split(line, " | ") {
		program, _, _ := strings.Cut(command, " ")
		if l.programs[program] != "" {
			continue
		}
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("not installed: apt-get install %s", packageOf(program))
		}
	}
	return nil
}

// packageOf is the package of Debian that a program is in.
func packageOf(program string) string {
	switch program {
	case "argus":
		return "argus-server"
	case "nfpcapd":
		return "nfdump"
	}
	return program
}

// capture measures all commands that read one capture: each in turn, round after round.
func (m *measurement) capture(l *lab, name string, commands []string) error {
	rounds := m.rounds
	if name == "" {
		rounds = 1 // they take minutes, and their memory is always the same
	} else {
		if out, err := l.command("bench -tcpwhy " + l.programs["tcpwhy"] + " check " + name).CombinedOutput(); err != nil {
			say("%s: not as planned\n%s", name, out)
			m.wrong = append(m.wrong, fmt.Errorf("%s is not as planned: %s", name, out))
		}
	}
	took := map[string][]usage{}
	for round := range rounds {
		for _, line := range commands {
			if m.missing[line] != nil {
				continue
			}
			if err := l.warm(line); err != nil {
				return err
			}
			u, err := l.measure(line)
			if err != nil {
				m.missing[line] = err
				say("%v", err)
				continue
			}
			say("%d  %6.2f s CPU  %6.2f s  %5d MB  %s", round+1, u.cpu.Seconds(), u.wall.Seconds(), u.rss/mb, line)
			took[line] = append(took[line], u)
		}
	}
	for line, all := range took {
		m.took[turn{name, line}] = median(all)
	}
	return nil
}

// warm has the captures of a line in the page cache, where they may have been some time ago.
func (l *lab) warm(line string) error {
	for _, c := range capturesIn(line) {
		if c.size == 0 {
			continue // it is made on the way
		}
		f, err := os.Open(filepath.Join(l.dir, c.name))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// findPauses keeps the best of its runs: what else the machine does makes pauses, too, but hardly in each of them.
func (m *measurement) findPauses(l *lab) {
	flows := "10000000"
	if m.short {
		flows = "100000"
	}
	line := "bench pauses live4-" + flows + "-0"
	for range m.rounds {
		out, err := l.command(line).Output()
		var p pauses
		if err = errors.Join(err, json.Unmarshal(bytes.TrimSpace(out), &p)); err != nil {
			say("%s: %v", line, err)
			return
		}
		say("longest %v, of work %v, of stops for garbage %v  %s", p.Longest, p.Work, p.GC, line)
		if m.pauses == nil || p.Longest < m.pauses.Longest {
			m.pauses = &p
		}
	}
}

func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
