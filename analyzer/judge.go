package analyzer

import (
	"slices"
	"time"

	"tcpwhy/flows"
)

// Judge runs the rules over flows as they finish, and over all of them together at the end. The
// zero value uses the rules' own limits.
type Judge struct {
	Limits map[string]time.Duration // by rule, where the user has changed it
	Lossy  bool                     // the capture is known to have lost packets
	// FlowsOnly: only flows are judged, nothing of servers, hosts and the whole capture, which costs as much
	// time as all else.
	FlowsOnly bool
	// Before, if set, has judged an earlier reading of the same capture to its end: so it is known of each
	// finding of a flow which finding of the whole capture it is part of. Without it, that is told of the
	// findings that come after it is certain, and of groups.
	Before *Judge
	// Facts are what the reader of the capture knows of it as a whole; set before End.
	Facts Facts

	peers peers
	said  map[uint64][]*Rule // by flow: findings that were told before it finished
}

// Step follows what a segment changed, for the gauges of servers (half-open connections at a time).
func (j *Judge) Step(seg *flows.Segment, step *flows.Step) {
	if !j.FlowsOnly {
		j.peers.step(seg, step)
	}
}

// Sofar judges a flow that goes on, now being the time of the capture, and hands to out what was
// not told before.
func (j *Judge) Sofar(f *flows.Flow, now int64, out func(*Finding)) {
	j.judge(f, now, false, func(n *Finding) {
		if slices.Contains(j.said[f.Number], n.Rule) {
			return
		}
		if j.said == nil {
			j.said = map[uint64][]*Rule{}
		}
		j.said[f.Number] = append(j.said[f.Number], n.Rule)
		if j.Before != nil {
			n.Cause = j.Before.peers.causeOf(f, n)
		}
		out(n)
	})
}

// Finished judges a finished flow, and counts it for its server and its client.
func (j *Judge) Finished(f *flows.Flow, now int64, out func(*Finding)) {
	delete(j.said, f.Number)
	var server *Server
	var host *Host
	if !j.FlowsOnly {
		server, host = j.peers.finished(f)
	}
	slow := false
	j.judge(f, now, true, func(n *Finding) {
		slow = slow || n.Rule == slowHandshake
		if !j.FlowsOnly {
			j.peers.found(f, n, server, host)
		}
		if j.Before != nil {
			n.Cause = j.Before.peers.causeOf(f, n)
		}
		out(n)
	})
	if !slow && !j.FlowsOnly {
		server.slow(f)
	}
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
	if j.FlowsOnly {
		return
	}
	p := CapturePass{Summary: j.peers.summary(j.Facts), Now: now, Lossy: j.Lossy}
	for _, r := range Rules {
		if r.Capture != nil {
			p.rule, p.limit = r, j.limit(r)
			p.report = func(n *Finding) {
				j.peers.explained(n)
				out(n)
			}
			r.Capture(&p)
		}
	}
	j.peers.resolve()
}

// Summary is what is known of the capture beside the findings. The groups of its servers have their causes after
// End, and not before.
func (j *Judge) Summary() *Summary { return j.peers.summary(j.Facts) }
