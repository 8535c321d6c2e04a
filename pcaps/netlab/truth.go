package netlab

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// Side is one end of a scenario, and the place of a capture.
type Side uint8

const (
	Client Side = iota
	Server
)

func (s Side) String() string { return [...]string{"client", "server"}[s] }

// Peer is the other end.
func (s Side) Peer() Side { return 1 - s }

// Truth is what the kernels went through in one scenario.
type Truth struct {
	Name   string // as in the names of the capture files
	About  string // what the scenario does
	Kernel string // release of the kernel that was asked
	Flows  []FlowTruth
	// Raw is the evidence, one line each: events of the kernel and looks at its sockets.
	Raw []string
}

// FlowTruth is one connection, or one attempt at one, on a four-tuple.
type FlowTruth struct {
	Client, Server netip.AddrPort
	// States of each end, spelled as flows.State prints them, indexed by Side. An end that
	// never came to have a socket, and answered nothing, has an empty list.
	States [2][]string
	// Unseen is what no packet shows, in words; such states are not in States.
	Unseen []string
	// At holds what an observer at one capture point can know at best, where that is less
	// than States, or other.
	At []View
}

// View is the list of one end as it can be known at one capture point.
type View struct {
	Capture, End Side
	States       []string
	Why          string
	Flow         int // in a Scenario, which of its flows; 0 in a Truth
}

// Want is the list that an observer at that capture point must come to for that end.
func (f *FlowTruth) Want(capture, end Side) []string {
	for _, v := range f.At {
		if v.Capture == capture && v.End == end {
			return v.States
		}
	}
	return f.States[end]
}

// Write writes t in the form that ReadTruth reads.
func (t *Truth) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "name %s\nabout %s\nkernel %s\n", t.Name, t.About, t.Kernel)
	for _, f := range t.Flows {
		fmt.Fprintf(b, "\nflow %s %s\n", f.Client, f.Server)
		for _, s := range []Side{Client, Server} {
			fmt.Fprintf(b, "%s %s\n", s, list(f.States[s]))
		}
		for _, u := range f.Unseen {
			fmt.Fprintf(b, "unseen %s\n", u)
		}
		for _, v := range f.At {
			fmt.Fprintf(b, "at %s %s %s: %s\n", v.Capture, v.End, list(v.States), v.Why)
		}
	}
	fmt.Fprintln(b)
	for _, r := range t.Raw {
		fmt.Fprintf(b, "raw %s\n", r)
	}
	return b.Flush()
}

func list(states []string) string {
	if len(states) == 0 {
		return "-"
	}
	return strings.Join(states, " ")
}

// ReadTruth reads what Write wrote. An error names the file and the line.
func ReadTruth(file string) (Truth, error) {
	f, err := os.Open(file)
	if err != nil {
		return Truth{}, err
	}
	defer f.Close()
	t, err := parseTruth(f)
	if err != nil {
		return Truth{}, fmt.Errorf("%s: %w", file, err)
	}
	return t, nil
}

func parseTruth(r io.Reader) (Truth, error) {
	var t Truth
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		if lines.Text() == "" {
			continue
		}
		word, rest, _ := strings.Cut(lines.Text(), " ")
		if err := t.line(word, rest); err != nil {
			return t, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return t, err
	}
	if t.Name == "" {
		return t, fmt.Errorf("no name")
	}
	return t, nil
}

func (t *Truth) line(word, rest string) (err error) {
	switch word {
	case "name":
		t.Name = rest
		return nil
	case "about":
		t.About = rest
		return nil
	case "kernel":
		t.Kernel = rest
		return nil
	case "raw":
		t.Raw = append(t.Raw, rest)
		return nil
	case "flow":
		client, server, _ := strings.Cut(rest, " ")
		var f FlowTruth
		if f.Client, err = netip.ParseAddrPort(client); err != nil {
			return err
		}
		if f.Server, err = netip.ParseAddrPort(server); err != nil {
			return err
		}
		t.Flows = append(t.Flows, f)
		return nil
	}
	if len(t.Flows) == 0 {
		return fmt.Errorf("%q before any flow", word)
	}
	f := &t.Flows[len(t.Flows)-1]
	switch word {
	case "client":
		f.States[Client], err = states(rest)
	case "server":
		f.States[Server], err = states(rest)
	case "unseen":
		f.Unseen = append(f.Unseen, rest)
	case "at":
		var v View
		head, why, _ := strings.Cut(rest, ": ")
		capture, head, _ := strings.Cut(head, " ")
		end, head, _ := strings.Cut(head, " ")
		v.Why = why
		if v.Capture, err = side(capture); err != nil {
			return err
		}
		if v.End, err = side(end); err != nil {
			return err
		}
		v.States, err = states(head)
		f.At = append(f.At, v)
	default:
		err = fmt.Errorf("unknown word %q", word)
	}
	return err
}

func side(s string) (Side, error) {
	switch s {
	case "client":
		return Client, nil
	case "server":
		return Server, nil
	}
	return 0, fmt.Errorf("%q is neither client nor server", s)
}

// The eleven of RFC 9293 §3.3.2.
var stateNames = []string{
	"CLOSED", "LISTEN", "SYN_SENT", "SYN_RCVD", "ESTABLISHED", "FIN_WAIT_1",
	"FIN_WAIT_2", "CLOSE_WAIT", "CLOSING", "LAST_ACK", "TIME_WAIT",
}

func states(s string) ([]string, error) {
	if s == "-" {
		return nil, nil
	}
	list := strings.Fields(s)
	for _, name := range list {
		if !slices.Contains(stateNames, name) {
			return nil, fmt.Errorf("%q is no state", name)
		}
	}
	return list, nil
}
