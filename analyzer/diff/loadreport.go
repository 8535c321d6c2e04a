package diff

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/report"
	"tcpwhy/flows"
)

// savedReport is what is compared of a report.
type savedReport struct {
	Capture struct {
		Packets uint64     `json:"packets"`
		Flows   uint64     `json:"flows"`
		First   *time.Time `json:"first"`
		Ceiling struct {
			GivenUp      uint64   `json:"given_up"`
			WentOn       uint64   `json:"went_on"`
			OutdatedRows uint64   `json:"outdated_rows"`
			Limits       []string `json:"limits"`
		} `json:"ceiling"`
	} `json:"capture"`
	Servers   []savedServer `json:"servers"`
	Forgotten struct {
		Flows uint64 `json:"flows"`
	} `json:"forgotten"`
	Findings []struct {
		Finding  string `json:"finding"`
		Severity string `json:"severity"`
		Flow     uint64 `json:"flow"`
		Client   string `json:"client"`
		Server   string `json:"server"`
	} `json:"findings"`
}

type savedServer struct {
	Server  netip.AddrPort                `json:"server"`
	VLAN    []uint16                      `json:"vlan"`
	Tunnel  string                        `json:"tunnel"`
	Flows   uint64                        `json:"flows"`
	Shed    map[string]uint64             `json:"shed"`
	Opening map[string]uint64             `json:"opening"`
	Closing map[string]uint64             `json:"closing"`
	Timing  map[string]report.SavedTiming `json:"timing"`
	Found   []savedGroup                  `json:"findings"`
}

type savedGroup struct {
	Finding  string `json:"finding"`
	Severity string `json:"severity"`
	Flows    uint64 `json:"flows"`
}

// loadReport takes a report.
func (s *Snapshot) loadReport(value []byte) error {
	var v savedReport
	if err := json.Unmarshal(value, &v); err != nil {
		return err
	}
	s.Packets, s.Flows, s.forgotten = v.Capture.Packets, v.Capture.Flows, v.Forgotten.Flows
	ceiling := &v.Capture.Ceiling
	s.Partial, s.Limits, s.summed = ceiling.GivenUp, ceiling.Limits, true
	if v.Capture.First != nil {
		s.First = v.Capture.First.UnixNano()
	}
	for i := range v.Servers {
		if err := s.loadServer(&v.Servers[i]); err != nil {
			return err
		}
	}
	for _, t := range s.servers { // to which server these flows went is not told
		t.unasked, t.early = min(t.flows, ceiling.WentOn), min(t.flows, ceiling.OutdatedRows)
	}
	for _, n := range v.Findings {
		if n.Flow != 0 {
			continue // an example of what its server shows
		}
		severity, err := parseSeverity(n.Severity)
		if err != nil {
			return err
		}
		if severity > analyzer.Info {
			of := n.Server
			if of == "" {
				of = n.Client
			}
			s.foundWhole(n.Finding, of, severity)
		}
	}
	return nil
}

func (s *Snapshot) loadServer(v *savedServer) error {
	key := server{v.Server, Network(v.VLAN, v.Tunnel)}
	t := s.server(key)
	if t == nil {
		s.forgotten += v.Flows
		return nil
	}
	t.flows = v.Flows
	for _, n := range v.Shed {
		t.shed += n
	}
	for i := range t.opening {
		t.opening[i] = v.Opening[reportKey(flows.OpeningOutcome(i))]
	}
	for i := range t.closing {
		t.closing[i] = v.Closing[reportKey(flows.ClosingOutcome(i))]
	}
	for i, name := range timeNames {
		t.times[i] = savedTimes(v.Timing[name])
	}
	for _, g := range v.Found {
		severity, err := parseSeverity(g.Severity)
		if err != nil {
			return err
		}
		if severity > analyzer.Info {
			t.findings[g.Finding] += g.Flows
		}
	}
	return nil
}

// reportKey is an outcome as a key of a report: half_open.
func reportKey(outcome fmt.Stringer) string { return strings.ReplaceAll(outcome.String(), "-", "_") }

func savedTimes(v report.SavedTiming) times {
	t := times{n: v.Count}
	for _, p := range []struct {
		share float64
		took  *time.Duration
	}{{0, v.Min}, {0.5, v.P50}, {0.9, v.P90}, {0.99, v.P99}, {1, v.Max}} {
		if p.took != nil {
			t.reported = append(t.reported, point{p.share, *p.took})
		}
	}
	return t
}

func parseSeverity(name string) (analyzer.Severity, error) {
	for s := analyzer.Info; s <= analyzer.Error; s++ {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("no such severity: %q", name)
}
