package netlab

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var (
	keep      = flag.Bool("keep", false, "with -record, write what a failed scenario left too")
	recordAll = flag.Bool("record", false, "run the scenarios and write ../testdata/kernel")
	only      = flag.String("only", "", "run only the scenarios whose name has this in it")
)

// atOnce is how many scenarios run at a time: they wait, mostly.
const atOnce = 24

type job struct {
	name string
	Scenario
	run    func(*Scenario, *Tracer, uint8) (Result, error)
	subnet uint8
	result Result
	err    error
	tries  []error // what was not meant
	done   chan struct{}
}

// attempts at a scenario: where the machine is busy, things may happen in another order than was meant.
const attempts = 3

// TestScenarios runs one scenario, or with -record or -only all of them or some.
func TestScenarios(t *testing.T) {
	if !*recordAll && *only == "" {
		*only = "three-segment-close"
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip("needs TAP interfaces: ", err)
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs iproute2: ", err)
	}
	tracer, err := OpenTracer()
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		t.Skip("needs root, network namespaces and tracefs: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tracer.Close(); err != nil {
			t.Error(err)
		}
	})
	var jobs []*job
	for i, s := range Scenarios() {
		if strings.Contains(s.Name, *only) {
			jobs = append(jobs,
				&job{name: s.Name + ".v4", Scenario: s, run: (*Scenario).Run4, subnet: uint8(i + 1), done: make(chan struct{})},
				&job{name: s.Name + ".v6", Scenario: s, run: (*Scenario).Run6, subnet: uint8(i + 1), done: make(chan struct{})})
		}
	}
	slots := make(chan struct{}, atOnce)
	for _, j := range jobs {
		go func() {
			defer close(j.done)
			slots <- struct{}{}
			defer func() { <-slots }()
			for range attempts {
				j.result, j.err = j.run(&j.Scenario, tracer, j.subnet)
				if j.err != nil || j.result.NotMeant == nil {
					return
				}
				j.tries = append(j.tries, j.result.NotMeant)
			}
		}()
	}
	if *recordAll {
		t.Cleanup(func() { writeTable(t, kernelData) })
	}
	for _, j := range jobs {
		t.Run(j.name, func(t *testing.T) {
			<-j.done
			failed := errors.Join(j.err, j.result.NotMeant)
			if *recordAll && (failed == nil || *keep) {
				write(t, kernelData, j.result)
			}
			if failed != nil {
				t.Error(failed)
			}
			for _, err := range j.tries {
				t.Log("tried again after:", err)
			}
		})
	}
}

// writeTable writes the list of what is in the folder.
func writeTable(t *testing.T, dir string) {
	var b bytes.Buffer
	b.WriteString(tableHead)
	files, err := filepath.Glob(dir + "/*.states")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		truth, err := ReadTruth(file)
		if err != nil {
			t.Fatal(err)
		}
		if name, v4 := strings.CutSuffix(truth.Name, ".v4"); v4 {
			fmt.Fprintf(&b, "| %s | %s |\n", name, truth.About)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "README.md"), b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

const tableHead = `# Connections between real kernels

Written by ` + "`go test ./pcaps/netlab -record`" + ` (as root), which says how: two network namespaces, a
socket at each end, and between them a wire that delays, loses, repeats and forges the segments that the
scenario chose, beyond the point of capture. Each scenario has, over IPv4 (` + "`.v4`" + `) and IPv6 (` + "`.v6`" + `),
the capture at either end's interface (nanosecond pcap; none where nothing passed there) and, in ` + "`.states`" + `,
what the two kernels went through, with the evidence (` + "`netlab.ReadTruth`" + ` reads it).

| scenario | what happens |
|---|---|
`

func write(t *testing.T, dir string, r Result) {
	if r.Truth.Name == "" {
		return
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, r.Truth.Name+".states"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Truth.Write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	for side, p := range r.Pcap {
		file := filepath.Join(dir, r.Truth.Name+"."+Side(side).String()+".pcap")
		if p == nil {
			os.Remove(file)
			continue
		}
		if err := os.WriteFile(file, p, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
