package netlab

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Host is a network namespace with one TAP interface, eth0. It has no name: it is gone when
// its thread, its sockets and its interface are.
type Host struct {
	Side Side
	Addr netip.Addr
	work chan func()
	tap  *os.File // the far end of eth0: the wire's
	diag *diag
}

// newHost makes a namespace whose eth0 has the address self; peer is reached directly.
func newHost(side Side, n Net, self, peer netip.Addr, sysctls []string) (*Host, error) {
	h := &Host{Side: side, Addr: self, work: make(chan func())}
	made := make(chan error)
	go func() {
		// Never unlocked: the thread ends with the goroutine, and the namespace with it.
		runtime.LockOSThread()
		made <- unix.Unshare(unix.CLONE_NEWNET)
		for f := range h.work {
			f()
		}
	}()
	if err := <-made; err != nil {
		close(h.work)
		return nil, fmt.Errorf("new network namespace: %w", err)
	}
	var err error
	h.Do(func() { err = h.setUp(n, peer, sysctls) })
	if err != nil {
		h.close()
		return nil, fmt.Errorf("%s: %w", side, err)
	}
	return h, nil
}

// Do runs f on a thread of the namespace and waits for it: what f opens belongs there.
func (h *Host) Do(f func()) {
	done := make(chan struct{})
	h.work <- func() { f(); close(done) }
	<-done
}

func (h *Host) setUp(n Net, peer netip.Addr, sysctls []string) error {
	var err error
	if h.tap, err = openTAP("eth0"); err != nil {
		return err
	}
	for _, s := range append(quiet(), sysctls...) {
		if err := sysctl(s); err != nil {
			return err
		}
	}
	dev := "eth0"
	if n == Bridged {
		dev = "br0"
	}
	lines := []string{
		"link set lo up",
		fmt.Sprintf("link set eth0 address %s", macOf(h.Side)),
		"link set eth0 up",
		fmt.Sprintf("addr add %s/%d dev %s nodad", h.Addr, h.Addr.BitLen()-8, dev),
		fmt.Sprintf("neigh add %s lladdr %s dev %s nud permanent", peer, macOf(h.Side.Peer()), dev),
	}
	if n == Bridged {
		lines = append([]string{
			fmt.Sprintf("link add br0 address %s type bridge forward_delay 0", macOf(h.Side)),
			"link set eth0 master br0",
			"link set br0 up",
		}, lines...)
	}
	if err = ipBatch(lines...); err != nil {
		return err
	}
	if err = waitLocal(h.Addr); err != nil {
		return err
	}
	h.diag, err = openDiag()
	return err
}

// waitLocal waits until the host knows an address for its own: for IPv6 some time after its interface is up.
func waitLocal(a netip.Addr) error {
	var out []byte
	for range 200 {
		var err error
		if out, err = exec.Command("ip", "route", "get", a.String()).CombinedOutput(); err == nil && bytes.Contains(out, []byte("local")) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("%s does not become an address of its own: %s", a, out)
}

// quiet are the settings of every namespace: nothing on the wire but what the scenario does, and
// the same whatever this machine's defaults are.
func quiet() []string {
	return []string{
		"net.ipv6.conf.eth0.addr_gen_mode=1",
		"net.ipv6.conf.eth0.router_solicitations=0",
		"net.ipv4.tcp_congestion_control=reno",
		"net.ipv4.tcp_syn_linear_timeouts=0",
		"net.ipv4.tcp_no_metrics_save=1",
		"net.ipv4.tcp_fastopen=0",
	}
}

func (h *Host) close() {
	if h.diag != nil {
		h.diag.close()
	}
	if h.tap != nil {
		h.tap.Close()
	}
	close(h.work)
}

// Command runs a program in the namespace to its end. Its output is part of the error.
func (h *Host) Command(name string, args ...string) error {
	var err error
	h.Do(func() { err = run(exec.Command(name, args...)) })
	return err
}

func run(c *exec.Cmd) error {
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(c.Args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func ipBatch(lines ...string) error {
	c := exec.Command("ip", "-batch", "-")
	c.Stdin = strings.NewReader(strings.Join(lines, "\n"))
	return run(c)
}

// sysctl sets "net.x.y=value" in the namespace of the calling thread.
func sysctl(setting string) error {
	name, value, _ := strings.Cut(setting, "=")
	file := filepath.Join("/proc/sys", strings.ReplaceAll(name, ".", "/"))
	return os.WriteFile(file, []byte(value), 0)
}

func openTAP(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	ifr, err := unix.NewIfreq(name)
	if err == nil {
		ifr.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make %s: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}
