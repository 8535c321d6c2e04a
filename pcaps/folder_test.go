package pcaps

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	header := []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0}
	for name, data := range map[string][]byte{
		"b/ring00001": header, "b/a.pcap": header, "cut.pcap": header[:9], "c.txt": []byte("no capture"), "text.PCAP": []byte("no capture"),
		"empty.pcap": nil, ".hidden.pcap": header, ".git/x.pcap": header,
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, "b", "link.pcap")
	if err := os.Symlink("a.pcap", link); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"gone.pcapng.gz": "nowhere", "gone": "nowhere", "folder.pcap": "b"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"b/a.pcap", "b/link.pcap", "b/ring00001", "cut.pcap", "empty.pcap", "gone.pcapng.gz", "text.PCAP"}
	for i := range want {
		want[i] = filepath.Join(dir, want[i])
	}
	if got, err := Folder(dir); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if got, err := Folder(filepath.Join(dir, "b")); err != nil || len(got) != 3 {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestFolderWithoutCaptures(t *testing.T) {
	var failed *ReadError
	if _, err := Folder(t.TempDir()); !errors.Is(err, ErrNoCaptures) || !errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
	if _, err := Folder(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
