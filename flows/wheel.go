package flows

import (
	"cmp"
	"slices"
	"time"
)

// wheel finds the records whose time has come: a bucket for each second, an entry for each
// appointment. Entries are only ever appended, so that a busy flow costs no cache miss; one
// that no longer holds (the record's due says another second) is dropped when its bucket comes.
type wheel struct {
	buckets [256][]appointment
	second  int64 // all before it have been looked at
	late    []uint32
	again   []uint32
}

type appointment struct{ rec, gen uint32 }

const second = int64(time.Second)

// put makes an appointment at time at, or as late as the wheel goes: then it is made anew.
func (w *wheel) put(rec uint32, r *record, at int64) {
	due := max(w.second, min(at/second, w.second+int64(len(w.buckets))-1))
	if r.due == due+1 {
		return
	}
	r.due = due + 1
	b := &w.buckets[due&int64(len(w.buckets)-1)]
	*b = append(*b, appointment{rec, r.gen})
}

// advance finishes what was due before the second of t.now.
func (w *wheel) advance(t *Tracker) {
	to := t.now / second
	if w.second == 0 {
		w.second = to
	}
	if to > w.second {
		w.run(t, to)
	}
}

// flush finishes all that is due by now, within the second.
func (w *wheel) flush(t *Tracker) { w.run(t, t.now/second+1) }

func (w *wheel) run(t *Tracker, to int64) {
	w.late, w.again = w.late[:0], w.again[:0]
	from := w.second
	w.second = max(from, min(to, t.now/second))
	for s := from; s < to && s < from+int64(len(w.buckets)); s++ {
		b := &w.buckets[s&int64(len(w.buckets)-1)]
		for _, a := range *b {
			r := t.records.ptr(a.rec)
			if r.gen != a.gen || r.due != s+1 {
				continue
			}
			r.due = 0
			switch d := t.deadline(r); {
			case d == 0:
			case d >= t.now:
				w.again = append(w.again, a.rec)
			default:
				w.late = append(w.late, a.rec)
			}
		}
		*b = (*b)[:0]
	}
	for _, rec := range w.again {
		r := t.records.ptr(rec)
		w.put(rec, r, t.deadline(r))
	}
	slices.SortFunc(w.late, func(a, b uint32) int {
		x, y := t.records.ptr(a), t.records.ptr(b)
		return cmp.Or(cmp.Compare(t.deadline(x), t.deadline(y)), cmp.Compare(x.number, y.number))
	})
	for _, rec := range w.late {
		t.finish(rec)
	}
}
