package netlab

import (
	"errors"
	"io"
	"io/fs"
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
				agree(t, &truth, at, capture)
			})
		}
	}
}

type ends struct{ client, server netip.AddrPort }

func agree(t *testing.T, truth *Truth, at Side, capture string) {
	inferred := track(t, capture)
	// A four-tuple used twice has two truths and two flows, in the same order.
	for i := range truth.Flows {
		f := &truth.Flows[i]
		if len(f.Want(at, Client))+len(f.Want(at, Server)) == 0 {
			continue // nothing of it to be seen here
		}
		k, swap := ends{f.Client, f.Server}, Side(0)
		if _, ok := inferred[k]; !ok { // who sent the first SYN depends on where one looks
			k, swap = ends{f.Server, f.Client}, 1
		}
		got := inferred[k]
		if len(got) == 0 {
			t.Errorf("%v > %v: no flow", f.Client, f.Server)
			continue
		}
		inferred[k] = got[1:]
		for _, end := range []Side{Client, Server} {
			if got, want := got[0][end^swap], f.Want(at, end); !slices.Equal(got, want) {
				t.Errorf("%v > %v: the %s went through\n\t%s, inferred\n\t%s", f.Client, f.Server, end,
					strings.Join(want, " "), strings.Join(got, " "))
			}
		}
	}
	for k, rest := range inferred {
		for _, l := range rest {
			t.Errorf("%v > %v: a flow that the kernel did not have: %v", k.client, k.server, l)
		}
	}
}

// track infers the lists of states of both ends of every flow of a capture.
func track(t *testing.T, capture string) map[ends][][2][]string {
	src, err := pcaps.Open([]string{capture}, pcaps.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
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
			k := ends{f.Client().Addr, f.Server().Addr}
			all[k] = append(all[k], l)
		}
	}
	var seg flows.Segment
	for {
		if _, err := src.Next(&seg); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		tr.Observe(&seg)
		take()
	}
	tr.End()
	take()
	return all
}
