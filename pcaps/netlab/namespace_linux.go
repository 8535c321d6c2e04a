package netlab

import (
	"fmt"
	"net"
	"os/exec"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Namespace is a network namespace without a name, for tests of live capture. It is gone when its thread is, and all that was
// opened in it.
type Namespace struct {
	work   chan func()
	thread int
}

// NewNamespace makes one, with lo up, and without IPv6 on the interfaces that it gets, which would send of its own accord. It
// needs root.
func NewNamespace() (*Namespace, error) {
	n := &Namespace{work: make(chan func())}
	made := make(chan error)
	go func() {
		// Never unlocked: the thread ends with the goroutine, and the namespace with it.
		runtime.LockOSThread()
		n.thread = unix.Gettid()
		made <- unix.Unshare(unix.CLONE_NEWNET)
		for f := range n.work {
			f()
		}
	}()
	if err := <-made; err != nil {
		n.Close()
		return nil, fmt.Errorf("new network namespace: %w", err)
	}
	var err error
	n.Do(func() {
		if err = sysctl("net.ipv6.conf.default.disable_ipv6=1"); err == nil {
			err = ipBatch("link set lo up")
		}
	})
	if err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// Do runs f on a thread of the namespace and waits for it: what f opens, and the programs that it starts, belong there.
func (n *Namespace) Do(f func()) {
	done := make(chan struct{})
	n.work <- func() { f(); close(done) }
	<-done
}

// Command runs a program in the namespace to its end. Its output is part of the error.
func (n *Namespace) Command(name string, args ...string) (err error) {
	n.Do(func() { err = run(exec.Command(name, args...)) })
	return err
}

// IP runs lines of ip(8) in the namespace.
func (n *Namespace) IP(lines ...string) (err error) {
	n.Do(func() { err = ipBatch(lines...) })
	return err
}

// Join makes a veth pair, one end in n and the other in peer, both of that name. They are down, and without
// an address.
func (n *Namespace) Join(peer *Namespace, name string) error {
	return n.IP("link add " + name + " type veth peer name " + name + " netns " + strconv.Itoa(peer.thread))
}

// Port sends frames as they are on an interface.
type Port struct {
	fd int
}

// Open opens an interface of the namespace for sending.
func (n *Namespace) Open(name string) (*Port, error) {
	p := &Port{}
	var err error
	n.Do(func() {
		if p.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0); err != nil {
			return
		}
		var i *net.Interface
		if i, err = net.InterfaceByName(name); err == nil {
			err = unix.Bind(p.fd, &unix.SockaddrLinklayer{Ifindex: i.Index})
		}
	})
	if err != nil {
		return nil, fmt.Errorf("send on %s: %w", name, err)
	}
	return p, nil
}

// Send sends a frame, from the link-layer header on.
func (p *Port) Send(frame []byte) error {
	for {
		_, err := unix.Write(p.fd, frame)
		if err != unix.ENOBUFS && err != unix.EINTR {
			return err
		}
	}
}

// Close closes the port.
func (p *Port) Close() { unix.Close(p.fd) }

// Close lets the namespace go.
func (n *Namespace) Close() { close(n.work) }
