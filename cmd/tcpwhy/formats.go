package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tcpwhy/analyzer/report"
	"tcpwhy/analyzer/verdict"
)

// formats are what is written of a verdict for CI systems, beside what goes to standard output.
type formats struct {
	junit, sarif, markdown string
	github                 bool
}

func (f *formats) flags(c *cobra.Command) {
	fs := c.Flags()
	fs.Var(aFile(&f.junit), "junit", "also write `FILE`, as JUnit's XML")
	fs.Var(aFile(&f.sarif), "sarif", "also write `FILE`, as SARIF 2.1.0")
	fs.Var(aFile(&f.markdown), "markdown", "also append to `FILE`, as Markdown: a job summary ($GITHUB_STEP_SUMMARY)")
	fs.BoolVar(&f.github, "github", os.Getenv("GITHUB_ACTIONS") == "true",
		"also annotations for GitHub Actions, on standard error; as it is there by itself")
}

// check keeps a capture from being written over by who takes a format's flag for one without a file.
func (f *formats) check(files *ledger) error {
	captures := []string{".pcap", ".pcapng", ".cap"}
	for _, o := range []struct {
		flag, path string
		adds       bool
	}{{"--junit", f.junit, false}, {"--sarif", f.sarif, false}, {"--markdown", f.markdown, true}} {
		name := strings.ToLower(o.path)
		name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
		if slices.Contains(captures, filepath.Ext(name)) {
			return usage("%s %s: that is the name of a capture", o.flag, report.Plain(o.path))
		}
		if err := files.writes(o.flag, o.path, o.adds); err != nil {
			return err
		}
	}
	return nil
}

// verdictWriter is one of verdict's formats.
type verdictWriter interface{ Write(*verdict.Run) error }

// write writes all formats that were asked for.
func (f *formats) write(c *cobra.Command, files *ledger, run *verdict.Run) error {
	var errs []error
	to := func(flag, path string, add bool, format func(io.Writer) verdictWriter) {
		if path == "" {
			return
		}
		var b bytes.Buffer
		err := format(&b).Write(run)
		if err == nil {
			err = files.write(c.Context(), flag, path, add, b.Bytes())
		}
		if err != nil {
			errs = append(errs, &failure{statusOutput, fmt.Errorf("%s: %w", report.Plain(path), withoutPath(err))})
		}
	}
	number, _, _ := strings.Cut(version(), ",")
	to("--junit", f.junit, false, func(w io.Writer) verdictWriter { return &verdict.JUnit{W: w} })
	to("--sarif", f.sarif, false, func(w io.Writer) verdictWriter { return &verdict.SARIF{W: w, Version: number, Path: inRepository} })
	to("--markdown", f.markdown, true, func(w io.Writer) verdictWriter { return &verdict.Markdown{W: w} })
	if f.github {
		// Not on standard output, which other programs may read. The runner reads both.
		errs = append(errs, (&verdict.GitHub{W: c.ErrOrStderr(), Path: inRepository}).Write(run))
	}
	return errors.Join(errs...)
}

// inRepository is a file by its path from the top of the repository, where GitHub Actions says which folder that is.
func inRepository(file string) string {
	top := os.Getenv("GITHUB_WORKSPACE")
	if _, err := os.Stat(file); err != nil || top == "" {
		return file // standard input, an interface
	}
	full, err := filepath.Abs(file)
	if err != nil {
		return file
	}
	if path, err := filepath.Rel(top, full); err == nil && filepath.IsLocal(path) {
		return filepath.ToSlash(path)
	}
	return file
}
