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

// check holds what tcpwhy says of a capture against its plan: the rows of flows, and the totals of report.
func (l *lab) check(c *capture) error {
	rows := l.command("tcpwhy flows -o jsonl " + c.name)
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
		return errors.Join(wrong, fmt.Errorf("tcpwhy flows %s: %w", c.name, err))
	}
	return errors.Join(wrong, l.checkTotals(c))
}

// totals are the outcomes of a capture, by their names in JSON, and what each server got.
type totals struct {
	Flows   int            `json:"flows"`
	Opening map[string]int `json:"opening"`
	Closing map[string]int `json:"closing"`
	Servers map[string]int `json:"servers"` // connections to each
	Flood   string         `json:"flood"`   // the server that a SYN flood goes to, ""
	Held    int            `json:"held"`    // forged connections that it holds half open
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

func (l *lab) checkTotals(c *capture) error {
	planned, err := os.ReadFile(filepath.Join(l.dir, c.sums()))
	if err != nil {
		return err
	}
	var want totals
	if err := json.Unmarshal(planned, &want); err != nil {
		return err
	}
	out, err := l.command("tcpwhy report -o json " + c.name).Output()
	if err != nil {
		return fmt.Errorf("tcpwhy report %s: %w", c.name, err)
	}
	var got report
	if err := json.Unmarshal(out, &got); err != nil {
		return err
	}
	return got.check(&want)
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
