package analyzer

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"tcpwhy/flows"
	"tcpwhy/pcaps/script"
)

var update = flag.Bool("update", false, "rewrite the want sections of the goldens")

// TestRules: testdata/NAME.txtar has, for the rule of that name, a script in which it fires and a
// near miss in which it stays silent, and what it says. Findings of other rules are not shown.
func TestRules(t *testing.T) {
	for _, r := range Rules {
		t.Run(r.Name, func(t *testing.T) {
			file := filepath.Join("testdata", r.Name+".txtar")
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal("every rule has a golden: ", err)
			}
			var packets, want *txtar.File
			for i := range a.Files {
				switch a.Files[i].Name {
				case "packets":
					packets = &a.Files[i]
				case "want":
					want = &a.Files[i]
				}
			}
			if packets == nil {
				t.Fatal("no packets section")
			}
			s, err := script.Parse(string(packets.Data), script.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, f := range findings(s.Segments(), &Judge{}) {
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
			if got.Len() == 0 {
				t.Error("fires nowhere in its own golden")
			}
		})
	}
}

// findings are all that the rules say of the segments.
func findings(segs []flows.Segment, j *Judge) (all []*Finding) {
	tr := flows.NewTracker(flows.Config{Transitions: true, Events: true})
	var f flows.Flow
	var now int64
	keep := func(n *Finding) { all = append(all, n) }
	take := func() {
		for tr.Finished(&f) {
			j.Finished(&f, now, keep)
		}
	}
	for i := range segs {
		now = max(now, segs[i].Time)
		j.Step(&segs[i], tr.Observe(&segs[i]))
		take()
	}
	tr.End()
	take()
	j.End(now, keep)
	return all
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
	fmt.Fprintf(&b, " packets %v: %s\n   why  %s\n   next %s\n", f.Packets, f.Summary, f.Why, f.Next)
	return b.String()
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
