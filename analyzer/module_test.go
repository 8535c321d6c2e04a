package analyzer_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tcpwhy/pcaps/script"
)

// TestAnotherModule: the README's test of a capture compiles and runs in a module of its own, by either of the ways
// that it names, and tells a server that closes from one that does not.
func TestAnotherModule(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the packages anew")
	}
	top, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(top, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	const closes = `
		+0    > S  0:0(0)
		+10ms < S. 0:0(0) ack 1
		+1ms  > .  1:1(0) ack 1
		+1ms  > F. 1:1(0) ack 1
		+10ms < .  1:1(0) ack 2
	`
	good := capture(t, closes+`
		+1ms  < F. 1:1(0) ack 2
		+1ms  > .  2:2(0) ack 2
	`)
	bad := capture(t, closes+`
		flow later
		+600s later> S  0:0(0)
	`)
	for _, way := range []struct {
		name, module string
		init         []string // none: go.mod says it all
		get          []string // what it builds on, and this machine does not have yet
	}{
		{"workspace", "", []string{"work", "init", ".", top}, []string{"mod", "download"}},
		{"replace", "\nrequire tcpwhy v0.0.0\nreplace tcpwhy => " + top + "\n", nil, []string{"get", "-t", "."}},
	} {
		t.Run(way.name, func(t *testing.T) {
			m := module{t, t.TempDir()}
			m.write("go.mod", "module example.test/pay\n\ngo 1.26.0\n"+way.module)
			m.write("pay_test.go", indentedGo(t, string(readme), "pay_test"))
			m.write("testdata/pay.pcap", good)
			if way.init != nil {
				if out, err := m.run("", way.init...); err != nil {
					t.Fatalf("go %s: %v\n%s", strings.Join(way.init, " "), err, out)
				}
			}
			if out, err := m.run("", way.get...); err != nil && os.Getenv("CI") == "" {
				t.Skipf("go %s, without a network: %v\n%s", strings.Join(way.get, " "), err, out)
			} else if err != nil {
				t.Fatalf("go %s: %v\n%s", strings.Join(way.get, " "), err, out)
			}
			if out, err := m.run("GOPROXY=off", "test", "."); err != nil {
				t.Fatalf("a server that closes: %v\n%s", err, out)
			}
			m.write("testdata/pay.pcap", bad)
			if out, err := m.run("GOPROXY=off", "test", "."); err == nil || !strings.Contains(out, "flow 1: the client closed") {
				t.Fatalf("a server that does not close: %v\n%s", err, out)
			}
		})
	}
}

// indentedGo is the file of a package that a document shows, indented as a block of code.
func indentedGo(t *testing.T, document, name string) string {
	t.Helper()
	_, rest, found := strings.Cut(document, "    package "+name+"\n")
	if !found {
		t.Fatalf("the document shows no package %s", name)
	}
	file := "package " + name + "\n"
	for line := range strings.Lines(rest) {
		code, indented := strings.CutPrefix(line, "    ")
		if !indented && line != "\n" {
			break
		}
		file += code
	}
	return file
}

func capture(t *testing.T, text string) string {
	t.Helper()
	s, err := script.Parse(text, script.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := s.WritePcap(&b, script.Format{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// module is a module outside of this one.
type module struct {
	t   *testing.T
	dir string
}

func (m module) write(name, data string) {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		m.t.Fatal(err)
	}
}

// run runs the go command as who has no libpcap, nor what setting takes from it.
func (m module) run(setting string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(m.t.Context(), 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = m.dir
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=", "GOSUMDB=off", setting)
	out, err := c.CombinedOutput()
	return string(out), err
}
