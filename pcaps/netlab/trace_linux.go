package netlab

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Tracer reads the kernel's TCP events through a trace instance of its own, for all namespaces:
// what belongs to which scenario is told by the addresses. One Tracer is open on a machine at a time;
// another waits. It is safe for concurrent use.
type Tracer struct {
	root, dir string
	mounted   bool
	lock      int // a socket
	pipe      *os.File
	marker    *os.File
	offset    time.Duration // of the trace clock (TAI) from UTC
	done      chan struct{}
	stopped   chan struct{} // pump has

	mu      sync.Mutex
	records []record
	marks   map[string]chan struct{}
	err     error
}

// OpenTracer needs root, and mounts tracefs where it is not mounted.
func OpenTracer() (*Tracer, error) {
	t := &Tracer{root: "/sys/kernel/tracing", marks: map[string]chan struct{}{}}
	var err error
	if t.lock, err = lock(); err != nil {
		return nil, err
	}
	if err := t.open(); err != nil {
		t.Close()
		return nil, err
	}
	t.done, t.stopped = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(t.stopped)
		t.pump()
	}()
	return t, nil
}

// lock waits until no other process of this machine has it. It is a name of the kernel's, not of a file
// system: nothing is left of it when the process ends, however it ends.
func lock() (int, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	for {
		err = unix.Bind(fd, &unix.SockaddrUnix{Name: "@tcpwhy-netlab"})
		if err != unix.EADDRINUSE {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("lock: %w", err)
	}
	return fd, nil
}

func (t *Tracer) open() error {
	var err error
	instances := filepath.Join(t.root, "instances")
	if _, err = os.Stat(instances); err != nil {
		if err = unix.Mount("tracefs", t.root, "tracefs", 0, ""); err != nil {
			return fmt.Errorf("mount tracefs: %w", err)
		}
		t.mounted = true
	}
	t.dir = filepath.Join(instances, fmt.Sprintf("netlab-%d", os.Getpid()))
	if err = os.Mkdir(t.dir, 0o700); err != nil {
		t.dir = ""
		return fmt.Errorf("trace instance: %w", err)
	}
	settings := [][2]string{
		{"trace_clock", "tai"},      // the one clock of the tracer that keeps UTC's pace
		{"buffer_size_kb", "65536"}, // every TCP of the machine is in it, other tests too,
		{"options/stacktrace", "1"},
		{"events/sock/inet_sock_set_state/filter", "protocol == 6"},
		{"events/sock/inet_sock_set_state/enable", "1"},
		{"events/tcp/tcp_send_reset/enable", "1"},
	}
	for _, s := range settings {
		if err := os.WriteFile(filepath.Join(t.dir, s[0]), []byte(s[1]), 0); err != nil {
			return fmt.Errorf("trace: %w", err)
		}
	}
	var tai, utc unix.Timespec
	if err = unix.ClockGettime(unix.CLOCK_TAI, &tai); err != nil {
		return err
	}
	if err = unix.ClockGettime(unix.CLOCK_REALTIME, &utc); err != nil {
		return err
	}
	// Whole seconds: what is left is the time between the two calls.
	t.offset = time.Duration(tai.Nano() - utc.Nano()).Round(time.Second)
	if t.marker, err = os.OpenFile(filepath.Join(t.dir, "trace_marker"), os.O_WRONLY, 0); err != nil {
		return err
	}
	fd, err := unix.Open(filepath.Join(t.dir, "trace_pipe"), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("trace_pipe: %w", err)
	}
	t.pipe = os.NewFile(uintptr(fd), "trace_pipe")
	return nil
}

// Close removes the instance.
func (t *Tracer) Close() error {
	if t.done != nil {
		close(t.done)
		<-t.stopped
	}
	for _, f := range []*os.File{t.pipe, t.marker} {
		if f != nil {
			f.Close()
		}
	}
	var err error
	if t.dir != "" {
		os.WriteFile(filepath.Join(t.dir, "events/enable"), []byte("0"), 0)
		err = os.Remove(t.dir)
	}
	if t.mounted {
		if e := unix.Unmount(t.root, unix.MNT_DETACH); err == nil {
			err = e
		}
	}
	unix.Close(t.lock)
	return err
}

// Flush waits until all events up to now have been read.
func (t *Tracer) Flush() error {
	mark := fmt.Sprintf("mark-%d", time.Now().UnixNano())
	seen := make(chan struct{})
	t.mu.Lock()
	t.marks[mark] = seen
	t.mu.Unlock()
	if _, err := t.marker.WriteString(mark); err != nil {
		return fmt.Errorf("trace_marker: %w", err)
	}
	select {
	case <-seen:
	case <-time.After(10 * time.Second):
		return fmt.Errorf("the trace does not come")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// between returns the events from one moment to another of which one end is an address of addrs.
func (t *Tracer) between(from, to time.Time, addrs ...netip.Addr) []record {
	t.mu.Lock()
	defer t.mu.Unlock()
	var rs []record
	for _, r := range t.records {
		for _, a := range addrs {
			if r.local.Addr() == a && !r.time.Before(from) && !r.time.After(to) {
				rs = append(rs, r)
				break
			}
		}
	}
	return rs
}

// pump reads the trace until Close.
func (t *Tracer) pump() {
	var (
		buf   [1 << 16]byte
		rest  []byte
		event = stackOwner{last: map[string]int{}, now: -1}
	)
	for {
		select {
		case <-t.done:
			return
		default:
		}
		n, err := unix.Read(int(t.pipe.Fd()), buf[:])
		if err == unix.EAGAIN || err == unix.EINTR || n == 0 {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		t.mu.Lock()
		if err != nil {
			t.err = fmt.Errorf("trace_pipe: %w", err)
			t.mu.Unlock()
			return
		}
		rest = append(rest, buf[:n]...)
		for {
			line, after, found := bytes.Cut(rest, []byte("\n"))
			if !found {
				break
			}
			t.line(string(line), &event)
			rest = after
		}
		t.mu.Unlock()
	}
}

// stackOwner tells whose stack is being read: the stack of an event is an entry of its own, and
// another processor's event may stand between the two, or that of an interrupt.
type stackOwner struct {
	last map[string]int // by context, the index of its last record
	now  int            // the record that the frames belong to, or -1

	stack []string // of that record, so far
}

func (t *Tracer) line(line string, event *stackOwner) {
	if frame, ok := strings.CutPrefix(strings.TrimSpace(line), "=> "); ok {
		if event.now >= 0 {
			event.stack = append(event.stack, frame)
			t.records[event.now].cause = causeOf(event.stack)
		}
		return
	}
	event.now, event.stack = -1, nil
	context := contextOf(line)
	if strings.Contains(line, "<stack trace>") {
		if i, ok := event.last[context]; ok {
			event.now = i
			delete(event.last, context)
		}
		return
	}
	delete(event.last, context)
	if i := strings.Index(line, "mark-"); i >= 0 {
		mark := strings.TrimSpace(line[i:])
		if seen := t.marks[mark]; seen != nil {
			close(seen)
			delete(t.marks, mark)
		}
		return
	}
	if strings.Contains(line, "LOST") {
		t.err = fmt.Errorf("the trace buffer overflowed: %s", line)
		return
	}
	if r, ok := parseEvent(line); ok {
		r.time = r.time.Add(-t.offset)
		event.last[context] = len(t.records)
		t.records = append(t.records, r)
	}
}

// contextOf is the field "[001]" of a line and, of the flags behind it, the one that tells of interrupts: an interrupt comes
// between an event and its stack, but no other event of that processor does.
func contextOf(line string) string {
	_, after, _ := strings.Cut(line, " [")
	cpu, flags, _ := strings.Cut(after, "] ")
	if len(flags) < 3 {
		return cpu
	}
	return cpu + flags[2:3]
}

// parseEvent reads a line such as
//
//	curl-42 [001] ..s2. 1795224423.927616: inet_sock_set_state: family=AF_INET protocol=… newstate=TCP_CLOSE
func parseEvent(line string) (record, bool) {
	head, fields, ok := strings.Cut(line, ": inet_sock_set_state: ")
	r := record{what: moved}
	if !ok {
		if head, fields, ok = strings.Cut(line, ": tcp_send_reset: "); !ok {
			return r, false
		}
		r.what = sentRST
	}
	stamp := head[strings.LastIndexByte(head, ' ')+1:]
	seconds, micros, _ := strings.Cut(stamp, ".")
	s, err := strconv.ParseInt(seconds, 10, 64)
	us, err2 := strconv.ParseInt(micros, 10, 64)
	if err != nil || err2 != nil {
		return r, false
	}
	r.time = time.Unix(s, us*1000).UTC()
	f := map[string]string{}
	for _, kv := range strings.Fields(fields) {
		k, v, _ := strings.Cut(kv, "=")
		f[k] = v
	}
	if r.what == sentRST {
		r.local, err = netip.ParseAddrPort(f["src"])
		r.remote, err2 = netip.ParseAddrPort(f["dest"])
		r.noSocket = f["reason"] == "NO_SOCKET" || f["state"] == "UNKNOWN" || f["state"] == "TCP_LISTEN"
		return r, err == nil && err2 == nil
	}
	local, remote := f["saddr"], f["daddr"]
	if f["family"] == "AF_INET6" {
		local, remote = f["saddrv6"], f["daddrv6"]
	}
	r.local, err = addrPort(local, f["sport"])
	r.remote, err2 = addrPort(remote, f["dport"])
	if _, flags, _ := strings.Cut(head, "] "); len(flags) > 2 && flags[2] == 's' {
		// A stack follows, but for a soft interrupt that came out of a hard one, where the kernel often
		// cannot unwind it. Frames come in calls of who writes them to the wire: that one was a timer.
		r.cause = "timer"
	}
	r.from, r.to = tracedState(f["oldstate"]), tracedState(f["newstate"])
	return r, err == nil && err2 == nil
}

func addrPort(addr, port string) (netip.AddrPort, error) {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return netip.AddrPort{}, err
	}
	p, err := strconv.ParseUint(port, 10, 16)
	return netip.AddrPortFrom(a, uint16(p)), err
}

func tracedState(s string) string {
	s = strings.TrimPrefix(s, "TCP_")
	switch s {
	case "CLOSE":
		return "CLOSED"
	case "SYN_RECV", "NEW_SYN_RECV":
		return "SYN_RCVD"
	case "FIN_WAIT1":
		return "FIN_WAIT_1"
	case "FIN_WAIT2":
		return "FIN_WAIT_2"
	}
	return s
}
