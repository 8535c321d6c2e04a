package netlab

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Socket is a TCP socket of a host. Its calls belong in a scenario's script: where one fails, or
// takes longer than patience, the scenario ends with an error.
type Socket struct {
	host *Host
	fd   int
	open bool
}

// patience is how long any one step of a scenario may take.
const patience = 30 * time.Second

// failure is what a step panics with; Lab.run recovers it.
type failure struct{ err error }

func check(what string, err error) {
	if err != nil {
		panic(failure{fmt.Errorf("%s: %w", what, err)})
	}
}

// Socket makes a socket bound to that port of the host.
func (l *Lab) Socket(s Side, port uint16) *Socket {
	h := l.Hosts[s]
	family := unix.AF_INET
	if h.Addr.Is6() {
		family = unix.AF_INET6
	}
	k := &Socket{host: h, open: true}
	var err error
	h.Do(func() { k.fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0) })
	check("socket", err)
	l.sockets = append(l.sockets, k)
	k.setPatience()
	k.Set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	check("bind", unix.Bind(k.fd, sockaddr(netip.AddrPortFrom(h.Addr, port))))
	return k
}

func (k *Socket) setPatience() {
	tv := unix.NsecToTimeval(patience.Nanoseconds())
	check("SO_RCVTIMEO", unix.SetsockoptTimeval(k.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv))
	check("SO_SNDTIMEO", unix.SetsockoptTimeval(k.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv))
}

func sockaddr(a netip.AddrPort) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
}

// Set sets a socket option.
func (k *Socket) Set(level, option, value int) {
	check("setsockopt", unix.SetsockoptInt(k.fd, level, option, value))
}

// Listen takes connections, backlog of them before they are accepted (the kernel takes one more).
func (k *Socket) Listen(backlog int) *Socket {
	check("listen", unix.Listen(k.fd, backlog))
	return k
}

// Accept waits for a connection.
func (l *Lab) Accept(listener *Socket) *Socket {
	fd, _, err := accept(listener.fd)
	check("accept", err)
	k := &Socket{host: listener.host, fd: fd, open: true}
	l.sockets = append(l.sockets, k)
	k.setPatience()
	return k
}

func accept(fd int) (int, unix.Sockaddr, error) {
	for {
		nfd, sa, err := unix.Accept4(fd, unix.SOCK_CLOEXEC)
		if err != unix.EINTR {
			return nfd, sa, err
		}
	}
}

// Begin starts to connect and does not wait.
func (k *Socket) Begin(to netip.AddrPort) {
	check("fcntl", unix.SetNonblock(k.fd, true))
	if err := unix.Connect(k.fd, sockaddr(to)); err != unix.EINPROGRESS {
		check("connect", err)
	}
}

// Connected waits for the end of what Begin began, and returns its error.
func (k *Socket) Connected() error {
	p := []unix.PollFd{{Fd: int32(k.fd), Events: unix.POLLOUT}}
	for {
		n, err := unix.Poll(p, int(patience.Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		check("poll", err)
		if n == 0 {
			check("connect", errors.New("no end to it"))
		}
		break
	}
	check("fcntl", unix.SetNonblock(k.fd, false))
	errno, err := unix.GetsockoptInt(k.fd, unix.SOL_SOCKET, unix.SO_ERROR)
	check("SO_ERROR", err)
	if errno != 0 {
		return unix.Errno(errno)
	}
	return nil
}

// Connect connects.
func (k *Socket) Connect(to netip.AddrPort) *Socket {
	k.Begin(to)
	check("connect", k.Connected())
	return k
}

// ConnectFails connects, and must get that error.
func (k *Socket) ConnectFails(to netip.AddrPort, want unix.Errno) {
	k.Begin(to)
	expect("connect", k.Connected(), want)
}

func expect(what string, err, want error) {
	if err != want {
		panic(failure{fmt.Errorf("%s: got %v, want %v", what, err, want)})
	}
}

// Send sends all of it.
func (k *Socket) Send(s string) {
	n, err := unix.SendmsgN(k.fd, []byte(s), nil, nil, unix.MSG_NOSIGNAL)
	check("send", err)
	if n != len(s) {
		check("send", fmt.Errorf("%d of %d bytes", n, len(s)))
	}
}

// Receive reads n bytes.
func (k *Socket) Receive(n int) {
	buf := make([]byte, n)
	for got := 0; got < n; {
		m, err := recv(k.fd, buf[got:])
		check("receive", err)
		if m == 0 {
			check("receive", errors.New("the other end has closed"))
		}
		got += m
	}
}

// ReceiveEnd waits for the other end's close.
func (k *Socket) ReceiveEnd() {
	n, err := recv(k.fd, make([]byte, 1))
	check("receive", err)
	if n != 0 {
		check("receive", errors.New("data, not the end"))
	}
}

// ReceiveFails waits for that error.
func (k *Socket) ReceiveFails(want unix.Errno) {
	_, err := recv(k.fd, make([]byte, 1))
	expect("receive", err, want)
}

func recv(fd int, b []byte) (int, error) {
	for {
		n, _, err := unix.Recvfrom(fd, b, 0)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// CloseWrite says that no more will be sent, and keeps the socket.
func (k *Socket) CloseWrite() { check("shutdown", unix.Shutdown(k.fd, unix.SHUT_WR)) }

// Close closes.
func (k *Socket) Close() {
	k.open = false
	check("close", unix.Close(k.fd))
}

// Abort closes with a RST (SO_LINGER 0).
func (k *Socket) Abort() {
	check("SO_LINGER", unix.SetsockoptLinger(k.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
	k.Close()
}
