package netlab

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Socket is a TCP socket of a host. Its calls belong in a scenario's script: where one fails, or
// takes longer than patience, the scenario ends with an error.
type Socket struct {
	host *Host
	fd   int
	open bool
	at   tuple // once it has a peer
}

// patience is how long any one step of a scenario may take.
const patience = 15 * time.Second

// failure is what a step panics with; Lab.run recovers it.
type failure struct{ err error }

// await asks every millisecond until the answer is yes. The error says what is missing while it is no.
// It counts the times that it asked, not the time: a machine that stood still has not waited.
func await(ask func() (bool, error)) {
	var err error
	for range patience / time.Millisecond {
		var done bool
		if done, err = ask(); done {
			return
		}
		time.Sleep(time.Millisecond)
	}
	check("await", err)
}

func check(what string, err error) {
	if err != nil {
		panic(failure{fmt.Errorf("%s: %w", what, err)})
	}
}

// Socket makes a socket bound to that port of the host.
func (l *Lab) Socket(s Side, port uint16) *Socket {
	k := l.newSocket(s, 0)
	k.bind(port)
	return k
}

func (l *Lab) newSocket(s Side, protocol int) *Socket {
	h := l.Hosts[s]
	family := unix.AF_INET
	if h.Addr.Is6() {
		family = unix.AF_INET6
	}
	k := &Socket{host: h, open: true}
	var err error
	h.Do(func() { k.fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, protocol) })
	check("socket", err)
	l.keep(k)
	k.setPatience()
	return k
}

func (k *Socket) bind(port uint16) {
	k.Set(unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
	check("bind", unix.Bind(k.fd, sockaddr(netip.AddrPortFrom(k.host.Addr, port))))
}

// keep remembers a socket that is to be closed in the end.
func (l *Lab) keep(k *Socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sockets = append(l.sockets, k)
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

func addrPortOf(sa unix.Sockaddr) netip.AddrPort {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr), uint16(a.Port))
	}
	return netip.AddrPort{}
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
	fd, peer, err := accept(listener.fd)
	check("accept", err)
	k := &Socket{host: listener.host, fd: fd, open: true}
	local, err := unix.Getsockname(fd)
	check("getsockname", err)
	k.at = tuple{Server, addrPortOf(local), addrPortOf(peer)}
	l.keep(k)
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

func (k *Socket) goingTo(to netip.AddrPort) {
	local, err := unix.Getsockname(k.fd)
	check("getsockname", err)
	k.at = tuple{k.host.Side, addrPortOf(local), to}
}

// Begin starts to connect and does not wait.
func (k *Socket) Begin(to netip.AddrPort) {
	k.goingTo(to)
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
	// Between fork and exec a child has a copy, and this would not be the last close.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	check("close", unix.Close(k.fd))
}

// Abort closes with a RST (SO_LINGER 0).
func (k *Socket) Abort() {
	check("SO_LINGER", unix.SetsockoptLinger(k.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
	k.Close()
}

// farEnd stands for the other end of a client's connection, which may have no socket that anyone has.
func (k *Socket) farEnd() *Socket { return &Socket{at: tuple{Server, k.at.remote, k.at.local}} }

// Arrived waits until n bytes can be read.
func (k *Socket) Arrived(n int) {
	await(func() (bool, error) {
		have, err := unix.IoctlGetInt(k.fd, unix.TIOCINQ)
		return have >= n, errors.Join(err, fmt.Errorf("%d of %d bytes came", have, n))
	})
}

// Vanish closes without a word, as a host that lost its power (TCP_REPAIR). It waits until that is done: a child that
// has not yet closed what it must not keep is another owner, behind vfork too.
func (l *Lab) Vanish(k *Socket) {
	k.Set(unix.IPPROTO_TCP, unix.TCP_REPAIR, 1)
	k.Close()
	l.Await(k, "")
}

// StartAt chooses the initial sequence number of a socket that is not connected yet; not 0.
func (k *Socket) StartAt(iss uint32) {
	const sendQueue = 2 // TCP_SEND_QUEUE
	k.Set(unix.IPPROTO_TCP, unix.TCP_REPAIR, 1)
	k.Set(unix.IPPROTO_TCP, unix.TCP_REPAIR_QUEUE, sendQueue)
	k.Set(unix.IPPROTO_TCP, unix.TCP_QUEUE_SEQ, int(int32(iss)))
	k.Set(unix.IPPROTO_TCP, unix.TCP_REPAIR, 0)
}

// FastOpen connects and sends at once, in the SYN if the host knows the server's cookie.
func (k *Socket) FastOpen(to netip.AddrPort, data string) {
	k.goingTo(to)
	n, err := unix.SendmsgN(k.fd, []byte(data), nil, sockaddr(to), unix.MSG_FASTOPEN|unix.MSG_NOSIGNAL)
	check("fast open", err)
	if n != len(data) {
		check("fast open", fmt.Errorf("%d of %d bytes", n, len(data)))
	}
}

// Ended waits until a RST or a timer has ended the connection with that error.
func (k *Socket) Ended(want unix.Errno) {
	await(func() (bool, error) {
		errno, err := unix.GetsockoptInt(k.fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if errno != 0 {
			expect("socket", unix.Errno(errno), want)
		}
		return errno != 0, errors.Join(err, errors.New("the connection does not end"))
	})
}
