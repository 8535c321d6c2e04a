package analyzer

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"tcpwhy/flows"
)

const reusedPorts = `
	flow a
	flow b client 192.0.2.2:40002
	+0    b> S  0:0(0)
	+1ms  a> S  0:0(0)
	+10ms a< S. 0:0(0) ack 1
	+1ms  a> .  1:1(0) ack 1
	+1ms  a< F. 1:1(0) ack 1
	+1ms  a> F. 1:1(0) ack 2
	+1ms  a< .  2:2(0) ack 2
	+1s   b> S  0:0(0)
	+2s   b> S  0:0(0)
	+200s a> S  0:0(0)
`

// asTold keeps what it is told of each flow, as it is then.
type asTold map[uint64]string

func (a asTold) Flow(f *flows.Flow, _ []*Finding) error {
	a[f.Number] = fmt.Sprintf("%+v", *f)
	return nil
}

// TestReadAll: flows come by number, whole, and none is changed by what was read after it.
func TestReadAll(t *testing.T) {
	told := asTold{}
	run := Run{Source: play(t, reusedPorts), Flows: []FlowOutput{told}}
	a, err := run.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Flows) != 3 {
		t.Fatalf("got %d flows, want 3", len(a.Flows))
	}
	for i := range a.Flows {
		f := &a.Flows[i]
		if f.Number != uint64(i+1) || len(f.Transitions) == 0 {
			t.Errorf("flow %d is the %d. of the list, with %d transitions", f.Number, i+1, len(f.Transitions))
		}
		if got := fmt.Sprintf("%+v", *f); got != told[f.Number] {
			t.Errorf("flow %d: it is\n%s\nbut was\n%s", f.Number, got, told[f.Number])
		}
	}
	found := a.Found("syn-unanswered")
	if len(found) != 1 || found[0].Flow != 1 {
		t.Errorf("got %v, want the one of flow 1", found)
	}
	if of := a.Of(1); len(of) != 1 || of[0] != found[0] {
		t.Errorf("got %v of flow 1", of)
	}
	if got := a.Summary.Totals.Flows; got != 3 {
		t.Errorf("got a summary of %d flows, want 3", got)
	}
}

// TestReadAllCut: what was read of a source that fails is there, and so is the error.
func TestReadAllCut(t *testing.T) {
	cut := errors.New("cut short")
	source := play(t, reusedPorts)
	source.end = cut
	run := Run{Source: source}
	if a, err := run.ReadAll(); !errors.Is(err, cut) || len(a.Flows) != 3 {
		t.Errorf("got %d flows, %v", len(a.Flows), err)
	}
}

func TestFoundOfNoFinding(t *testing.T) {
	defer func() {
		if said := recover(); said == nil || !strings.Contains(fmt.Sprint(said), `"half-opne"`) {
			t.Errorf("a misspelt finding is looked for: %v", said)
		}
	}()
	(&Analysis{}).Found("half-opne")
}
