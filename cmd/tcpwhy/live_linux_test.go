//go:build cgo

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tcpwhy/pcaps/netlab"
)

// lab is two hosts joined by v0, 192.0.2.1 here and 192.0.2.2 there.
type lab struct {
	*testing.T
	here, there *netlab.Namespace
	dir         string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: to make network namespaces, and capture in them")
	}
	l := &lab{T: t, dir: t.TempDir()}
	for _, n := range []**netlab.Namespace{&l.here, &l.there} {
		var err error
		if *n, err = netlab.NewNamespace(); err != nil {
			t.Skip("needs network namespaces: ", err)
		}
		t.Cleanup((*n).Close)
	}
	if err := l.here.Join(l.there, "v0"); err != nil {
		t.Fatal(err)
	}
	l.ip(l.here, "addr add 192.0.2.1/24 dev v0", "link set v0 up")
	l.ip(l.there, "addr add 192.0.2.2/24 dev v0", "link set v0 up")
	return l
}

func (l *lab) ip(n *netlab.Namespace, lines ...string) {
	l.Helper()
	if err := n.IP(lines...); err != nil {
		l.Fatal(err)
	}
}

// program is tcpwhy at work.
type program struct {
	*exec.Cmd
	lab    *lab
	mu     sync.Mutex
	said   bytes.Buffer // standard error
	told   *sync.Cond   // something was said
	out    bytes.Buffer // standard output, if nobody else has it
	closed chan struct{}
}

// command is tcpwhy, to be started here.
func (l *lab) command(args ...string) *program {
	p := &program{Cmd: exec.Command("tcpwhy", args...), lab: l, closed: make(chan struct{})}
	p.told = sync.NewCond(&p.mu)
	p.Dir = l.dir
	p.Env = append(os.Environ(), "TZ=UTC")
	p.Stdout = &p.out
	return p
}

// start runs tcpwhy here, and waits until it captures.
func (l *lab) start(args ...string) *program {
	l.Helper()
	p := l.command(args...)
	p.begin()
	p.await("listening on")
	return p
}

func (p *program) begin() {
	p.lab.Helper()
	stderr, err := p.StderrPipe()
	if err != nil {
		p.lab.Fatal(err)
	}
	p.lab.here.Do(func() { err = p.Start() })
	if err != nil {
		p.lab.Fatal(err)
	}
	p.lab.Cleanup(func() { p.Process.Kill() })
	go func() {
		defer close(p.closed)
		b := make([]byte, 4096)
		for {
			n, err := stderr.Read(b)
			p.mu.Lock()
			p.said.Write(b[:n])
			p.told.Broadcast()
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
}

// await waits until s was said on standard error.
func (p *program) await(s string) {
	p.lab.Helper()
	over := time.AfterFunc(time.Minute, func() {
		p.Process.Kill()
		p.told.Broadcast()
	})
	defer over.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for !strings.Contains(p.said.String(), s) {
		select {
		case <-p.closed:
			p.lab.Fatalf("%v ended without %q: %s", p.Args, s, p.said.String())
		default:
			p.told.Wait()
		}
	}
}

// end waits for the end, which is to have that exit status, and returns what was printed.
func (p *program) end(status int) (stdout, stderr string) {
	p.lab.Helper()
	over := time.AfterFunc(time.Minute, func() { p.Process.Kill() })
	defer over.Stop()
	<-p.closed
	p.Wait()
	if got := p.ProcessState.ExitCode(); got != status {
		p.lab.Errorf("%v: exit status %d, want %d: %s", p.Args, got, status, p.said.String())
	}
	return p.out.String(), p.said.String()
}

// interrupt ends the capture.
func (p *program) interrupt() (stdout, stderr string) {
	p.lab.Helper()
	if err := p.Process.Signal(os.Interrupt); err != nil {
		p.lab.Fatal(err)
	}
	return p.end(0)
}

// run runs tcpwhy here to its end.
func (l *lab) run(status int, args ...string) (stdout, stderr string) {
	l.Helper()
	p := l.command(args...)
	p.begin()
	return p.end(status)
}

// connect makes an orderly connection from there to here, and one that is refused.
func (l *lab) connect(network, address string) {
	l.Helper()
	var listener net.Listener
	var err error
	l.here.Do(func() { listener, err = net.Listen(network, net.JoinHostPort(address, "0")) })
	if err != nil {
		l.Fatal(err)
	}
	defer listener.Close()
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		io.CopyN(c, c, 3000)
		c.Close()
	}()
	l.there.Do(func() {
		var c net.Conn
		if c, err = net.Dial(network, listener.Addr().String()); err != nil {
			return
		}
		if _, err = c.Write(bytes.Repeat([]byte("hello "), 500)); err == nil {
			_, err = io.ReadAll(c)
		}
		c.Close()
		if refused, e := net.Dial(network, net.JoinHostPort(address, "9")); e == nil {
			refused.Close()
			err = fmt.Errorf("port 9 is open")
		}
	})
	if err != nil {
		l.Fatal(err)
	}
}

// TestLiveIsWhatIsReadLater: of what live capture writes, a later reading gives the same bytes.
func TestLiveIsWhatIsReadLater(t *testing.T) {
	for _, way := range []string{"pcap", "afpacket"} {
		for _, args := range [][]string{
			{"-v", "-#", "--nano"},
			{"-o", "jsonl"},
			{"flows", "-o", "wide"},
			{"flows", "-o", "json", "--transitions"},
			{"flows", "-o", "csv"},
			{"flows", "-s", "60", "-v"},
			{"flows", "-o", "jsonl", "--workers", "3"},
			{"report", "-o", "jsonl", "--workers", "2"},
			{"--workers", "2"},
		} {
			t.Run(way+" "+strings.Join(args, " "), func(t *testing.T) {
				l := newLab(t)
				p := l.start(append(args, "-i", "v0", "--capture", way, "-w", "x.pcapng")...)
				l.connect("tcp4", "192.0.2.1")
				live, said := p.interrupt()
				later, _ := l.run(0, append(args, "x.pcapng")...)
				if live != later || !strings.Contains(live, "192.0.2.2") {
					t.Errorf("live\n%s\nlater\n%s", live, later)
				}
				if way == "pcap" && slices.Contains(args, "--workers") != strings.Contains(said, " workers reads all packets (libpcap ") {
					t.Errorf("said %s", said)
				}
				if args[0] == "report" {
					return // it has a summary of its own
				}
				if !strings.Contains(said, " 2 flows\n") || !strings.Contains(said, "0 packets dropped by kernel") {
					t.Errorf("said %s", said)
				}
			})
		}
	}
}

// TestNoRoomForWhatIsCaptured: as after an interrupt, the analysis tells of what was captured until then.
func TestNoRoomForWhatIsCaptured(t *testing.T) {
	for _, args := range [][]string{
		{"flows"},
		{"flows", "--workers", "2"},
		{"flows", "--server", "192.0.2.1"},
		{"report"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			l := newLab(t)
			p := l.start(append(args, "-i", "v0", "-w", "x.pcapng")...)
			const room = 4000
			if err := unix.Prlimit(p.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: room, Max: room}, nil); err != nil {
				t.Fatal(err)
			}
			l.connect("tcp4", "192.0.2.1")
			got, said := p.end(statusOutput)
			if !strings.Contains(said, "tcpwhy: x.pcapng: file too large: it holds ") {
				t.Errorf("said %s", said)
			}
			if !strings.Contains(got, "192.0.2.1:") {
				t.Errorf("nothing of what was captured: %s%s", got, said)
			}
			if args[0] == "flows" && strings.Contains(said, "of them shown") {
				t.Errorf("not all flows have a row: %s", said)
			}
		})
	}
}

// flow is what the tests look at.
type flow struct {
	File            string
	Client          string
	Packets         struct{ Client, Server int }
	Retransmissions struct{ Client, Server map[string]int }
	Opening         struct{ Outcome string }
	Closing         struct{ Outcome string }
	Capture         struct{ Duplicates int }
}

func parseFlows(t *testing.T, jsonl string) []flow {
	t.Helper()
	var all []flow
	for line := range strings.Lines(jsonl) {
		var f flow
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, f)
	}
	return all
}

// TestAnyShowsEachPacketOnce: here v0 is a port of a bridge, and the kernel shows each packet on either.
func TestAnyShowsEachPacketOnce(t *testing.T) {
	for _, c := range []struct{ network, here, there string }{
		{"tcp4", "198.51.100.1", "198.51.100.2"},
		{"tcp6", "fd00::1", "fd00::2"},
	} {
		t.Run(c.network, func(t *testing.T) {
			l := newLab(t)
			bits := "/24"
			if c.network == "tcp6" {
				bits = "/64"
			}
			l.ip(l.here, "link add br0 type bridge forward_delay 0", "link set v0 master br0", "link set br0 up")
			if c.network == "tcp6" {
				for _, n := range []*netlab.Namespace{l.here, l.there} {
					if err := n.Command("sh", "-c", "echo 0 | tee /proc/sys/net/ipv6/conf/*/disable_ipv6"); err != nil {
						t.Fatal(err)
					}
				}
			}
			l.ip(l.here, "addr add "+c.here+bits+" dev br0 nodad")
			l.ip(l.there, "addr add "+c.there+bits+" dev v0 nodad")
			if err := l.here.Command("sh", "-c", "until ip -d link show dev v0 | grep -q 'state forwarding'; do sleep 0.01; done"); err != nil {
				t.Fatal(err)
			}
			p := l.start("flows", "-i", "any", "-w", "x.pcapng", "-o", "jsonl", "tcp")
			l.connect(c.network, c.here)
			live, said := p.interrupt()
			if later, _ := l.run(0, "flows", "-o", "jsonl", "x.pcapng"); later != live {
				t.Errorf("live\n%s\nlater\n%s", live, later)
			}
			flows := parseFlows(t, live)
			if len(flows) != 2 || flows[0].Opening.Outcome != "complete" || flows[0].Closing.Outcome != "orderly" ||
				flows[1].Opening.Outcome != "refused" {
				t.Fatalf("got %+v\n%s", flows, said)
			}
			for _, f := range flows {
				if once := f.Packets.Client + f.Packets.Server; f.Capture.Duplicates != once {
					t.Errorf("%d packets and %d copies: want a copy of each", once, f.Capture.Duplicates)
				}
				for _, again := range []map[string]int{f.Retransmissions.Client, f.Retransmissions.Server} {
					for what, n := range again {
						if n != 0 {
							t.Errorf("%d retransmissions (%s) of %s", n, what, f.Client)
						}
					}
				}
			}
			out, err := exec.Command("tshark", "-r", filepath.Join(l.dir, "x.pcapng"), "-T", "fields", "-e", "frame.interface_name").Output()
			if err != nil {
				t.Skip("needs tshark: ", err)
			}
			if !strings.Contains(string(out), "v0\n") || !strings.Contains(string(out), "br0\n") {
				t.Errorf("interface names in the file: %q", out)
			}
		})
	}
}

// TestSignals: an interrupt ends the run well, and one asks for the counters.
func TestSignals(t *testing.T) {
	for end, workers := range map[os.Signal]string{os.Interrupt: "1", syscall.SIGTERM: "2"} {
		l := newLab(t)
		p := l.start("flows", "-i", "v0", "--workers", workers)
		p.Process.Signal(syscall.SIGUSR1)
		p.await("tcpwhy: 0 packets read, 0 TCP segments, 0 packets dropped by kernel")
		l.connect("tcp4", "192.0.2.1")
		p.Process.Signal(end)
		out, said := p.end(0)
		if strings.Count(out, "\n") != 3 || !strings.Contains(said, ", 2 flows\n") {
			t.Errorf("%v: got\n%s%s", end, out, said)
		}
	}
	// Silence does not keep the end waiting.
	l := newLab(t)
	p := l.start("-i", "v0")
	began := time.Now()
	p.interrupt()
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("took %v to end", took)
	}
}

func TestDurationAndCount(t *testing.T) {
	l := newLab(t)
	began := time.Now()
	l.run(0, "-i", "v0", "--duration", "300ms")
	if took := time.Since(began); took < 300*time.Millisecond || took > time.Minute {
		t.Errorf("--duration 300ms took %v", took)
	}
	for _, args := range [][]string{nil, {"--workers", "2"}, {"flows", "--workers", "2"}} {
		p := l.start(append(args, "-i", "v0", "-c", "3", "tcp")...)
		l.connect("tcp4", "192.0.2.1")
		out, said := p.end(0)
		if strings.Count(out, " IP ") > 3 || !strings.Contains(said, "3 packets read, 3 TCP segments, 1 flow\n") {
			t.Errorf("%q: got\n%s%s", args, out, said)
		}
	}
}

// TestInterfaceGoesAway: the run ends, says which, and tells what was seen until then.
func TestInterfaceGoesAway(t *testing.T) {
	for do, want := range map[string]string{
		"link set v0 down": "tcpwhy: v0: the interface is down\n",
		"link del v0":      "tcpwhy: v0: the interface has gone away\n",
	} {
		for _, way := range []string{"--capture=pcap", "--capture=afpacket", "--workers=2"} {
			l := newLab(t)
			p := l.start("flows", "-i", "lo", "-i", "v0", way)
			l.connect("tcp4", "192.0.2.1")
			l.ip(l.here, do)
			out, said := p.end(3)
			if strings.Count(out, "\n") != 3 || !strings.HasSuffix(said, want) {
				t.Errorf("%s, %s: got\n%s%s", do, way, out, said)
			}
		}
	}
}

// asNobody has the program run as a user without rights, but for these capabilities.
func (p *program) asNobody(capabilities ...uintptr) *program {
	// Where the test's own binary is, nobody may look.
	dir := p.lab.open()
	path, err := exec.LookPath("tcpwhy")
	if err != nil {
		p.lab.Fatal(err)
	}
	binary, err := os.ReadFile(path)
	if err == nil {
		p.Path = filepath.Join(dir, "tcpwhy")
		err = os.WriteFile(p.Path, binary, 0o755)
	}
	if err != nil {
		p.lab.Fatal(err)
	}
	p.Dir = dir
	p.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}, AmbientCaps: capabilities}
	return p
}

// open makes a folder that everyone may write to.
func (l *lab) open() string {
	l.Helper()
	dir, err := os.MkdirTemp("", "tcpwhy-live-")
	if err == nil {
		err = os.Chmod(dir, 0o777)
	}
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestWithoutRights(t *testing.T) {
	l := newLab(t)
	for _, way := range []string{"pcap", "afpacket"} {
		p := l.command("flows", "-i", "v0", "--capture", way).asNobody()
		p.begin()
		const want = `tcpwhy: v0: no right to capture (needs CAP_NET_RAW)
  once, as root:  setcap cap_net_raw+ep $(command -v tcpwhy)
  or pipe:        sudo tcpdump -i v0 -U -w - tcp | tcpwhy flows -
`
		if _, said := p.end(4); said != want {
			t.Errorf("got %s, want %s", said, want)
		}
	}
	p := l.command("interfaces", "-o", "jsonl").asNobody()
	p.begin()
	out, _ := p.end(0)
	const want = `{"interface":"v0","addresses":["192.0.2.1/24"],"up":true,"capture":false,"reason":"no right to capture (needs CAP_NET_RAW)"}`
	if !strings.Contains(out, want) {
		t.Errorf("got %s, want %s in it", out, want)
	}
}

// TestCapabilityIsEnough: as setcap cap_net_raw+ep gives it.
func TestCapabilityIsEnough(t *testing.T) {
	const capNetRaw = 13
	l := newLab(t)
	for _, way := range []string{"pcap", "afpacket"} {
		p := l.command("flows", "-i", "v0", "--capture", way, "-o", "jsonl").asNobody(capNetRaw)
		p.begin()
		p.await("listening on")
		l.connect("tcp4", "192.0.2.1")
		out, _ := p.interrupt()
		if got := parseFlows(t, out); len(got) != 2 {
			t.Errorf("%s: got %+v", way, got)
		}
	}
}

// TestBecomesAnotherUser: behind -Z the program has no right left, and what it writes is that user's.
func TestBecomesAnotherUser(t *testing.T) {
	l := newLab(t)
	l.dir = l.open()
	p := l.start("flows", "-i", "v0", "-Z", "nobody", "-w", "x.pcapng", "-C", "1", "-W", "2", "-o", "jsonl", "--workers", "2")
	l.connect("tcp4", "192.0.2.1")
	p.Process.Signal(syscall.SIGUSR1)
	p.await("dropped by kernel")
	status, err := os.ReadFile("/proc/" + strconv.Itoa(p.Process.Pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534", "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000"} {
		if !strings.Contains(string(status), want) {
			t.Errorf("no %q in\n%s", want, status)
		}
	}
	for line := range strings.Lines(string(status)) {
		if groups, ok := strings.CutPrefix(line, "Groups:"); ok && strings.TrimSpace(groups) != "65534" {
			t.Errorf("groups of root are left: %s", line)
		}
	}
	if out, _ := p.interrupt(); len(parseFlows(t, out)) != 2 {
		t.Errorf("got %s", out)
	}
	info, err := os.Stat(filepath.Join(l.dir, "x.pcapng0"))
	if err != nil {
		t.Fatal(err)
	}
	if s := info.Sys().(*syscall.Stat_t); s.Uid != 65534 || s.Gid != 65534 {
		t.Errorf("x.pcapng0 belongs to %d:%d", s.Uid, s.Gid)
	}
	if _, said := l.run(2, "-i", "v0", "-Z", "no-such-user"); said != "tcpwhy: -Z no-such-user: no such user\n" {
		t.Errorf("said %s", said)
	}
}

func TestNoSuchInterface(t *testing.T) {
	l := newLab(t)
	if _, said := l.run(4, "-i", "v1"); said != "tcpwhy: v1: no such interface (there are: v0, lo, any)\n" {
		t.Errorf("said %s", said)
	}
	l.ip(l.here, "link set v0 down")
	if _, said := l.run(4, "flows", "-i", "v0"); said != "tcpwhy: v0: the interface is down\n  as root:  ip link set v0 up\n" {
		t.Errorf("said %s", said)
	}
}

// TestPacketsInAPipe: -w - in place of the analysis, to be read by another.
func TestPacketsInAPipe(t *testing.T) {
	l := newLab(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	capture := l.command("-i", "v0", "-w", "-", "tcp")
	capture.Stdout = w
	reader := l.command("-q", "-")
	reader.Stdin = r
	lines, printed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Stdout = printed
	reader.begin()
	capture.begin()
	w.Close()
	r.Close()
	printed.Close()
	capture.await("listening on")
	l.connect("tcp4", "192.0.2.1")
	// Lines come while the capture goes on.
	lines.SetReadDeadline(time.Now().Add(time.Minute))
	b := make([]byte, 4096)
	n, err := lines.Read(b)
	if err != nil || !strings.Contains(string(b[:n]), "Flags [S]") {
		t.Errorf("got %q, %v", b[:n], err)
	}
	go io.Copy(io.Discard, lines)
	capture.interrupt()
	if _, said := reader.end(0); !strings.Contains(said, ", 2 flows") {
		t.Errorf("the reader said %s", said)
	}
}

// TestPipeFromTcpdump: the way of those who are not root. A line is there within 100 ms of its packet, of which
// tcpdump's own buffer takes its part.
func TestPipeFromTcpdump(t *testing.T) {
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip("needs tcpdump: ", err)
	}
	l := newLab(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	dump := &program{Cmd: exec.Command("tcpdump", "-Z", "root", "-i", "v0", "--immediate-mode", "-U", "-w", "-", "tcp"), lab: l, closed: make(chan struct{})}
	dump.told = sync.NewCond(&dump.mu)
	dump.Stdout = w
	reader := l.command("--nano", "-tt", "-q", "-")
	reader.Stdin = r
	lines, printed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Stdout = printed
	reader.begin()
	dump.begin()
	w.Close()
	r.Close()
	printed.Close()
	dump.await("listening on")
	best := time.Hour
	for range 10 { // a busy machine makes everyone wait: not ten times
		l.connect("tcp4", "192.0.2.1")
		lines.SetReadDeadline(time.Now().Add(time.Minute))
		b := make([]byte, 4096)
		n, err := lines.Read(b)
		now := time.Now()
		if err != nil {
			t.Fatal(err)
		}
		stamp, _, _ := strings.Cut(string(b[:n]), " ")
		at, err := strconv.ParseFloat(stamp, 64)
		if err != nil {
			t.Fatal(err)
		}
		if best = min(best, now.Sub(time.UnixMicro(int64(at*1e6)))); best <= 100*time.Millisecond {
			break
		}
		time.Sleep(100 * time.Millisecond)
		lines.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		io.Copy(io.Discard, lines)
	}
	if best > 100*time.Millisecond {
		t.Errorf("a line came %v after its packet", best)
	}
	dump.Process.Signal(os.Interrupt)
	dump.end(0)
	lines.SetReadDeadline(time.Time{})
	go io.Copy(io.Discard, lines)
	reader.end(0)
}

// TestLossIsTold: what the kernel dropped is in the summary, and in the file that was written.
func TestLossIsTold(t *testing.T) {
	l := newLab(t)
	p := l.start("flows", "-i", "v0", "-B", "512", "-w", "x.pcapng")
	p.Process.Signal(syscall.SIGSTOP)
	if _, err := syscall.Wait4(p.Process.Pid, nil, syscall.WUNTRACED, nil); err != nil { // until it has stopped, all of it
		t.Fatal(err)
	}
	port, err := l.there.Open("v0")
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	for range 3000 {
		if err := port.Send(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	p.Process.Signal(syscall.SIGCONT)
	_, said := p.interrupt()
	_, later := l.run(0, "flows", "x.pcapng")
	_, lost, _ := strings.Cut(said, "; ")
	if !strings.Contains(lost, "packets dropped by kernel") || strings.HasPrefix(lost, "0 ") || !strings.HasSuffix(later, "; "+lost) {
		t.Errorf("live:\n%s\nlater:\n%s", said, later)
	}
}
