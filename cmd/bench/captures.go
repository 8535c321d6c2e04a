package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"tcpwhy/pcaps"
	"tcpwhy/pcaps/workload"
)

// capture is a file to measure with. By its name it is pcap or pcapng, as it is or in gzip or zstd.
type capture struct {
	name string
	of   workload.Workload
	size int64 // in bytes, roughly
	shed bool  // forged SYNs are in no plan: they are too many, and their rows are shed
}

const mb = 1 << 20

var captures = []capture{
	{"w1s.pcap", workload.Mixed(50_000), 52 * mb, false},
	{"w1s.pcapng", workload.Mixed(50_000), 61 * mb, false},
	{"w1s.pcap.gz", workload.Mixed(50_000), 23 * mb, false},
	{"w1s.pcap.zst", workload.Mixed(50_000), 20 * mb, false},
	{"w3s.pcap", workload.Flood(500_000, 5000), 49 * mb, false},
	{"w1.pcap", workload.Mixed(500_000), 515 * mb, false},
	{"w2.pcap", workload.Full(40_000), 1010 * mb, false},
	{"w3.pcap", workload.Flood(10_000_000, 100_000), 1060 * mb, true},
	{"w4.pcap", workload.Elephants(5_000_000), 500 * mb, false},
}

// find is the capture of a name. What is not kept in a file is named after its kind and its numbers: live4-1000-3 are a
// thousand connections that stay open, in three rounds.
func find(name string) (*capture, error) {
	for i := range captures {
		if captures[i].name == name {
			return &captures[i], nil
		}
	}
	var n, rounds int
	kind, numbers, _ := strings.Cut(name, "-")
	if _, err := fmt.Sscanf(numbers, "%d-%d", &n, &rounds); err == nil {
		switch kind {
		case "live4", "live6":
			return &capture{name: name, of: workload.Workload{Live: n, Rounds: rounds, IPv6: kind == "live6", Snap: 96}}, nil
		case "lone":
			return &capture{name: name, of: workload.Workload{Flood: n, Snap: 96}}, nil
		}
	}
	return nil, fmt.Errorf("%s: no such capture", name)
}

// plan is where the plans of a capture's connections are, and sums where they are counted. All forms of a capture share them.
func (c *capture) plan() string { return c.stem() + ".plan" }
func (c *capture) sums() string { return c.stem() + ".sums" }

func (c *capture) stem() string {
	name, _, _ := strings.Cut(c.name, ".")
	return name
}

// made reports whether the capture is there from another time.
func (c *capture) made(dir string) bool {
	for _, name := range []string{c.name, c.plan(), c.sums()} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// make makes the files of a capture in dir. The capture has its name only when it is whole.
func (c *capture) make(dir string) error {
	file := filepath.Join(dir, c.name)
	f, err := os.Create(file + ".part")
	if err != nil {
		return err
	}
	defer f.Close()
	p, err := os.Create(filepath.Join(dir, c.plan()))
	if err != nil {
		return err
	}
	defer p.Close()
	sums, err := c.write(f, p)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	counted, err := json.Marshal(sums)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), p.Close(), os.WriteFile(filepath.Join(dir, c.sums()), counted, 0o644), os.Rename(file+".part", file))
}

// write writes the capture, and the plans as JSON lines, and counts these. Without a place for plans there are none.
func (c *capture) write(to, plans io.Writer) (sums totals, err error) {
	packed, err := packing(c.name, to)
	if err != nil {
		return sums, err
	}
	frames := pcaps.NewPcap(packed)
	if strings.Contains(c.name, ".pcapng") {
		frames = pcaps.NewPcapng(packed, pcaps.Known(nil))
	}
	if plans == nil {
		err := c.of.Write(frames, nil)
		return sums, errors.Join(err, frames.Close(), packed.Close())
	}
	lines := bufio.NewWriterSize(plans, 1<<20)
	encoder := json.NewEncoder(lines)
	if err := c.of.Write(frames, func(p *workload.Plan) {
		if !c.shed || !strings.HasPrefix(p.Kind, "forged") {
			encoder.Encode(p) // its error is that of the lines
		}
		sums.add(p)
	}); err != nil {
		return sums, err
	}
	return sums, errors.Join(lines.Flush(), frames.Close(), packed.Close())
}

// packing compresses what is written to a file of that name.
func packing(name string, to io.Writer) (io.WriteCloser, error) {
	switch filepath.Ext(name) {
	case ".gz":
		return gzip.NewWriter(to), nil
	case ".zst":
		return zstd.NewWriter(to)
	}
	return nopCloser{to}, nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
