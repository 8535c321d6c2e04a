package expect

import (
	"errors"
	"net/netip"
	"slices"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/verdict"
	"tcpwhy/flows"
)

// Look is an Update that looks at one capture: an output of a Run that chooses all flows. Done ends it.
type Look struct {
	update   *Update
	capture  string
	entries  []*Entry
	judge    *Judge
	recorder Recorder
	items    map[*Item]*seen
	chosen   map[netip.AddrPort]bool // servers of which an item chooses flows
}

// Look begins to look at a capture, by its name as given.
func (u *Update) Look(capture string) *Look {
	entries := u.file.Of(capture)
	l := &Look{update: u, capture: capture, entries: entries, judge: NewJudge(entries, u.today), items: map[*Item]*seen{},
		chosen: map[netip.AddrPort]bool{}}
	for _, e := range entries {
		for _, i := range e.Expect {
			l.items[i] = &seen{}
		}
	}
	return l
}

// Flow takes a flow.
func (l *Look) Flow(f *flows.Flow, found []*analyzer.Finding) error {
	for i, s := range l.items {
		if !i.flows.admits(f, found) {
			continue
		}
		s.add(f, found)
		if !i.flows.all() {
			l.chosen[f.Server().Addr] = true
		}
	}
	return errors.Join(l.judge.Flow(f, found), l.recorder.Flow(f, found))
}

// Finding takes a finding of the whole capture.
func (l *Look) Finding(n *analyzer.Finding) error {
	for i, s := range l.items {
		if n.Flow == 0 && i.flows.all() {
			s.found(n)
		}
	}
	return errors.Join(l.judge.Finding(n), l.recorder.Finding(n))
}

// Truncated reports whether the capture may be cut off.
func (l *Look) Truncated() bool { return l.judge.Truncated() }

// Done compares what was seen with what is expected. A capture that nothing is expected of is added, and so are servers where others
// have expectations of their own.
func (l *Look) Done() {
	u := l.update
	if len(l.entries) == 0 {
		name, err := u.file.named(l.capture)
		if err != nil {
			u.errs = append(u.errs, err)
			return
		}
		add(u.file.document.Content[0], "captures", l.recorder.entry(name))
		u.Added++
		return
	}
	outcomes := l.judge.Expectations(verdict.Unseen{})
	for _, e := range l.entries {
		for _, i := range e.Expect {
			l.compare(i, outcomes[:len(i.checks)])
			outcomes = outcomes[len(i.checks):]
		}
		if one := len(e.Files) == 1 && !strings.ContainsAny(e.Files[0].Text, "*?["); one && len(l.chosen) > 0 {
			items := l.recorder.items(func(server netip.AddrPort) bool { return l.chosen[server] })
			add(e.node, "expect", items...)
			u.Added += uint64(len(items))
		}
	}
}

// compare notes of each key of an item whether it is as expected, of each condition by itself.
func (l *Look) compare(i *Item, outcomes []verdict.Expectation) {
	for c := range i.checks {
		key := i.checks[c].key
		same := func(other check) bool { return other.key == key }
		if recordable(key) && slices.IndexFunc(i.checks, same) < c {
			continue // with the first under its key
		}
		failed := false
		for o := range outcomes {
			if o == c || recordable(key) && same(i.checks[o]) {
				failed = failed || outcomes[o].Outcome == verdict.Failed || outcomes[o].Outcome == verdict.NotJudged
			}
		}
		l.update.note(i, &i.checks[c], failed, l.items[i])
	}
}
