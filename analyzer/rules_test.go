package analyzer

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"

	"golang.org/x/tools/txtar"
	"tcpwhy/analyzer/span"
	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

var update = flag.Bool("update", false, "rewrite the want sections of the goldens")

// TestRules: testdata/NAME.txtar has, for the rule of that name, a script in which it fires and a
// near miss in which it stays silent, and what it says. Findings of other rules are not shown. In place
// of packets, it may have flows: a text/template of a script, flow after flow, which are put in the order
// of time; {{range n 5}} counts from 0 to 4. facts are Facts, in JSON. A rule of the whole capture, of which
// there is one to a script, has its near misses in testdata/NAME.*.txtar.
func TestRules(t *testing.T) {
	for _, r := range Rules {
		t.Run(r.Name, func(t *testing.T) {
			testGolden(t, r, filepath.Join("testdata", r.Name+".txtar"), true)
		})
		more, err := filepath.Glob(filepath.Join("testdata", r.Name+".*.txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range more {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { testGolden(t, r, file, false) })
		}
	}
}

func goldenOf(t *testing.T, rule string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(filepath.Join("testdata", rule+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// goldenSegments are the packets of a golden.
func goldenSegments(t *testing.T, a *txtar.Archive) (segs []flows.Segment) {
	t.Helper()
	for i := range a.Files {
		switch file := &a.Files[i]; file.Name {
		case "packets":
			segs = segments(t, string(file.Data), false)
		case "flows":
			segs = segments(t, expand(t, string(file.Data)), true)
		}
	}
	if segs == nil {
		t.Fatal("no packets section")
	}
	return segs
}

func testGolden(t *testing.T, r *Rule, file string, fires bool) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal("every rule has a golden: ", err)
	}
	var want *txtar.File
	segs := goldenSegments(t, a)
	var judge Judge
	for i := range a.Files {
		switch file := &a.Files[i]; file.Name {
		case "facts":
			if err := json.Unmarshal(file.Data, &judge.facts); err != nil {
				t.Fatal(err)
			}
		case "want":
			want = file
		}
	}
	var got strings.Builder
	for _, f := range findings(segs, &judge) {
		if f.Rule == r {
			got.WriteString(line(f))
		}
	}
	if *update {
		if want == nil {
			a.Files = append(a.Files, txtar.File{Name: "want"})
			want = &a.Files[len(a.Files)-1]
		}
		want.Data = []byte(got.String())
		if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want == nil || got.String() != string(want.Data) {
		t.Errorf("got\n%swant\n%s", &got, want.Data)
	}
	if fires && got.Len() == 0 {
		t.Error("fires nowhere in its own golden")
	}
}

func segments(t *testing.T, text string, sort bool) []flows.Segment {
	t.Helper()
	s, err := script.Parse(text, script.Options{Sort: sort})
	if err != nil {
		t.Fatal(err)
	}
	return s.Segments()
}

// expand executes a template of a script.
func expand(t *testing.T, text string) string {
	t.Helper()
	funcs := template.FuncMap{
		"n": func(n int) []int {
			is := make([]int, n)
			for i := range is {
				is[i] = i
			}
			return is
		},
		"add": func(a, b int) int { return a + b },
		"mul": func(a, b int) int { return a * b },
		"div": func(a, b int) int { return a / b },
		"mod": func(a, b int) int { return a % b },
	}
	tmpl, err := template.New("").Funcs(funcs).Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := tmpl.Execute(&b, nil); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// findings are all that the rules say of the segments.
func findings(segs []flows.Segment, j *Judge) []*Finding {
	a, err := (&Run{Source: &played{segs, io.EOF}, Judge: j}).ReadAll()
	if err != nil {
		panic(err) // played cannot fail, nor can an Analysis
	}
	return a.Findings
}

func line(f *Finding) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#%d %s %s %s", f.Flow, f.Rule.Name, f.Severity, f.Confidence)
	if f.Variant != "" {
		b.WriteString(" " + f.Variant)
	}
	if f.Endpoint != flows.NoOne {
		b.WriteString(" by " + f.Endpoint.String())
	}
	if f.Flow == 0 {
		writeSubject(&b, f)
	}
	if f.Cause != "" {
		b.WriteString(" caused by " + f.Cause)
	}
	fmt.Fprintf(&b, " packets %v: %s\n   why  %s\n   next %s\n", f.Packets, f.Summary, f.Why, f.Next)
	for _, other := range f.RuledOut {
		fmt.Fprintf(&b, "   not  %s\n", other)
	}
	if f.Mend != "" {
		fmt.Fprintf(&b, "   mend %s\n", f.Mend)
	}
	for _, part := range f.Parts {
		fmt.Fprintf(&b, "   part %d %s: %s", part.Flows, part.Rule.Name, part.Words)
		for _, step := range part.Retries[1:] {
			if step.Flows > 0 {
				fmt.Fprintf(&b, "  %s %d", span.String(step.Wait), step.Flows)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// writeSubject writes what a finding of the whole capture is about.
func writeSubject(b *strings.Builder, f *Finding) {
	switch {
	case f.Client.IsValid() && f.Server.IsValid():
		fmt.Fprintf(b, " of %s to %s", f.Client.Addr(), f.Server)
	case f.Client.IsValid():
		fmt.Fprintf(b, " of %s", f.Client.Addr())
	case f.Server.IsValid():
		fmt.Fprintf(b, " of %s", f.Server)
	}
	if f.Flows > 0 {
		fmt.Fprintf(b, " %d flows", f.Flows)
	}
	if f.Clients > 0 {
		fmt.Fprintf(b, " %d clients", f.Clients)
	}
	if f.Example.Flow > 0 {
		fmt.Fprintf(b, " first #%d", f.Example.Flow)
	}
	if f.Since != 0 || f.Until != 0 {
		fmt.Fprintf(b, " for %s", span.String(time.Duration(f.Until-f.Since)))
	}
}

// TestRulesAreComplete: what explain and the README print from a rule is there, and true to form.
func TestRulesAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules {
		switch {
		case seen[r.Name]:
			t.Errorf("%s: twice in the list", r.Name)
		case r.Name == "" || r.Name != strings.ToLower(r.Name) || strings.ContainsAny(r.Name, " _"):
			t.Errorf("%q: a name is kebab-case", r.Name)
		case r.Title == "" || len(r.Title) >= 60 || strings.HasSuffix(r.Title, "."):
			t.Errorf("%s: title %q", r.Name, r.Title)
		case !strings.Contains(r.RFC, "RFC "):
			t.Errorf("%s: names no RFC", r.Name)
		case r.Flow == nil && r.Capture == nil:
			t.Errorf("%s: judges nothing", r.Name)
		}
		seen[r.Name] = true
	}
}
