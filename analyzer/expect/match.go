package expect

import (
	"path"
	"path/filepath"
	"slices"
	"strings"

	"tcpwhy/analyzer/verdict"
)

// Pattern names captures: a path with the wildcards of path.Match, and ** for any folders, relative to the folder of the file that
// it stands in.
type Pattern struct {
	At   verdict.Position
	Text string
	Path string // from where that file was given

	place // with wildcards
	plain bool
	met   bool // by a capture that was asked for
}

func newPattern(at verdict.Position, text string) Pattern {
	p := Pattern{At: at, Text: text, Path: text, plain: !strings.ContainsAny(text, `*?[\`)}
	if text != "-" && !filepath.IsAbs(text) {
		p.Path = filepath.Join(filepath.Dir(at.File), filepath.FromSlash(text))
	}
	p.place = placeOf(p.Path)
	return p
}

// Match reports whether p names the capture at a path as given.
func (p *Pattern) Match(capture string) bool { return p.names(placeOf(capture)) }

func (p *Pattern) names(capture place) bool {
	if p.plain {
		return p.absolute == capture.absolute
	}
	return matchPath(p.folders, capture.folders)
}

// place is where a capture is, whatever it is called; - is in no folder.
type place struct {
	absolute string
	folders  []string
}

func placeOf(name string) place {
	if name != "-" {
		if absolute, err := filepath.Abs(name); err == nil {
			name = absolute
		}
	}
	return place{name, strings.Split(filepath.ToSlash(name), "/")}
}

// matchPath goes back to the last ** alone: what the one before it may stand for beside that leaves fewer folders to all that follows.
func matchPath(pattern, name []string) bool {
	var after, from []string // the last **, and the folders from the first that it may stand for on
	for len(name) > 0 {
		switch {
		case len(pattern) > 0 && pattern[0] == "**":
			pattern = pattern[1:]
			after, from = pattern, name
		case len(pattern) > 0 && matchName(pattern[0], name[0]):
			pattern, name = pattern[1:], name[1:]
		case from != nil:
			from = from[1:]
			pattern, name = after, from
		default:
			return false
		}
	}
	return !slices.ContainsFunc(pattern, func(p string) bool { return p != "**" })
}

func matchName(pattern, name string) bool {
	ok, _ := path.Match(pattern, name) // a bad pattern was found when it was read
	return ok
}
