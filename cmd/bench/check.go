package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"tcpwhy/pcaps/workload"
)

// check holds what tcpwhy says of a capture against its plan: the rows of flows, and the totals of report; where there
// are more flows than may be held, with less room, too.
func (l *lab) check(c *capture) error {
	if !c.shed {
		return l.checkWith("", c)
	}
	return errors.Join(l.checkWith("", c), l.checkWith(" --max-memory 200MB", c))
}

func (l *lab) checkWith(flags string, c *capture) error {
	line := "tcpwhy flows -o jsonl" + flags + " " + c.name
	rows := l.command(line)
	pipe, err := rows.StdoutPipe()
	if err != nil {
		return err
	}
	plans, err := os.Open(filepath.Join(l.dir, c.plan()))
	if err != nil {
		return err
	}
	defer plans.Close()
	planned, err := readOutcomes(bufio.NewReader(plans))
	if err != nil {
		return err
	}
	planned.shed = c.shed
	if err := rows.Start(); err != nil {
		return err
	}
	wrong := planned.check(bufio.NewReader(pipe))
	if err := rows.Wait(); err != nil {
		return errors.Join(wrong, fmt.Errorf("%s: %w", line, err))
	}
	if wrong != nil {
		wrong = fmt.Errorf("%s: %w", line, wrong)
	}
	return errors.Join(wrong, l.checkTotals(flags, c, planned.rows))
}

// totals are the outcomes of a capture, by their names in JSON, and what each server got.
type totals struct {
	Flows   int            `json:"flows"`
	Opening map[string]int `json:"opening"`
	Closing map[string]int `json:"closing"`
	Servers map[string]int `json:"servers"` // connections to each
	Flood   string         `json:"flood"`   // the server that a SYN flood goes to, ""
	Held    int            `json:"held"`    // forged connections that it holds half open
	Shed    map[string]int `json:"shed"`    // without a row, by what they were; none is planned
}

func (t *totals) add(p *workload.Plan) {
	if t.Opening == nil {
		t.Opening, t.Closing, t.Servers = map[string]int{}, map[string]int{}, map[string]int{}
	}
	t.Flows++
	t.Opening[strings.ReplaceAll(p.Opening.Outcome, "-", "_")]++
	if p.Closing.Outcome != "" {
		t.Closing[strings.ReplaceAll(p.Closing.Outcome, "-", "_")]++
	}
	t.Servers[p.Server]++
	if p.Kind == "forged-answered" {
		t.Flood = p.Server
		t.Held++
	}
}

// checkTotals takes how many rows there are of each outcome, too: with what has no row, these are all.
func (l *lab) checkTotals(flags string, c *capture, rows map[string]int) error {
	planned, err := os.ReadFile(filepath.Join(l.dir, c.sums()))
	if err != nil {
		return err
	}
	var want totals
	if err := json.Unmarshal(planned, &want); err != nil {
		return err
	}
	line := "tcpwhy report -o json" + flags + " " + c.name
	out, err := l.command(line).Output()
	if err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	var got report
	if err := json.Unmarshal(out, &got); err != nil {
		return err
	}
	if err := errors.Join(got.check(&want), got.account(rows)); err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	return nil
}

// report is what is looked at of tcpwhy report -o json.
type report struct {
	Totals  totals
	Servers []struct {
		Server       string
		Flows        int
		PeakHalfOpen int `json:"peak_half_open"`
	}
	Findings []struct{ Finding, Server string }
}

func (r *report) check(want *totals) error {
	none := func(_ string, n int) bool { return n == 0 }
	got := &r.Totals
	maps.DeleteFunc(got.Opening, none)
	maps.DeleteFunc(got.Closing, none)
	if got.Flows != want.Flows || !maps.Equal(got.Opening, want.Opening) || !maps.Equal(got.Closing, want.Closing) {
		return fmt.Errorf("totals of report: planned %d flows %v %v\n\tgot %d flows %v %v",
			want.Flows, want.Opening, want.Closing, got.Flows, got.Opening, got.Closing)
	}
	for _, s := range r.Servers {
		if s.Flows != want.Servers[s.Server] {
			return fmt.Errorf("flows of %s: planned %d, got %d", s.Server, want.Servers[s.Server], s.Flows)
		}
		// Honest connections are half open for a moment, too.
		if others := s.Flows - want.Held; s.Server == want.Flood && (s.PeakHalfOpen < want.Held || s.PeakHalfOpen > want.Held+others) {
			return fmt.Errorf("half-open connections of %s at a time: planned %d, got %d", s.Server, want.Held, s.PeakHalfOpen)
		}
	}
	var floods []string
	for _, f := range r.Findings {
		if f.Finding == "syn-flood" {
			floods = append(floods, f.Server)
		}
	}
	if want.Flood != "" && !slices.Contains(floods, want.Flood) || want.Flood == "" && len(floods) > 0 {
		return fmt.Errorf("SYN floods: planned %q, got %q", want.Flood, floods)
	}
	return nil
}

// account has every flow in a row, or among those that were given up.
func (r *report) account(rows map[string]int) error {
	all := maps.Clone(rows)
	for outcome, n := range r.Totals.Shed {
		all[outcome] += n
	}
	maps.DeleteFunc(all, func(_ string, n int) bool { return n == 0 })
	if !maps.Equal(all, r.Totals.Opening) {
		return fmt.Errorf("flows with a row, and without: %v\n\tin the totals: %v", all, r.Totals.Opening)
	}
	return nil
}
