package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"tcpwhy/pcaps/workload"
)

// outcomes are the plans of a capture, to be held against the rows of tcpwhy flows -o jsonl.
type outcomes struct {
	left map[connection]workload.Plan // without a row so far
	rows map[string]int               // by how they were opened
	shed bool                         // there are more flows than are held, and forged ones, for which there is no plan
}

// flowRow is what is read of one.
type flowRow struct {
	workload.Plan
	Capture struct{ Evicted bool }
}

// mayBeShed reports whether the flow of a plan, or of a row without one, may be among those that are given up: nothing was open.
func mayBeShed(p *workload.Plan) bool {
	return p.Opening.Outcome == "unanswered" || p.Opening.Outcome == "half-open"
}

// connection tells apart the uses of a four-tuple by when they began.
type connection struct {
	client, server string
	first          int64
}

func of(p *workload.Plan) connection { return connection{p.Client, p.Server, p.First.UnixNano()} }

func readOutcomes(plans io.Reader) (*outcomes, error) {
	o := outcomes{left: map[connection]workload.Plan{}, rows: map[string]int{}}
	for d := json.NewDecoder(plans); ; {
		var p workload.Plan
		if err := d.Decode(&p); err == io.EOF {
			return &o, nil
		} else if err != nil {
			return nil, err
		}
		if _, twice := o.left[of(&p)]; twice {
			return nil, fmt.Errorf("two connections from %s to %s at the same time", p.Client, p.Server)
		}
		o.left[of(&p)] = p
	}
}

// check reads the rows and says what is not as planned: of each kind how much, and one of it. Where flows are given up,
// one that was may have a row of its rest, which ends as planned.
func (o *outcomes) check(rows io.Reader) error {
	type fault struct {
		times int
		first string
	}
	wrong := map[string]*fault{}
	add := func(what, first string) {
		if wrong[what] == nil {
			wrong[what] = &fault{first: first}
		}
		wrong[what].times++
	}
	ends := map[connection]bool{} // of rests
	for d := json.NewDecoder(rows); ; {
		var r flowRow
		if err := d.Decode(&r); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		got := r.Plan
		o.rows[strings.ReplaceAll(got.Opening.Outcome, "-", "_")]++
		if o.shed && r.Capture.Evicted {
			ends[connection{got.Client, got.Server, got.Last.UnixNano()}] = true
			continue
		}
		want, ok := o.left[of(&got)]
		if !ok && o.shed && mayBeShed(&got) && got.Packets.Client == 1 {
			continue
		}
		if !ok {
			add("rows of no connection", describe(&got))
			continue
		}
		delete(o.left, of(&got))
		got.Kind = want.Kind
		if got != want {
			add(want.Kind, fmt.Sprintf("planned %s\n\tgot     %s", describe(&want), describe(&got)))
		}
	}
	for _, p := range o.left {
		delete(ends, connection{p.Client, p.Server, p.Last.UnixNano()})
		if !o.shed || !mayBeShed(&p) {
			add(p.Kind+" without a row", describe(&p))
		}
	}
	for c := range ends {
		add("rests of no connection", fmt.Sprintf("%s to %s", c.client, c.server))
	}
	var all []error
	for _, what := range slices.Sorted(maps.Keys(wrong)) {
		all = append(all, fmt.Errorf("%s: %d are not as planned; one of them:\n\t%s", what, wrong[what].times, wrong[what].first))
	}
	return errors.Join(all...)
}

func describe(p *workload.Plan) string {
	b, err := json.Marshal(p)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
