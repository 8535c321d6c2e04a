package analyzer

import (
	"fmt"
	"strings"
	"time"

	"tcpwhy/analyzer/spelling"
)

// ParseFinding reads the name of a finding that a flow can have, or be part of.
func ParseFinding(name string) (*Rule, error) {
	r, err := ParseRule(name)
	if err != nil {
		return nil, err
	}
	if r.Flow == nil && r.Explains == nil {
		return nil, fmt.Errorf("%s is a finding of the whole capture, which no flow is part of", r.Name)
	}
	return r, nil
}

// ParseRule finds a rule by its name, in any case and with underscores or hyphens.
func ParseRule(name string) (*Rule, error) {
	folded := strings.ReplaceAll(strings.ToLower(name), "_", "-")
	if r := RuleNamed(folded); r != nil {
		return r, nil
	}
	var names []string
	for _, r := range Rules {
		names = append(names, r.Name)
	}
	return nil, fmt.Errorf("%q is no finding%s", name, spelling.Suggest(folded, names, " (tcpwhy explain findings lists them)"))
}

// Limit is a limit in time that a user changed.
type Limit struct {
	Rule  *Rule
	Value time.Duration
}

// ParseLimit reads FINDING=TIME.
func ParseLimit(s string) (Limit, error) {
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return Limit{}, fmt.Errorf("%q is no FINDING=TIME, as close-wait=5m", s)
	}
	r, err := ParseRule(name)
	switch {
	case err != nil:
		return Limit{}, err
	case r.Limit == 0:
		return Limit{}, fmt.Errorf("%s has no limit in time (tcpwhy explain limits lists those that have)", r.Name)
	}
	d, err := time.ParseDuration(value)
	if err != nil || d <= 0 {
		return Limit{}, fmt.Errorf("%q is no time, as 500ms, 10s or 5m", value)
	}
	return Limit{r, d}, nil
}
