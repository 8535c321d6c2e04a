package analyzer

import (
	"cmp"
	"slices"
	"time"

	"tcpwhy/flows"
)

// Judge runs the rules over flows as they finish, and over all of them together at the end: of one Run. The
// zero value uses the rules' own limits.
type Judge struct {
	Limits map[string]time.Duration // by rule, where the user has changed it
	// FlowsOnly: only flows are judged, nothing of servers, hosts and the whole capture, which costs as much
	// time as all else.
	FlowsOnly bool
	// Wordless: nobody reads the Summary, Why and Next of the findings of single flows that are handed out, and some
	// come without. Those that the Summary of the capture keeps have theirs. With FlowsOnly, findings do not stay: they are
	// valid as long as their flow.
	Wordless bool
	// Before, if set, has judged an earlier reading of the same capture to its end: so it is known of each
	// finding of a flow which finding of the whole capture it is part of. Without it, that is told of the
	// findings that come after it is certain, and of groups.
	Before *Judge

	facts   Facts // known when the source has ended
	asked   []asked
	signs   signs // that any of them names
	ongoing signs // likewise, for flows that go on
	// What the signs longOpening and closeWaited are measured by.
	longOpening, longCloseWait time.Duration

	pass  Pass // of the flow that is judged
	peers peers
	said  map[uint64][]telling // by flow: findings that were told before it finished
	once  bool                 // nobody wants these when it has
}

// telling is a finding that was told.
type telling struct {
	rule *Rule
	at   flows.Closer
}

func hasSaid(all []telling, r *Rule) bool {
	return slices.ContainsFunc(all, func(s telling) bool { return s.rule == r })
}

// Within bounds how many servers and clients are remembered at a time, where all that may be are too many for a program of so many
// bytes: a client takes some 600, a server 3,000, and as many again for each time that a report of it is made ready.
func (j *Judge) Within(bytes uint64) {
	j.peers.maxServers = int(min(max(1, bytes/20_000), defaultServers))
	j.peers.maxHosts = int(min(max(1, bytes/8000), defaultHosts))
}

// lossy reports whether the capture is known to have lost packets.
func (j *Judge) lossy() bool { return len(j.facts.Drops) > 0 }

// sofar judges a flow that goes on, now being the time of the capture, and hands to out what was
// not told before.
func (j *Judge) sofar(f *flows.Flow, now int64, out func(*Finding)) {
	for _, n := range j.judge(f, now, false) {
		if hasSaid(j.said[f.Number], n.Rule) {
			continue
		}
		if j.said == nil {
			j.said = map[uint64][]telling{}
		}
		j.said[f.Number] = append(j.said[f.Number], telling{n.Rule, n.Endpoint})
		if j.Before != nil {
			n.Cause = cmp.Or(j.Before.peers.causeOf(f, n), n.Cause)
		}
		out(n)
	}
}

// count counts a flow that was judged for its server and its client, and what was found of it.
func (j *Judge) count(f *flows.Flow, found []*Finding, out func(*Finding)) {
	delete(j.said, f.Number)
	var server *Server
	var host *Host
	if !j.FlowsOnly {
		server, host = j.peers.finished(f)
	}
	slow := false
	for _, n := range found {
		slow = slow || n.Rule == slowHandshake
		if !j.FlowsOnly {
			j.peers.found(f, n, server, host)
		}
		if j.Before != nil {
			n.Cause = cmp.Or(j.Before.peers.causeOf(f, n), n.Cause)
		}
		out(n)
	}
	if !slow && !j.FlowsOnly && !f.Capture.Resumed {
		server.slow(f)
	}
}

// shed counts a flow that was given up at the ceiling, before it had finished: no rule is asked of it.
func (j *Judge) shed(f *flows.Flow) {
	delete(j.said, f.Number)
	if !j.FlowsOnly {
		j.peers.shed(f)
	}
}

// judge is what the rules have to say of a flow, but for what those have told of it already that are not asked again. The list is
// valid until the next call. The Judge must be prepared.
func (j *Judge) judge(f *flows.Flow, now int64, over bool) []*Finding {
	var said []telling
	if !over || j.once {
		said = j.said[f.Number]
	}
	return j.judgeOn(&j.pass, f, now, over, said)
}

// judgeOn is judge with a pass of the flow's own: the Judge is not changed.
func (j *Judge) judgeOn(p *Pass, f *flows.Flow, now int64, over bool, said []telling) []*Finding {
	*p = Pass{Flow: f, Now: now, Lossy: j.lossy(), Over: over, found: p.found[:0], said: said,
		wordless: j.Wordless, reuse: j.Wordless && j.FlowsOnly}
	if f.Capture.Resumed {
		return nil // what a rule would miss may have passed before
	}
	named := j.signs
	if !over {
		named = j.ongoing
	}
	if p.shown = j.signsOf(f) & named; p.shown == 0 {
		return nil
	}
	for i := range j.asked {
		a := &j.asked[i]
		if named = a.signs; !over {
			named = a.ongoing
		}
		if named&p.shown != 0 && !hasSaid(said, a.rule) {
			p.asked = a
			a.rule.Flow(p)
		}
	}
	return p.found
}

// unsaid is what puts a finding into words that came without, as long as its flow is there; zero: it has them.
type unsaid struct {
	pass  *Pass
	asked *asked
}

// say asks the rule of a finding that came without words once more.
func (n *Finding) say() {
	if n.unsaid.pass == nil {
		return
	}
	p := *n.unsaid.pass
	p.asked, p.wordless, p.found = n.unsaid.asked, false, nil
	p.asked.rule.Flow(&p)
	n.Summary, n.Why, n.Next = p.found[0].Summary, p.found[0].Why, p.found[0].Next
	n.unsaid = unsaid{}
}

// asked is a rule that is asked of single flows.
type asked struct {
	signs, ongoing signs
	rule           *Rule
	limit          time.Duration
}

// prepare finds out what is asked of flows.
func (j *Judge) prepare() {
	for _, r := range Rules {
		if r.Flow != nil {
			a := asked{r.signs, cmp.Or(r.ongoing, r.signs), r, j.limit(r)}
			j.asked = append(j.asked, a)
			j.signs |= a.signs
			j.ongoing |= a.ongoing
		}
	}
	j.longOpening, j.longCloseWait = j.limit(slowHandshake), j.limit(closeWait)
}

func (j *Judge) limit(r *Rule) time.Duration {
	if d, ok := j.Limits[r.Name]; ok {
		return d
	}
	return r.Limit
}

// end runs the rules over the whole capture.
func (j *Judge) end(now int64, out func(*Finding)) {
	if j.FlowsOnly {
		return
	}
	j.peers.comeTo(now)
	p := CapturePass{Summary: j.peers.summary(j.facts), Now: now, Lossy: j.lossy()}
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

// Summary is what is known of the capture beside the findings, once the Run was read to its end: only then the groups of its
// servers have their causes.
func (j *Judge) Summary() *Summary { return j.peers.summary(j.facts) }
