package netlab

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Scenario is what two hosts do, and what becomes of their segments.
type Scenario struct {
	Name  string
	About string // one sentence: what happens
	// Settings ("net.ipv4.tcp_syn_retries=2") of the two namespaces.
	ClientSysctls, ServerSysctls []string
	Net                          Net
	Recorder                     Recorder
	Rules                        []Rule
	Run                          func(*Lab)
	// Want is what each flow's ends go through if the scenario does what About says: a second
	// opinion on the evidence, written down from the RFCs.
	Want []Lists
	// Views are what observers can know, where that is not the truth.
	Views []View
}

// Net is what lies between the sockets.
type Net uint8

const (
	TwoHosts Net = iota
	Bridged      // as TwoHosts, with the addresses on a bridge that has eth0 as its port
	Loopback     // one host, no wire
)

// Recorder is how the captures are made.
type Recorder uint8

const (
	Packets Recorder = iota // AF_PACKET on eth0, or lo
	Any                     // tcpdump -i any: Linux cooked v2
	Mirror                  // as Packets, with a second copy of each frame 2 µs later
	Trunk                   // as Packets, with an 802.1Q tag put in as a switch's trunk would
)

// Lists are the states of client and server, separated by spaces.
type Lists [2]string

// Lab is one run of a scenario.
type Lab struct {
	scenario *Scenario
	Hosts    [2]*Host // the same one twice on a Loopback
	Wire     *Wire    // nil on a Loopback
	looks    *looks

	record     Record
	recordings [2]Recording

	mu      sync.Mutex
	sockets []*Socket
}

// Record begins a capture at one side of a scenario, in whose namespace the calling thread is.
type Record func(*Scenario, Side) (Recording, error)

// Recording is a capture under way.
type Recording interface {
	// Stop ends it behind all that has passed, and returns the capture file: nil if nothing passed.
	Stop() ([]byte, error)
}

// Result of a run.
type Result struct {
	Truth Truth
	Pcap  [2][]byte // by the side that it was captured at; nil where nothing passed
	// NotMeant says how what happened is not what the scenario was to show. On a machine that is too
	// busy to keep the order of things that is no fault: Truth is true of what did happen.
	NotMeant error
}

// Run4 runs a scenario over IPv4; subnet tells those apart that run at the same time. The process has
// its part in the addresses too: orphaned sockets outlive the run that left them, and so do their events.
func (s *Scenario) Run4(tracer *Tracer, subnet uint8, record Record) (Result, error) {
	run8 := uint8(os.Getpid() % 250)
	return s.run(tracer, record, s.Name+".v4", netip.AddrFrom4([4]byte{10, run8, subnet, 1}), netip.AddrFrom4([4]byte{10, run8, subnet, 2}))
}

// Run6 is Run4 over IPv6.
func (s *Scenario) Run6(tracer *Tracer, subnet uint8, record Record) (Result, error) {
	a := [16]byte{0: 0xfd, 4: uint8(os.Getpid() >> 8), 5: uint8(os.Getpid()), 7: subnet, 15: 1}
	b := a
	b[15] = 2
	return s.run(tracer, record, s.Name+".v6", netip.AddrFrom16(a), netip.AddrFrom16(b))
}

// delay is how long the wire takes each way; settle, how long it must be quiet in the end before what
// passed and what the sockets are is taken.
const (
	delay  = 5 * time.Millisecond
	settle = 300 * time.Millisecond
)

func (s *Scenario) run(tracer *Tracer, record Record, name string, client, server netip.Addr) (r Result, err error) {
	began := time.Now()
	lab := &Lab{scenario: s, record: record}
	if err := lab.build(s, client, server); err != nil {
		lab.dismantle()
		return r, err
	}
	defer lab.dismantle()
	if err := lab.startRecording(); err != nil {
		return r, err
	}
	lab.looks = startLooks(lab)
	if s.Net != Loopback {
		startWire(lab, s.Rules)
	}
	failed := lab.play(s.Run)
	lab.Quiet(settle)

	looked, err := lab.looks.end()
	ended := time.Now()
	var e error
	r.Pcap, e = lab.stopRecording()
	err = errors.Join(err, e)
	if lab.Wire != nil {
		err = errors.Join(err, lab.Wire.failure())
	}
	err = errors.Join(err, tracer.Flush())
	records := append(tracer.between(began, ended, client, server), looked...)
	if lab.Wire != nil {
		err = errors.Join(err, lab.Wire.nameResets(records))
	}
	r.Truth, e = s.truth(name, records, lab.looks.tuples)
	if failed == nil {
		failed = s.meant(r.Truth.Flows)
	}
	r.NotMeant = failed
	return r, errors.Join(err, e)
}

// startRecording captures at every host, and what the script does waits for that.
func (l *Lab) startRecording() error {
	for side, h := range l.Hosts {
		if side == int(Server) && h == l.Hosts[Client] {
			break
		}
		var err error
		h.Do(func() { l.recordings[side], err = l.record(l.scenario, Side(side)) })
		if err != nil {
			_, e := l.stopRecording()
			return errors.Join(err, e)
		}
	}
	return nil
}

func (l *Lab) stopRecording() (files [2][]byte, err error) {
	for side, r := range l.recordings {
		if r != nil {
			var e error
			files[side], e = r.Stop()
			err = errors.Join(err, e)
		}
	}
	l.recordings = [2]Recording{}
	return files, err
}

func (l *Lab) build(s *Scenario, client, server netip.Addr) (err error) {
	if l.Hosts[Client], err = newHost(Client, s.Net, client, server, s.ClientSysctls); err != nil {
		return err
	}
	if s.Net == Loopback {
		l.Hosts[Server] = l.Hosts[Client]
		return nil
	}
	l.Hosts[Server], err = newHost(Server, s.Net, server, client, s.ServerSysctls)
	return err
}

func (l *Lab) dismantle() {
	l.stopRecording() // where a step before its end has failed
	if l.Wire != nil {
		l.Wire.stop()
	}
	for _, k := range l.sockets {
		if k.open {
			// An orphan would outlive its namespace.
			unix.SetsockoptLinger(k.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
			unix.Close(k.fd)
		}
	}
	for side, h := range l.Hosts {
		if h != nil && (side == 0 || h != l.Hosts[0]) {
			h.close()
		}
	}
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
	version, _, _ := strings.Cut(unix.ByteSliceToString(u.Release[:]), "-")
	t.Kernel = "Linux " + version
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
		if len(flows) == 0 { // segments without a socket at either end
			flows = []FlowTruth{{Client: p.local, Server: p.remote}}
		}
		t.Flows = append(t.Flows, flows...)
	}
	for _, v := range s.Views {
		if v.Flow < len(t.Flows) {
			f := &t.Flows[v.Flow]
			v.Flow = 0
			f.At = append(f.At, v)
		}
	}
	return t, nil
}

// meant holds the flows against what the scenario wants.
func (s *Scenario) meant(flows []FlowTruth) error {
	if s.Want == nil {
		return nil
	}
	if len(flows) != len(s.Want) {
		return fmt.Errorf("%d flows, the scenario meant %d: %v", len(flows), len(s.Want), flows)
	}
	for i, f := range flows {
		for end, want := range s.Want[i] {
			if got := strings.Join(f.States[end], " "); got != want {
				return fmt.Errorf("flow %d, %s: the kernel went through %q, the scenario meant %q", i+1, Side(end), got, want)
			}
		}
	}
	return nil
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

// Await waits until the socket, or what the kernel keeps in its place, is in one of those states, or gone where
// one is "".
func (l *Lab) Await(k *Socket, states ...string) {
	await(func() (bool, error) {
		now, err := l.looks.state(k.at)
		return slices.Contains(states, now), errors.Join(err, fmt.Errorf("%s is in %q, not %q", k.at.local, now, states))
	})
}

// Cross waits until what was sent has arrived, and all answers to it, and answers to those.
func (l *Lab) Cross() { l.Quiet(2*delay + 15*time.Millisecond) }

// Quiet waits until nothing has been on the wire for that long.
func (l *Lab) Quiet(d time.Duration) {
	if l.Wire == nil {
		time.Sleep(d)
		return
	}
	for l.Wire.touch(); l.Wire.quietFor() < d; {
		time.Sleep(time.Millisecond)
	}
}

// CaptureFromHere leaves what passed so far out of the captures.
func (l *Lab) CaptureFromHere() {
	_, err := l.stopRecording()
	check("capture", errors.Join(err, l.startRecording()))
}

// Follow makes a connection known of which nothing passes the wire.
func (l *Lab) Follow(client, server netip.AddrPort) { l.looks.follow(client, server) }

// Each runs all of them at the same time.
func (l *Lab) Each(scripts ...func(*Lab)) {
	errs := make([]error, len(scripts))
	var wg sync.WaitGroup
	for i, script := range scripts {
		wg.Go(func() { errs[i] = l.play(script) })
	}
	wg.Wait()
	check("one of several", errors.Join(errs...))
}
