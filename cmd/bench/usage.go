package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// usage is what a command took.
type usage struct {
	cpu  time.Duration // user and system, of the whole process
	wall time.Duration
	rss  int64 // at its peak, bytes
}

// lab is where commands run: a folder, and programs that are not in the PATH.
type lab struct {
	dir      string
	programs map[string]string
}

// command makes one of a line of the table: a program and its arguments.
func (l *lab) command(line string) *exec.Cmd {
	words := strings.Fields(line)
	if path, ok := l.programs[words[0]]; ok {
		words[0] = path
	}
	c := exec.Command(words[0], words[1:]...)
	c.Dir = l.dir
	return c
}

// measure runs a line to its end, its output thrown away. Of two commands with a pipe between them it measures the second.
func (l *lab) measure(line string) (usage, error) {
	from, to, piped := strings.Cut(line, " | ")
	if !piped {
		from, to = "", line
	}
	c := l.command(to)
	var says beginning
	c.Stderr = &says
	if piped {
		feed := l.command(from)
		pipe, err := feed.StdoutPipe()
		if err != nil {
			return usage{}, err
		}
		c.Stdin = pipe.(*os.File)
		if err := feed.Start(); err != nil {
			return usage{}, err
		}
		defer feed.Wait() // it fails where the other does, and that error is told
		defer pipe.Close()
	}
	began := time.Now()
	if err := c.Run(); err != nil {
		return usage{}, fmt.Errorf("%s: %w\n%s", line, err, &says)
	}
	return usage{
		cpu:  c.ProcessState.UserTime() + c.ProcessState.SystemTime(),
		wall: time.Since(began),
		rss:  peak(c.ProcessState),
	}, nil
}

// beginning is that of what a program says.
type beginning struct{ bytes.Buffer }

func (b *beginning) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), max(0, 1000-b.Len()))])
	return len(p), nil
}

// median is that of each figure by itself.
func median(of []usage) usage {
	return usage{
		cpu:  middle(of, func(u usage) time.Duration { return u.cpu }),
		wall: middle(of, func(u usage) time.Duration { return u.wall }),
		rss:  middle(of, func(u usage) int64 { return u.rss }),
	}
}

func middle[T int64 | time.Duration](of []usage, figure func(usage) T) T {
	var all []T
	for _, u := range of {
		all = append(all, figure(u))
	}
	slices.Sort(all)
	return all[len(all)/2]
}
