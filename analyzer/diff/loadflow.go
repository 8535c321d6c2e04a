package diff

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// savedFlow is what is compared of a row of flows.
type savedFlow struct {
	Flow    uint64         `json:"flow"`
	Client  netip.AddrPort `json:"client"`
	Server  netip.AddrPort `json:"server"`
	VLAN    []uint16       `json:"vlan"`
	Tunnel  string         `json:"tunnel"`
	First   time.Time      `json:"first"`
	States  savedStates    `json:"states"`
	Opening struct {
		Outcome     string         `json:"outcome"`
		Kind        string         `json:"kind"`
		SYNToSYNACK *time.Duration `json:"syn_to_syn_ack_ns"`
		SYNACKToACK *time.Duration `json:"syn_ack_to_ack_ns"`
		Handshake   *time.Duration `json:"handshake_ns"`
		Connect     *time.Duration `json:"connect_ns"`
		ServerReady *time.Duration `json:"server_ready_ns"`
	} `json:"opening"`
	Closing struct {
		Outcome string `json:"outcome"`
		First   string `json:"first"`
		ResetBy string `json:"reset_by"`
	} `json:"closing"`
	Capture struct {
		Evicted    bool     `json:"evicted"`
		Early      bool     `json:"early"`
		WithoutRow *uint64  `json:"without_row"` // so far
		Limits     []string `json:"limits"`
	} `json:"capture"`
	Findings []string `json:"findings"`
}

type savedStates struct {
	Client []string `json:"client"`
	Server []string `json:"server"`
}

// nextFlow adds the row of flows that comes next.
func (s *Snapshot) nextFlow(d *json.Decoder) error {
	var v savedFlow
	if err := d.Decode(&v); err != nil {
		return err
	}
	if !v.Client.IsValid() || v.Opening.Outcome == "" {
		return errNotSaved
	}
	f := flows.Flow{Number: v.Flow}
	f.Capture.Resumed, f.Capture.Early = v.Capture.Evicted, v.Capture.Early
	if n := v.Capture.WithoutRow; n != nil {
		s.Shed, s.Limits = *n, v.Capture.Limits
	}
	if !v.First.IsZero() {
		f.First = v.First.UnixNano()
	}
	f.Client().Addr, f.Server().Addr = v.Client, v.Server
	o, c := &f.Opening, &f.Closing
	o.SYNToSYNACK, o.SYNACKToACK, o.Handshake = elapsed(v.Opening.SYNToSYNACK), elapsed(v.Opening.SYNACKToACK), elapsed(v.Opening.Handshake)
	o.Connect, o.ServerReady = elapsed(v.Opening.Connect), elapsed(v.Opening.ServerReady)
	for _, n := range []struct {
		what, name string
		known      bool
	}{
		{"opening", v.Opening.Outcome, named(&o.Outcome, flows.NumOpenings, v.Opening.Outcome)},
		{"kind of opening", v.Opening.Kind, named(&o.Kind, flows.NumKinds, v.Opening.Kind)},
		{"closing", v.Closing.Outcome, named(&c.Outcome, flows.NumClosings, v.Closing.Outcome)},
		{"end", v.Closing.First, named(&c.First, flows.NumClosers, v.Closing.First)},
		{"end", v.Closing.ResetBy, named(&c.ResetBy, flows.NumClosers, v.Closing.ResetBy)},
	} {
		if !n.known {
			return fmt.Errorf("flow %d: no such %s: %q", v.Flow, n.what, n.name)
		}
	}
	for side, names := range [][]string{v.States.Client, v.States.Server} {
		e := &f.Ends[side]
		for _, name := range names {
			state, ok := flows.ParseState(name)
			if !ok || e.NumStates == flows.MaxStates {
				return fmt.Errorf("flow %d: no such states: %q", v.Flow, names)
			}
			e.StateList[e.NumStates] = state
			e.NumStates++
		}
	}
	var found []string
	for _, name := range v.Findings {
		if severityOf(name) > analyzer.Info {
			found = append(found, name)
		}
	}
	s.add(&f, Network(v.VLAN, v.Tunnel), found)
	return nil
}

// named sets a value to that of its enumeration, which ends before end, that has a name; false: none has.
func named[T interface {
	~uint8
	String() string
}](value *T, end T, name string) bool {
	for v := T(0); v < end; v++ {
		if v.String() == name {
			*value = v
			return true
		}
	}
	return false
}

func elapsed(d *time.Duration) flows.Elapsed {
	if d == nil {
		return flows.Elapsed{}
	}
	return flows.Elapsed{D: *d, OK: true}
}

// Network names what a flow came through: "VLAN 100,7, vxlan/42"; "" where that was nothing.
func Network(vlan []uint16, tunnel string) string {
	var parts []string
	if len(vlan) > 0 {
		tags := make([]string, len(vlan))
		for i, id := range vlan {
			tags[i] = strconv.Itoa(int(id))
		}
		parts = append(parts, "VLAN "+strings.Join(tags, ","))
	}
	if tunnel != "" {
		parts = append(parts, tunnel)
	}
	return strings.Join(parts, ", ")
}
