package verdict

import (
	"io"
	"strconv"
	"time"

	"github.com/jstemmer/go-junit-report/v2/junit"

	"tcpwhy/analyzer/report"
)

// JUnit writes a run as CI systems read the results of tests: a suite for each capture, a test for each expectation. What is
// allowed was skipped, what could not be judged is an error. It is what the schema of Ant's junitreport admits,
// the strictest of those in use: so there is a host, and a time, which is that of the capture.
type JUnit struct{ W io.Writer }

// Write writes r.
func (j *JUnit) Write(r *Run) error {
	suites := junit.Testsuites{}
	for i := range r.Captures {
		suites.Suites = append(suites.Suites, r.Captures[i].suite(r.Command, i))
	}
	if _, err := io.WriteString(j.W, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"); err != nil {
		return err
	}
	return suites.WriteXML(j.W)
}

func (c *Capture) suite(command string, id int) junit.Testsuite {
	name := line(c.Name)
	s := junit.Testsuite{Name: name, Package: "tcpwhy." + command, ID: id, Hostname: "localhost", Time: noTime,
		Timestamp: time.Unix(0, c.First).UTC().Format("2006-01-02T15:04:05"), SystemOut: &junit.Output{}, SystemErr: &junit.Output{}}
	s.AddProperty("packets", strconv.FormatUint(c.Packets, 10))
	s.AddProperty("flows", strconv.FormatUint(c.Flows, 10))
	if c.Err != nil {
		s.AddTestcase(junit.Testcase{Name: "is read to its end", Classname: name, Time: noTime,
			Error: &junit.Result{Message: line(c.Err.Error()), Type: "unread"}})
	}
	named := map[string]int{}
	for i := range c.Expectations {
		e := &c.Expectations[i]
		test := junit.Testcase{Name: line(e.title()), Classname: name, Time: noTime}
		if named[test.Name]++; named[test.Name] > 1 {
			test.Name += " (" + strconv.Itoa(named[test.Name]) + ")"
		}
		result := &junit.Result{Message: line(e.sentence()), Type: e.Rule}
		switch e.Outcome {
		case Failed:
			result.Data = report.PlainLines("\n" + e.titleAt() + "\n" + e.details())
			test.Failure = result
		case NotJudged:
			test.Error = result
		case Allowed:
			test.Skipped = result
		}
		s.AddTestcase(test)
	}
	return s
}

// noTime is how long a test took: not known, since all are judged in one reading.
const noTime = "0.000"
