package netlab

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tcpwhy/flows"
	"tcpwhy/pcaps"
)

// TestAgreesWithKernel compares, for every recorded connection, on both capture sides, the
// states that were inferred with those that the kernel went through.
func TestAgreesWithKernel(t *testing.T) {
	files, err := filepath.Glob("../testdata/kernel/*.states")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, file := range files {
		truth, err := ReadTruth(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []Side{Client, Server} {
			capture := strings.TrimSuffix(file, ".states") + "." + at.String() + ".pcap"
			if _, err := os.Stat(capture); errors.Is(err, fs.ErrNotExist) {
				continue // nothing passed there
			}
			t.Run(strings.TrimSuffix(filepath.Base(capture), ".pcap"), func(t *testing.T) {
				inferred, err := inferFrom(capture)
				if err != nil {
					t.Fatal(err)
				}
				for _, w := range disagreements(&truth, at, true, inferred) {
					t.Error(w)
				}
			})
		}
	}
}

type ends struct{ client, server netip.AddrPort }

// disagreements are where the lists inferred at one side are not what can be known there of the truth. That is known of a
// run that went as it was meant. Of another it is what an end's own capture shows of that end, where there is but one connection.
func disagreements(truth *Truth, at Side, meant bool, inferred map[ends][][2][]string) (wrong []string) {
	sides := []Side{Client, Server}
	if !meant {
		sides = []Side{at}
		if len(truth.Flows) != 1 || len(truth.Flows[0].At) > 0 {
			return nil
		}
	}
	inferred = maps.Clone(inferred)
	// A four-tuple used twice has two truths and two flows, in the same order.
	for i := range truth.Flows {
		f := &truth.Flows[i]
		if !slices.ContainsFunc(sides, func(end Side) bool { return len(f.Want(at, end)) > 0 }) {
			continue // nothing of it to be seen here
		}
		k, swap := ends{f.Client, f.Server}, Side(0)
		if _, ok := inferred[k]; !ok { // who sent the first SYN depends on where one looks
			k, swap = ends{f.Server, f.Client}, 1
		}
		got := inferred[k]
		if len(got) == 0 {
			wrong = append(wrong, fmt.Sprintf("%v > %v: no flow", f.Client, f.Server))
			continue
		}
		inferred[k] = got[1:]
		for _, end := range sides {
			if got, want := got[0][end^swap], f.Want(at, end); !slices.Equal(got, want) {
				wrong = append(wrong, fmt.Sprintf("%v > %v: the %s went through\n\t%s, inferred\n\t%s", f.Client, f.Server, end,
					strings.Join(want, " "), strings.Join(got, " ")))
			}
		}
	}
	if !meant {
		return wrong
	}
	for k, rest := range inferred {
		for _, l := range rest {
			wrong = append(wrong, fmt.Sprintf("%v > %v: a flow that the kernel did not have: %v", k.client, k.server, l))
		}
	}
	return wrong
}

func inferFrom(capture string) (map[ends][][2][]string, error) {
	src, err := pcaps.Open([]string{capture}, pcaps.Config{})
	if err != nil {
		return nil, err
	}
	defer src.Close()
	return infer(src)
}

// infer infers the lists of states of both ends of every flow of a capture that has any.
func infer(src *pcaps.Source) (map[ends][][2][]string, error) {
	all := map[ends][][2][]string{}
	tr := flows.NewTracker(flows.Config{})
	var f flows.Flow
	take := func() {
		for tr.Finished(&f) {
			var l [2][]string
			for i := range f.Ends {
				for _, s := range f.Ends[i].States() {
					l[i] = append(l[i], s.String())
				}
			}
			if len(l[0])+len(l[1]) == 0 {
				continue // segments that are no connection
			}
			k := ends{f.Client().Addr, f.Server().Addr}
			all[k] = append(all[k], l)
		}
	}
	var seg flows.Segment
	for {
		if _, err := src.Next(&seg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		tr.Observe(&seg)
		take()
	}
	tr.End()
	take()
	return all, nil
}
