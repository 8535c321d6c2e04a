package verdict

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"
	"path/filepath"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

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

// Write writes r.
func (s *SARIF) Write(r *Run) error {
	run := sarif.NewRun().WithTool(sarif.NewTool().WithDriver(sarif.NewToolComponent().WithName("tcpwhy").WithVersion(s.Version)))
	run.AutomationDetails = sarif.NewRunAutomationDetails().WithID("tcpwhy " + r.Command + "/")
	invocation := sarif.NewInvocation().WithExecutionSuccessful(true)
	run.AddInvocation(invocation)
	seen := map[string]int{}
	for i := range r.Captures {
		c := &r.Captures[i]
		if c.Err != nil {
			invocation.WithExecutionSuccessful(false)
			invocation.AddToolExecutionNotification(notification(line(c.Name+": "+c.unread()), s.place(c.Name, 1, 1)))
		}
		for j := range c.Expectations {
			e := &c.Expectations[j]
			if e.Outcome == Met {
				continue
			}
			addRule(run, e)
			result := run.CreateResultForRule(e.Rule)
			result.WithMessage(sarif.NewTextMessage(e.message(c)))
			result.Locations = []*sarif.Location{s.of(e, c)}
			if e.At.Line > 0 {
				result.RelatedLocations = []*sarif.Location{s.place(c.Name, 1, 1).WithMessage(sarif.NewTextMessage("the capture")).WithID(1)}
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
				result.Level = sarif.LevelError
			case Allowed:
				result.Level = sarif.LevelNote
				result.Suppressions = []*sarif.Suppression{sarif.NewSuppression().WithKind("external").WithStatus("accepted").
					WithJustification(line(e.Exception.sentence()))}
			case NotJudged:
				result.Kind, result.Level = "open", "none"
				invocation.AddToolExecutionNotification(notification(e.message(c), s.of(e, c)))
			}
		}
	}
	log := sarif.NewReport()
	log.AddRun(run)
	if err := log.PrettyWrite(s.W); err != nil {
		return err
	}
	_, err := io.WriteString(s.W, "\n")
	return err
}

// addRule describes the kind of an expectation, by the finding where it is one.
func addRule(run *sarif.Run, e *Expectation) {
	if run.GetRuleIndex(e.Rule) >= 0 {
		return
	}
	rule := run.AddRule(e.Rule)
	text, help := "what is expected of "+e.Rule, "tcpwhy explain metrics"
	if found := analyzer.RuleNamed(e.Rule); found != nil {
		text, help = found.Title, "tcpwhy explain "+found.Name
	}
	rule.WithShortDescription(sarif.NewMultiformatMessageString().WithText(text))
	rule.WithFullDescription(sarif.NewMultiformatMessageString().WithText(text))
	rule.WithHelp(sarif.NewMultiformatMessageString().WithText(help))
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

func notification(text string, at *sarif.Location) *sarif.Notification {
	n := sarif.NewNotification().WithMessage(sarif.NewTextMessage(text)).WithLevel(sarif.LevelError)
	n.Locations = []*sarif.Location{at}
	return n
}

// of is where an expectation stands; of one on the command line the capture, of which line 1 is as good as any: GitHub
// shows nothing without a line.
func (s *SARIF) of(e *Expectation, c *Capture) *sarif.Location {
	if e.At.Line == 0 {
		return s.place(c.Name, 1, 1)
	}
	return s.place(e.At.File, e.At.Line, max(e.At.Column, 1))
}

func (s *SARIF) place(file string, line, column int) *sarif.Location {
	if s.Path != nil {
		file = s.Path(file)
	}
	return sarif.NewLocation().WithPhysicalLocation(sarif.NewPhysicalLocation().
		WithArtifactLocation(artifact(file)).
		WithRegion(sarif.NewRegion().WithStartLine(line).WithStartColumn(column)))
}

// artifact is a file as a URI: one with a relative path is in the repository. Bytes that are no UTF-8 are escaped too.
func artifact(file string) *sarif.ArtifactLocation {
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
		return sarif.NewArtifactLocation().WithURI(u.String())
	}
	return sarif.NewArtifactLocation().WithURI(u.String()).WithURIBaseID("%SRCROOT%")
}

// fingerprint tells expectations apart, the same from run to run.
func fingerprint(r *Run, c *Capture, e *Expectation) string {
	h := sha256.New()
	for _, part := range []string{r.Command, c.Name, e.At.File, e.title(), e.Rule} {
		fmt.Fprintf(h, "%d:%s,", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
