package netlab

import (
	"fmt"
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

// NewNamespace makes one, with lo up. It needs root.
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
	if err := n.IP("link set lo up"); err != nil {
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

// Close lets the namespace go.
func (n *Namespace) Close() { close(n.work) }
