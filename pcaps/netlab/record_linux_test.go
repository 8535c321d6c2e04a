package netlab

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var recordAll = flag.Bool("record", false, "run the scenarios and write ../testdata/kernel")

// TestRecord makes the recordings that the analyzer is held against where nobody is root.
func TestRecord(t *testing.T) {
	if !*recordAll {
		t.Skip("records only with -record")
	}
	play(t, func(*job) Record { return RecordPackets }, nil, func(t *testing.T, j *job) {
		if errors.Join(j.err, j.result.NotMeant) == nil {
			write(t, kernelData, ".pcap", j.result)
		}
	})
	writeTable(t, kernelData)
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

// write writes the captures of a run and what the kernels went through.
func write(t *testing.T, dir, ext string, r Result) {
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
		file := filepath.Join(dir, r.Truth.Name+"."+Side(side).String()+ext)
		if p == nil {
			os.Remove(file)
			continue
		}
		if err := os.WriteFile(file, p, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
