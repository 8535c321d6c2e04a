package report

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// OverviewJSON writes a report as one document.
type OverviewJSON struct{ W io.Writer }

// instant is a time, null for 0.
type instant int64

func (i instant) MarshalJSON() ([]byte, error) { return appendMoment(nil, int64(i)), nil }

type documentJSON struct {
	Capture   captureJSON       `json:"capture"`
	Totals    totalsJSON        `json:"totals"`
	States    map[string]uint64 `json:"states"`
	Servers   []serverJSON      `json:"servers"`
	Forgotten forgottenJSON     `json:"forgotten"`
	Findings  []json.RawMessage `json:"findings"`
	Census    []intervalJSON    `json:"census,omitempty"`
}

type captureJSON struct {
	Files       []Text          `json:"files"`
	Packets     uint64          `json:"packets"`
	Interrupted bool            `json:"interrupted"`
	TCPSegments uint64          `json:"tcp_segments"`
	ICMPErrors  uint64          `json:"icmp_errors"`
	Skipped     map[Text]uint64 `json:"skipped"`
	Dropped     *uint64         `json:"dropped"`
	Flows       uint64          `json:"flows"`
	First       instant         `json:"first"`
	Last        instant         `json:"last"`
	Span        *time.Duration  `json:"span_ns"`
	Chosen      *Text           `json:"chosen"`
	Ceiling     *ceilingJSON    `json:"ceiling,omitempty"` // where flows were given up
	Vantage     *vantageJSON    `json:"vantage"`
}

// ceilingJSON is what was given up for want of room.
type ceilingJSON struct {
	Limits     []string `json:"limits"` // those that bound
	GivenUp    uint64   `json:"given_up"`
	ForGood    uint64   `json:"for_good"`
	WentOn     uint64   `json:"went_on"`
	Forgotten  uint64   `json:"forgotten"`
	InProgress uint64   `json:"in_progress"`   // of those for good
	MidClose   uint64   `json:"mid_close"`     // given up while closing: totals.closing, closed_first and states have them as they stood then
	Outdated   uint64   `json:"outdated_rows"` // as orderly closed, and closed otherwise by what came after they had to be written
	Verdict    string   `json:"verdict"`
}

func (o *Overview) ceilingJSON() *ceilingJSON {
	c := &o.Summary.Facts.Ceiling
	if c.N() == 0 {
		return nil
	}
	return &ceilingJSON{c.Limits(), c.N(), c.Shed.N(), c.Rests, c.Forgotten, o.Summary.Totals.Young, o.Summary.Totals.MidClose, o.Summary.Totals.Outdated, strings.TrimSpace(o.atCeiling())}
}

type vantageJSON struct {
	Place      string  `json:"place"`
	Host       *string `json:"host"`
	Confidence string  `json:"confidence"`
	Why        string  `json:"why"`
}

type totalsJSON struct {
	Flows           uint64            `json:"flows"`
	PayloadBytes    uint64            `json:"payload_bytes"`
	Opening         map[string]uint64 `json:"opening"`
	Closing         map[string]uint64 `json:"closing"`
	ClosedFirst     endsJSON          `json:"closed_first"`
	ResetBy         endsJSON          `json:"reset_by"`
	Retransmissions repeatedJSON      `json:"retransmissions"`
	PeakHalfOpen    uint64            `json:"peak_half_open"`
	PeakHalfOpenAt  instant           `json:"peak_half_open_at"`
	Midstream       uint64            `json:"midstream"`
	OneWay          uint64            `json:"one_way"`
	Truncated       uint64            `json:"truncated"`
	EndedOpen       uint64            `json:"ended_open"`
	Shed            shedsJSON         `json:"shed"`
	Evicted         uint64            `json:"evicted"`
	Copies          uint64            `json:"duplicates"`
	Findings        map[string]uint64 `json:"findings"`
}

// shedsJSON are flows that were given up at the ceiling, by what they were.
type shedsJSON struct {
	Unanswered uint64 `json:"unanswered"`
	HalfOpen   uint64 `json:"half_open"`
	Open       uint64 `json:"open"`
}

func shedsOf(s *analyzer.Sheds) shedsJSON {
	return shedsJSON{s[flows.ShedAttempt], s[flows.ShedHalfOpen], s[flows.ShedOpen]}
}

type endsJSON struct {
	Client uint64 `json:"client"`
	Server uint64 `json:"server"`
	Both   uint64 `json:"both"`
}

type repeatedJSON struct {
	SYN    uint64 `json:"syn"`
	SYNACK uint64 `json:"syn_ack"`
	Data   uint64 `json:"data"`
	FIN    uint64 `json:"fin"`
}

type serverJSON struct {
	Server         Text                   `json:"server"`
	VLAN           []uint16               `json:"vlan,omitempty"`
	Tunnel         Text                   `json:"tunnel,omitempty"`
	Flows          uint64                 `json:"flows"`
	Clients        uint64                 `json:"clients"`
	First          instant                `json:"first"`
	Last           instant                `json:"last"`
	Attempts       *uint64                `json:"attempts"` // nil: not all passed while the server was known
	Shed           shedsJSON              `json:"shed"`
	Opening        map[string]uint64      `json:"opening"`
	Closing        map[string]uint64      `json:"closing"`
	ClosedFirst    endsJSON               `json:"closed_first"`
	ResetBy        endsJSON               `json:"reset_by"`
	PeakHalfOpen   *uint64                `json:"peak_half_open"` // likewise
	PeakHalfOpenAt instant                `json:"peak_half_open_at"`
	Timing         map[string]SavedTiming `json:"timing"`
	SYNRetries     []stepJSON             `json:"syn_retries"`
	SYNACKRetries  []stepJSON             `json:"syn_ack_retries"`
	Findings       []groupJSON            `json:"findings"`
}

// SavedTiming is how long something took, in a saved report; nil where nothing was measured.
type SavedTiming struct {
	Count uint64         `json:"count"`
	Min   *time.Duration `json:"min_ns"`
	P50   *time.Duration `json:"p50_ns"`
	P90   *time.Duration `json:"p90_ns"`
	P99   *time.Duration `json:"p99_ns"`
	Max   *time.Duration `json:"max_ns"`
}

type stepJSON struct {
	Retries int           `json:"retries"`
	Flows   uint64        `json:"flows"`
	After   time.Duration `json:"after_ns"`
}

type groupJSON struct {
	Finding    string         `json:"finding"`
	Severity   string         `json:"severity"`
	Confidence string         `json:"confidence"`
	Variant    *string        `json:"variant"`
	Endpoint   *string        `json:"endpoint"`
	Cause      *string        `json:"cause"`
	Flows      uint64         `json:"flows"`
	Clients    uint64         `json:"clients"`
	First      instant        `json:"first"`
	Last       instant        `json:"last"`
	LastedMin  *time.Duration `json:"lasted_min_ns"`
	LastedMax  *time.Duration `json:"lasted_max_ns"`
	FirstFlow  uint64         `json:"first_flow"`
}

type forgottenJSON struct {
	Servers uint64 `json:"servers"`
	Flows   uint64 `json:"flows"`
}

// Write writes o.
func (j *OverviewJSON) Write(o *Overview) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(o.json()); err != nil {
		return err // of a type that JSON does not have: a mistake of ours
	}
	_, err := j.W.Write(b.Bytes())
	return err
}

func (o *Overview) json() *documentJSON {
	s := o.Summary
	t := &s.Totals
	d := &documentJSON{Capture: o.captureJSON(), States: statesJSON(&t.States), Servers: []serverJSON{},
		Forgotten: forgottenJSON{s.Forgotten.Servers.N(), s.Forgotten.ServerFlows}, Findings: []json.RawMessage{}}
	var closer, resetter [flows.NumClosers]uint64
	for _, server := range s.Servers {
		d.Servers = append(d.Servers, o.serverJSON(server))
		for i := range closer {
			closer[i] += server.Closer[i]
			resetter[i] += server.Resetter[i]
		}
	}
	d.Totals = totalsJSON{Flows: t.Flows, PayloadBytes: t.Payload, Opening: openingJSON(&t.Opening), Closing: closingJSON(&t.Closing),
		ClosedFirst: endsOf(&closer), ResetBy: endsOf(&resetter), Retransmissions: repeatedJSON(t.Repeated),
		PeakHalfOpen: t.HalfOpen.Peak, PeakHalfOpenAt: instant(t.HalfOpen.PeakAt), Midstream: t.Midstream, OneWay: t.OneWay,
		Truncated: t.Truncated, EndedOpen: t.EndedOpen, Shed: shedsOf(&t.Shed), Evicted: t.Rests, Copies: t.Copies, Findings: map[string]uint64{}}
	for _, f := range t.Found {
		d.Totals.Findings[f.Rule.Name] = f.Flows
	}
	for _, n := range o.Findings {
		d.Findings = append(d.Findings, appendFinding(nil, n, o.Names))
	}
	for _, server := range s.Servers {
		for _, g := range server.Groups {
			for _, n := range examples(g) {
				d.Findings = append(d.Findings, appendFinding(nil, n, o.Names))
			}
		}
	}
	if o.Census != nil {
		d.Census = o.Census.json()
	}
	return d
}

// examples are the findings that stand for a group: the first, and the worst few.
func examples(g *analyzer.Group) []*analyzer.Finding {
	first := g.Earliest
	first.Cause = g.Cause
	all := []*analyzer.Finding{&first}
	for i := range g.Worst {
		if w := g.Worst[i]; w.Flow != first.Flow {
			w.Cause = g.Cause
			all = append(all, &w)
		}
	}
	return all
}

func (o *Overview) captureJSON() captureJSON {
	t := &o.Summary.Totals
	c := captureJSON{Files: []Text{}, Packets: o.Packets, Interrupted: o.Summary.Facts.Interrupted, TCPSegments: o.Segments, ICMPErrors: o.Quotes, Skipped: map[Text]uint64{},
		Flows: o.Flows, First: instant(t.First), Last: instant(t.Last), Ceiling: o.ceilingJSON()}
	for _, f := range o.Files {
		c.Files = append(c.Files, Text(f))
	}
	for _, s := range o.Skipped {
		c.Skipped[Text(s.Why)] = s.N
	}
	if o.Dropped.Known {
		c.Dropped = &o.Dropped.N
	}
	if t.First != 0 {
		d := time.Duration(t.Last - t.First)
		c.Span = &d
	}
	c.Chosen = OrNull(Text(o.Chosen))
	if v := &o.Summary.Vantage; v.Place != analyzer.PlaceUnknown {
		c.Vantage = &vantageJSON{Place: v.Place.String(), Confidence: v.Confidence.String(), Why: v.Why}
		if v.Host.IsValid() {
			c.Vantage.Host = OrNull(v.Host.String())
		}
	}
	return c
}

// key is a word of ours as a key: half_open.
func key(s string) string { return strings.ReplaceAll(s, "-", "_") }

func openingJSON(of *[flows.NumOpenings]uint64) map[string]uint64 {
	m := map[string]uint64{}
	for i, n := range of {
		m[key(flows.OpeningOutcome(i).String())] = n
	}
	return m
}

func closingJSON(of *[flows.NumClosings]uint64) map[string]uint64 {
	m := map[string]uint64{}
	for i, n := range of {
		if name := flows.ClosingOutcome(i).String(); name != "" {
			m[key(name)] = n
		}
	}
	return m
}

func statesJSON(of *[flows.NumStates]uint64) map[string]uint64 {
	m := map[string]uint64{}
	for i, n := range of {
		if flows.State(i) != flows.Unknown {
			m[flows.State(i).String()] = n
		}
	}
	m["none"] = of[flows.Unknown]
	return m
}

func endsOf(by *[flows.NumClosers]uint64) endsJSON {
	return endsJSON{Client: by[flows.ByClient], Server: by[flows.ByServer], Both: by[flows.ByBoth]}
}

func (o *Overview) serverJSON(s *analyzer.Server) serverJSON {
	space := o.Names.space(s.Space)
	j := serverJSON{Server: Text(s.Addr.String()), VLAN: space.vlan, Tunnel: Text(space.tunnel), Flows: s.Flows, Clients: s.Clients.N(),
		First: instant(s.First), Last: instant(s.Last), Shed: shedsOf(&s.Shed), Opening: openingJSON(&s.Opening), Closing: closingJSON(&s.Closing),
		ClosedFirst: endsOf(&s.Closer), ResetBy: endsOf(&s.Resetter),
		Timing: map[string]SavedTiming{}, SYNRetries: stepsJSON(&s.Retries), SYNACKRetries: stepsJSON(&s.SYNACKs), Findings: []groupJSON{}}
	if s.Passed() {
		j.Attempts, j.PeakHalfOpen, j.PeakHalfOpenAt = &s.Attempts.N, &s.HalfOpen.Peak, instant(s.HalfOpen.PeakAt)
	}
	for _, m := range timings(s) {
		j.Timing[m.key] = savedTiming(m.of)
	}
	for _, g := range s.Groups {
		j.Findings = append(j.Findings, newGroupJSON(g))
	}
	return j
}

func savedTiming(t *analyzer.Timing) SavedTiming {
	j := SavedTiming{Count: t.N}
	if t.N > 0 {
		p50, p90, p99 := t.Quantile(0.5), t.Quantile(0.9), t.Quantile(0.99)
		j.Min, j.P50, j.P90, j.P99, j.Max = &t.Min, &p50, &p90, &p99, &t.Max
	}
	return j
}

func stepsJSON(s *analyzer.Steps) []stepJSON {
	all := []stepJSON{}
	for i, step := range s[1:] {
		if step.Flows > 0 {
			all = append(all, stepJSON{i + 1, step.Flows, step.Wait})
		}
	}
	return all
}

func newGroupJSON(g *analyzer.Group) groupJSON {
	j := groupJSON{Finding: g.Rule.Name, Severity: g.Severity.String(), Confidence: g.Confidence.String(), Variant: OrNull(g.Variant),
		Endpoint: OrNull(g.Endpoint.String()), Cause: OrNull(g.Cause), Flows: g.Flows, Clients: g.Clients.N(), First: instant(g.First),
		Last: instant(g.Last), FirstFlow: g.Earliest.Flow}
	if g.Lasted.N > 0 {
		from, to := g.Lasted.Min, g.Lasted.Max
		j.LastedMin, j.LastedMax = &from, &to
	}
	return j
}
