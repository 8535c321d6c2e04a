package expect

import (
	"slices"
	"strconv"
	"strings"

	"tcpwhy/analyzer"
	"tcpwhy/flows"
)

// chooser says which flows are meant: those that each of its tests admits.
type chooser struct {
	tests []func(*flows.Flow, []*analyzer.Finding) bool
	rules []*analyzer.Rule // findings that were named
	// mayPass: a flow that is admitted by what was seen of it might not be by all that there is of it.
	mayPass bool
	text    string // "" where all flows are meant
}

func (c *chooser) admits(f *flows.Flow, found []*analyzer.Finding) bool {
	return !slices.ContainsFunc(c.tests, func(test func(*flows.Flow, []*analyzer.Finding) bool) bool { return !test(f, found) })
}

// lasts reports whether f, which is admitted, is so whatever the ceiling may have taken of it.
func (c *chooser) lasts(f *flows.Flow) bool {
	if c.mayPass {
		return f.Capture.Whole()
	}
	return analyzer.Constant.Lasts(f)
}

// all reports whether there is nothing to choose by.
func (c *chooser) all() bool { return len(c.tests) == 0 }

// add adds a test, by the key and values that it was written with.
func (c *chooser) add(key string, values []string, test func(*flows.Flow, []*analyzer.Finding) bool) {
	c.tests = append(c.tests, test)
	for i, v := range values {
		values[i] = word(v)
	}
	if c.text != "" {
		c.text += ", "
	}
	c.text += key + " " + strings.Join(values, " or ")
}

// word is a value between quotes where it would run into the words around it.
func word(s string) string {
	if strings.ContainsAny(s, " :,[]\"") {
		return strconv.Quote(s)
	}
	return s
}
