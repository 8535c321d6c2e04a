package pcaps

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// put writes a capture to a file of its own.
func put(t testing.TB, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// seconds is a pcap file with a packet at each of these seconds.
func seconds(times ...uint32) []byte {
	f := newFile(false)
	f.pcapHeader(0xa1b2c3d4, 1)
	for _, s := range times {
		f.record(s, 0, first, len(first))
	}
	return f.b
}

// merged reads a merge to its end, as "file:number@second"; it checks what the frames hold.
func merged(t testing.TB, m *merge) (got []string, err error) {
	t.Helper()
	for {
		f, err := m.next()
		if err != nil {
			return got, err
		}
		if string(f.Data) != string(first) {
			t.Fatalf("file %d, packet %d holds %q", f.File, f.Number, f.Data)
		}
		if len(m.open) > maxOpen {
			t.Fatalf("%d files open", len(m.open))
		}
		got = append(got, fmt.Sprintf("%d:%d@%d", f.File, f.Number, f.Time/1e9))
	}
}

func open(t testing.TB, paths ...string) *merge {
	t.Helper()
	m, err := openMerge(paths, openFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.close)
	return m
}

func TestMerge(t *testing.T) {
	a := put(t, "a.pcap", seconds(1, 4, 5, 9))
	b := put(t, "b.pcap.gz", gzipped(t, seconds(2, 4, 3, 8))) // steps back: keeps its own order
	c := put(t, "c.pcap.zst", zstandard(t, seconds(4)))
	none := put(t, "none.pcap", seconds())
	got, err := merged(t, open(t, a, b, none, c))
	const want = "0:1@1 1:1@2 0:2@4 1:2@4 1:3@3 3:1@4 0:3@5 1:4@8 0:4@9"
	if s := strings.Join(got, " "); s != want || err != io.EOF {
		t.Errorf("%v\ngot  %s\nwant %s", err, s, want)
	}
}

// What is wrong with one file does not stop the others, and is told at the end.
func TestMergeGoesOn(t *testing.T) {
	good := put(t, "good.pcap", seconds(1, 3, 5))
	cut := put(t, "cut.pcap", seconds(2, 4)[:24+32+20])
	empty := put(t, "empty.pcap", nil)
	headless := put(t, "headless.pcap", seconds()[:20])
	long := put(t, "long.pcap", append(append(seconds(), bytes.Repeat([]byte{0xff}, 16)...), make([]byte, 1<<20)...))
	m := open(t, good, cut, empty, headless, long)
	got, err := merged(t, m)
	const want = "0:1@1 1:1@2 0:2@3 0:3@5"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if wantErr := empty + ": an empty file\n" +
		headless + ": cut off in the file header (after 20 of its 24 bytes)\n" +
		long + ": damaged after packet 0, at byte 24: a packet of 4294967295 bytes, more than any link carries\n" +
		cut + ": cut off in packet 2 (after 4 of its 16 bytes)"; err.Error() != wantErr {
		t.Errorf("got  %v\nwant %s", err, wantErr)
	}
	if got := m.interfaces(); len(got) != 3 || got[0].File != 0 || got[1].File != 1 || got[2].File != 4 {
		t.Errorf("interfaces %+v", got)
	}
	var re *ReadError
	if read, total := m.bytes(); read != total {
		t.Errorf("%d bytes of %d", read, total)
	}
	if !errors.As(err, &re) || re.Name != empty || !errors.Is(err, ErrEmpty) || !errors.Is(err, ErrCutOff) {
		t.Errorf("%v", err)
	}
}

// What cannot be read at all is told at once, all of it.
func TestOpenErrors(t *testing.T) {
	good := put(t, "good.pcap", seconds(1))
	text := put(t, "text", []byte("hello"))
	dir := t.TempDir()
	_, err := openMerge([]string{good, "no/such/file", text, dir}, openFile)
	if err == nil {
		t.Fatal("opened")
	}
	if want := "no/such/file: no such file or directory\n" + dir + ": is a directory\n" +
		text + ": not a capture file (pcap or pcapng, plain or in gzip or zstd)"; err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, ErrNotCapture) {
		t.Errorf("%v", err)
	}
	if _, err := openMerge([]string{"-", "-"}, openFile); err == nil || err.Error() != "standard input: can be read only once" {
		t.Errorf("standard input twice: %v", err)
	}
}

// Files that overlap are put aside and taken up again, wherever they are: in a pcapng file, after sections
// and interfaces that are not to be read twice.
func TestMergeOverlapping(t *testing.T) {
	const files, each = maxOpen + 20, 30
	var paths []string
	for i := range files {
		var b []byte
		if i%2 == 0 {
			var times []uint32
			for k := range each {
				times = append(times, uint32(k*files+i))
			}
			b = seconds(times...)
		} else {
			f := newFile(i%4 == 1)
			f.section(0)
			f.iface(1, 0, nil)
			for k := range each {
				f.iface(1, 0, nil)
				f.enhanced(uint32(k), uint64(k*files+i)*1e6, first, len(first))
			}
			b = f.b
		}
		paths = append(paths, put(t, fmt.Sprintf("%d.pcap", i), b))
	}
	m := open(t, paths...)
	got, err := merged(t, m)
	if err != io.EOF {
		t.Error(err)
	}
	if len(got) != files*each {
		t.Errorf("%d packets, want %d", len(got), files*each)
	}
	for n, g := range got {
		if want := fmt.Sprintf("%d:%d@%d", n%files, n/files+1, n); g != want {
			t.Fatalf("packet %d: got %s, want %s", n, g, want)
		}
	}
	if got, want := len(m.interfaces()), files/2+files/2*(each+1); got != want {
		t.Errorf("%d interfaces, want %d", got, want)
	}
	if read, total := m.bytes(); read != total || total == 0 {
		t.Errorf("%d bytes of %d", read, total)
	}
}

// Of compressed files, as many as are open at once may overlap: to take one up again
// is to unpack it from its beginning.
func TestMergeCompressedOverlap(t *testing.T) {
	const big = 2 << 20 / 16 // packets that make a file too long to be unpacked again
	capture := func(from uint32) []byte {
		times := make([]uint32, big)
		for i := range times {
			times[i] = from
		}
		times[big-1]++
		return gzipped(t, seconds(times...))
	}
	var overlapping, rotated []string
	one := capture(100)
	for i := range maxOpen + 1 {
		overlapping = append(overlapping, put(t, "o.gz", one))
		rotated = append(rotated, put(t, "r.gz", gzipped(t, seconds(uint32(i*10), uint32(i*10+1)))))
	}
	if got, err := merged(t, open(t, rotated...)); err != io.EOF || len(got) != 2*len(rotated) {
		t.Errorf("rotated: %d packets, %v", len(got), err)
	}
	m := open(t, overlapping...)
	if len(m.open) != 0 {
		t.Errorf("%d decompressors are kept before they are due", len(m.open))
	}
	packets := 0
	_, err := m.next()
	for ; err == nil; _, err = m.next() {
		packets++
	}
	if err.Error() != "more than 64 compressed captures overlap in time: unpack them first" {
		t.Error(err)
	}
	// Each of the 64 has one packet left, which comes after all of the next one's but one.
	if want := maxOpen * (big - 1); packets != want {
		t.Errorf("%d packets before the error, want %d", packets, want)
	}
	if _, again := m.next(); again.Error() != err.Error() {
		t.Errorf("then: %v", again)
	}
}

// A file that is not what it was is an error, not a wrong packet.
func TestMergeChanged(t *testing.T) {
	var paths []string
	for i := range maxOpen + 2 {
		paths = append(paths, put(t, "f.pcap", seconds(uint32(i+1))))
	}
	m := open(t, paths...)
	last, gone := paths[len(paths)-1], paths[len(paths)-2]
	if err := os.Truncate(last, 24); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	got, err := merged(t, m)
	if want := gone + ": no such file or directory\n" + last + ": changed while it was being read"; len(got) != maxOpen || err.Error() != want {
		t.Errorf("%d packets\ngot  %v\nwant %s", len(got), err, want)
	}
}
