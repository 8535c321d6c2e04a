package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// manyPackets is a capture of so many rounds of sick.
func manyPackets(t *testing.T, dir string, rounds int) string {
	t.Helper()
	name := filepath.Join(dir, "many.pcapng")
	if err := os.WriteFile(name, captureOf(t, "eth0", packetsOf(bytes.Repeat(sick, rounds))), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// tcpwhy runs the program, and wants that exit status.
func tcpwhy(t *testing.T, status int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, said bytes.Buffer
	c := exec.Command("tcpwhy", args...)
	c.Stdout, c.Stderr = &out, &said
	c.Run()
	if got := c.ProcessState.ExitCode(); got != status {
		t.Errorf("tcpwhy %q: exit status %d, want %d: %s", args, got, status, said.String())
	}
	return out.String(), said.String()
}

// piped runs the program with files as its standard input and output.
func piped(stdin, stdout *os.File, args ...string) (stderr string, status int) {
	var said bytes.Buffer
	c := exec.Command("tcpwhy", args...)
	if stdin != nil {
		c.Stdin = stdin
	}
	if stdout != nil {
		c.Stdout = stdout
	}
	c.Stderr = &said
	c.Run()
	return said.String(), c.ProcessState.ExitCode()
}

// number is the one in front of words in a text.
func number(t *testing.T, text, words string) int {
	t.Helper()
	m := regexp.MustCompile(`(\d+) ` + words).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("nothing of %q in %s", words, text)
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// TestFullDisk: the analysis tells of all that was read, and the file holds whole packets, as many as is said.
func TestFullDisk(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: to mount a small disk")
	}
	many := manyPackets(t, t.TempDir(), 400)
	_, said := tcpwhy(t, 0, "flows", many)
	all := number(t, said, "packets read")
	disk := t.TempDir()
	runtime.LockOSThread() // for good: the thread has mounts of its own, and ends with the test
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		t.Skip("needs a mount namespace: ", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Skip("needs private mounts: ", err)
	}
	for _, save := range [][]string{{"-w", "x.pcapng"}, {"-w", "x.pcap"}, {"-w", "x%%.pcap", "-G", "1000000"}} {
		if err := unix.Mount("small", disk, "tmpfs", 0, "size=160k"); err != nil {
			t.Skip("needs tmpfs: ", err)
		}
		args := append([]string{"flows", many, "-w", filepath.Join(disk, save[1])}, save[2:]...)
		file := filepath.Join(disk, strings.ReplaceAll(save[1], "%%", "%"))
		stdout, said := tcpwhy(t, statusOutput, args...)
		if !strings.Contains(said, "tcpwhy: "+file+": no space left on device: it holds ") {
			t.Errorf("%v: said %s", save, said)
		}
		holds := number(t, said, "packets, and no more")
		if read := number(t, said, "packets read"); holds == 0 || holds > read || read != all {
			t.Errorf("%v: %d packets read, and %d kept", save, read, holds)
		}
		if !strings.Contains(stdout, "192.0.2.1:40000") {
			t.Errorf("%v: nothing of what was read: %s", save, stdout)
		}
		if _, said := tcpwhy(t, 0, "flows", file); number(t, said, "packets read") != holds {
			t.Errorf("%v: said %d packets, and the file: %s", save, holds, said)
		}
		if err := unix.Unmount(disk, 0); err != nil {
			t.Fatal(err)
		}
	}
	// Standard output may hold something already, before what is written or, with <>, in place of it.
	for _, c := range []struct {
		there string
		flags int
	}{{"", unix.O_APPEND}, {"what was there", unix.O_APPEND}, {"what was there", 0}} {
		if err := unix.Mount("small", disk, "tmpfs", 0, "size=160k"); err != nil {
			t.Skip("needs tmpfs: ", err)
		}
		if err := os.WriteFile(filepath.Join(disk, "x"), []byte(c.there), 0o600); err != nil {
			t.Fatal(err)
		}
		to, err := os.OpenFile(filepath.Join(disk, "x"), os.O_RDWR|c.flags, 0)
		if err != nil {
			t.Fatal(err)
		}
		before := ""
		if c.flags == unix.O_APPEND {
			before = c.there
		}
		said, status := piped(nil, to, "-w", "-", many)
		to.Close()
		if status != statusOutput || !strings.Contains(said, "tcpwhy: standard output: no space left on device: it holds ") {
			t.Errorf("standard output: status %d: %s", status, said)
		}
		b, err := os.ReadFile(to.Name())
		if err != nil || !strings.HasPrefix(string(b), before) {
			t.Errorf("it begins with %q: %v", b[:min(len(b), 20)], err)
		}
		if err := unix.Unmount(disk, 0); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "x.pcapng")
		if err := os.WriteFile(file, b[len(before):], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, again := tcpwhy(t, 0, "flows", file); number(t, again, "packets read") != number(t, said, "packets, and no more") {
			t.Errorf("said %s, and the file: %s", said, again)
		}
	}
}

// TestNoRoomForResults: whatever is printed, or written beside.
func TestNoRoomForResults(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("needs /dev/full: ", err)
	}
	defer full.Close()
	many := manyPackets(t, t.TempDir(), 2)
	commands := [][]string{{"-w", "-"}, {"explain"}, {"--help"}, {"interfaces"}, {"diff", many, many}}
	for _, args := range append(commands, every...) {
		if len(args) == 0 || args[0] != "explain" && args[0] != "--help" && args[0] != "interfaces" && args[0] != "diff" {
			args = append(append([]string{}, args...), many)
		}
		var said bytes.Buffer
		c := exec.Command("tcpwhy", args...)
		c.Stdout, c.Stderr = full, &said
		c.Run()
		if c.ProcessState.ExitCode() != statusOutput || strings.Count(said.String(), "tcpwhy: standard output: no space left on device\n") != 1 {
			t.Errorf("%q: status %d: %s", args, c.ProcessState.ExitCode(), said.String())
		}
	}
	for _, flag := range []string{"--junit", "--sarif", "--markdown"} {
		tcpwhy(t, statusOutput, "check", "--fail-on", "refused", many, flag, "/dev/full")
	}
}

// TestClosedPipe: who reads the output goes away. The run ends well, and all packets are in the file of -w.
func TestClosedPipe(t *testing.T) {
	dir := t.TempDir()
	many := manyPackets(t, dir, 2000)
	_, said := tcpwhy(t, 0, "flows", many)
	all := number(t, said, "packets read")
	file := filepath.Join(dir, "x.pcapng")
	for _, args := range [][]string{{"-w", "-"}, {"-w", file}, {"-o", "jsonl", "-w", file}, {"flows", "-o", "csv"}, {"report"}} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		c := exec.Command("tcpwhy", append(append([]string{}, args...), many)...)
		c.Stdout, c.Stderr = w, &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		if args[0] != "report" { // whose output is too short to be cut
			io.ReadFull(r, make([]byte, 100))
		}
		r.Close()
		if err := c.Wait(); err != nil || said.Len() > 0 && strings.Contains(said.String(), "tcpwhy:") {
			t.Errorf("%q: %v: %s", args, err, said.String())
		}
	}
	if _, said := tcpwhy(t, 0, "flows", file); number(t, said, "packets read") != all {
		t.Errorf("of %d packets, the file has: %s", all, said)
	}
}

// TestClosedFIFO: who reads what -w writes goes away. The analysis goes on.
func TestClosedFIFO(t *testing.T) {
	dir := t.TempDir()
	many := manyPackets(t, dir, 2000)
	want, said := tcpwhy(t, 0, "flows", many)
	all := number(t, said, "packets read")
	fifo := filepath.Join(dir, "x.pcapng")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Skip("needs FIFOs: ", err)
	}
	go func() {
		if r, err := os.Open(fifo); err == nil {
			io.ReadFull(r, make([]byte, 100))
			r.Close()
		}
	}()
	got, said := tcpwhy(t, 0, "flows", "-w", fifo, many)
	if number(t, said, "packets read") != all || got != want {
		t.Errorf("of %d packets: %s", all, said)
	}
}

// TestSignalInMidWrite: what is said to have been read is in the file, whenever the signal comes.
func TestSignalInMidWrite(t *testing.T) {
	dir := t.TempDir()
	many, err := os.ReadFile(manyPackets(t, dir, 300))
	if err != nil {
		t.Fatal(err)
	}
	for i, signal := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		file := filepath.Join(dir, fmt.Sprintf("x%d.pcapng", i))
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		c := exec.Command("tcpwhy", "flows", "-w", file, "-")
		c.Stdin, c.Stderr = r, &said
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		r.Close()
		// The pipe stays open, in the midst of a packet or behind one; the reader has taken what is in it.
		w.Write(many[:len(many)-13*(i%2)])
		for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			if n, err := unix.IoctlGetInt(int(w.Fd()), unix.TIOCINQ); err == nil && n == 0 {
				break
			}
		}
		c.Process.Signal(signal)
		over := time.AfterFunc(time.Minute, func() { c.Process.Kill() })
		if err := c.Wait(); err != nil {
			t.Errorf("%v: %v: %s", signal, err, said.String())
		}
		over.Stop()
		w.Close()
		read := number(t, said.String(), "packets read")
		if _, again := tcpwhy(t, 0, "flows", file); number(t, again, "packets read") != read || read < 300 {
			t.Errorf("%v: %s, and in the file: %s", signal, said.String(), again)
		}
	}
}
