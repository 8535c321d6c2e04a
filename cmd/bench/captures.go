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
	{"w1s.pcapng", workload.Mixed(50_000), 60 * mb, false},
	{"w1s.pcap.gz", workload.Mixed(50_000), 30 * mb, false},
	{"w1s.pcap.zst", workload.Mixed(50_000), 30 * mb, false},
	{"w3s.pcap", workload.Flood(500_000, 5000), 60 * mb, false},
	{"w1.pcap", workload.Mixed(500_000), 515 * mb, false},
	{"w2.pcap", workload.Full(40_000), 1010 * mb, false},
	{"w3.pcap", workload.Flood(10_000_000, 100_000), 1060 * mb, true},
	{"w4.pcap", workload.Elephants(5_000_000), 500 * mb, false},
}

// plan is where the plans of a capture's connections are. All forms of a capture share it.
func (c *capture) plan() string {
	name, _, _ := strings.Cut(c.name, ".")
	return name + ".plan"
}

// make makes those files in dir that are not there from another time. A file has its name only when it is whole.
func (c *capture) make(dir string) error {
	file, plan := filepath.Join(dir, c.name), filepath.Join(dir, c.plan())
	if exists(file) && exists(plan) {
		return nil
	}
	f, err := os.Create(file + ".part")
	if err != nil {
		return err
	}
	defer f.Close()
	p, err := os.Create(plan + ".part")
	if err != nil {
		return err
	}
	defer p.Close()
	if err := c.write(f, p); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return errors.Join(f.Close(), p.Close(), os.Rename(plan+".part", plan), os.Rename(file+".part", file))
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// write writes the capture, and the plans as JSON lines.
func (c *capture) write(to, plans io.Writer) error {
	packed, err := packing(c.name, to)
	if err != nil {
		return err
	}
	frames := pcaps.NewPcap(packed)
	if strings.Contains(c.name, ".pcapng") {
		frames = pcaps.NewPcapng(packed, func() []pcaps.Interface { return nil })
	}
	lines := bufio.NewWriterSize(plans, 1<<20)
	encoder := json.NewEncoder(lines)
	var planErr error
	if err := c.of.Write(frames, func(p *workload.Plan) {
		if !c.shed || !strings.HasPrefix(p.Kind, "forged") {
			planErr = errors.Join(planErr, encoder.Encode(p))
		}
	}); err != nil {
		return err
	}
	return errors.Join(planErr, lines.Flush(), frames.Close(), packed.Close())
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
