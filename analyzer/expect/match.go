package expect

import (
	"path"
	"path/filepath"
	"strings"

	"tcpwhy/analyzer/verdict"
)

// Pattern names captures: a path with the wildcards of path.Match, and ** for any folders, relative to the folder of the file that
// it stands in.
type Pattern struct {
	At   verdict.Position
	Text string
}

// Match reports whether p, in a file in a folder, names the capture at a path; both are as given, relative to the same
// folder or absolute.
func (p Pattern) Match(folder, capture string) bool {
	if p.Text == "-" || capture == "-" {
		return p.Text == capture
	}
	pattern, err := filepath.Abs(p.Path(folder))
	if err != nil {
		return false
	}
	capture, err = filepath.Abs(capture)
	return err == nil && matchPath(split(pattern), split(capture))
}

// Path is p as a path from where folder is told from.
func (p Pattern) Path(folder string) string {
	if filepath.IsAbs(p.Text) {
		return p.Text
	}
	return filepath.Join(folder, filepath.FromSlash(p.Text))
}

func split(p string) []string { return strings.Split(filepath.ToSlash(p), "/") }

func matchPath(pattern, name []string) bool {
	for len(pattern) > 0 && pattern[0] != "**" {
		if len(name) == 0 {
			return false
		}
		if ok, _ := path.Match(pattern[0], name[0]); !ok { // a bad pattern was found when it was read
			return false
		}
		pattern, name = pattern[1:], name[1:]
	}
	if len(pattern) == 0 {
		return len(name) == 0
	}
	for i := range name {
		if matchPath(pattern[1:], name[i:]) {
			return true
		}
	}
	return len(pattern) == 1
}
