package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// collectSoon sees to it that little lies about in the heap beside what is in use, unless GOGC says how much. As the
// runtime has it, it would be as much again: but what is in use are flows by the million, which have no pointers and
// which a collection does not look at, so that it is cheap to collect sooner.
func collectSoon() {
	if os.Getenv("GOGC") != "" {
		return
	}
	type collection struct{ _ *byte } // with a pointer, as the runtime puts small objects together that have none
	var after func(*collection)
	after = func(*collection) {
		read := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/total:bytes"}}
		metrics.Read(read)
		debug.SetGCPercent(litter(read[0].Value.Uint64(), read[1].Value.Uint64()))
		runtime.SetFinalizer(new(collection), after) // nothing holds it: it is called after the next collection
	}
	after(nil) // nothing is in use so far: this brings the first collection soon
}

// litter is how much may lie about, in percent of what is in use: some times what a collection has to look through,
// that is scanned, so that it costs next to nothing of what made the litter; and not more than is in use.
func litter(used, scanned uint64) int {
	return int(min(100*max(2*scanned, used/20)/max(used, 1), 100))
}
