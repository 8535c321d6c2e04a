package explain

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tcpwhy/analyzer"
	"tcpwhy/analyzer/metric"
	"tcpwhy/flows"
)

var update = flag.Bool("update", false, "rewrite the README's table of findings")

// Every finding has a page, every page is of a finding, and says what one wants to know.
func TestFindings(t *testing.T) {
	files := map[string]bool{}
	if err := fs.WalkDir(findings, "findings", func(path string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			files[strings.TrimSuffix(d.Name(), ".txt")] = true
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, r := range analyzer.Rules {
		delete(files, r.Name)
		title, text, ok := Lookup(r.Name)
		if !ok || title != r.Name+": "+r.Title {
			t.Errorf("%s: got %q, %v", r.Name, title, ok)
			continue
		}
		for _, part := range []string{"In packets", "\nSockets: ", "\nCauses, the likeliest first:\n  1. ", "\nTold apart: ", "\nMend: ", "RFC "} {
			if !strings.Contains(text, part) {
				t.Errorf("%s: no %q", r.Name, strings.TrimSpace(part))
			}
		}
		if r.Limit > 0 && !strings.Contains(text, "--limit "+r.Name+"=TIME") {
			t.Errorf("%s: nothing of its limit", r.Name)
		}
		if strings.Contains(text, "also: ") {
			t.Errorf("%s: other names are for the first line", r.Name)
		}
	}
	for name := range files {
		t.Errorf("%s: a page of no finding", name)
	}
}

// A page names no variant that its rule does not have, and the pages together name those that it has.
func TestPagesNameTheVariants(t *testing.T) {
	source, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	given := regexp.MustCompile(`Variant(?:, [fn]\.\w+)? = "([a-z-]+)"|Variant: "([a-z-]+)"`)
	named := regexp.MustCompile(`Name: +"([a-z0-9-]+)"`)
	for _, f := range source {
		b, err := os.ReadFile("../" + f.Name())
		if f.IsDir() || err != nil {
			continue
		}
		rule := named.FindSubmatch(b)
		if rule == nil {
			continue
		}
		_, text, _ := Lookup(string(rule[1]))
		for _, m := range given.FindAllSubmatch(b, -1) {
			variant := string(m[1]) + string(m[2])
			if !regexp.MustCompile(`\b` + variant + `\b`).MatchString(text) {
				t.Errorf("%s: its page has nothing of the variant %s", rule[1], variant)
			}
		}
	}
}

// The words that people have: what their programs, nstat and sysctl say.
func TestWordsPeopleKnow(t *testing.T) {
	for word, title := range map[string]string{
		"embryonic": "half-open", "SYN_RECV": "SYN_RCVD", "close-wait": "close-wait", "CLOSE_WAIT": "CLOSE_WAIT",
		"CloseWait": "CLOSE_WAIT", "fin-wait-2": "fin-wait-2", "FIN_WAIT2": "FIN_WAIT_2", "half_open": "half-open",
		"ECONNREFUSED": "ECONNREFUSED", "connection refused": "ECONNREFUSED", "Connection reset by peer": "ECONNRESET",
		"ETIMEDOUT": "ETIMEDOUT", "ECONNRESET": "ECONNRESET", "Broken pipe": "EPIPE", "No route to host": "EHOSTUNREACH",
		"ListenOverflows": "ListenOverflows", "TcpExtListenOverflows": "ListenOverflows", "TcpExtTCPReqQFullDrop": "TCPReqQFullDrop",
		"net.ipv4.tcp_tw_recycle": "tcp_tw_recycle", "tcp_fin_timeout": "tcp_fin_timeout", "net.core.somaxconn": "somaxconn",
		"backlog": "somaxconn", "backscatter": "unsolicited-syn-ack", "keepalive": "tcp_keepalive_time", "S1": "S1", "31": "completeness 31",
	} {
		got, _, ok := Lookup(word)
		if name, _, _ := strings.Cut(got, ":"); !ok || name != title {
			t.Errorf("%s: got %q, want the page %s", word, got, title)
		}
	}
}

// The README's table of findings is made from the rules.
func TestREADMEHasTheFindings(t *testing.T) {
	const file, begin, end = "../../README.md", "<!-- findings: made by go test ./analyzer/explain -update -->\n", "<!-- end of findings -->\n"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), begin)
	table, after, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("no %q and %q in it", begin, end)
	}
	var want strings.Builder
	want.WriteString("| Finding | As a rule | What it is |\n|---|---|---|\n")
	for _, r := range analyzer.Rules {
		fmt.Fprintf(&want, "| `%s` | %s | %s |\n", r.Name, r.Severity, r.Title)
	}
	if table == want.String() {
		return
	}
	if !*update {
		t.Fatal("the table is not that of the rules: go test ./analyzer/explain -update")
	}
	if err := os.WriteFile(file, []byte(before+begin+want.String()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The page of the metrics has every name of the language, or says where the names are.
func TestMetricsHaveTheirPage(t *testing.T) {
	_, text, ok := Lookup("metrics")
	if !ok {
		t.Fatal("metrics have no page")
	}
	for _, name := range metric.Names() {
		for _, w := range metric.Words { // on it are the words, each once
			if value, ok := strings.CutPrefix(name, w.Name+"."); ok && slices.Contains(w.Of, value) {
				name = value
			}
		}
		if _, isState := flows.ParseState(name); isState || analyzer.RuleNamed(name) != nil {
			continue // they have pages of their own
		}
		if !strings.Contains(text, name) {
			t.Errorf("%s is not on it", name)
		}
	}
}
