package netlab

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Scenario is what two hosts do, and what becomes of their segments.
type Scenario struct {
	Name  string
	About string // one sentence: what happens
	// Settings ("net.ipv4.tcp_syn_retries=2") of the two namespaces.
	ClientSysctls, ServerSysctls []string
	Delay                        time.Duration // of the wire each way; 0 is 5 ms
	Rules                        []Rule
	Run                          func(*Lab)
	// Want is what each flow's ends go through if the scenario does what About says: a second
	// opinion on the evidence, written down from the RFCs.
	Want []Lists
	// Views are what observers can know, where that is not the truth.
	Views []View
}

// Lists are the states of client and server, separated by spaces.
type Lists [2]string

// Lab is one run of a scenario.
type Lab struct {
	Hosts   [2]*Host
	Wire    *Wire
	looks   *looks
	sockets []*Socket
}

// Result of a run.
type Result struct {
	Truth Truth
	Pcap  [2][]byte // by the side that it was captured at; nil where nothing passed
}

// Run runs a scenario; subnet tells those apart that run at the same time.
func (s *Scenario) Run4(tracer *Tracer, subnet uint8) (Result, error) {
	return s.run(tracer, s.Name+".v4", netip.AddrFrom4([4]byte{10, 4, subnet, 1}), netip.AddrFrom4([4]byte{10, 4, subnet, 2}))
}

// Run6 is Run4 over IPv6.
func (s *Scenario) Run6(tracer *Tracer, subnet uint8) (Result, error) {
	a := [16]byte{0: 0xfd, 7: subnet, 15: 1}
	b := a
	b[15] = 2
	return s.run(tracer, s.Name+".v6", netip.AddrFrom16(a), netip.AddrFrom16(b))
}

// settle is how long the wire is left alone before what passed and what the sockets are is taken.
const settle = 100 * time.Millisecond

func (s *Scenario) run(tracer *Tracer, name string, client, server netip.Addr) (r Result, err error) {
	began := time.Now()
	lab := &Lab{}
	if lab.Hosts[Client], err = newHost(Client, client, server, s.ClientSysctls); err != nil {
		return r, err
	}
	defer lab.Hosts[Client].close()
	if lab.Hosts[Server], err = newHost(Server, server, client, s.ServerSysctls); err != nil {
		return r, err
	}
	defer lab.Hosts[Server].close()
	var captures [2]*capture
	for side, h := range lab.Hosts {
		h.Do(func() { captures[side], err = startCapture("eth0") })
		if err != nil {
			return r, err
		}
		defer captures[side].sock.Close()
	}
	delay := s.Delay
	if delay == 0 {
		delay = 5 * time.Millisecond
	}
	lab.looks = newLooks(lab)
	startWire(lab, delay, s.Rules)
	failed := lab.play(s.Run)
	time.Sleep(settle + 2*delay)

	looked, err := lab.looks.end()
	ended := time.Now()
	for _, c := range captures {
		err = errors.Join(err, c.stop())
	}
	for _, k := range lab.sockets {
		if k.open {
			unix.Close(k.fd)
		}
	}
	err = errors.Join(failed, lab.Wire.err, err, tracer.Flush())
	if err != nil {
		return r, err
	}
	for side := range captures {
		if len(captures[side].frames) > 0 {
			r.Pcap[side] = pcap(captures[side].frames)
		}
	}
	records := append(tracer.between(began, ended, client, server), looked...)
	if err := lab.Wire.nameResets(records); err != nil {
		return r, err
	}
	r.Truth, err = s.truth(name, records, lab.looks.tuples)
	return r, err
}

// play runs the script; a step that fails ends it.
func (l *Lab) play(script func(*Lab)) (err error) {
	defer func() {
		if f, ok := recover().(failure); ok {
			err = f.err
		}
	}()
	script(l)
	return nil
}

func (s *Scenario) truth(name string, records []record, tuples []tuple) (Truth, error) {
	t := Truth{Name: name, About: s.About}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return t, err
	}
	t.Kernel = "Linux " + unix.ByteSliceToString(u.Release[:])
	slices.SortStableFunc(records, func(a, b record) int { return a.time.Compare(b.time) })
	for i := range records {
		t.Raw = append(t.Raw, records[i].String())
	}
	for _, p := range tuples {
		if p.host != Client {
			continue
		}
		flows, err := judge(records, p.local, p.remote)
		if err != nil {
			return t, err
		}
		t.Flows = append(t.Flows, flows...)
	}
	if len(t.Flows) > 0 {
		t.Flows[0].At = s.Views
	}
	if s.Want == nil {
		return t, nil
	}
	for i, f := range t.Flows {
		if i >= len(s.Want) {
			return t, fmt.Errorf("flow %d is one too many: %v", i+1, f.States)
		}
		for end, want := range s.Want[i] {
			if got := strings.Join(f.States[end], " "); got != want {
				return t, fmt.Errorf("flow %d, %s: the kernel went through %q, the scenario meant %q", i+1, Side(end), got, want)
			}
		}
	}
	if len(t.Flows) < len(s.Want) {
		return t, fmt.Errorf("%d flows, the scenario meant %d", len(t.Flows), len(s.Want))
	}
	return t, nil
}

// The ports that scenarios use unless they say otherwise.
const (
	clientPort = 40000
	serverPort = 9000
)

// To is a port of that side's address.
func (l *Lab) To(s Side, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(l.Hosts[s].Addr, port)
}

// Server is where scenarios connect to.
func (l *Lab) Server() netip.AddrPort { return l.To(Server, serverPort) }

// Listen listens on the server's port.
func (l *Lab) Listen() *Socket { return l.Socket(Server, serverPort).Listen(16) }

// Open makes an ordinary connection, ready for use at both ends.
func (l *Lab) Open() (client, server *Socket) {
	listener := l.Listen()
	client = l.Socket(Client, clientPort).Connect(l.Server())
	return client, l.Accept(listener)
}

// Pause lets d pass.
func (l *Lab) Pause(d time.Duration) { time.Sleep(d) }

// Cross waits until what was sent has arrived, and an answer to it too.
func (l *Lab) Cross() { time.Sleep(2*l.Wire.Delay + 2*time.Millisecond) }
