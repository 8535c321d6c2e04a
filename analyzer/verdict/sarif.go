package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/chavacava/garif"

	"tcpwhy/analyzer"
)

// SARIF writes a run as SARIF 2.1.0 (OASIS), for code scanning: a result for each expectation that is not met. What is
// allowed is suppressed. A result stands at the line of the expectations file or, of what stands on the command line, at
// the capture. Its fingerprint is made of what is expected, not of the line or what was seen.
type SARIF struct {
	W       io.Writer
	Version string                   // of tcpwhy
	Path    func(file string) string // a file as the repository has it; nil: as it was given
}

// sarifLog is garif.LogFile, of which a run without results would have no list of them: to code scanning, one that did
// not look. (go-sarif has that list, and its own validation brings an HTTP client and TLS along: 6.4 of 21.8 MB of the
// program, and their weaknesses. It reads what is written here in the tests.)
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	garif.Run
	Results []*garif.Result `json:"results"`
}

// Write writes r.
func (s *SARIF) Write(r *Run) error {
	invocation := &garif.Invocation{ExecutionSuccessful: true}
	driver := &garif.ToolComponent{Name: "tcpwhy", Version: s.Version}
	results := []*garif.Result{}
	seen := map[string]int{}
	for i := range r.Captures {
		c := &r.Captures[i]
		if c.Err != nil {
			invocation.ExecutionSuccessful = false
			invocation.ToolExecutionNotifications = append(invocation.ToolExecutionNotifications,
				notification(line(c.Name+": "+c.unread()), s.place(c.Name, 1, 1)))
		}
		for j := range c.Expectations {
			e := &c.Expectations[j]
			if e.Outcome == Met {
				continue
			}
			result := &garif.Result{RuleId: e.Rule, RuleIndex: ruleIndex(driver, e), Kind: garif.ResultKind_Fail,
				Message: message(e.message(c)), Locations: []*garif.Location{s.of(e, c)}}
			if e.At.Line > 0 {
				capture := s.place(c.Name, 1, 1)
				capture.Id, capture.Message = 1, message("the capture")
				result.RelatedLocations = []*garif.Location{capture}
			}
			print := fingerprint(r, c, e)
			seen[print]++
			result.PartialFingerprints = map[string]string{
				"expectation/v1": fmt.Sprintf("%s:%d", print, seen[print]),
				// What GitHub goes by, which else makes its own of the line that it finds.
				"primaryLocationLineHash": fmt.Sprintf("%s:%d", print[:16], seen[print]),
			}
			switch e.Outcome {
			case Failed:
				result.Level = garif.ResultLevel_Error
			case Allowed:
				result.Level = garif.ResultLevel_Note
				result.Suppressions = []*garif.Suppression{{Kind: "external", Status: "accepted", Justification: line(e.Exception.sentence())}}
			case NotJudged:
				result.Kind, result.Level = garif.ResultKind_Open, garif.ResultLevel_None
				invocation.ToolExecutionNotifications = append(invocation.ToolExecutionNotifications, notification(e.message(c), s.of(e, c)))
			}
			results = append(results, result)
		}
	}
	log := sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{{
		Run: garif.Run{Tool: &garif.Tool{Driver: driver}, Invocations: []*garif.Invocation{invocation},
			AutomationDetails: &garif.RunAutomationDetails{Id: "tcpwhy " + r.Command + "/"}},
		Results: results,
	}}}
	text, err := json.MarshalIndent(log, "", "  ")
	if err != nil {
		return err
	}
	_, err = s.W.Write(append(text, '\n'))
	return err
}

// ruleIndex is where the kind of an expectation stands among the driver's rules. A new one is described there, by the
// finding where it is one.
func ruleIndex(driver *garif.ToolComponent, e *Expectation) int {
	if i := slices.IndexFunc(driver.Rules, func(d *garif.ReportingDescriptor) bool { return d.Id == e.Rule }); i >= 0 {
		return i
	}
	text, help := "what is expected of "+e.Rule, "tcpwhy explain metrics"
	if found := analyzer.RuleNamed(e.Rule); found != nil {
		text, help = found.Title, "tcpwhy explain "+found.Name
	}
	driver.Rules = append(driver.Rules, &garif.ReportingDescriptor{Id: e.Rule, ShortDescription: multiformat(text),
		FullDescription: multiformat(text), Help: multiformat(help)})
	return len(driver.Rules) - 1
}

func message(text string) *garif.Message { return &garif.Message{Text: text} }

func multiformat(text string) *garif.MultiformatMessageString {
	return &garif.MultiformatMessageString{Text: text}
}

// message is what there is to say of an expectation, in lines.
func (e *Expectation) message(c *Capture) string {
	text := line(c.Name) + ": " + line(e.title()) + ": " + line(e.sentence())
	if f := e.first(); f != nil {
		if f.Number > 0 {
			text += "\n" + line(packetsOf(f)+": "+f.Why)
		}
		if f.Again != "" {
			text += "\nagain: " + line(f.Again)
		}
	}
	return text
}

func notification(text string, at *garif.Location) *garif.Notification {
	return &garif.Notification{Message: message(text), Level: "error", Locations: []*garif.Location{at}}
}

// of is where an expectation stands; of one on the command line the capture, of which line 1 is as good as any: GitHub
// shows nothing without a line.
func (s *SARIF) of(e *Expectation, c *Capture) *garif.Location {
	if e.At.Line == 0 {
		return s.place(c.Name, 1, 1)
	}
	return s.place(e.At.File, e.At.Line, max(e.At.Column, 1))
}

func (s *SARIF) place(file string, line, column int) *garif.Location {
	if s.Path != nil {
		file = s.Path(file)
	}
	return &garif.Location{PhysicalLocation: &garif.PhysicalLocation{ArtifactLocation: artifact(file),
		Region: &garif.Region{StartLine: line, StartColumn: column}}}
}

// artifact is a file as a URI: one with a relative path is in the repository. Bytes that are no UTF-8 are escaped too.
func artifact(file string) *garif.ArtifactLocation {
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
		return &garif.ArtifactLocation{Uri: u.String()}
	}
	return &garif.ArtifactLocation{Uri: u.String(), UriBaseId: "%SRCROOT%"}
}

// fingerprint tells expectations apart, the same from run to run.
func fingerprint(r *Run, c *Capture, e *Expectation) string {
	h := sha256.New()
	for _, part := range []string{r.Command, c.Name, e.At.File, e.title(), e.Rule} {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
