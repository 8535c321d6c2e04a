package analyzer

import (
	"time"

	"tcpwhy/flows"
)

// quietKinds are the kinds of flows (see flows.Lanes.Kind) that show nothing, as they go on, that a rule names, but for what hangs on
// how long it took. Nearly all flows are of one: to make a Flow of each after each packet that changed something, and judge it, was
// a fifth of the time in which their packets are printed.
type quietKinds []bool

func (q quietKinds) has(kind int) bool { return kind < len(q) && q[kind] }

func (q *quietKinds) add(kind int) {
	for len(*q) <= kind {
		*q = append(*q, false)
	}
	(*q)[kind] = true
}

// ofTimes are the signs that tell flows of a kind apart.
const ofTimes = longOpening | closeWaited

// drags reports whether a flow may have come to show one of these with a packet, so long after it began.
func (j *Judge) drags(step *flows.Step, age time.Duration) bool {
	for i := range step.Notes {
		if n := &step.Notes[i]; n.Kind == flows.NoteHandshake && n.D.D >= j.longOpening {
			return true
		}
	}
	return age >= j.longCloseWait
}

// sofar judges the flow of a packet that changed something.
func (r *Run) sofar(step *flows.Step) {
	kind, began := r.tracker.Kind()
	if r.kinds.has(kind) && began >= r.choice.since && !r.Judge.drags(step, time.Duration(r.now-began)) || !r.tracker.Snapshot(&r.snapshot) {
		return
	}
	r.Judge.sofar(&r.snapshot, r.now, r.find)
	if kind != 0 && r.Judge.pass.shown&^ofTimes == 0 {
		r.kinds.add(kind)
	}
}
