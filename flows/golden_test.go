package flows_test

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

// parse reads a script or ends the test.
func parse(t *testing.T, text string, opt script.Options) *script.Script {
	t.Helper()
	s, err := script.Parse(text, opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// track observes segments and returns what it printed: the changes of each packet, then a
// paragraph for each flow.
func track(segs []flows.Segment) (steps, rows string) {
	tr := flows.NewTracker(flows.Config{Transitions: true})
	var out, sum strings.Builder
	var f flows.Flow
	drain := func() {
		for tr.Finished(&f) {
			sum.WriteString(row(&f))
		}
	}
	for i := range segs {
		st := tr.Observe(&segs[i])
		for _, c := range st.Changes {
			fmt.Fprintf(&out, "%3d #%d %s\n", segs[i].Packet, st.Flow, change(c))
		}
		drain()
	}
	tr.End()
	drain()
	return out.String(), sum.String()
}

func change(c flows.Transition) string {
	switch {
	case c.Certainty == flows.Revised:
		return fmt.Sprintf("%s %s > %s (revised: %s)", c.Side, c.From, c.To, c.Why)
	case c.From == c.To:
		return fmt.Sprintf("%s %s (proved)", c.Side, c.To)
	case c.Certainty == flows.Assumed:
		return fmt.Sprintf("%s %s > %s (assumed)", c.Side, c.From, c.To)
	}
	return fmt.Sprintf("%s %s > %s", c.Side, c.From, c.To)
}

func row(f *flows.Flow) string {
	var b strings.Builder
	for side := range f.Ends {
		fmt.Fprintf(&b, "#%d %s:", f.Number, flows.Side(side))
		e := &f.Ends[side]
		for i, s := range e.States() {
			fmt.Fprintf(&b, " %s", s)
			if e.Certain[i] == flows.Assumed {
				b.WriteByte('?')
			}
		}
		b.WriteByte('\n')
	}
	o, c := &f.Opening, &f.Closing
	fmt.Fprintf(&b, "#%d opening: %s %s", f.Number, o.Outcome, o.Kind)
	for _, d := range []struct {
		name string
		e    flows.Elapsed
	}{{"syn-ack", o.SYNToSYNACK}, {"ack", o.SYNACKToACK}, {"handshake", o.Handshake}, {"connect", o.Connect}, {"ready", o.ServerReady}} {
		if d.e.OK {
			fmt.Fprintf(&b, " %s=%v", d.name, d.e.D)
		}
	}
	if o.Ambiguous {
		b.WriteString(" ambiguous")
	}
	fmt.Fprintf(&b, "\n#%d closing: %s", f.Number, c.Outcome)
	if c.First != flows.NoOne {
		fmt.Fprintf(&b, " first=%s", c.First)
	}
	if c.ResetBy != flows.NoOne {
		fmt.Fprintf(&b, " reset-by=%s", c.ResetBy)
	}
	for _, d := range []struct {
		name string
		e    flows.Elapsed
	}{{"fin-ack", c.FINToACK}, {"fin-fin", c.FINToFIN}, {"close", c.Close}} {
		if d.e.OK {
			fmt.Fprintf(&b, " %s=%v", d.name, d.e.D)
		}
	}
	fmt.Fprintf(&b, "\n#%d %s %s %d", f.Number, f.ConnState, f.History, f.Completeness)
	if f.Capture.Midstream {
		b.WriteString(" midstream")
	}
	if f.Capture.OneWay {
		b.WriteString(" one-way")
	}
	if n := f.Capture.MissingSegments; n > 0 {
		fmt.Fprintf(&b, " missing=%d", n)
	}
	if n := f.Capture.Duplicates; n > 0 {
		fmt.Fprintf(&b, " duplicates=%d", n)
	}
	b.WriteByte('\n')
	return b.String()
}

func goldens(t *testing.T) []string {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens: %v", err)
	}
	return files
}

func section(a *txtar.Archive, name string) *txtar.File {
	for i := range a.Files {
		if a.Files[i].Name == name {
			return &a.Files[i]
		}
	}
	return nil
}

// TestGoldens: each file is a story, its packets, and what follows from them. The steps are
// compared, and the rows.
func TestGoldens(t *testing.T) {
	for _, file := range goldens(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			packets := section(a, "packets")
			if packets == nil {
				t.Fatal("no packets section")
			}
			steps, rows := track(parse(t, string(packets.Data), script.Options{}).Segments())
			got := steps + rows
			want := section(a, "want")
			if *update {
				if want == nil {
					a.Files = append(a.Files, txtar.File{Name: "want"})
					want = &a.Files[len(a.Files)-1]
				}
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want == nil || string(want.Data) != got {
				t.Errorf("got\n%s\nwant\n%s", got, want.Data)
			}
		})
	}
}
