package analyzer

import (
	"time"

	"tcpwhy/flows"
)

// Judge runs the rules over flows as they finish, and over all of them together at the end. The
// zero value uses the rules' own limits.
type Judge struct {
	Limits map[string]time.Duration // by rule, where the user has changed it
	Lossy  bool                     // the capture is known to have lost packets
	peers  peers
	said   map[uint64][]*Rule // by flow: findings that were told before it finished
}

// Step follows what a segment changed, for the gauges of servers (half-open connections at a time).
func (j *Judge) Step(seg *flows.Segment, step *flows.Step) { j.peers.step(seg, step) }

// Sofar judges a flow that goes on, now being the time of the capture, and hands to out what was
// not told before.
func (j *Judge) Sofar(f *flows.Flow, now int64, out func(*Finding)) {
	j.judge(f, now, false, func(n *Finding) {
		for _, r := range j.said[f.Number] {
			if r == n.Rule {
				return
			}
		}
		if j.said == nil {
			j.said = map[uint64][]*Rule{}
		}
		j.said[f.Number] = append(j.said[f.Number], n.Rule)
		out(n)
	})
}

// Finished judges a finished flow, and counts it for its server and its client.
func (j *Judge) Finished(f *flows.Flow, now int64, out func(*Finding)) {
	delete(j.said, f.Number)
	var names []*Rule
	j.judge(f, now, true, func(n *Finding) {
		names = append(names, n.Rule)
		out(n)
	})
	j.peers.finished(f, names)
}

func (j *Judge) judge(f *flows.Flow, now int64, over bool, out func(*Finding)) {
	p := Pass{Flow: f, Now: now, Lossy: j.Lossy, Over: over, report: func(n Finding) { out(&n) }}
	for _, r := range Rules {
		if r.Flow != nil {
			p.rule, p.limit = r, j.limit(r)
			r.Flow(&p)
		}
	}
}

func (j *Judge) limit(r *Rule) time.Duration {
	if d, ok := j.Limits[r.Name]; ok {
		return d
	}
	return r.Limit
}

// End runs the rules over the whole capture.
func (j *Judge) End(now int64, out func(*Finding)) {
	p := CapturePass{Now: now, Lossy: j.Lossy, Servers: j.peers.servers(), Hosts: j.peers.hosts()}
	for _, r := range Rules {
		if r.Capture != nil {
			p.rule, p.limit, p.report = r, j.limit(r), out
			r.Capture(&p)
		}
	}
}
