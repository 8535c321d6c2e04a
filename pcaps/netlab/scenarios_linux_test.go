package netlab

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
)

var only = flag.String("only", "", "run only the scenarios whose name has this in it")

// atOnce is how many scenarios run at a time: they wait, mostly.
const atOnce = 16

// attempts at a scenario: where the machine is busy, things may happen in another order than was meant.
const attempts = 3

// job is a scenario over one version of IP.
type job struct {
	name string
	Scenario
	run    func(*Scenario, *Tracer, uint8, Record) (Result, error)
	subnet uint8

	live   [2]*liveRecording // of the last run
	result Result
	err    error
	tries  []error  // what was not meant
	wrong  []string // what was inferred and is not so, in any of the runs
	done   chan struct{}
}

// openTracer skips the test where there is no lab, and says what it lacks.
func openTracer(t *testing.T) *Tracer {
	if os.Geteuid() != 0 {
		t.Skip("needs root: to make network namespaces, and to trace the kernel's sockets")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip("needs TAP interfaces: ", err)
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs iproute2: ", err)
	}
	tracer, err := OpenTracer()
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		t.Skip("needs tracefs: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tracer.Close(); err != nil {
			t.Error(err)
		}
	})
	return tracer
}

// play runs the scenarios that -only names, side by side, and has then look at each when it is over. Compare, where it
// is there, looks at each run, also at one that is played again: what was not meant has happened all the same.
func play(t *testing.T, record func(*job) Record, compare func(*job) []string, then func(*testing.T, *job)) {
	tracer := openTracer(t)
	var jobs []*job
	for i, s := range Scenarios() {
		if strings.Contains(s.Name, *only) {
			jobs = append(jobs,
				&job{name: s.Name + ".v4", Scenario: s, run: (*Scenario).Run4, subnet: uint8(i + 1), done: make(chan struct{})},
				&job{name: s.Name + ".v6", Scenario: s, run: (*Scenario).Run6, subnet: uint8(i + 1), done: make(chan struct{})})
		}
	}
	slots := make(chan struct{}, atOnce)
	for _, j := range jobs {
		go func() {
			defer close(j.done)
			slots <- struct{}{}
			defer func() { <-slots }()
			for range attempts {
				j.result, j.err = j.run(&j.Scenario, tracer, j.subnet, record(j))
				if j.err != nil {
					return
				}
				if compare != nil {
					j.wrong = append(j.wrong, compare(j)...)
				}
				if j.result.NotMeant == nil {
					return
				}
				j.tries = append(j.tries, j.result.NotMeant)
			}
		}()
	}
	for _, j := range jobs {
		t.Run(j.name, func(t *testing.T) {
			<-j.done
			for _, err := range j.tries {
				t.Log("not as it was meant:", err)
			}
			if err := errors.Join(j.err, j.result.NotMeant); err != nil {
				t.Error(err)
			}
			for _, w := range j.wrong {
				t.Error(w)
			}
			then(t, j)
		})
	}
}
