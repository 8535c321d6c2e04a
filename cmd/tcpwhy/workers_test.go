package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"tcpwhy/pcaps"
	"tcpwhy/pcaps/workload"
)

// TestWorkers: how many share the work does not show, whatever is asked for.
func TestWorkers(t *testing.T) {
	t.Parallel()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1)) // --max-memory sets it
	dir := t.TempDir()
	made := func(name string, w workload.Workload) string {
		path := filepath.Join(dir, name)
		to, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		writer := pcaps.NewPcap(to)
		if err := errors.Join(w.Write(writer, nil), writer.Close(), to.Close()); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mixed, flood := made("mixed.pcap", workload.Mixed(300)), made("flood.pcap", workload.Flood(1_500, 50))
	kernel, err := filepath.Glob("../../pcaps/testdata/kernel/*.pcap")
	if err != nil || len(kernel) < 10 {
		t.Fatal(kernel, err)
	}
	files := slices.Concat(kernel[:5], []string{mixed, flood})
	for _, line := range []string{
		"flows -o text", "flows -o wide -v", "flows -o jsonl --transitions", "flows -o csv", "flows -o json", "flows --separate",
		"flows --where retransmitted>0", "flows --fail-on half-open,warning", "flows --max-flows 300", "flows --top 7 --sort connect",
		"flows --server 443 --flow 3", "flows --finding half-open",
		"report", "report -v -o json", "report -o markdown --census 1s", "report --separate", "report --fail-on refused>1%",
		"report --max-flows 500 -o json", "report --max-memory 300kB", "report -o jsonl", "report --server 443",
	} {
		run := func(workers string) string {
			stdout, stderr, status := invoke(append(append(strings.Fields(line), "--workers", workers), files...)...)
			if status > statusUsage {
				t.Fatalf("%s: %s", line, stderr)
			}
			return stdout + stderr
		}
		want := run("1")
		for _, workers := range []string{"2", "7"} {
			if got := run(workers); got != want {
				t.Errorf("tcpwhy %s tells something else where %s share the work", line, workers)
			}
		}
	}
}
