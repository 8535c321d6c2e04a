package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"tcpwhy/pcaps"
)

// progress is a line on standard error that says how far a long reading has come. Without a terminal
// there is none.
type progress struct {
	to             io.Writer // nil: nobody looks
	source         *pcaps.Source
	started, shown time.Time
	there          bool // the line is on the screen
}

const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

func newProgress(source *pcaps.Source, w *writer) *progress {
	p := &progress{source: source, started: time.Now()}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		p.to = os.Stderr
		w.before = p.clear
	}
	return p
}

func (p *progress) show() {
	if p.to == nil {
		return
	}
	now := time.Now()
	if now.Sub(p.started) < progressAfter || now.Sub(p.shown) < progressEvery {
		return
	}
	p.shown, p.there = now, true
	read, total := p.source.Bytes()
	packets := p.source.Stats().Read
	fmt.Fprintf(p.to, "\r\x1b[K%s", progressLine(read, total, packets, now.Sub(p.started)))
}

func (p *progress) clear() {
	if p.there {
		fmt.Fprint(p.to, "\r\x1b[K")
		p.there = false
	}
}

// progressLine: "1.2 GB of 4.0 GB, 12.3 Mpackets, 2.1 Mpackets/s, 12s left".
func progressLine(read, total int64, packets uint64, elapsed time.Duration) string {
	line := prefixed(float64(read)) + "B"
	if total > 0 {
		line += " of " + prefixed(float64(total)) + "B"
	}
	line += fmt.Sprintf(", %spackets, %spackets/s", prefixed(float64(packets)), prefixed(float64(packets)/elapsed.Seconds()))
	if total > 0 && read > 0 {
		left := time.Duration(float64(elapsed) * float64(total-read) / float64(read))
		line += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return line
}

// prefixed is n, a space and the prefix of the unit that is to follow.
func prefixed(n float64) string {
	prefix := ""
	for _, p := range []string{"k", "M", "G", "T"} {
		if n < 1000 {
			break
		}
		n, prefix = n/1000, p
	}
	if prefix == "" {
		return fmt.Sprintf("%.0f ", n)
	}
	return fmt.Sprintf("%.1f %s", n, prefix)
}
