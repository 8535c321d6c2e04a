package script

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the captures in ../testdata anew from their scripts")

// Every script in ../testdata has the capture that it yields beside it.
func TestSamples(t *testing.T) {
	scripts, err := filepath.Glob("../testdata/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, name := range scripts {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(string(text), Options{Sort: true})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var made bytes.Buffer
		if err := s.WritePcap(&made, Format{}); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		capture := strings.TrimSuffix(name, ".txt") + ".pcap"
		if *update {
			if err := os.WriteFile(capture, made.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		committed, err := os.ReadFile(capture)
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(committed, made.Bytes()) {
			t.Errorf("%s is not what its script yields: go test ./pcaps/script -run TestSamples -update", capture)
		}
	}
}
