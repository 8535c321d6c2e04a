package expect

import (
	"slices"

	"tcpwhy/analyzer/metric"
)

// Key is a key of the language, with what it is for in one line, no capital, no period.
type Key struct{ Name, Doc string }

// Keys of a file, and of what stands in it.
var (
	FileKeys = []Key{
		{"captures", "what is expected of which captures"},
	}
	EntryKeys = []Key{
		{"files", "the captures: a path, or several, relative to this file; * and ? are within a name, ** is any folders"},
		{"allow", "truncated: captures may be cut off, on purpose; and failures that are known, until a day"},
		{"expect", "what is expected of each of these captures alone"},
	}
	ItemKeys = append([]Key{
		{"name", "what is expected, in words"},
		{"flows", "of which flows; without it, of all"},
		{"count", "how many flows these are: 12, none, all, any, at least 3, at most 5%, 3 to 5"},
		{"may-be-empty", "true: it is no failure that there are none"},
		{"findings", "none, or the only ones that there may be: FINDING, several, or FINDING: QUANTITY"},
		{"metrics", "conditions that have to hold, each flow's of every flow: tcpwhy explain metrics"},
		{"fail-on", "conditions that must not hold, each flow's of any flow, as --fail-on has them"},
	}, wordKeys(true)...)
	FlowsKeys = append([]Key{
		{"port", "the server's port"},
		{"finding", "with this finding, or one of several"},
		{"where", "of which this condition holds: tcpwhy explain metrics"},
	}, wordKeys(false)...)
	ExceptionKeys = []Key{
		{"name", "what is allowed, in words"},
		{"flows", "to which flows; a finding of the whole capture is named by finding alone"},
		{"count", "how many flows at most these may be: at most 3; any, if it is not said"},
		{"reason", "why that is allowed"},
		{"until", "the last day that it is: 2026-12-31"},
	}
)

// wordKeys are the words that flows have: all, or those of which each flow has one.
func wordKeys(one bool) []Key {
	var keys []Key
	for i := range metric.Words {
		if w := &metric.Words[i]; w.Get != nil || !one {
			keys = append(keys, Key{w.Name, w.Doc})
		}
	}
	return keys
}

func names(keys []Key) []string {
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return names
}

func has(keys []Key, name string) bool { return slices.Contains(names(keys), name) }
