package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/build"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"tcpwhy/pcaps/script"
)

func TestMain(m *testing.M) {
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGHUP} {
		// By nohup, or a job in the background: the programs that tests start, of which this is none, would inherit it.
		if filepath.Base(os.Args[0]) != "tcpwhy" && signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s)
		}
	}
	testscript.Main(m, map[string]func(){"tcpwhy": main})
}

var update = flag.Bool("update", false, "rewrite what sessions compare with")

// Whole sessions: testdata/*.txtar. Beside testscript's own, they have the commands
//
//	pcap [-ng|-link N] CAPTURE SCRIPT
//	                             make a capture of packets written one a line; with -link a frame is the bare
//	                             IP packet, whatever link type it is said to be of
//	vxlan ID TO FROM             put the packets of a capture into VXLAN
//	cut FILE BYTES               take the last bytes of a file off
//	fails STATUS COMMAND...      exec, and it exits with STATUS
//	json FILE N                  N JSON values, one a line
//	sessions FILE                what a document shows of tcpwhy is what it prints
//
// and the condition [libpcap]: this build has filters.
func TestSessions(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			top, err := filepath.Abs("../..")
			e.Setenv("TOP", top)
			return err
		},
		Condition: func(c string) (bool, error) {
			if c == "libpcap" {
				return build.Default.CgoEnabled, nil
			}
			return false, fmt.Errorf("unknown condition %q", c)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"pcap": makePcap, "vxlan": intoVXLAN, "cut": cutFile, "json": checkJSON, "fails": execFails, "sessions": checkSessions,
		},
		RequireExplicitExec: true,
	})
}

func makePcap(ts *testscript.TestScript, _ bool, args []string) {
	var format script.Format
	linktype := -1
	switch args[0] {
	case "-ng":
		format.NG = true
		args = args[1:]
	case "-link":
		var err error
		linktype, err = strconv.Atoi(args[1])
		ts.Check(err)
		format.Link = script.Raw
		args = args[2:]
	}
	s, err := script.Parse(ts.ReadFile(args[1]), script.Options{ISS: nil})
	ts.Check(err)
	var b bytes.Buffer
	ts.Check(s.WritePcap(&b, format))
	if linktype >= 0 {
		binary.LittleEndian.PutUint32(b.Bytes()[20:], uint32(linktype))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o644))
}

// intoVXLAN puts a capture of IPv4 over Ethernet into the VXLAN of a number, between two hosts of its own.
func intoVXLAN(ts *testscript.TestScript, _ bool, args []string) {
	id, err := strconv.Atoi(args[0])
	ts.Check(err)
	from := []byte(ts.ReadFile(args[2]))
	to, from := from[:24:24], from[24:]
	for len(from) > 0 {
		n := int(binary.LittleEndian.Uint32(from[8:]))
		record, frame := from[:16], from[16:16+n]
		outer := []byte("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00" + // Ethernet
			"\x45\x00\x00\x00\x00\x00\x00\x00\x40\x11\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02" + // IPv4
			"\xc3\x50\x12\xb5\x00\x00\x00\x00" + // UDP to port 4789
			"\x08\x00\x00\x00")
		outer = binary.BigEndian.AppendUint32(outer, uint32(id)<<8)
		binary.BigEndian.PutUint16(outer[16:], uint16(len(outer)-14+n))
		binary.BigEndian.PutUint16(outer[38:], uint16(len(outer)-34+n))
		to = binary.LittleEndian.AppendUint32(append(to, record[:8]...), uint32(len(outer)+n))
		to = binary.LittleEndian.AppendUint32(to, uint32(len(outer)+n))
		to = append(append(to, outer...), frame...)
		from = from[16+n:]
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), to, 0o644))
}

func cutFile(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	data := ts.ReadFile(args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(data[:len(data)-n]), 0o644))
}

func execFails(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || strconv.Itoa(exit.ExitCode()) != args[0] {
		ts.Fatalf("got %v, want exit status %s", err, args[0])
	}
}

func checkJSON(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	n := 0
	for d := json.NewDecoder(bytes.NewReader([]byte(ts.ReadFile(args[0])))); ; n++ {
		var value any
		if err := d.Decode(&value); err == io.EOF {
			break
		} else if err != nil {
			ts.Fatalf("value %d: %v", n+1, err)
		}
	}
	if n != want {
		ts.Fatalf("got %d JSON values, want %d", n, want)
	}
}

// checkSessions runs each indented line "$ tcpwhy ..." of a document. The indented lines below it are the
// beginning of what it prints, to a line "...". It may find what it was asked to fail on.
func checkSessions(ts *testscript.TestScript, _ bool, args []string) {
	var command string
	var shown []string
	n := 0
	check := func() {
		if command == "" {
			return
		}
		n++
		var exit *exec.ExitError
		if err := ts.Exec("tcpwhy", strings.Fields(command)...); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != statusFailed) {
			ts.Fatalf("%v", err)
		}
		if want := strings.Join(shown, ""); !strings.HasPrefix(ts.ReadFile("stdout"), want) {
			ts.Fatalf("tcpwhy %s does not begin with\n%s", command, want)
		}
		command, shown = "", nil
	}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		line, indented := strings.CutPrefix(line, "    ")
		rest, isCommand := strings.CutPrefix(line, "$ tcpwhy ")
		switch {
		case indented && isCommand:
			check()
			command = rest
		case !indented || line == "...\n":
			check()
		case command != "":
			shown = append(shown, line)
		}
	}
	check()
	if n == 0 {
		ts.Fatalf("%s shows no session", args[0])
	}
}
