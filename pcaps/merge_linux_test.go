package pcaps

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A thousand rotated files need neither a thousand descriptors nor a thousand buffers.
func TestMergeThousand(t *testing.T) {
	const files = 1000
	dir := t.TempDir()
	paths := make([]string, files)
	for i := range files {
		// The names are in another order than the times.
		k := (i * 37) % files
		paths[i] = filepath.Join(dir, fmt.Sprint(i))
		b := seconds(uint32(k*10), uint32(k*10+1), uint32(k*10+12))
		if i%3 == 0 {
			b = gzipped(t, b)
		}
		if err := os.WriteFile(paths[i], b, 0o644); err != nil {
			t.Fatal(err)
		}
	}

	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	low := syscall.Rlimit{Cur: uint64(len(open) + maxOpen + 10), Max: limit.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)

	m, err := openMerge(paths, openFile)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	got, err := merged(t, m)
	if err != io.EOF {
		t.Error(err)
	}
	if len(got) != 3*files {
		t.Errorf("%d packets, want %d", len(got), 3*files)
	}
	last := -1
	for _, g := range got {
		var file, number, second int
		fmt.Sscanf(g, "%d:%d@%d", &file, &number, &second)
		if second < last {
			t.Fatalf("%s after second %d", g, last)
		}
		last = second
	}
	if n := len(m.spare); n > maxOpen+1 {
		t.Errorf("%d buffers", n)
	}
}

// Pipes with names (process substitution) are merged with files; they are not waited for
// before the first packet is asked for.
func TestMergePipe(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	file := put(t, "a.pcap", seconds(1, 3))
	opened, wrote := make(chan struct{}), make(chan error, 1)
	go func() {
		w, err := os.OpenFile(fifo, os.O_WRONLY, 0)
		if err != nil {
			wrote <- err
			return
		}
		<-opened
		_, err = w.Write(gzipped(t, seconds(2, 4)))
		w.Close()
		wrote <- err
	}()
	m := open(t, file, fifo)
	if _, total := m.bytes(); total != 0 {
		t.Errorf("total of %d bytes", total)
	}
	close(opened)
	got, err := merged(t, m)
	if s := fmt.Sprint(got); s != "[0:1@1 1:1@2 0:2@3 1:2@4]" || err != io.EOF {
		t.Error(s, err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}
