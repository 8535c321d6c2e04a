package flows_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"tcpwhy/pcaps/script"
)

// TestExpectations: the expect section of a golden is written by hand, from the documents that
// its prose cites, and -update leaves it alone. Each of its lines must be in the output, as far
// as a trailing … where what follows is not at stake, and there must be no flow that it
// does not name.
func TestExpectations(t *testing.T) {
	for _, file := range goldens(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			packets, expect := section(a, "packets"), section(a, "expect")
			if packets == nil || expect == nil {
				t.Fatal("no packets or no expect section")
			}
			steps, rows := track(parse(t, string(packets.Data), script.Options{}).Segments())
			var got []string
			for line := range strings.Lines(steps + rows) {
				got = append(got, strings.Join(strings.Fields(line), " "))
			}
			flows := 0
			for line := range strings.Lines(string(expect.Data)) {
				line = strings.TrimSpace(line)
				head, cut := strings.CutSuffix(line, " …")
				if !slices.ContainsFunc(got, func(g string) bool { return g == line || cut && strings.HasPrefix(g, head+" ") }) {
					t.Errorf("%q is not in the output", line)
				}
				if strings.Contains(line, " client:") {
					flows++
				}
			}
			if n := strings.Count(rows, " client:"); n != flows {
				t.Errorf("%d flows, want %d", n, flows)
			}
			if t.Failed() {
				t.Logf("got\n%s%s", steps, rows)
			}
		})
	}
}
