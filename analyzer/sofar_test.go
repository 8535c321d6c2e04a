package analyzer

import (
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"golang.org/x/tools/txtar"
	"tcpwhy/flows"
	"tcpwhy/pcaps"
)

// TestSofarStands: what is said of a flow while it goes on is not taken back by what follows.
func TestSofarStands(t *testing.T) { everyCapture(t, sofar) }

// everyCapture calls f with the segments of each golden, and of each sample of what kernels do.
func everyCapture(t *testing.T, f func(t *testing.T, name string, segs []flows.Segment)) {
	goldens, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(goldens) == 0 {
		t.Fatal("no goldens: ", err)
	}
	for _, file := range goldens {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range a.Files {
			switch part.Name {
			case "packets":
				f(t, file, segments(t, string(part.Data), false))
			case "flows":
				f(t, file, segments(t, expand(t, string(part.Data)), true))
			}
		}
	}
	captures, err := filepath.Glob("../pcaps/testdata/kernel/*.pcap")
	if err != nil || len(captures) == 0 {
		t.Fatal("no captures: ", err)
	}
	for _, file := range captures {
		f(t, file, read(t, file))
	}
}

func sofar(t *testing.T, name string, segs []flows.Segment) {
	t.Helper()
	tr := flows.NewTracker(flows.Config{Transitions: true, Events: true})
	var j Judge
	j.prepare()
	var f, snapshot flows.Flow
	var now int64
	early := map[string]*Finding{}
	id := func(n *Finding) string { return fmt.Sprint(n.Flow, " ", n.Rule.Name) }
	take := func() {
		for tr.Finished(&f) {
			j.count(&f, j.judge(&f, now, true), func(n *Finding) { delete(early, id(n)) })
		}
	}
	for i := range segs {
		now = max(now, segs[i].Time)
		j.peers.step(&segs[i], tr.Observe(&segs[i]))
		if tr.Snapshot(&snapshot) {
			j.sofar(&snapshot, now, func(n *Finding) { early[id(n)] = n })
		}
		take()
	}
	tr.End()
	take()
	for _, n := range early {
		t.Errorf("%s: flow %d, told at packet %d, is not so in the end: %s: %s", name, n.Flow, n.Packet, n.Rule.Name, n.Summary)
	}
}

// read reads the segments of a capture.
func read(t *testing.T, file string) (segs []flows.Segment) {
	t.Helper()
	source, err := pcaps.Open([]string{file}, pcaps.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	for {
		var seg flows.Segment
		if _, err := source.Next(&seg); err == io.EOF {
			return segs
		} else if err != nil {
			t.Fatal(err)
		}
		seg.IP = append([]byte(nil), seg.IP...) // the source's own until the next
		segs = append(segs, seg)
	}
}
