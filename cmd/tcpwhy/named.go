package main

import (
	"io/fs"
	"path/filepath"
	"strings"

	"tcpwhy/analyzer/expect"
	"tcpwhy/analyzer/report"
)

// named are the captures that a file of expectations names, each once.
func named(f *expect.File) ([]string, error) {
	var all []string
	known := map[string]bool{}
	for _, e := range f.Entries {
		for i := range e.Files {
			found, err := glob(&e.Files[i])
			if err != nil {
				return nil, err
			}
			for _, name := range found {
				if !known[name] {
					known[name] = true
					all = append(all, name)
				}
			}
		}
	}
	if len(all) == 0 {
		return nil, usage("%s: names no capture that is there", report.Plain(f.Name))
	}
	return all, nil
}

// glob lists the files that a pattern names, by name. A path without wildcards is listed also if there is no such file.
func glob(p *expect.Pattern) ([]string, error) {
	switch {
	case !strings.ContainsAny(p.Text, "*?["):
		return []string{p.Path}, nil
	case !strings.Contains(p.Text, "**"):
		return filepath.Glob(p.Path)
	}
	top, _, _ := strings.Cut(p.Path, "**")
	var all []string
	err := filepath.WalkDir(filepath.Dir(top), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && p.Match(name) {
			all = append(all, name)
		}
		return err
	})
	return all, err
}
