package pcaps

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the README's table of link types and encapsulations anew")

// TestREADME: the table in the README is the decoder's.
func TestREADME(t *testing.T) {
	const file = "../README.md"
	const begin, end = "<!-- written by: go test ./pcaps -run README -update -->\n", "<!-- end of what is written -->\n"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(b), begin)
	shown, after, ends := strings.Cut(rest, end)
	if !found || !ends {
		t.Fatalf("%s has no place for the table", file)
	}
	var want strings.Builder
	want.WriteString("\n| behind | number | header |\n|---|---|---|\n")
	for _, e := range Encapsulations() {
		number := fmt.Sprint(e.Number)
		if e.Carrier == etherType.String() || e.Carrier == pppProtocol.String() {
			number = fmt.Sprintf("0x%04x", e.Number)
		}
		fmt.Fprintf(&want, "| %s | %s | %s |\n", e.Carrier, number, e.Name)
	}
	want.WriteByte('\n')
	if shown == want.String() {
		return
	}
	if !*update {
		t.Fatalf("the table has drifted: go test ./pcaps -run README -update")
	}
	if err := os.WriteFile(file, []byte(before+begin+want.String()+end+after), 0o666); err != nil {
		t.Fatal(err)
	}
}
