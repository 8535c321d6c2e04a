package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"tcpwhy/analyzer/amount"
)

// listOf is a flag that can be given several times, or with commas.
type listOf[T any] struct {
	to    *[]T
	parse func(string) (T, error)
	kind  string
	text  string
}

func (l *listOf[T]) Set(s string) error {
	for part := range strings.SplitSeq(s, ",") {
		v, err := l.parse(part)
		if err != nil {
			return err
		}
		*l.to = append(*l.to, v)
	}
	if l.text != "" {
		l.text += ","
	}
	l.text += s
	return nil
}

func (l *listOf[T]) String() string { return l.text }
func (l *listOf[T]) Type() string   { return l.kind }

// oneValue is a flag whose words are read by parse.
type oneValue[T any] struct {
	to    *T
	parse func(string) (T, error)
	text  string
}

func (v *oneValue[T]) Set(s string) (err error) {
	*v.to, err = v.parse(s)
	v.text = s
	return err
}

func (v *oneValue[T]) String() string { return v.text }
func (v *oneValue[T]) Type() string   { return "VALUE" }

// aName is a flag that names a file or such; it keeps a variable of the shell that is not set from being a name.
func aName(to *string, of string) *oneValue[string] {
	return &oneValue[string]{to, func(name string) (string, error) {
		if name == "" {
			return "", errors.New("it names no " + of)
		}
		return name, nil
	}, ""}
}

// aFile is a flag that names a file, and none of the standard streams.
func aFile(to *string) *oneValue[string] {
	v := aName(to, "file")
	named := v.parse
	v.parse = func(name string) (string, error) {
		if name == "-" {
			return "", errors.New("- is no file here; ./- is one of that name")
		}
		return named(name)
	}
	return v
}

// aNumber is a flag for a decimal number from least to most; it is otherwise if it is not given. Of pflag's own, an int of 32 bits
// takes what it does not hold for something else.
func aNumber[N int | int64 | uint64](to *N, otherwise N, least, most int64) *oneValue[N] {
	*to = otherwise
	return &oneValue[N]{to, func(s string) (N, error) {
		n, err := strconv.ParseInt(s, 10, 64)
		switch {
		case errors.Is(err, strconv.ErrSyntax):
			return 0, fmt.Errorf("%q is no whole number", s)
		case n < least: // also of what int64 does not hold
			return 0, fmt.Errorf("%s is less than %d", s, least)
		case err != nil || n > most:
			return 0, fmt.Errorf("%s is more than %d", s, most)
		}
		return N(n), nil
	}, fmt.Sprint(otherwise)}
}

// longest is the most that a flag for a time takes: behind the latest time that a packet can have there is as much left.
const longest = 50_000 * time.Hour

// aTime is a flag for a time from least to longest; it is otherwise if it is not given.
func aTime(to *time.Duration, otherwise, least time.Duration) *oneValue[time.Duration] {
	*to = otherwise
	text := ""
	if otherwise > 0 {
		text = otherwise.String()
	}
	return &oneValue[time.Duration]{to, func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		switch {
		case err != nil:
			return 0, fmt.Errorf("%q is no time (500ms, 10s, 5m)", s)
		case d < least:
			return 0, fmt.Errorf("%s is less than %v", s, least)
		case d > longest:
			return 0, fmt.Errorf("%s is more than %v", s, longest)
		}
		return d, nil
	}, text}
}

// parseNumber reads the number of a flow.
func parseNumber(s string) (uint64, error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "#"), 10, 64)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no number of a flow, they start at 1", s)
	}
	return n, nil
}

// parseSize reads so many bytes, one at least.
func parseSize(s string) (uint64, error) {
	n, err := amount.ParseBytes(s)
	if n == 0 || err != nil {
		return 0, fmt.Errorf("%s is no size: 1 to 8PiB, by kB, MB, GB, TB, KiB, MiB, GiB or TiB", s)
	}
	return n, nil
}

// parseDay reads a day, in UTC.
func parseDay(s string) (time.Time, error) {
	day, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return day, fmt.Errorf("%q is no day (2026-12-31)", s)
	}
	return day, nil
}
