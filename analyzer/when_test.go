package analyzer

import (
	"testing"
	"time"
)

func TestWhen(t *testing.T) {
	defer func(l *time.Location) { time.Local = l }(time.Local)
	time.Local = time.FixedZone("", 2*60*60)
	at := func(s string) int64 {
		u, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return u.UnixNano()
	}
	for _, c := range []struct{ s, first, last, want string }{
		{"2026-11-20T03:05:41Z", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2026-11-20T03:05:41Z"},
		{"2026-11-20T04:05:41.5+01:00", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2026-11-20T03:05:41.5Z"},
		// Times that are none of a capture are before, or after it.
		{"2300-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2262-04-11T23:47:16.854775807Z"},
		{"1600-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "1677-09-21T00:12:43.145224192Z"},
		{"+2562047h", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2262-04-11T23:47:16.854775807Z"},
		{"-2562047h", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "1733-09-22T02:00:00Z"},
		{"2026-11-20 05:05:41.25", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2026-11-20T03:05:41.25Z"},
		{"+10s", "2026-01-01T00:00:00.25Z", "2026-01-01T01:00:00Z", "2026-01-01T00:00:10.25Z"},
		{"-10m", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", "2026-01-01T00:50:00Z"},
		{"15:04:05", "2026-01-01T15:00:00Z", "2026-01-01T16:00:00Z", "2026-01-01T15:04:05Z"},
		{"15:04:05.25Z", "2026-01-01T15:00:00Z", "2026-01-01T16:00:00Z", "2026-01-01T15:04:05.25Z"},
		// A rotated file begins a little after the hour that is asked for.
		{"15:00:00", "2026-01-01T15:00:03Z", "2026-01-01T16:00:00Z", "2026-01-01T15:00:00Z"},
		// A capture over midnight: what has passed today is meant for tomorrow.
		{"00:10:00", "2026-01-01T23:50:00Z", "2026-01-02T01:00:00Z", "2026-01-02T00:10:00Z"},
		{"07:00:00", "2026-01-01T18:00:00Z", "2026-01-02T08:00:00Z", "2026-01-02T07:00:00Z"},
		{"23:30:00", "2026-01-02T00:10:00Z", "2026-01-02T08:00:00Z", "2026-01-02T23:30:00Z"},
	} {
		w, err := ParseWhen(c.s)
		if err != nil {
			t.Errorf("%s: %v", c.s, err)
			continue
		}
		if got := w.In(at(c.first), at(c.last)); got != at(c.want) {
			t.Errorf("%s in %s to %s: got %s, want %s", c.s, c.first, c.last, time.Unix(0, got).UTC(), c.want)
		}
		if w.IsZero() || w.NeedsEnd() != (c.s[0] == '-') {
			t.Errorf("%s: IsZero %v, NeedsEnd %v", c.s, w.IsZero(), w.NeedsEnd())
		}
	}
	for _, s := range []string{"", "10s", "+10", "-", "25:00:00", "15:04", "2026-11-20", "yesterday"} {
		if w, err := ParseWhen(s); err == nil {
			t.Errorf("%q: got %v", s, w)
		}
	}
	if w := (When{}); !w.IsZero() {
		t.Error("the zero When is a time")
	}
}
