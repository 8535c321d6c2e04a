package verdict

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/jstemmer/go-junit-report/v2/junit"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"tcpwhy/analyzer"
)

// hostile is what a file, or its author, could be called: it ends a line, a cell, an attribute, CDATA, a command, a fence; it moves a
// cursor, is no UTF-8, and no character of XML.
const hostile = "a\x1b[31m|b`c```d\n## e\r\n::error::f%0A::add-mask::g,line=1::]]><script>&lt;\"'\xff\xfe\x00\u202e\ufffe\u2028@team $x$ **h** [i](j) ~~k~~"

// sample has everything that can turn out, with text in all its places.
func sample(text string) *Run {
	flow := Flow{Number: 7, Client: netip.MustParseAddrPort("[fd00:3::17]:51700"), Server: netip.MustParseAddrPort("[fd00:8::20]:443"),
		Packets: []uint64{23, 24}, Why: "half-open " + text, Summary: text, Ladder: "flow 7 " + text + "\nSYN\n```\n", Again: "tcpwhy report " + text}
	at := Position{File: "dir/" + text + ".yaml", Line: 31, Column: 5}
	return &Run{Command: "check", Captures: []Capture{
		{Name: "lb/" + text + ".pcap", Packets: 40, Flows: 12, First: 1767366245e9, Expectations: []Expectation{
			{Name: "opens " + text, Text: "server " + text, Rule: "opening", At: at, Severity: analyzer.Error, Expected: "12 of 12 " + text,
				Seen: "11 of 12 " + text, Outcome: Failed, Offenders: 1, Offending: []Flow{flow}},
			{Text: "met " + text, Rule: "count", At: at, Expected: "1", Seen: "1", Outcome: Met},
			{Text: "allowed " + text, Rule: "half-open", At: at, Expected: "none", Seen: "3", Outcome: Allowed,
				Exception: &Exception{At: at, Reason: "known " + text, Until: "2026-12-31"}},
			{Text: "unknown " + text, Rule: "connect.p99", At: at, Outcome: NotJudged, Reason: "too few " + text},
			{Text: "on the command line " + text, Rule: "refused", Expected: "none", Seen: "1", Outcome: Failed},
			{Text: "on the command line " + text, Rule: "refused", Expected: "none", Seen: "2", Outcome: Failed},
		}},
		{Name: text, Err: errors.New("is cut short\n" + text)},
	}}
}

// samples are calm ones and hostile ones: also each byte of the hostile text alone.
func samples() map[string]*Run {
	all := map[string]*Run{"calm": sample("drain"), "hostile": sample(hostile), "empty": sample(""), "space": sample(" "), "nothing": {Command: "diff"}}
	for i := range len(hostile) {
		all["byte "+hostile[i:i+1]] = sample(hostile[i : i+1])
	}
	return all
}

// harmless fails where b holds what a terminal, or a reader of UTF-8, stumbles on.
func harmless(t *testing.T, b []byte) {
	t.Helper()
	if !utf8.Valid(b) {
		t.Error("no UTF-8")
	}
	for _, r := range string(b) {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			t.Errorf("%U reaches the output", r)
			return
		}
	}
}

func written(t *testing.T, r *Run, format func(*bytes.Buffer) interface{ Write(*Run) error }) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := format(&b).Write(r); err != nil {
		t.Fatal(err)
	}
	harmless(t, b.Bytes())
	return b.Bytes()
}

// TestText: a line begins with what we wrote, whatever names there are.
func TestText(t *testing.T) {
	begin := regexp.MustCompile(`^(FAIL|MET|ALLOW|NOT JUDGED) .|^ {6}\S|^$|^\d+ captures?, `)
	for name, r := range samples() {
		b := written(t, r, func(b *bytes.Buffer) interface{ Write(*Run) error } { return &Text{W: b, Verbose: true} })
		for l := range strings.Lines(string(b)) {
			if l = strings.TrimSuffix(l, "\n"); !begin.MatchString(l) && r.Captures != nil {
				t.Errorf("%s: got %q", name, l)
			}
		}
	}
}

// TestJSON: names are what they are when they are read again, but for bytes that are no text.
func TestJSON(t *testing.T) {
	for name, r := range samples() {
		b := written(t, r, func(b *bytes.Buffer) interface{ Write(*Run) error } { return &JSON{b} })
		var got struct {
			Captures []struct {
				File         string
				Expectations []struct{ Text string }
			}
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		for i := range r.Captures {
			c := &r.Captures[i]
			if !same(got.Captures[i].File, c.Name) {
				t.Errorf("%s: got %q, want %q", name, got.Captures[i].File, c.Name)
			}
			for j := range c.Expectations {
				if text, want := got.Captures[i].Expectations[j].Text, c.Expectations[j].Text; !same(text, want) {
					t.Errorf("%s: got %q, want %q", name, text, want)
				}
			}
		}
	}
}

// same reports whether two texts have the same characters.
func same(a, b string) bool { return slices.Equal([]rune(a), []rune(b)) }

func TestJUnit(t *testing.T) {
	xmllint, _ := exec.LookPath("xmllint")
	for name, r := range samples() {
		t.Run(name, func(t *testing.T) {
			b := written(t, r, func(b *bytes.Buffer) interface{ Write(*Run) error } { return &JUnit{b} })
			var got junit.Testsuites
			if err := xml.Unmarshal(b, &got); err != nil {
				t.Fatal(err)
			}
			if name != "nothing" {
				s, unread := &got.Suites[0], &got.Suites[1]
				if s.Tests != 6 || s.Failures != 3 || s.Errors != 1 || s.Skipped != 1 || len(s.Testcases) != 6 {
					t.Errorf("got %d tests, %d failures, %d errors, %d skipped", s.Tests, s.Failures, s.Errors, s.Skipped)
				}
				if unread.Tests != 1 || unread.Errors != 1 || unread.Testcases[0].Error == nil {
					t.Errorf("a capture that was not read: got %+v", unread)
				}
				if first, second := s.Testcases[4].Name, s.Testcases[5].Name; second != first+" (2)" {
					t.Errorf("two tests of one name: got %q and %q", first, second)
				}
			}
			if xmllint == "" {
				t.Skip("no xmllint here: the schema is not asked")
			}
			path := filepath.Join(t.TempDir(), "junit.xml")
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(xmllint, "--noout", "--nonet", "--schema", "testdata/junit.xsd", path).CombinedOutput(); err != nil {
				t.Fatalf("%s\n%s", out, b)
			}
		})
	}
}

func TestSARIF(t *testing.T) {
	for name, r := range samples() {
		t.Run(name, func(t *testing.T) {
			got := parsed(t, r)
			if err := got.Validate(); err != nil {
				t.Fatal(err)
			}
			if name == "nothing" {
				return
			}
			run := got.Runs[0]
			if len(run.Results) != 5 {
				t.Fatalf("got %d results, want one for each expectation that is not met", len(run.Results))
			}
			for i, want := range []struct{ level, kind string }{{"error", "fail"}, {"note", "fail"}, {"none", "open"}, {"error", "fail"}, {"error", "fail"}} {
				if x := run.Results[i]; x.Level != want.level || x.Kind != want.kind || (len(x.Suppressions) > 0) != (i == 1) {
					t.Errorf("result %d: got level %s, kind %s, %d suppressions", i, x.Level, x.Kind, len(x.Suppressions))
				}
			}
			at := run.Results[0].Locations[0].PhysicalLocation
			if *at.Region.StartLine != 31 || *at.Region.StartColumn != 5 || !strings.HasPrefix(*at.ArtifactLocation.URI, "dir/") {
				t.Errorf("got %s:%d:%d, want the line of the expectations file", *at.ArtifactLocation.URI, *at.Region.StartLine, *at.Region.StartColumn)
			}
			if of := run.Results[3].Locations[0].PhysicalLocation.ArtifactLocation; !strings.HasPrefix(*of.URI, "lb/") {
				t.Errorf("got %s, want the capture", *of.URI)
			}
			if *run.Invocations[0].ExecutionSuccessful || len(run.Invocations[0].ToolExecutionNotifications) != 2 {
				t.Errorf("a capture was not read, and an expectation not judged: got %+v", run.Invocations[0])
			}
		})
	}
}

// parsed reads what was written with another library than the one that writes it, and one that has the schema.
func parsed(t *testing.T, r *Run) *sarif.Report {
	t.Helper()
	b := written(t, r, func(b *bytes.Buffer) interface{ Write(*Run) error } { return &SARIF{W: b, Version: "v1"} })
	known := json.NewDecoder(bytes.NewReader(b))
	known.DisallowUnknownFields()
	if err := known.Decode(new(sarif.Report)); err != nil {
		t.Fatal(err)
	}
	got, err := sarif.FromBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	// What is absent has a default in the schema, which this library asks to be there.
	run := got.Runs[0]
	run.Language, run.Tool.Driver.Language, run.NewlineSequences = "en-US", "en-US", []string{"\r\n", "\n"}
	return got
}

// TestFingerprints: they stay where lines move and other flows offend, and are no two alike.
func TestFingerprints(t *testing.T) {
	prints := func(r *Run) (all []string) {
		for _, x := range parsed(t, r).Runs[0].Results {
			all = append(all, x.PartialFingerprints["primaryLocationLineHash"]+" "+x.PartialFingerprints["expectation/v1"])
		}
		return all
	}
	before := sample("drain")
	after := sample("drain")
	for i := range after.Captures[0].Expectations {
		e := &after.Captures[0].Expectations[i]
		e.At.Line, e.Seen = e.At.Line+100, "9 of 12"
	}
	was, is := prints(before), prints(after)
	seen := map[string]bool{}
	for i := range was {
		if was[i] != is[i] {
			t.Errorf("result %d: was %s, is %s", i, was[i], is[i])
		}
		if seen[was[i]] {
			t.Errorf("result %d has the fingerprint of another", i)
		}
		seen[was[i]] = true
	}
	other := sample("drain")
	other.Captures[0].Name = "lb/other.pcap"
	if prints(other)[0] == was[0] {
		t.Error("the same expectation of another capture has the same fingerprint")
	}
}

// TestGitHubUnescapes: what the runner makes of a command is what was to be told.
func TestGitHubUnescapes(t *testing.T) {
	b := written(t, sample(hostile), func(b *bytes.Buffer) interface{ Write(*Run) error } { return &GitHub{W: b} })
	// The worst come first: what was not read, what was not judged, and then the failure at line 31.
	failed := strings.Split(string(b), "\n")[2]
	properties, data, _ := strings.Cut(strings.TrimPrefix(failed, "::error "), "::")
	got := map[string]string{}
	for p := range strings.SplitSeq(properties, ",") {
		name, value, _ := strings.Cut(p, "=")
		got[name] = strings.NewReplacer("%3A", ":", "%2C", ",", "%0D", "\r", "%0A", "\n", "%25", "%").Replace(value)
	}
	e := &sample(hostile).Captures[0].Expectations[0]
	for name, want := range map[string]string{"file": line(e.At.File), "line": "31", "col": "5", "title": "tcpwhy check: " + line(e.title())} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
	text := strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(data)
	if want := e.message(&sample(hostile).Captures[0]); text != want {
		t.Errorf("got %q, want %q", text, want)
	}
}

// TestGitHub: a line is one command, with the properties that we gave it.
func TestGitHub(t *testing.T) {
	command := regexp.MustCompile(`^::(error|notice) (file=[^:,]*,)?(line=\d+,)?(col=\d+,)?title=[^:,]*::.*$`)
	for name, r := range samples() {
		b := written(t, r, func(b *bytes.Buffer) interface{ Write(*Run) error } { return &GitHub{W: b} })
		lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
		if want := 5; name != "nothing" && len(lines) != want {
			t.Errorf("%s: got %d lines, want %d", name, len(lines), want)
		}
		for _, l := range lines {
			if name != "nothing" && !command.MatchString(l) {
				t.Errorf("%s: got %s", name, l)
			}
		}
	}
}

func TestGitHubTellsTheWorst(t *testing.T) {
	r := &Run{Command: "check", Captures: []Capture{{Name: "a.pcap"}}}
	for i := range 30 {
		e := Expectation{Text: "calm", Rule: "refused", Outcome: Failed, Severity: analyzer.Notice}
		if i == 20 {
			e.Text, e.Severity = "worst", analyzer.Error
		}
		r.Captures[0].Expectations = append(r.Captures[0].Expectations, e)
	}
	lines := strings.Split(string(written(t, r, func(b *bytes.Buffer) interface{ Write(*Run) error } { return &GitHub{W: b} })), "\n")
	if len(lines) != 12 || !strings.Contains(lines[0], "worst") {
		t.Errorf("got %d lines, the first is %s", len(lines)-1, lines[0])
	}
	if want := "::notice title=tcpwhy check::and 20 more: 1 capture, 30 expectations: 0 met, 0 allowed, 30 failed, 0 not judged"; lines[10] != want {
		t.Errorf("got %s, want %s", lines[10], want)
	}
}

// TestMarkdown: a row has four cells, code ends where it should, and no line begins a heading that we did not.
func TestMarkdown(t *testing.T) {
	for name, r := range samples() {
		text := string(written(t, r, func(b *bytes.Buffer) interface{ Write(*Run) error } { return &Markdown{b} }))
		rows, fence := 0, ""
		for l := range strings.Lines(text) {
			l = strings.TrimSuffix(l, "\n")
			switch {
			case fence != "":
				if l == fence {
					fence = ""
				}
			case strings.HasPrefix(l, "```"):
				fence = l
			case strings.HasPrefix(l, "|"):
				rows++
				if bars := strings.Count(strings.ReplaceAll(l, `\|`, ""), "|"); bars != 5 {
					t.Errorf("%s: %d bars in %s", name, bars, l)
				}
			case strings.HasPrefix(l, "#") && l != "## tcpwhy "+r.Command:
				t.Errorf("%s: heading %s", name, l)
			}
			if fence == "" && strings.Contains(strings.ReplaceAll(l, `\<`, ""), "<script") {
				if !strings.Contains(l, "`") { // as it is, within code
					t.Errorf("%s: %s", name, l)
				}
			}
		}
		if want := 2 + 6; name != "nothing" && (rows != want || fence != "") {
			t.Errorf("%s: got %d rows, want %d; open code %q", name, rows, want, fence)
		}
	}
}
