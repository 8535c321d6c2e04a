package verdict

import (
	"encoding/json"
	"io"
	"strings"

	"tcpwhy/analyzer/report"
)

// JSON writes a run as one document.
type JSON struct{ W io.Writer }

type (
	runJSON struct {
		Captures []captureJSON `json:"captures"`
		Totals   totalsJSON    `json:"totals"`
	}
	captureJSON struct {
		File         report.Text       `json:"file"`
		Packets      uint64            `json:"packets"`
		Flows        uint64            `json:"flows"`
		Error        *report.Text      `json:"error"`
		Expectations []expectationJSON `json:"expectations"`
	}
	expectationJSON struct {
		Name      *report.Text   `json:"name"`
		Text      report.Text    `json:"text"`
		Rule      string         `json:"rule"`
		At        *positionJSON  `json:"at"`
		Severity  string         `json:"severity"`
		Expected  *report.Text   `json:"expected"`
		Seen      *report.Text   `json:"seen"`
		Outcome   string         `json:"outcome"`
		Reason    *report.Text   `json:"reason"`
		Exception *exceptionJSON `json:"exception"`
		Offenders uint64         `json:"offenders"`
		Offending []flowJSON     `json:"offending"`
	}
	positionJSON struct {
		File   report.Text `json:"file"`
		Line   int         `json:"line"`
		Column int         `json:"column"`
	}
	exceptionJSON struct {
		Name   *report.Text  `json:"name"`
		At     *positionJSON `json:"at"`
		Reason report.Text   `json:"reason"`
		Until  string        `json:"until"`
	}
	flowJSON struct {
		Flow    *uint64      `json:"flow"`
		Client  *report.Text `json:"client"`
		Server  *report.Text `json:"server"`
		Packets []uint64     `json:"packets"`
		Why     report.Text  `json:"why"`
		Summary *report.Text `json:"summary"`
		Again   *report.Text `json:"again"`
	}
	totalsJSON struct {
		Captures     uint64 `json:"captures"`
		Unread       uint64 `json:"unread"`
		Expectations uint64 `json:"expectations"`
		Met          uint64 `json:"met"`
		Allowed      uint64 `json:"allowed"`
		Failed       uint64 `json:"failed"`
		NotJudged    uint64 `json:"not_judged"`
	}
)

// Write writes the document.
func (j *JSON) Write(r *Run) error {
	t := r.Totals()
	document := runJSON{Captures: []captureJSON{}, Totals: totalsJSON{t.Captures, t.Unread, t.Expectations, t.By[Met], t.By[Allowed], t.By[Failed], t.By[NotJudged]}}
	for i := range r.Captures {
		document.Captures = append(document.Captures, r.Captures[i].json())
	}
	e := json.NewEncoder(j.W)
	e.SetEscapeHTML(false)
	return e.Encode(document)
}

func (c *Capture) json() captureJSON {
	v := captureJSON{File: report.Text(c.Name), Packets: c.Packets, Flows: c.Flows, Expectations: []expectationJSON{}}
	if c.Err != nil {
		v.Error = said(c.Err.Error())
	}
	for i := range c.Expectations {
		e := &c.Expectations[i]
		x := expectationJSON{Name: said(e.Name), Text: report.Text(e.Text), Rule: e.Rule, At: e.At.json(), Severity: e.Severity.String(), Expected: said(e.Expected),
			Seen: said(e.Seen), Outcome: strings.ReplaceAll(e.Outcome.String(), " ", "-"), Reason: said(e.Reason), Offenders: e.Offenders, Offending: []flowJSON{}}
		if e.Exception != nil {
			x.Exception = &exceptionJSON{said(e.Exception.Name), e.Exception.At.json(), report.Text(e.Exception.Reason), e.Exception.Until}
		}
		for _, f := range e.Offending {
			x.Offending = append(x.Offending, f.json())
		}
		v.Expectations = append(v.Expectations, x)
	}
	return v
}

func (p Position) json() *positionJSON {
	if p.Line == 0 {
		return nil
	}
	return &positionJSON{report.Text(p.File), p.Line, p.Column}
}

func (f *Flow) json() flowJSON {
	v := flowJSON{Packets: f.Packets, Why: report.Text(f.Why), Summary: said(f.Summary), Again: said(f.Again)}
	if v.Packets == nil {
		v.Packets = []uint64{}
	}
	if f.Number > 0 {
		v.Flow = &f.Number
	}
	if f.Client.IsValid() {
		v.Client = said(f.Client.String())
	}
	if f.Server.IsValid() {
		v.Server = said(f.Server.String())
	}
	return v
}

// said is what there is to say, nil for nothing.
func said(s string) *report.Text { return report.OrNull(report.Text(s)) }
