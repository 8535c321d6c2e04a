package diff

import (
	"encoding/json"
	"io"
	"time"

	"tcpwhy/analyzer/report"
)

// JSON writes a Diff as one document.
type JSON struct{ W io.Writer }

type documentJSON struct {
	Old         sideJSON         `json:"old"`
	New         sideJSON         `json:"new"`
	Flows       countsJSON       `json:"flows"`
	Differences []differenceJSON `json:"differences"`
	Shown       *shownJSON       `json:"shown"`
	Notes       []report.Text    `json:"notes"`
}

type sideJSON struct {
	Name    report.Text `json:"name"`
	Kind    string      `json:"kind"`
	Flows   uint64      `json:"flows"`
	Servers int         `json:"servers"`
}

type countsJSON struct {
	Alike       uint64 `json:"alike"`
	Changed     uint64 `json:"changed"`
	New         uint64 `json:"new"`
	Gone        uint64 `json:"gone"`
	NotCompared uint64 `json:"not_compared"`
}

type differenceJSON struct {
	Matter      string           `json:"matter"`
	Counts      bool             `json:"counts"`
	Better      bool             `json:"better"`
	Severity    string           `json:"severity"`
	Server      *report.Text     `json:"server"`
	What        *report.Text     `json:"what"`
	Was         *report.Text     `json:"was"`
	Is          *report.Text     `json:"is"`
	Flows       *uint64          `json:"flows"`
	First       []pairJSON       `json:"first"`
	Measured    *measuredJSON    `json:"measured"`
	Percentiles []percentileJSON `json:"percentiles"`
}

type pairJSON struct {
	Was     *flowJSON `json:"was"`
	Is      *flowJSON `json:"is"`
	Packets []uint64  `json:"packets"`
}

type flowJSON struct {
	Flow   uint64      `json:"flow"`
	Client report.Text `json:"client"`
	Server report.Text `json:"server"`
}

type measuredJSON struct {
	Was uint64 `json:"was"`
	Is  uint64 `json:"is"`
}

type percentileJSON struct {
	Percentile string        `json:"percentile"`
	Was        time.Duration `json:"was_ns"`
	Is         time.Duration `json:"is_ns"`
}

type shownJSON struct {
	In     report.Text  `json:"in"`
	Flow   uint64       `json:"flow"`
	Ladder report.Text  `json:"ladder"`
	Again  *report.Text `json:"again"`
}

// Write writes d.
func (j *JSON) Write(d *Diff) error {
	document := documentJSON{Old: d.Old.json(), New: d.New.json(), Differences: []differenceJSON{}, Notes: []report.Text{},
		Flows: countsJSON{d.Alike, d.Flows[Changed], d.Flows[New], d.Flows[Gone], d.Unjudged}}
	for i := range d.Differences {
		document.Differences = append(document.Differences, d.Differences[i].json())
	}
	for _, n := range d.Notes {
		document.Notes = append(document.Notes, report.Text(n))
	}
	if s := &d.Shown; s.Ladder != "" {
		document.Shown = &shownJSON{report.Text(s.In.Name), s.Flow, report.Text(s.Ladder), report.OrNull(report.Text(s.Again))}
	}
	e := json.NewEncoder(j.W)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(document)
}

func (s *Snapshot) json() sideJSON {
	return sideJSON{report.Text(s.Name), s.Kind.String(), s.Flows, len(s.servers)}
}

func (d *Difference) json() differenceJSON {
	j := differenceJSON{Matter: d.Matter.String(), Counts: d.Counts, Better: d.Better, Severity: d.Severity.String(),
		Server: report.OrNull(report.Text(d.Server)), What: report.OrNull(report.Text(d.What)), Was: report.OrNull(report.Text(d.Was)),
		Is: report.OrNull(report.Text(d.Is)), Flows: report.OrNull(d.Flows),
		First: []pairJSON{}, Percentiles: []percentileJSON{}}
	for i := range d.First {
		p := &d.First[i]
		j.First = append(j.First, pairJSON{p.Was.json(), p.Is.json(), append([]uint64{}, p.Packets...)})
	}
	if d.Matter == Time {
		j.Measured = &measuredJSON{d.Measured[0], d.Measured[1]}
	}
	for _, c := range d.Changes {
		j.Percentiles = append(j.Percentiles, percentileJSON(c))
	}
	return j
}

func (f Flow) json() *flowJSON {
	if f.Number == 0 {
		return nil
	}
	return &flowJSON{f.Number, report.Text(f.Client.String()), report.Text(f.Server.String())}
}
