package netlab

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// diag asks the kernel about single sockets: linux/sock_diag.h, linux/inet_diag.h.
type diag struct {
	mu  sync.Mutex
	fd  int
	buf [4096]byte
}

const (
	sockDiagByFamily = 20 // SOCK_DIAG_BY_FAMILY
	sockDestroy      = 21 // SOCK_DESTROY
	diagRequestLen   = unix.NLMSG_HDRLEN + 56
	diagTimerTW      = 3 // idiag_timer of a time-wait socket
)

// openDiag opens a diag for the namespace of the calling thread.
func openDiag() (*diag, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	return &diag{fd: fd}, nil
}

func (d *diag) close() { unix.Close(d.fd) }

// find looks up the socket of the connection, not a listener.
func (d *diag) find(local, remote netip.AddrPort) (look, error) {
	reply, err := d.ask(sockDiagByFamily, unix.NLM_F_REQUEST, local, remote)
	if err == unix.ENOENT {
		return look{}, nil
	}
	if err != nil {
		return look{}, fmt.Errorf("sock_diag %s %s: %w", local, remote, err)
	}
	l := look{kind: full, state: kernelState(int(reply[1]))}
	if l.state == "LISTEN" {
		return look{}, nil
	}
	expires := time.Duration(binary.NativeEndian.Uint32(reply[52:])) * time.Millisecond
	inode := binary.NativeEndian.Uint32(reply[68:])
	switch {
	case reply[2] == diagTimerTW:
		l.kind, l.timer = timeWait, expires
	case l.state == "SYN_RCVD" && inode == 0:
		l.kind, l.timer = request, expires
	}
	return l, nil
}

// destroy is `ss -K`.
func (d *diag) destroy(local, remote netip.AddrPort) error {
	_, err := d.ask(sockDestroy, unix.NLM_F_REQUEST|unix.NLM_F_ACK, local, remote)
	if err != nil {
		return fmt.Errorf("destroy %s %s: %w", local, remote, err)
	}
	return nil
}

func (d *diag) ask(kind, flags uint16, local, remote netip.AddrPort) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var b [diagRequestLen]byte
	binary.NativeEndian.PutUint32(b[0:], diagRequestLen)
	binary.NativeEndian.PutUint16(b[4:], kind)
	binary.NativeEndian.PutUint16(b[6:], flags)
	q := b[unix.NLMSG_HDRLEN:]
	q[0] = unix.AF_INET
	if local.Addr().Is6() {
		q[0] = unix.AF_INET6
	}
	q[1] = unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(q[4:], ^uint32(0)) // all states
	binary.BigEndian.PutUint16(q[8:], local.Port())
	binary.BigEndian.PutUint16(q[10:], remote.Port())
	copy(q[12:28], local.Addr().AsSlice())
	copy(q[28:44], remote.Addr().AsSlice())
	binary.NativeEndian.PutUint64(q[48:], ^uint64(0)) // INET_DIAG_NOCOOKIE

	if err := unix.Sendto(d.fd, b[:], 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	n, _, err := unix.Recvfrom(d.fd, d.buf[:], 0)
	if err != nil {
		return nil, err
	}
	reply := d.buf[:n]
	if n < unix.NLMSG_HDRLEN+4 {
		return nil, fmt.Errorf("%d bytes of answer", n)
	}
	if binary.NativeEndian.Uint16(reply[4:]) == unix.NLMSG_ERROR {
		if errno := -int32(binary.NativeEndian.Uint32(reply[unix.NLMSG_HDRLEN:])); errno != 0 {
			return nil, unix.Errno(errno)
		}
		return nil, nil
	}
	if n < unix.NLMSG_HDRLEN+72 {
		return nil, fmt.Errorf("%d bytes of answer", n)
	}
	return reply[unix.NLMSG_HDRLEN:], nil
}

// kernelState names the numbers of net/tcp_states.h.
func kernelState(n int) string {
	names := [...]string{
		1: "ESTABLISHED", 2: "SYN_SENT", 3: "SYN_RCVD", 4: "FIN_WAIT_1", 5: "FIN_WAIT_2", 6: "TIME_WAIT",
		7: "CLOSED", 8: "CLOSE_WAIT", 9: "LAST_ACK", 10: "LISTEN", 11: "CLOSING", 12: "SYN_RCVD",
	}
	if n < 1 || n >= len(names) {
		return fmt.Sprintf("state %d", n)
	}
	return names[n]
}
