package netlab

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/build"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"tcpwhy/pcaps"
)

var keep = flag.String("keep", "", "write the captures of TestAgreesLive, and what the kernels went through, into this folder")

// TestAgreesLive runs every scenario, side by side, captured at either end by our own live capture, and compares the
// states that were inferred while it ran with those that the kernels went through in that very run.
//
// What the machine was too busy to play as it was meant is played again. A disagreement never is: it fails, as far as
// disagreements knows of it.
func TestAgreesLive(t *testing.T) {
	if testing.Short() {
		t.Skip("takes its time")
	}
	if !build.Default.CgoEnabled {
		t.Skip("needs captures: this build has none")
	}
	began, dir := time.Now(), t.TempDir()
	compare := func(j *job) []string { return j.compare(dir) }
	play(t, func(j *job) Record { j.live = [2]*liveRecording{}; return j.recordLive }, compare, func(t *testing.T, j *job) {
		if *keep != "" {
			write(t, *keep, ".pcapng", j.result)
		}
	})
	t.Logf("took %v", time.Since(began).Round(time.Millisecond))
}

// compare is what was inferred at either side that is not so, and the packets that it was inferred from.
func (j *job) compare(dir string) (wrong []string) {
	for at, r := range j.live {
		if r == nil {
			continue // on lo there is one side
		}
		found := disagreements(&j.result.Truth, Side(at), j.result.NotMeant == nil, r.inferred)
		file := filepath.Join(dir, j.name+"."+Side(at).String()+".pcapng")
		var later map[ends][][2][]string
		err := os.WriteFile(file, r.file.Bytes(), 0o666)
		if err == nil {
			later, err = inferFrom(file)
		}
		if err != nil {
			found = append(found, "read again: "+err.Error())
		} else if !reflect.DeepEqual(later, r.inferred) {
			found = append(found, fmt.Sprintf("inferred live\n\t%v, from the file\n\t%v", r.inferred, later))
		}
		if len(found) > 0 {
			wrong = append(wrong, fmt.Sprintf("captured at the %s: %s\nwhat passed there:\n%s", Side(at), strings.Join(found, "\n"), r.packets.String()))
		}
	}
	return wrong
}

// liveRecording is a capture by the program's own means: analysed as it comes, and written to pcapng.
type liveRecording struct {
	kind     Recorder
	source   *pcaps.Source
	writer   pcaps.Writer
	file     bytes.Buffer
	packets  strings.Builder // one line each
	inferred map[ends][][2][]string
	done     chan error
}

func (j *job) recordLive(s *Scenario, at Side) (Recording, error) {
	r := &liveRecording{kind: s.Recorder, done: make(chan error, 1)}
	var err error
	r.source, err = pcaps.OpenLive([]string{s.device()}, pcaps.Live{Ring: 2 << 20}, pcaps.Config{Tap: r.write})
	if err != nil {
		return nil, err
	}
	r.writer = pcaps.NewPcapng(&r.file, r.source)
	go func() {
		var err error
		r.inferred, err = infer(r.source)
		r.done <- err
	}()
	j.live[at] = r
	return r, nil
}

// write writes a packet as the recorder would have got it: what was inferred from those as they came must be inferred
// from these too.
func (r *liveRecording) write(f *pcaps.Frame) error {
	for _, c := range r.kind.apply([]captured{{time.Unix(0, f.Time), f.Data}}) {
		g := *f
		g.Time, g.Data = c.time.UnixNano(), c.frame
		g.Wire += len(c.frame) - len(f.Data)
		if err := r.writer.Write(&g); err != nil {
			return err
		}
	}
	line := "an ICMP error"
	if s, ok := parse(0, f.Data); ok {
		line = s.line()
	} else if !wanted(f.Data) {
		return nil
	}
	fmt.Fprintf(&r.packets, "\t%s %s\n", time.Unix(0, f.Time).UTC().Format("15:04:05.000000"), line)
	return nil
}

func (r *liveRecording) Stop() ([]byte, error) {
	r.source.Stop()
	err := <-r.done
	for _, i := range r.source.Interfaces() {
		if i.DroppedByOS.N > 0 {
			err = errors.Join(err, fmt.Errorf("%s: the capture lost %d packets", i.Name, i.DroppedByOS.N))
		}
	}
	err = errors.Join(err, r.writer.Close(), r.source.Close())
	if r.source.Stats().Read == 0 {
		return nil, err
	}
	return r.file.Bytes(), err
}
