package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"tcpwhy/pcaps/script"
)

// TestExampleCaptures: the example's captures are what the scripts beside them make; -update makes them.
func TestExampleCaptures(t *testing.T) {
	scripts, err := filepath.Glob("testdata/example/*/*.txt")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, path := range scripts {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := script.Parse(string(text), script.Options{})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var want bytes.Buffer
		if err := s.WritePcap(&want, script.Format{}); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		name := strings.TrimSuffix(path, ".txt") + ".pcap"
		if *update {
			if err := os.WriteFile(name, want.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s is not what %s makes (-update): %v", name, path, err)
		}
	}
}

// stepsOf are the commands in a workflow of GitHub Actions, of GitLab CI, or a hook of pre-commit that run tcpwhy check.
func stepsOf(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var document any
	if err := yaml.Unmarshal(data, &document); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	var steps []string
	var walk func(key string, v any)
	walk = func(key string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, v := range v {
				walk(k, v)
			}
		case []any:
			for _, v := range v {
				walk(key, v)
			}
		case string:
			if (key == "run" || key == "script" || key == "entry") && strings.HasPrefix(v, "tcpwhy check") {
				steps = append(steps, v)
			}
		}
	}
	walk("", document)
	return steps
}

// TestExampleWorkflows: each runs tcpwhy check once, and in a way that the example's captures pass.
func TestExampleWorkflows(t *testing.T) {
	for path, args := range map[string]string{
		"testdata/example/github-actions.yml": "",
		"testdata/example/gitlab-ci.yml":      "",
		"../../.pre-commit-hooks.yaml":        " --expect handshakes.yaml",
	} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			steps := stepsOf(t, path)
			if len(steps) != 1 {
				t.Fatalf("got %d steps that run tcpwhy check, want 1", len(steps))
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS("testdata/example")); err != nil {
				t.Fatal(err)
			}
			t.Chdir(dir)
			t.Setenv("GITHUB_STEP_SUMMARY", "summary.md")
			words := strings.Fields(os.ExpandEnv(strings.ReplaceAll(steps[0]+args, `"`, "")))
			root := newRoot()
			var out bytes.Buffer
			root.SetOut(&out)
			root.SetErr(&out)
			root.SetArgs(append(words[1:], "--today", exampleDay))
			if err := root.Execute(); err != nil {
				t.Errorf("%s: %v\n%s", steps[0], err, &out)
			}
			for i, w := range words {
				if w == "--junit" || w == "--sarif" || w == "--markdown" {
					if info, err := os.Stat(words[i+1]); err != nil || info.Size() == 0 {
						t.Errorf("%s is not written: %v", words[i+1], err)
					}
				}
			}
		})
	}
}

// exampleDay is when the example's exception still holds.
const exampleDay = "2026-06-01"
