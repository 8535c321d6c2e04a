package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const nobody = 65534

// TestInputsAreNotWrittenOver: whatever flag names a file, and however, it is not written to where this run reads it or writes
// something else to it.
func TestInputsAreNotWrittenOver(t *testing.T) {
	packets, err := os.ReadFile(manyPackets(t, t.TempDir(), 1200)) // more than -C 1
	if err != nil {
		t.Fatal(err)
	}
	expected := []byte("captures:\n- files: '**'\n  expect:\n  - count: at least 1\n")
	for _, c := range []struct {
		line   string // < and >> are the shell's
		input  string // which is not to be written to
		status int
		says   string
	}{
		{"report -w in in", "in", statusUsage, "-w in: it is read from"},
		{"report -w in - < in", "in", statusUsage, "-w in: it is read from"},
		{"report -w hard in", "in", statusUsage, "-w hard: it is read from"},
		{"report in >> in", "in", statusUsage, "standard output: it is read from"},
		{"report -w cap -C 1 -r cap1", "cap1", statusOutput, "cap1: it is read from"},
		{"report -w ring -C 1 -W 3 -r ring0", "ring0", statusOutput, "ring0: it is read from"},
		{"report -w x%Y.pcap -G 1 x2001.pcap", "x2001.pcap", statusOutput, "x2001.pcap: it is read from"},
		{"report -w folder/in folder", "folder/in", statusUsage, "-w folder/in: it is read from"},
		{"check --fail-on error --junit in in", "in", statusUsage, "--junit in: it is read from"},
		{"check --fail-on error --markdown in in", "in", statusUsage, "--markdown in: it is read from"},
		{"check -e h.yaml --junit h.yaml in", "h.yaml", statusUsage, "--junit h.yaml: it is read from"},
		{"check -e h.yaml -w h.yaml in", "h.yaml", statusUsage, "-w h.yaml: it is read from"},
		{"check --update h.yaml -w h.yaml in", "h.yaml", statusUsage, "-w h.yaml: --update is written there"},
		{"check --record new -w ./new in", "in", statusUsage, "-w ./new: --record is written there"},
		{"check --fail-on error --junit j --sarif j in", "in", statusUsage, "--sarif j: --junit is written there"},
		{"check --fail-on error -w ring -C 1 --junit ring1 in", "in", statusOutput, "ring1: --junit is written there"},
		{"check --fail-on error --junit out in >> out", "out", statusUsage, "standard output: --junit is written there"},
		{"check --fail-on error --markdown out in >> out", "in", 0, ""},
		{"diff --sarif in in other", "in", statusUsage, "--sarif in: it is read from"},
		{"diff --sarif in other in", "in", statusUsage, "--sarif in: it is read from"},
		{"diff --junit folder/in folder other", "folder/in", statusUsage, "--junit folder/in: it is read from"},
		{"diff --junit /dev/null --sarif /dev/null in other", "in", 0, ""},
	} {
		t.Run(c.line, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := os.Mkdir("folder", 0o755); err != nil {
				t.Fatal(err)
			}
			files := map[string][]byte{"in": packets, "folder/in": packets, "other": packets, "h.yaml": expected, "out": nil, c.input: packets}
			if c.input == "h.yaml" {
				files[c.input] = expected
			}
			if c.input == "out" {
				files[c.input] = []byte("what was there")
			}
			for name, b := range files {
				if err := os.WriteFile(name, b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Link("in", "hard"); err != nil {
				t.Fatal(err)
			}
			p := exec.Command("sh", "-c", "exec tcpwhy "+c.line)
			var said bytes.Buffer
			p.Stderr = &said
			p.Run()
			if got := p.ProcessState.ExitCode(); got != c.status || !strings.Contains(said.String(), c.says) {
				t.Errorf("status %d, want %d and %q: %s", got, c.status, c.says, said.String())
			}
			if is, err := os.ReadFile(c.input); err != nil || !bytes.Equal(is, files[c.input]) {
				t.Errorf("%s has %d bytes now, and had %d: %v", c.input, len(is), len(files[c.input]), err)
			}
		})
	}
}

// TestOutputsAreNotWrittenOver: two flags do not write one file that was not there before, by whatever names.
func TestOutputsAreNotWrittenOver(t *testing.T) {
	in := manyPackets(t, t.TempDir(), 2000) // three files of -C 1
	const capture, junit, none = "\n\r\r\n", "<?xml", ""
	for _, c := range []struct {
		line   string // $IN is the capture; e is a link to d, and to-out1 one to out1
		status int
		says   string
		file   string
		begins string // none: it is not there
	}{
		{"-w out --fail-on error --junit $PWD/out", statusUsage, "--junit is written there", "out", none},
		{"-w d/out --fail-on error --markdown e/out", statusUsage, "--markdown is written there", "d/out", none},
		{"--fail-on error --junit d/out --sarif e/out", statusUsage, "--junit is written there", "d/out", none},
		{"-w out -C 1 --fail-on error --junit $PWD/out1", statusOutput, "out1: --junit is written there", "out1", junit},
		{"-w d/out -C 1 --fail-on error --junit e/out1", statusOutput, "d/out1: --junit is written there", "d/out1", junit},
		{"-w out -C 1 --fail-on error --junit to-out1", statusOutput, "out1: --junit is written there", "out1", junit},
		{"-w out -C 1 --record ./out1", statusOutput, "out1: --record is written there", "out1", none},
		{"-w out -C 1 -W 1 --fail-on error --junit j", 0, "", "out0", capture}, // over its own
	} {
		t.Run(c.line, func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv("IN", in)
			if err := errors.Join(os.Mkdir("d", 0o755), os.Symlink("d", "e"), os.Symlink("out1", "to-out1")); err != nil {
				t.Fatal(err)
			}
			p := exec.Command("sh", "-c", `exec tcpwhy check "$IN" `+c.line)
			var said bytes.Buffer
			p.Stderr = &said
			p.Run()
			if got := p.ProcessState.ExitCode(); got != c.status || !strings.Contains(said.String(), c.says) {
				t.Errorf("status %d, want %d and %q: %s", got, c.status, c.says, said.String())
			}
			is, err := os.ReadFile(c.file)
			if (err == nil) != (c.begins != none) || !strings.HasPrefix(string(is), c.begins) {
				t.Errorf("%s begins with %q, %v, want %q", c.file, is[:min(len(is), 20)], err, c.begins)
			}
		})
	}
}

// reachable lets every user pass through to a directory.
func reachable(t *testing.T, dir string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: to become another user, and to make files of another's")
	}
	for d := dir; d != "/" && d != "."; d = filepath.Dir(d) {
		if info, err := os.Stat(d); err == nil && info.Mode()&1 == 0 {
			os.Chmod(d, info.Mode()|0o055)
			t.Cleanup(func() { os.Chmod(d, info.Mode()) })
		}
	}
	return dir
}

// TestRecordingInASharedDirectory: expectations are written by the rules that every output is written by.
func TestRecordingInASharedDirectory(t *testing.T) {
	dir := t.TempDir()
	if os.Geteuid() != 0 {
		t.Skip("needs root: to make files of another user's")
	}
	capture := manyPackets(t, dir, 1)
	t.Chdir(dir)
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(os.Mkdir("own", 0o755))
	check(os.Mkdir("shared", 0o755))
	check(os.Chmod("shared", 0o777|os.ModeSticky))
	check(os.Symlink(filepath.Join(dir, "own"), "shared/link"))
	tcpwhy(t, 0, "check", "--record", "own/x.yaml", capture)
	recorded, err := os.ReadFile("own/x.yaml")
	check(err)
	stale := []byte("captures:\n- files: many.pcapng\n  expect:\n  - count: 99\n")
	for _, name := range []string{"own/x.yaml", "shared/theirs.yaml"} {
		check(os.WriteFile(name, stale, 0o666))
		check(os.Chmod(name, 0o666))
	}
	check(os.WriteFile("shared/tcpwhy-expectations.schema.json", []byte("theirs"), 0o666))
	for _, name := range []string{"shared/theirs.yaml", "shared/tcpwhy-expectations.schema.json"} {
		check(os.Chown(name, nobody, nobody))
	}
	for _, c := range []struct{ flag, file, says string }{
		{"--record", "shared/link/new.yaml", "is a symbolic link"},
		{"--update", "shared/link/x.yaml", "is a symbolic link"},
		{"--update", "shared/theirs.yaml", "another user's file"},
	} {
		if _, said := tcpwhy(t, statusOutput, "check", c.flag, c.file, capture); !strings.Contains(said, c.says) {
			t.Errorf("%s %s: said %s", c.flag, c.file, said)
		}
	}
	_, said := tcpwhy(t, 0, "check", "--record", "shared/new.yaml", capture)
	if !strings.Contains(said, "shared/tcpwhy-expectations.schema.json, for editors, is left as it was\n") {
		t.Errorf("said %s", said)
	}
	for name, want := range map[string]string{
		"own/x.yaml": string(stale), "shared/theirs.yaml": string(stale), "shared/tcpwhy-expectations.schema.json": "theirs",
	} {
		if is, err := os.ReadFile(name); err != nil || string(is) != want {
			t.Errorf("%s is %q now: %v", name, is, err)
		}
	}
	if _, err := os.Stat("own/new.yaml"); err == nil {
		t.Error("a link was followed")
	}
	// In a directory of one's own it stays whose it is.
	check(os.Chown("own/x.yaml", nobody, nobody))
	tcpwhy(t, 0, "check", "--update", "own/x.yaml", capture)
	info, err := os.Stat("own/x.yaml")
	check(err)
	if is := info.Sys().(*syscall.Stat_t); is.Uid != nobody || is.Mode&0o777 != 0o666 {
		t.Errorf("own/x.yaml is of %d, mode %o", is.Uid, is.Mode)
	}
	if is, _ := os.ReadFile("own/x.yaml"); bytes.Equal(is, stale) || len(recorded) == 0 {
		t.Errorf("own/x.yaml is as it was")
	}
}

// TestRecordingOnAFullDisk: it can be tried again, without a word of what is there.
func TestRecordingOnAFullDisk(t *testing.T) {
	capture := manyPackets(t, t.TempDir(), 1)
	dir := t.TempDir()
	run := func(blocks string) (string, int) {
		// Of files, not of the disk, so that no root is needed.
		c := exec.Command("sh", "-c", `trap "" XFSZ; ulimit -f "$1"; exec tcpwhy check --record "$2"/new.yaml "$3"`, "sh", blocks, dir, capture)
		said, _ := c.CombinedOutput()
		return string(said), c.ProcessState.ExitCode()
	}
	if said, status := run("1"); status != statusOutput || !strings.Contains(said, "file too large") {
		t.Errorf("status %d: %s", status, said)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
	if said, status := run("unlimited"); status != 0 {
		t.Errorf("status %d: %s", status, said)
	}
}

// TestAsAnother: behind -Z, what is in the packets of a file is none of root's business, also where it is read twice or is
// one of many; and what is written is that user's, whatever went wrong before.
func TestAsAnother(t *testing.T) {
	dir := reachable(t, t.TempDir())
	who, err := user.Lookup("nobody")
	if err != nil || who.Uid != fmt.Sprint(nobody) {
		t.Skipf("needs a user nobody, %d", nobody)
	}
	open := manyPackets(t, dir, 1)
	b, err := os.ReadFile(open)
	if err != nil {
		t.Fatal(err)
	}
	private, folder, out := filepath.Join(dir, "private.pcapng"), filepath.Join(dir, "captures"), filepath.Join(dir, "out")
	for _, d := range []string{folder, out} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(out, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	packed := filepath.Join(folder, "packed.pcapng.gz")
	for name, b := range map[string][]byte{private: b, filepath.Join(folder, "a"): b, filepath.Join(folder, "b"): b, packed: gzipped(t, b)} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(out, name) }
	missing := filepath.Join(dir, "missing.pcap")
	for _, c := range []struct {
		status int
		args   []string
	}{
		{0, []string{"report", open}},
		{0, []string{"flows", private}},
		{0, []string{"--state", "LISTEN", private}},
		{0, []string{"flows", "--where", "connect > 1s", folder}},
		{0, []string{"--separate", "-q", private, open, private}},
		{0, []string{"flows", packed, packed, private, private}},
		{statusFailed, []string{"check", "--fail-on", "info", folder, private, "--junit", at("of-all")}},
		{statusInput, []string{"check", "--fail-on", "half-open", "--junit", at("j"), "--sarif", at("s"), "--markdown", at("m"), missing}},
		{statusCapture, []string{"check", "--fail-on", "half-open", "--junit", at("of-none"), "-i", "no-such-interface"}},
		{0, []string{"check", "--record", at("x.yaml"), private}},
		{0, []string{"flows", "-w", at("w"), private}},
	} {
		stdout, said := tcpwhy(t, c.status, append(c.args, "-Z", "nobody")...)
		if strings.Contains(stdout+said, "permission denied") {
			t.Errorf("%q: %s%s", c.args, stdout, said)
		}
	}
	written, err := os.ReadDir(out)
	if err != nil || len(written) != 8 {
		t.Fatal(written, err)
	}
	for _, w := range written {
		info, err := w.Info()
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t).Uid; owner != nobody {
			t.Errorf("%s is of user %d", w.Name(), owner)
		}
	}
	_, said := tcpwhy(t, statusOutput, "flows", "-Z", "nobody", "-w", filepath.Join(dir, "x.pcapng"), open)
	if !strings.Contains(said, "x.pcapng: permission denied (as nobody, -Z)") {
		t.Errorf("said %s", said)
	}
	if _, said := tcpwhy(t, statusUsage, "flows", "-Z", "", open); !strings.Contains(said, "tcpwhy: -Z, --relinquish-privileges: it names no user\n") {
		t.Errorf("said %s", said)
	}
}

// TestPipesAsAnother: behind -Z, FIFOs that one program writes one after the other come one after the other, and what the shell has
// opened is read.
func TestPipesAsAnother(t *testing.T) {
	dir := reachable(t, t.TempDir())
	many, err := os.ReadFile(manyPackets(t, dir, 200)) // more than a pipe holds
	if err != nil {
		t.Fatal(err)
	}
	fifos := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
	for _, fifo := range fifos {
		if err := errors.Join(unix.Mkfifo(fifo, 0o600), os.Chown(fifo, nobody, nobody)); err != nil {
			t.Skip("needs FIFOs: ", err)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for _, fifo := range fifos {
			os.WriteFile(fifo, many, 0)
		}
		w.Write(many)
		w.Close()
	}()
	p := exec.Command("tcpwhy", append([]string{"flows", "--separate", "-Z", "nobody"}, append(fifos, "/dev/fd/3")...)...)
	p.ExtraFiles = []*os.File{r}
	var said bytes.Buffer
	p.Stderr = &said
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	over := time.AfterFunc(20*time.Second, func() { p.Process.Kill() })
	defer over.Stop()
	if err := p.Wait(); err != nil || strings.Count(said.String(), "2800 packets read") != 3 {
		t.Errorf("%v: %s", err, said.String())
	}

	// What was read once is not drawn from again.
	check := exec.Command("sh", "-c", `cat "$1" | tcpwhy check -Z nobody --fail-on 'flows > 1' /dev/stdin`, "sh", filepath.Join(dir, "many.pcapng"))
	out, _ := check.CombinedOutput()
	if status := check.ProcessState.ExitCode(); status != statusFailed {
		t.Errorf("status %d: %s", status, out)
	}
}

// TestSignalWhileWaiting: for the other end of a pipe, or for what comes out of one.
func TestSignalWhileWaiting(t *testing.T) {
	dir := t.TempDir()
	capture := manyPackets(t, dir, 1)
	fifo, copies := filepath.Join(dir, "fifo"), filepath.Join(dir, "tmp")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Skip("needs FIFOs: ", err)
	}
	if err := os.Mkdir(copies, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", copies)
	silent, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	defer silent.Close()
	for _, c := range []struct {
		status int
		says   string
		args   []string
	}{
		{statusInput, fifo + ": interrupted", []string{"report", fifo}},
		{statusInput, fifo + ": interrupted", []string{"diff", fifo, capture}},
		{statusInput, fifo + ": interrupted", []string{"check", "-e", fifo, capture}},
		{statusInput, "standard input: interrupted", []string{"diff", "-", capture}},
		{statusOutput, fifo + ": interrupted", []string{"report", "-w", fifo, capture}},
		{statusOutput, fifo + ": interrupted", []string{"check", "--fail-on", "error", "--junit", fifo, capture}},
		{0, "0 packets read", []string{"flows", "-"}},
	} {
		p := exec.Command("tcpwhy", c.args...)
		var said bytes.Buffer
		p.Stdin, p.Stderr = silent, &said
		signalled(t, p, syscall.SIGHUP)
		if got := p.ProcessState.ExitCode(); got != c.status || !strings.Contains(said.String(), c.says) {
			t.Errorf("%q: status %d, want %d and %q: %s", c.args, got, c.status, c.says, said.String())
		}
	}
	if left, _ := os.ReadDir(copies); len(left) > 0 {
		t.Errorf("left in TMPDIR: %v", left)
	}
}

// TestSignalWithReaders: what is written to a pipe after a signal comes whole to who reads it.
func TestSignalWithReaders(t *testing.T) {
	silent, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	defer silent.Close()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Skip("needs FIFOs: ", err)
	}
	reader, err := os.OpenFile(fifo, os.O_RDONLY|unix.O_NONBLOCK, 0) // does not wait for a writer
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, c := range []struct {
		path string
		from *os.File
	}{{fifo, reader}, {"/dev/fd/3", r}} {
		p := exec.Command("tcpwhy", "check", "--fail-on", "error", "--junit", c.path, "-")
		var said bytes.Buffer
		p.Stdin, p.Stderr, p.ExtraFiles = silent, &said, []*os.File{w}
		signalled(t, p, os.Interrupt)
		if c.from == r {
			w.Close()
		}
		is, err := io.ReadAll(c.from)
		if err != nil || said.Len() > 0 || !strings.HasSuffix(string(is), "</testsuites>\n") {
			t.Errorf("%s: it got %q, %v: %s", c.path, is, err, said.String())
		}
	}
}

// signalled runs a program to its end, which a signal asks for when it waits.
func signalled(t *testing.T, p *exec.Cmd, signal os.Signal) {
	t.Helper()
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	over := time.AfterFunc(20*time.Second, func() { p.Process.Kill() })
	defer over.Stop()
	untilItWaits(t, p.Process.Pid)
	p.Process.Signal(signal)
	p.Wait()
}

// untilItWaits returns when a process has had nothing to do for a while.
func untilItWaits(t *testing.T, pid int) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for idle := 0; idle < 5; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it does not come to wait")
		}
		idle++
		threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		for _, thread := range threads {
			stat, _ := os.ReadFile(thread)
			if _, state, ok := strings.Cut(string(stat), ") "); ok && !strings.HasPrefix(state, "S") {
				idle = 0
			}
		}
	}
}

// TestIgnoredHangup: what nohup has ignored stays so.
func TestIgnoredHangup(t *testing.T) {
	many, err := os.ReadFile(manyPackets(t, t.TempDir(), 10))
	if err != nil {
		t.Fatal(err)
	}
	p := exec.Command("sh", "-c", `trap "" HUP; exec tcpwhy flows -`)
	var said bytes.Buffer
	p.Stderr = &said
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	over := time.AfterFunc(20*time.Second, func() { p.Process.Kill() })
	defer over.Stop()
	untilItWaits(t, p.Process.Pid)
	p.Process.Signal(syscall.SIGHUP)
	untilItWaits(t, p.Process.Pid)
	in.Write(many)
	in.Close()
	if err := p.Wait(); err != nil || number(t, said.String(), "packets read") != 140 {
		t.Errorf("%v: %s", err, said.String())
	}
}

// TestCopyOfStandardInput: what diff has to read twice is copied to where TMPDIR says, and nobody finds it there.
func TestCopyOfStandardInput(t *testing.T) {
	capture := manyPackets(t, t.TempDir(), 3)
	in, err := os.Open(capture)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	none := filepath.Join(t.TempDir(), "none")
	t.Setenv("TMPDIR", none)
	if said, status := piped(in, nil, "diff", "-", capture); status != statusInput ||
		!strings.Contains(said, "standard input: cannot be copied to "+none+", to be read twice: no such file or directory\n  TMPDIR names another folder") {
		t.Errorf("status %d: %s", status, said)
	}
	copies := t.TempDir()
	t.Setenv("TMPDIR", copies)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := exec.Command("tcpwhy", "diff", "-", capture)
	var said bytes.Buffer
	p.Stdin, p.Stderr = r, &said
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	io.CopyN(w, in, 500)
	untilItWaits(t, p.Process.Pid)
	if found, _ := os.ReadDir(copies); len(found) > 0 {
		t.Errorf("to be found: %v", found)
	}
	io.Copy(w, in)
	w.Close()
	if err := p.Wait(); err != nil {
		t.Errorf("%v: %s", err, said.String())
	}
}
