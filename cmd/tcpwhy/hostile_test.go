package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"tcpwhy/pcaps"
)

// invoke runs a command as main does.
func invoke(args ...string) (stdout, stderr string, status int) {
	var out bytes.Buffer
	stderr, status = invokeTo(context.Background(), &out, args...)
	return out.String(), stderr, status
}

func invokeTo(ctx context.Context, stdout io.Writer, args ...string) (stderr string, status int) {
	var said bytes.Buffer
	root := newRoot()
	root.SetOut(stdout)
	root.SetErr(&said)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if status = exitStatus(err); status != 0 {
		complain(&said, err)
	}
	return said.String(), status
}

// harmless reports whether a terminal prints s, and obeys nothing in it.
func harmless(t *testing.T, what string, s string) {
	t.Helper()
	for i, r := range s {
		_, n := utf8.DecodeRuneInString(s[i:])
		if r != '\n' && !unicode.IsPrint(r) || r == utf8.RuneError && n == 1 {
			t.Errorf("%s: byte %d of %q", what, i, s[max(0, i-60):min(len(s), i+60)])
			return
		}
	}
}

// hostile is a name that is an order to whatever takes it for more than one: to terminals, spreadsheets, Markdown, HTML,
// XML, the runners of GitHub.
const hostile = "=1+\x1b]0;x\a\x1b[31m\u202e|`<img src=x onerror=y>&\"'\xff\xc2\r\n::error::\u009b\u2028*_[x](y)\x00\x7f"

// hostiles are such names. What is an order where a line begins is at the beginning of some, and may be at that of a line that a
// long one is broken into.
var hostiles = []string{
	hostile, "::error file=a.go,line=1::x", " ::WARNING::x", "a b c d e f g h ::stop-commands::x ::add-mask::\u00a0 ::debug::\u202e\x1b[31mx",
	"##[error]x a###[group]x ##vso[task.complete]x ##teamcity[message text='x'] @everyone !12 &12 $12 ~bug GH-12 gh-12 Gh-12 gH-12 www.a.example https://a.example/b/issues/12",
}

// workflowCommand is the command that a line in the log of a job is to GitHub's runner, by the rules of its ActionCommand.cs; "": none.
// Those of its second kind, and of other runners, stand anywhere.
func workflowCommand(line string) string {
	if command := anywhere.FindString(line); command != "" {
		return command
	}
	command, ok := strings.CutPrefix(strings.TrimSpace(line), "::")
	command, _, again := strings.Cut(command, "::")
	name, _, _ := strings.Cut(command, " ")
	if !ok || !again || !slices.Contains(workflowCommands, strings.ToLower(name)) {
		return ""
	}
	return command
}

var anywhere = regexp.MustCompile(`##\w*\[`)

var workflowCommands = []string{"add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "internal-set-repo-path", "notice",
	"remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning"}

// ours are the annotations that --github makes.
var ours = regexp.MustCompile(`^(error|notice) (file=[^:,]*,(line=\d+,(col=\d+,)?)?)?title=tcpwhy[^:,]*$`)

func hostileFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	name = strings.NewReplacer("\x00", "", "/", "").Replace(name)
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Skip("no such name here: ", err)
	}
	return name
}

// packetsOf makes packets of 8 bytes each, which say: when, who and how, flags, the step of both numbers, the length, the window, and an option.
func packetsOf(b []byte) (frames []pcaps.Frame) {
	steps := [16]uint32{0, 0, 0, 0, 1, 2, 1<<32 - 1, 1<<32 - 2, 100, 1000, 70000, 1 << 30, 1 << 31, 1<<32 - 70000, 3, 1460}
	times := [16]int64{0, 1e3, 5e4, 1e6, 2e7, 2e8, 1e9, 3e9, 61e9, 181e9, -1e6, -3e9, 1e15, 3e18, -3e18, 4e18}
	flags := [16]byte{2, 0x12, 0x10, 0x10, 0x18, 0x11, 0x19, 4, 0x14, 3, 1, 0, 0xc2, 0x52, 0x38, 0xff}
	next := [2]uint32{1000, 1<<32 - 3}
	now := int64(1e18)
	for ; len(b) >= 8; b = b[8:] {
		now = min(max(now+times[b[0]&15], 0), 1<<63-1)
		who := b[1] & 1
		f := flags[b[2]&15]
		tcp := make([]byte, 20, 64)
		src, dst := [2]uint16{40000 + uint16(b[1]>>1&3), 443}, [2]byte{1, 2}
		if who == 1 {
			src[0], src[1], dst[0], dst[1] = src[1], src[0], dst[1], dst[0]
		}
		binary.BigEndian.PutUint16(tcp, src[0])
		binary.BigEndian.PutUint16(tcp[2:], src[1])
		binary.BigEndian.PutUint32(tcp[4:], next[who]+steps[b[3]&15])
		binary.BigEndian.PutUint32(tcp[8:], next[1-who]+steps[b[4]&15])
		binary.BigEndian.PutUint16(tcp[14:], uint16(b[6])<<8)
		if b[7]&1 != 0 {
			tcp = append(tcp, 1, 1, 8, 10, 0, 0, b[0], b[7], 0, 0, b[3], b[4])
		}
		tcp[12], tcp[13] = byte(len(tcp)/4)<<4, f
		length := int(b[5])
		if b[7]&2 == 0 {
			tcp = append(tcp, make([]byte, length)...)
		}
		ip := []byte{0x45, 0, 0, 0, 0, b[7], 0, 0, 64, 6, 0, 0, 192, 0, 2, dst[0], 192, 0, 2, dst[1]}
		binary.BigEndian.PutUint16(ip[2:], uint16(20+len(tcp)))
		if b[7]&2 != 0 {
			binary.BigEndian.PutUint16(ip[2:], uint16(20+len(tcp)+length))
		}
		packet := append(ip, tcp...)
		if b[7]&4 != 0 { // an ICMP error about it
			packet = append([]byte{0x45, 0, 0, byte(28 + 28), 0, 0, 0, 0, 64, 1, 0, 0, 203, 0, 113, 1, 192, 0, 2, dst[0], 3, b[6] & 15, 0, 0, 0, 0, 0, 0}, packet[:28]...)
		} else if steps[b[3]&15] < 1<<20 {
			next[who] += uint32(length) + uint32(f&1) + uint32(f>>1&1)
		}
		frames = append(frames, pcaps.Frame{Time: now, LinkType: 101, Data: packet, Wire: len(packet) + int(b[7]&2>>1)*length})
	}
	return frames
}

func captureOf(t *testing.T, iface string, frames []pcaps.Frame) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcaps.NewPcapng(&b, pcaps.Known{{Name: iface, LinkType: 101, Dropped: pcaps.Count{N: 1 << 63, OK: true}}})
	for i := range frames {
		if err := w.Write(&frames[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sick is a connection that half opens, one that is reset, and one that goes well.
var sick = []byte{
	0, 0, 0, 0, 0, 0, 9, 0, 7, 0, 0, 6, 0, 0, 9, 0, 3, 1, 1, 0, 0, 0, 9, 0, 7, 1, 1, 6, 0, 0, 9, 0, 7, 1, 1, 6, 0, 0, 9, 0,
	3, 2, 0, 0, 0, 0, 9, 0, 3, 3, 1, 0, 0, 0, 9, 0, 3, 2, 2, 0, 0, 0, 9, 0, 3, 2, 4, 0, 0, 90, 9, 0, 3, 3, 7, 0, 0, 0, 9, 0,
	3, 4, 0, 0, 0, 0, 9, 0, 3, 5, 8, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 3, 4, 9, 0, 2, 0, 0, 0, 9, 0,
}

// every is each command that reads packets, in each of its formats.
var every = [][]string{
	{}, {"-v", "-#"}, {"-o", "json"}, {"-o", "jsonl"},
	{"flows"}, {"flows", "-v"}, {"flows", "-o", "wide"}, {"flows", "-o", "json"}, {"flows", "-o", "jsonl", "--transitions"}, {"flows", "-o", "csv"},
	{"report"}, {"report", "-v"}, {"report", "-o", "markdown"}, {"report", "-o", "json"}, {"report", "-o", "jsonl"}, {"report", "-o", "csv"},
	{"report", "--flow", "1"}, {"report", "--flow", "1", "-o", "mermaid"}, {"report", "--every", "1s"}, {"report", "--census", "1s"},
	{"check", "--fail-on", "half-open", "--github"}, {"check", "--fail-on", "half-open", "-o", "json"}, {"check", "--record", "-"},
}

// sound holds what is true of every output of a command, whatever it was made of.
func sound(t *testing.T, args []string, stdout, stderr string) {
	t.Helper()
	what := "tcpwhy " + strings.Join(args[:len(args)-1], " ")
	harmless(t, what, stdout)
	harmless(t, what+": standard error", stderr)
	switch format := args[max(0, len(args)-2)]; {
	case stdout == "":
	case format == "json" || format == "jsonl" || format == "--transitions":
		for d := json.NewDecoder(strings.NewReader(stdout)); ; {
			var v any
			if err := d.Decode(&v); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s: %v", what, err)
				break
			}
		}
	case format == "csv":
		rows, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if _, err := strconv.ParseFloat(cell, 64); cell != "" && cell != "-" && err != nil && strings.ContainsRune("=+-@", rune(cell[0])) {
					t.Errorf("%s: a formula: %s", what, cell)
				}
			}
		}
	case format == "markdown" || format == "mermaid":
		if strings.Contains(strings.ReplaceAll(stdout, `\<`, ""), "<img") {
			t.Errorf("%s: HTML", what)
		}
		if name := mention.FindString(prose(stdout)); format == "markdown" && name != "" {
			t.Errorf("%s: %s would be told", what, name)
		}
	}
	for line := range strings.Lines(stdout + stderr) {
		if c := workflowCommand(line); c != "" && !(slices.Contains(args, "--github") && ours.MatchString(c)) {
			t.Errorf("%s: a command of somebody else's: %s", what, line)
		}
	}
}

// mention is what forges send word to: a user, an issue, a change, an epic, a snippet, a label, or an address.
var mention = regexp.MustCompile(`@\w|[#!&$]\d|~\w|(?i)\bGH-\d|://\w|\bwww\.\w`)

var htmlCode = regexp.MustCompile(`(^|[^\\])<code>.*?</code>`)

// prose is Markdown without its code.
func prose(markdown string) string {
	var b strings.Builder
	markdown = htmlCode.ReplaceAllString(markdown, "$1")
	for {
		i := strings.IndexAny(markdown, "\\`")
		if i < 0 {
			return b.String() + markdown
		}
		b.WriteString(markdown[:i])
		code := strings.TrimLeft(markdown[i:], "`")
		fence := markdown[i : len(markdown)-len(code)]
		if fence == "" { // what is escaped
			_, n := utf8.DecodeRuneInString(markdown[i+1:])
			b.WriteString(markdown[i+1 : i+1+n])
			markdown = markdown[i+1+n:]
			continue
		}
		_, markdown, _ = strings.Cut(code, fence)
	}
}

// TestHostileNames: of files and interfaces.
func TestHostileNames(t *testing.T) {
	for _, name := range hostiles {
		t.Run(name, func(t *testing.T) { hostileNames(t, name) })
	}
}

func hostileNames(t *testing.T, name string) {
	t.Chdir(t.TempDir())
	whole := captureOf(t, name, packetsOf(sick))
	files := []string{
		hostileFile(t, name+".pcapng", whole), "./" + hostileFile(t, "-"+name, whole[:len(whole)-60]), hostileFile(t, "@"+name, []byte("no capture")), name,
	}
	for _, args := range every {
		for _, more := range [][]string{{}, {"--separate"}} {
			for _, file := range files {
				args := append(append(append([]string{}, args...), more...), file)
				stdout, stderr, status := invoke(args...)
				sound(t, append(append([]string{}, args[:len(args)-1-len(more)]...), file), stdout, stderr)
				if file == files[0] && status > 2 {
					t.Errorf("%q: %s", args, stderr)
				}
			}
			several := append(append(append([]string{}, args...), more...), files[:2]...)
			stdout, stderr, _ := invoke(several...)
			sound(t, append(append([]string{}, args...), "several"), stdout, stderr)
		}
	}
	stdout, stderr, _ := invoke("diff", "--junit", "j.xml", "--sarif", "s.json", "--markdown", "m.md", "--github", files[0], files[1])
	sound(t, []string{"diff", "--github", ""}, stdout, stderr)
	if err := os.WriteFile("e.yaml", []byte("captures:\n- files: '*.pcapng'\n  expect:\n  - name: '@everyone <b>#12 !12 &12 $12 ~bug GH-12 https://a.example/b/issues/12'\n    opening: refused\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, _ = invoke("check", "--expect", "e.yaml", "--markdown", "e.md", "--github", files[0])
	sound(t, []string{"check", "--github", ""}, stdout, stderr)
	for _, name := range []string{"j.xml", "s.json", "m.md", "e.md"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		harmless(t, name, strings.ReplaceAll(string(b), "\t", " "))
		switch name {
		case "j.xml":
			var v struct{}
			if err := xml.Unmarshal(b, &v); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case "s.json":
			if !json.Valid(b) {
				t.Errorf("%s is no JSON", name)
			}
		case "m.md", "e.md":
			if name := mention.FindString(prose(string(b))); name != "" {
				t.Errorf("%s would be told", name)
			}
		}
	}
}

// TestHostileArguments: a script may hand on what it was given.
func TestHostileArguments(t *testing.T) {
	t.Chdir(t.TempDir())
	file := hostileFile(t, "x.pcapng", captureOf(t, "eth0", packetsOf(sick)))
	plain := strings.ReplaceAll(hostile, "\x00", "")
	for _, args := range [][]string{
		{plain}, {"explain", plain}, {"--" + plain, file}, {"-o", plain, file}, {"flows", "-o", plain, file}, {"report", "-o", plain, file}, {"-f", plain, file},
		{"-r", file, plain}, {"--state", plain, file}, {"--finding", plain, file}, {"--client", plain, file}, {"--since", plain, file},
		{"--where", plain, file}, {"flows", "--where", "connect > " + plain, file}, {"report", "--fail-on", plain, file}, {"--limit", plain, file}, {"--limit", plain + "=1s", file},
		{"flows", "--sort", plain, file}, {"--flow", plain, file}, {"--color", plain, file}, {"-Z", plain, file}, {"-i", plain}, {"-i", plain, "-i", plain},
		{"-w", filepath.Join("no", plain), file}, {"-w", file, file}, {"-w", plain, "-C", "x" + plain, file}, {"--capture", plain, "-i", "lo"},
		{"check", "--expect", plain, file}, {"check", "--junit", filepath.Join("no", plain), file}, {"diff", plain, plain}, {"diff", "--fail-on", plain, file, file},
		{"--linger", plain, file}, {"man", filepath.Join(file, plain)}, {"completion", plain}, {"help", plain},
	} {
		stdout, stderr, _ := invoke(args...)
		sound(t, append(args, ""), stdout, stderr)
	}
}

// FuzzCommands: any packets, all commands, all formats. Twice the same is the same bytes.
func FuzzCommands(f *testing.F) {
	f.Add(sick, byte(0))
	for i := range every {
		f.Add(sick[8*(i%10):], byte(i))
	}
	name := filepath.Join(f.TempDir(), "x.pcapng")
	f.Fuzz(func(t *testing.T, b []byte, which byte) {
		b = b[:min(len(b), 8*64)]
		if err := os.WriteFile(name, captureOf(t, "eth0", packetsOf(b)), 0o644); err != nil {
			t.Fatal(err)
		}
		args := append(append([]string{}, every[int(which)%len(every)]...), name)
		stdout, stderr, status := invoke(args...)
		sound(t, args, stdout, stderr)
		again, said, _ := invoke(args...)
		if stdout != again || stderr != said {
			t.Errorf("%q: once\n%s%sand again\n%s%s", args, stdout, stderr, again, said)
		}
		if status > statusUsage {
			t.Errorf("%q: status %d: %s", args, status, stderr)
		}
	})
}
