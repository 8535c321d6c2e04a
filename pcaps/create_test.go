//go:build linux || darwin || freebsd || netbsd || openbsd

package pcaps

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// mode makes a directory of that mode, whatever the umask.
func mode(t *testing.T, path string, m os.FileMode) string {
	t.Helper()
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, m); err != nil {
		t.Fatal(err)
	}
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestCreateInSharedDirectory: in a directory that others can write to, no link leads away from it. The sticky bit, as
// /tmp has it, keeps others from removing files, not from being first.
func TestCreateInSharedDirectory(t *testing.T) {
	for _, m := range []os.FileMode{0o777, 0o777 | os.ModeSticky, 0o775} {
		own := mode(t, filepath.Join(t.TempDir(), "own"), 0o755)
		shared := mode(t, filepath.Join(own, "shared"), m)
		victim := filepath.Join(own, "victim")
		must(t, os.WriteFile(victim, []byte("precious"), 0o600))
		at := func(name string) string { return filepath.Join(shared, name) }
		must(t, os.Symlink(victim, at("link")))
		must(t, os.Symlink("../victim", at("relative")))
		must(t, os.Symlink(filepath.Join(own, "new"), at("dangling")))
		must(t, os.Symlink(own, at("dir")))
		must(t, os.Symlink(at("link"), filepath.Join(own, "to-link")))
		must(t, os.Link(victim, at("hard")))
		must(t, os.WriteFile(at("mine"), []byte("an earlier capture"), 0o600))
		for name, want := range map[string]string{
			at("link"):                         "is a symbolic link",
			at("relative"):                     "is a symbolic link",
			at("dangling"):                     "is a symbolic link",
			at("dir/victim"):                   "is a symbolic link",
			at("dir/shared/dir/victim"):        "is a symbolic link",
			filepath.Join(own, "to-link"):      "is a symbolic link",
			own + "//shared/.//../shared/link": "is a symbolic link",
			at("hard"):                         errLinks.Error(),
			at(""):                             "is a directory",
			at("no/file"):                      "no such file",
			"":                                 "is a directory",
		} {
			if f, err := Create(name, false, nil); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v %s: got %v, %v, want %s", m, name, f, err, want)
			}
		}
		for _, name := range []string{"mine", "new"} {
			f, err := Create(at(name), false, nil)
			must(t, err)
			f.Close()
			if b, err := os.ReadFile(at(name)); err != nil || len(b) > 0 {
				t.Errorf("%s: %q, %v", name, b, err)
			}
		}
		if b, _ := os.ReadFile(victim); string(b) != "precious" {
			t.Errorf("%v: the file is %q now", m, b)
		}
		if _, err := os.Lstat(filepath.Join(own, "new")); err == nil {
			t.Errorf("%v: a dangling link was followed", m)
		}
	}
}

// TestCreateFollowsOwnLinks: where only the user can have made them.
func TestCreateFollowsOwnLinks(t *testing.T) {
	own := mode(t, filepath.Join(t.TempDir(), "own"), 0o755)
	must(t, os.Mkdir(filepath.Join(own, "captures"), 0o755))
	must(t, os.Symlink("captures", filepath.Join(own, "dir")))
	must(t, os.Symlink("dir/today", filepath.Join(own, "link")))
	must(t, os.Symlink("loop", filepath.Join(own, "loop")))
	t.Chdir(own)
	for _, name := range []string{"link", "./dir/../link", filepath.Join(own, "dir/today"), "dir//today"} {
		must(t, os.WriteFile("captures/today", []byte("yesterday's"), 0o644))
		f, err := Create(name, false, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		f.WriteString(name)
		f.Close()
		if b, _ := os.ReadFile("captures/today"); string(b) != name {
			t.Errorf("%s: the file holds %q", name, b)
		}
	}
	if _, err := Create("loop", false, nil); err != unix.ELOOP {
		t.Errorf("a link to itself: %v", err)
	}
}

// TestCreateWhatIsNoFile: devices, pipes, and what the process has open.
func TestCreateWhatIsNoFile(t *testing.T) {
	dir := mode(t, filepath.Join(t.TempDir(), "shared"), 0o777|os.ModeSticky)
	pipe := filepath.Join(dir, "pipe")
	must(t, unix.Mkfifo(pipe, 0o600))
	r, err := os.OpenFile(pipe, os.O_RDWR, 0) // does not wait for a writer
	must(t, err)
	defer r.Close()
	unread := filepath.Join(dir, "unread")
	must(t, unix.Mkfifo(unread, 0o600))
	if _, err := Create(unread, false, nil); err != ErrNoReader {
		t.Errorf("a pipe that nobody reads: %v", err)
	}
	for _, name := range []string{"/dev/null", "/dev/stdout", "/dev/fd/2", pipe} {
		f, err := Create(name, false, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		f.Close()
	}
}

const nobody = 65534

// anothersFiles are a directory of everyone's and one of another user's, in each of which is a file of that user's.
func anothersFiles(t *testing.T) (tmp, home string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: to make files of another user's")
	}
	top := t.TempDir()
	tmp = mode(t, filepath.Join(top, "tmp"), 0o777|os.ModeSticky)
	home = mode(t, filepath.Join(top, "home"), 0o755)
	must(t, os.Chown(home, nobody, nobody))
	for _, dir := range []string{tmp, home} {
		must(t, os.WriteFile(filepath.Join(dir, "file"), []byte("old"), 0o640))
		must(t, os.Chown(filepath.Join(dir, "file"), nobody, nobody))
	}
	return tmp, home
}

// TestCreateAnothersFile: who may read what is to be captured is not for the first to come to say.
func TestCreateAnothersFile(t *testing.T) {
	tmp, home := anothersFiles(t)
	must(t, os.Symlink("file", filepath.Join(home, "link")))
	if _, err := Create(filepath.Join(tmp, "file"), false, nil); err != errOthersFile {
		t.Errorf("in a directory of everyone's: %v", err)
	}
	// root may be asked to write into someone's own directory, but not to where its links lead.
	f, err := Create(filepath.Join(home, "file"), false, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := Create(filepath.Join(home, "link"), false, nil); err == nil {
		t.Error("root follows a link of another user's")
	}
}

// TestReplace: it goes where Create does and nowhere else, leaves nothing beside, and what was there keeps its mode.
func TestReplace(t *testing.T) {
	own := mode(t, filepath.Join(t.TempDir(), "own"), 0o755)
	shared := mode(t, filepath.Join(own, "shared"), 0o777|os.ModeSticky)
	victim := filepath.Join(own, "victim")
	must(t, os.WriteFile(victim, []byte("precious"), 0o600))
	must(t, os.Symlink(own, filepath.Join(shared, "dir")))
	must(t, os.Symlink(victim, filepath.Join(shared, "link")))
	must(t, unix.Mkfifo(filepath.Join(own, "pipe"), 0o600))
	for name, want := range map[string]string{
		filepath.Join(shared, "dir/new"): "is a symbolic link",
		filepath.Join(shared, "link"):    "is a symbolic link",
		filepath.Join(own, "pipe"):       errNoFile.Error(),
		"/dev/fd/0":                      errNoFile.Error(),
		own + "/":                        "is a directory",
	} {
		if err := Replace(name, []byte("new"), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
	no := errors.New("no")
	if err := Replace(victim, nil, func(fs.FileInfo) error { return no }); err != no {
		t.Errorf("a file that may not be replaced: %v", err)
	}
	if b, _ := os.ReadFile(victim); string(b) != "precious" {
		t.Errorf("the file is %q now", b)
	}
	must(t, os.Symlink("victim", filepath.Join(own, "link")))
	for _, name := range []string{victim, filepath.Join(own, "link"), filepath.Join(shared, "new")} {
		must(t, Replace(name, []byte(name), nil))
		if b, err := os.ReadFile(name); err != nil || string(b) != name {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if info, err := os.Lstat(filepath.Join(own, "link")); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link to it is %v, %v", info, err)
	}
	if info, err := os.Stat(victim); err != nil || info.Mode() != 0o600 {
		t.Errorf("its mode is %v, %v", info, err)
	}
	for _, dir := range []string{own, shared} {
		if beside, _ := filepath.Glob(dir + "/.*"); len(beside) > 0 {
			t.Errorf("left beside: %v", beside)
		}
	}
}

// TestReplaceInARace: a file that others make or exchange in the meantime is theirs.
func TestReplaceInARace(t *testing.T) {
	dir := t.TempDir()
	file, theirs := filepath.Join(dir, "file"), filepath.Join(dir, "theirs")
	must(t, os.WriteFile(file, []byte("old"), 0o600))
	must(t, os.WriteFile(theirs, []byte("theirs"), 0o600))
	if err := Replace(file, []byte("new"), func(fs.FileInfo) error { return os.Rename(theirs, file) }); err != errExchanged {
		t.Errorf("a file that was exchanged: %v", err)
	}
	if is, _ := os.ReadFile(file); string(is) != "theirs" {
		t.Errorf("it is %q now", is)
	}
	ours := make([]byte, 16<<20)
	for range 20 {
		must(t, os.Remove(file))
		first, done := make(chan bool), make(chan bool)
		go func() { // comes once there is a file beside
			for over := false; !over; {
				beside, _ := filepath.Glob(filepath.Join(dir, ".*"))
				select {
				case <-done:
					over = true
				default:
					over = len(beside) > 0
				}
			}
			f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err == nil {
				f.WriteString("theirs")
				f.Close()
			}
			first <- err == nil
		}()
		err := Replace(file, ours, nil)
		close(done)
		if !<-first {
			continue // we were
		}
		if is, _ := os.ReadFile(file); err != unix.EEXIST || string(is) != "theirs" {
			t.Errorf("a file that came: %v, and it has %d bytes", err, len(is))
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
			t.Errorf("left beside: %v", left)
		}
		return
	}
	t.Skip("it did not come in time")
}

// TestReplaceAnothersFile: what is in a directory of everyone's stays whose it is, and what it is.
func TestReplaceAnothersFile(t *testing.T) {
	tmp, home := anothersFiles(t)
	if err := Replace(filepath.Join(tmp, "file"), []byte("new"), nil); err != errOthersFile {
		t.Errorf("in a directory of everyone's: %v", err)
	}
	must(t, Replace(filepath.Join(home, "file"), []byte("new"), nil))
	var is unix.Stat_t
	must(t, unix.Stat(filepath.Join(home, "file"), &is))
	if b, _ := os.ReadFile(filepath.Join(home, "file")); is.Uid != nobody || is.Gid != nobody || is.Mode&0o777 != 0o640 || string(b) != "new" {
		t.Errorf("in its owner's directory it is %q, of %d:%d, mode %o", b, is.Uid, is.Gid, is.Mode)
	}
}

// TestSavefileTurnsIntoNoLink: a later file of several is made like the first.
func TestSavefileTurnsIntoNoLink(t *testing.T) {
	dir := mode(t, filepath.Join(t.TempDir(), "shared"), 0o777)
	victim := filepath.Join(t.TempDir(), "victim")
	must(t, os.Symlink(victim, filepath.Join(dir, "x.pcap1")))
	s, err := NewSavefile(Save{Path: filepath.Join(dir, "x.pcap"), Size: 100}, Known(nil))
	must(t, err)
	frame := &Frame{LinkType: 1, Data: make([]byte, 200), Wire: 200}
	must(t, s.Write(frame))
	if err = s.Write(frame); err == nil || !strings.Contains(err.Error(), "x.pcap1: x.pcap1 is a symbolic link") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Lstat(victim); err == nil {
		t.Error("it was followed")
	}
}
