package main

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"testing"

	"tcpwhy/pcaps"
	"tcpwhy/pcaps/workload"
)

// BenchmarkCommands is each command that reads much over each kind of capture, from the file to its last line: an
// operation is one capture.
func BenchmarkCommands(b *testing.B) {
	for _, capture := range []struct {
		name string
		of   workload.Workload
	}{
		{"mixed", workload.Mixed(20_000)},
		{"full", workload.Full(5_000)},
		{"elephants", workload.Elephants(400_000)},
		{"flood", workload.Flood(100_000, 1_000)},
	} {
		file := filepath.Join(b.TempDir(), capture.name+".pcap")
		write(b, file, capture.of)
		for _, args := range [][]string{{"flows"}, {"report"}, {}} {
			b.Run(filepath.Join(append(args, capture.name)...), func(b *testing.B) {
				for b.Loop() {
					root := newRoot()
					root.SetOut(io.Discard)
					root.SetErr(io.Discard)
					root.SetArgs(append(args, file))
					if err := root.Execute(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func write(b *testing.B, file string, w workload.Workload) {
	f, err := os.Create(file)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	buffer := bufio.NewWriter(f)
	p := pcaps.NewPcap(buffer)
	if err := w.Write(p, nil); err != nil {
		b.Fatal(err)
	}
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
	if err := buffer.Flush(); err != nil {
		b.Fatal(err)
	}
}
